"""A Python that has imported its packages before it is asked to run something.

Many tests run a fresh Python whose imports take most of its time. This one imports other people's
packages once and forks for every command; the child does what a fresh Python does from there on,
and nothing of what it loads or changes meets the next. The library of this checkout is imported
before, too, and is that of each child which finds it: one that is to find a copy does.

`warm_executable()` is a program that is called as Python is. As `sys.executable` of a Snakemake it
also runs that one's steps. A command is in its caller's process group and dies with its caller, but
it is no child of its caller: a test of that needs the real Python.
"""

import array
import gc
import importlib
import importlib.metadata
import marshal
import os
import pkgutil
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType, SimpleNamespace
from typing import Any

from warm_linux import collapse_pages, take_account

Done = subprocess.CompletedProcess[str]
# What the steps of a study import of other people's, in an order in which Python can.
PACKAGES = (
    *("pandas", "pandera.pandas", "pyarrow.parquet", "pyarrow.csv", "scipy.special", "scipy.stats"),
    *("matplotlib.pyplot", "matplotlib.backends.backend_svg", "PIL.JpegImagePlugin"),
    *("torch", "pytorch_lightning", "torchmetrics", "jsonargparse", "codecarbon", "cpuinfo"),
    *("jinja2", "babel.numbers", "babel.dates", "jsonschema", "pycountry", "pooch", "requests"),
    *("sklearn.datasets", "sklearn.ensemble", "snakemake.cli", "snakemake.report.html_reporter"),
    *("docutils.core", "pygments.formatters", "yte", "smart_open", "nbformat", "xml.sax.saxutils"),
    *("xml.etree.ElementTree", "pyarrow.pandas_compat", "pandas.io.formats.csvs"),
)
CALL = Path(__file__).with_name("warm_call.py")
SITE = "sitecustomize.py"
"""What a Python runs of the folders of PYTHONPATH before all else."""
SHARED = "ECOSOBRIETY_WARM_PYTHON"
"""Names the program that the processes of one run of the tests share."""
_kept: list[object] = []


@cache
def warm_executable() -> str:
    """Path of the program, whose Python has imported its packages and ends with the tests."""
    return os.environ.get(SHARED) or _start_server()


def share_server() -> None:
    """Let the processes that this one starts have the same Python: one imports for all."""
    os.environ[SHARED] = _start_server()


def _start_server() -> str:
    folder = TemporaryDirectory(prefix="warm-")
    place, program = Path(folder.name, "socket"), Path(folder.name, "python")
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {CALL} {place} "$0" "$@"\n')
    program.chmod(0o755)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(place))
    place.chmod(0o777)  # Other accounts call it as well, if they find it.
    listening.listen()
    # It ends when its input does, which this process alone holds.
    server = subprocess.Popen(
        [sys.executable, __file__, str(listening.fileno())],
        stdin=subprocess.PIPE,
        pass_fds=[listening.fileno()],
    )
    _kept.extend((server, folder))
    listening.close()
    return str(program)


def run_warm(
    arguments: Sequence[str], *, cwd: str | Path | None = None, timeout: float | None = None
) -> Done:
    """What `python -c code ...`, `python -m module ...` or `python file ...` says and ends with.

    Raises:
        subprocess.TimeoutExpired: it took longer than `timeout` seconds.
    """
    command = [warm_executable(), *arguments]
    return subprocess.run(command, cwd=cwd, timeout=timeout, capture_output=True, text=True)


class WarmSubprocess:
    """Stands in for `subprocess` in a module that starts Python by `subprocess.run`."""

    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired

    def run(self, command: Sequence[str], **options: Any) -> Any:
        """As `subprocess.run` of [sys.executable, ...]."""
        assert command[0] == sys.executable
        return subprocess.run([warm_executable(), *command[1:]], **options)


