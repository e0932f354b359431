"""Has a command run by the warm Python of `warm.py`: all that such a call starts is this.

`warm_call.py SOCKET EXECUTABLE ARGUMENT ...`, by a Python that has imported no packages.
"""

import array
import json
import os
import signal
import socket
import sys


def call(place: str, executable: str, arguments: list[str]) -> int:
    """Have a command run with this process's files, folder and environment; its exit code."""
    if arguments[:1] == ["-u"]:
        # As those who hand out tests start their processes, whose streams have no buffer anyway.
        arguments = arguments[1:]
    known = arguments and (arguments[0] in ("-c", "-m") or not arguments[0].startswith("-"))
    if not known:
        os.execv(sys.executable, [sys.executable, *arguments])
    executable = os.path.abspath(executable)  # noqa: PTH100 — pathlib takes as long as all else
    mask = os.umask(0)
    os.umask(mask)
    cwd = os.getcwd()  # noqa: PTH109
    order = [executable, arguments, cwd, dict(os.environ), os.getpgrp(), mask]
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(place)
        files = array.array("i", [0, 1, 2])
        message = json.dumps(order).encode()
        line.sendmsg([len(message).to_bytes(8)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
        line.sendall(message)
        answer = line.recv(8)
    code = int(answer) if answer else 1
    if code < 0:
        if -code != signal.SIGKILL:  # It has no other handler.
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(call(sys.argv[1], sys.argv[2], sys.argv[3:]))
