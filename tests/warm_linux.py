"""What the warm Python of `warm.py` asks of Linux."""

import ctypes
import os
import struct
from pathlib import Path


def collapse_pages() -> None:
    """Have Linux keep what is imported in large pages: a fork copies the list of all pages.

    A hundred thousand small ones take 30 ms of the processor at each fork and its end. An older
    kernel than 6.1 refuses, and goes on as it was.
    """
    large, collapse = 2 << 20, 25  # of x86 and ARM; MADV_COLLAPSE, see linux/mman.h
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "rw-p" and name in ([], ["[heap]"]):
            begin, end = (int(edge, 16) for edge in place.split("-"))
            begin, end = -(-begin // large) * large, end // large * large
            if begin < end:
                madvise(begin, end - begin, collapse)


def take_account(account: tuple[int, int]) -> None:
    """Be of the caller's account from here on, with the one right to read whatever is there.

    It is that of `setpriv --ambient-caps=+dac_read_search`; see linux/prctl.h and capability.h.
    """
    user, group = account
    if user == os.getuid():
        return
    keep_capabilities, dumpable, ambient, raise_, dac_read_search = 8, 4, 47, 2, 2
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(keep_capabilities, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    sets = struct.pack("6I", *[1 << dac_read_search] * 3, 0, 0, 0)
    failed = libc.capset(struct.pack("Ii", 0x20080522, 0), sets)
    failed |= libc.prctl(ambient, raise_, dac_read_search, 0, 0)
    libc.prctl(dumpable, 1, 0, 0, 0)
    if failed:
        raise OSError(ctypes.get_errno(), "the capability to read cannot be kept")
