"""A Python of its own for a user's code, which can neither change nor end this one."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = str(Path(__file__).resolve().parents[2])
# PYTHONPATH could not hold a folder with a colon in its name.
_CODE = (
    "import json, runpy, sys; sys.path[:0] = json.loads(sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def run_apart(
    module: str, *arguments: str, path: Sequence[str] = (), timeout_s: float | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a module of this package as a program; how it ended, and what it printed.

    Args:
        module: its name below `ecosobriety`.
        arguments: as `sys.argv` has them; what it answers belongs into a file, as a user's code may
            print at any time, and to its very end.
        path: where it looks for modules before the places of a fresh Python, after this package's.
        timeout_s: when to kill it; None: never.

    Raises:
        subprocess.TimeoutExpired: it was killed.
    """
    found_in = json.dumps([_PACKAGE, *path])
    return subprocess.run(
        [sys.executable, "-c", _CODE, found_in, f"ecosobriety.{module}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_s,
    )