def _serve(listening: socket.socket) -> None:
    """Fork for each call; a caller that is gone takes its command along."""
    # Each Trainer of Lightning's asks all packages for its plugins, which takes 10 ms.
    importlib.metadata.entry_points = cache(importlib.metadata.entry_points)
    for package in PACKAGES:
        __import__(package)
    # With the first table that it looks at, Pandera imports what looks at tables.
    sys.modules["pandera.pandas"].DataFrameSchema().validate(sys.modules["pandas"].DataFrame())
    # Snakemake looks for its plugins among all that is installed, and keeps what it has found.
    sys.modules["snakemake.cli"].get_argument_parser()
    _keep_parsed_rules()
    sys.meta_path.insert(0, _KeptLibrary())
    # No child looks through what is imported for garbage, which would copy all of it as well.
    gc.collect()
    gc.freeze()
    collapse_pages()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    events = selectors.DefaultSelector()
    for source in (listening, woken, sys.stdin):
        events.register(source, selectors.EVENT_READ)
    lines: dict[int, socket.socket] = {}
    while True:
        for key, _ in events.select():
            if key.fileobj is listening:
                line, _ = listening.accept()
                heard = _hear(line)
                if heard is None:
                    line.close()
                    continue
                order, files = heard
                account = struct.unpack(
                    "3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
                )[1:]
                child = os.fork()
                if child == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for other in (listening, line, *lines.values()):
                        other.close()
                    os.closerange(woken, wake + 1)
                    events.close()
                    take_account(account)
                    _become(*order, files)
                for file in files:
                    os.close(file)
                lines[child] = line
                events.register(line, selectors.EVENT_READ, child)
            elif key.fileobj is woken:
                os.read(woken, 4096)
            elif key.fileobj is sys.stdin:
                for child in lines:
                    os.kill(child, signal.SIGKILL)
                return
            elif key.data in lines:
                # Its end is closed; the child is waited for below.
                events.unregister(key.fileobj)
                os.kill(key.data, signal.SIGKILL)
        for child, line in list(lines.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                with suppress(OSError):
                    line.sendall(str(os.waitstatus_to_exitcode(status)).encode())
                with suppress(KeyError):
                    events.unregister(line)
                lines.pop(child).close()


def _keep_parsed_rules() -> None:
    """Keep what Snakemake makes of the workflow's files, by their text.

    It takes a quarter of a plan's time to parse them, and hundreds of runs have the same ones.
    """
    workflow = sys.modules["snakemake.workflow"]
    parse, root, kept = workflow.parse, Path(__file__).parents[1], {}
    files = (root / "Snakefile", root / "workflow/Snakefile", *root.glob("workflow/rules/*.smk"))
    for path in files:
        source = sys.modules["snakemake.sourcecache"].LocalSourceFile(str(path))
        opened = SimpleNamespace(sourcecache=SimpleNamespace(open=lambda _, path=path: path.open()))
        lines: dict[int, int] = {}
        # Who runs a file that is wrong is told so.
        with suppress(SyntaxError):
            code, rules = parse(source, opened, lines)
            kept[path.read_text()] = (f"snakefile={str(path)!r}", code, lines, rules)

    def parse_once(source: Any, running: Any, linemap: dict[int, int], rulecount: int) -> Any:
        with running.sourcecache.open(source) as file:
            text = file.read()
        if text not in kept:
            return parse(source, running, linemap, rulecount=rulecount)
        place, code, lines, rules = kept[text]
        linemap |= lines
        here = f"snakefile={source.get_path_or_uri(secret_free=True)!r}"
        return code.replace(place, here), rulecount + rules

    workflow.parse = parse_once


class _KeptLibrary:
    """Finds modules of the library that are imported already, where the import would find them.

    In a copy of this checkout, too, if no file of it was changed. Each is in `sys.modules` only
    once it is asked for, and has run once: who reloads it, or drops it and imports it again, has it
    run anew.
    """

    def __init__(self) -> None:
        self._scripts = str(Path(__file__).parents[1] / "scripts")
        sys.path.insert(0, self._scripts)
        self._modules = {"ecosobriety": importlib.import_module("ecosobriety")}
        for found in pkgutil.walk_packages([f"{self._scripts}/ecosobriety"], "ecosobriety."):
            if not found.name.endswith(".__main__"):
                self._modules[found.name] = importlib.import_module(found.name)
        sys.path.remove(self._scripts)
        # A package may have something else by a module's name: to import that later would hide it.
        self._behind: dict[str, list[str]] = {}
        for name in [*self._modules][1:]:
            package, _, own = name.rpartition(".")
            if getattr(self._modules[package], own) is not self._modules[name]:
                self._behind.setdefault(package, []).append(name)
        self._stamps = {}
        for name, module in self._modules.items():
            del sys.modules[name]
            self._stamps[module.__file__.removeprefix(self._scripts)] = _stamp(module.__file__)
        # What modules know of their own place.
        self._places = [
            (vars(module), key)
            for module in self._modules.values()
            for key, value in vars(module).items()
            if isinstance(value, str | Path) and str(value).startswith(self._scripts)
        ]

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As a finder of `sys.meta_path`; None: the others look for it."""
        if name not in self._modules or target is not None:
            return None
        found = PathFinder.find_spec(name, path)
        if found is None or found.origin is None:
            return None
        if name == "ecosobriety" and not self._are_of(str(Path(found.origin).parents[1])):
            self._modules.clear()
            return None
        found.loader = _Kept(self._modules.pop(name), found.origin)
        sys.modules.update((one, self._modules.pop(one)) for one in self._behind.get(name, ()))
        return found

    def _are_of(self, scripts: str) -> bool:
        """Take the modules for those of another folder, if they are the same there."""
        if any(_stamp(scripts + file) != stamp for file, stamp in self._stamps.items()):
            return False
        if scripts != self._scripts:
            for module, key in self._places:
                moved = scripts + str(module[key]).removeprefix(self._scripts)
                module[key] = type(module[key])(moved)
        return True


def _stamp(file: str) -> tuple[int, int] | None:
    """Size and time of a file's last change, which its copy has too; None: it cannot be seen."""
    try:
        state = os.stat(file)  # noqa: PTH116 — each start looks at hundreds of files
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


class _Kept(SourceFileLoader):
    """Loads a module that has run already."""

    def __init__(self, module: ModuleType, file: str) -> None:
        super().__init__(module.__name__, file)
        self._module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module; it may be in another place than where it ran."""
        if spec.submodule_search_locations is not None:
            self._module.__path__ = spec.submodule_search_locations
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """It has run."""


def _hear(line: socket.socket) -> tuple[Any, list[int]] | None:
    """A command and its files; None: the caller was killed before it had said all."""
    length, ancillary, _, _ = line.recvmsg(8, socket.CMSG_SPACE(3 * 4))
    files = array.array("i", ancillary[0][2] if ancillary else b"").tolist()
    message = b""
    while len(message) < int.from_bytes(length):
        part = line.recv(int.from_bytes(length) - len(message))
        if not part:
            break
        message += part
    if message and len(message) == int.from_bytes(length):
        return _read(message), files
    for file in files:
        os.close(file)
    return None


def _read(message: bytes) -> tuple[Any, ...]:
    """What `warm_call.py` says, as `_become` takes it."""
    executable, arguments, cwd, env, *others = marshal.loads(message)
    cwd = os.fsdecode(cwd)
    env = {os.fsdecode(name): os.fsdecode(value) for name, value in env.items()}
    return os.path.abspath(os.path.join(cwd, executable)), arguments, cwd, env, *others  # noqa: PTH100, PTH118


def _become(
    executable: str,
    arguments: list[str],
    cwd: str,
    env: dict[str, str],
    group: int,
    mask: int,
    files: list[int],
) -> None:
    # What is killed as a group is killed with it; of another session it can be no member.
    with suppress(PermissionError):
        os.setpgid(0, group)
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 — the server's stands for another file
    os.umask(mask)
    os.environ.clear()
    os.environ.update(env)
    tempfile.tempdir = None
    os.chdir(cwd)
    sys.executable = executable
    kind, *rest = arguments
    sys.argv = arguments if kind not in ("-m", "-c") else [kind, *rest[1:]]
    # As a fresh Python has it: the folder of the script, and PYTHONPATH.
    first = {"-m": cwd, "-c": ""}.get(kind, str(Path(kind).absolute().parent))
    sys.path[:] = [first, *filter(None, env.get("PYTHONPATH", "").split(":")), *sys.path[1:]]
    code = 0
    try:
        import runpy

        for folder in filter(None, env.get("PYTHONPATH", "").split(":")):
            if Path(folder, SITE).exists():
                runpy.run_path(str(Path(folder, SITE)))
        if kind == "-m":
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        elif kind == "-c":
            exec(rest[0], {"__name__": "__main__"})
        else:
            runpy.run_path(kind, run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(ValueError):  # It has closed it itself.
                stream.flush()
        os._exit(code & 255)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
