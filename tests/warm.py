"""A Python that has imported its packages before it is asked to run something.

Many tests run a fresh Python whose imports take all of its time. This one imports other people's
packages once and forks for every command; the child does what a fresh Python does from there on,
and nothing of what it loads or changes meets the next. Of the library itself nothing is imported
before, so that a child finds the one that it is to find.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Done = subprocess.CompletedProcess[str]


@cache
def warm_python(*packages: str) -> "WarmPython":
    """The one that has imported these packages, for all tests of this process."""
    return WarmPython(packages)


class WarmPython:
    """The process that forks, from the test's side; it ends with the tests."""

    def __init__(self, packages: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *packages],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(
        self, arguments: Sequence[str], *, cwd: str | Path = ".", timeout: float | None = None
    ) -> Done:
        """What `python -c code ...` or `python -m module ...` says and ends with.

        Raises:
            subprocess.TimeoutExpired: it took longer than `timeout` seconds.
        """
        assert self._process.stdin
        assert self._process.stdout
        with TemporaryDirectory() as folder:
            order = {
                "arguments": list(arguments),
                "cwd": str(Path(cwd).absolute()),
                "env": dict(os.environ),
                "folder": folder,
                "timeout": int(timeout or 0),
            }
            print(json.dumps(order), file=self._process.stdin, flush=True)
            code = int(self._process.stdout.readline())
            out, err = (Path(folder, name).read_text(errors="replace") for name in ("out", "err"))
        if timeout and code == -signal.SIGALRM:
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        return subprocess.CompletedProcess([sys.executable, *arguments], code, out, err)


class WarmSubprocess:
    """Stands in for `subprocess` in a module that starts Python by `subprocess.run`."""

    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self, *packages: str) -> None:
        self._packages = packages

    def run(self, command: Sequence[str], *, timeout: float | None = None, **_: Any) -> Done:
        """As `subprocess.run` of [sys.executable, ...] with captured output."""
        assert command[0] == sys.executable
        return warm_python(*self._packages).run(command[1:], timeout=timeout)


def _serve(packages: Sequence[str]) -> None:
    for package in packages:
        __import__(package)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(**json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(
    arguments: Sequence[str], cwd: str, env: dict[str, str], folder: str, timeout: int
) -> None:
    signal.alarm(timeout)
    for name, descriptor in (("out", 1), ("err", 2)):
        os.dup2(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    kind, what, *rest = arguments
    sys.argv = [what if kind == "-m" else kind, *rest]
    # As a fresh Python has it: the folder of the script, and PYTHONPATH.
    added = [cwd if kind == "-m" else "", *filter(None, env.get("PYTHONPATH", "").split(":"))]
    sys.path[:] = [*added, *sys.path[1:]]
    code = 0
    try:
        if kind == "-m":
            import runpy

            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(what, {"__name__": "__main__"})
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1:])
