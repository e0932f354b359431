"""The places where the files of a data set can be.

Each place is a function that takes the names of the files and returns their uncompressed content by
name, or raises DataError with the reason. Whether the content is the right one is not its concern.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any

from ecosobriety.datasets.catalogue import DebianPackage
from ecosobriety.datasets.idx import decompress
from ecosobriety.errors import DataError

Contents = dict[str, bytes]

ANSWER_S = 4.0
"""How long an address may take to answer at all: a closed network must fail fast."""
READ_S = 10.0
"""How long a download that has begun may stand still."""
ADDRESS_S = 600.0
"""How long the files of one address may take together."""
APT_UPDATE_S = 120.0
APT_DOWNLOAD_S = 300.0

# English messages, and a name server that does not answer is given up after seconds: apt asks it
# a dozen times.
_APT_ENVIRONMENT = {"LC_ALL": "C", "RES_OPTIONS": "timeout:1 attempts:2"}
_STDERR = 2


def read_folder(folder: Path, names: Iterable[str]) -> Contents:
    """Read the files from a folder, each as it is or with `.gz`."""
    try:
        if not folder.is_dir():
            raise DataError("there is no such folder")
        return {name: _read_file(folder, name) for name in names}
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from error


def _read_file(folder: Path, name: str) -> bytes:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return decompress(path.read_bytes(), str(path))
    raise DataError(f"it holds neither {name} nor {name}.gz")


def download(address: str, names: Iterable[str]) -> Contents:
    """Download the files, compressed with gzip, from one address, with progress bars on stderr."""
    urls = {name: f"{address}{name}.gz" for name in names}
    _require_answer(next(iter(urls.values())))
    deadline = time.monotonic() + ADDRESS_S
    return {name: decompress(_get(url, deadline), url) for name, url in urls.items()}


def _require_answer(url: str) -> None:
    """Ask for a file's headers; the limit also covers the look-up of the name, which has none."""
    ask = _downloader(timeout=ANSWER_S)
    try:
        available = _call_within(
            ANSWER_S, lambda: bool(ask(url, None, pooch=None, check_only=True))
        )
    except TimeoutError as error:
        raise DataError(f"no answer within {ANSWER_S:g} s") from error
    except OSError as error:
        raise DataError(f"no connection ({_root_cause(error)})") from error
    if not available:
        raise DataError(f"the server answers, but does not have {url}")


def _downloader(**options: Any) -> Any:
    # Imported where it is needed: a training downloads nothing, and waits for no downloader.
    import pooch

    return pooch.HTTPDownloader(**options)


def _call_within(limit_s: float, function: Callable[[], bool]) -> bool:
    """Call a function in a thread that is abandoned after the limit."""
    future: Future[bool] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=work, daemon=True).start()
    return future.result(timeout=limit_s)


class _TimedBuffer(io.BytesIO):
    """Bytes in memory that refuse more after a deadline of the monotonic clock."""

    def __init__(self, deadline: float) -> None:
        super().__init__()
        self.deadline = deadline

    def write(self, data: Any, /) -> int:
        if time.monotonic() > self.deadline:
            raise TimeoutError(f"not complete within {ADDRESS_S:g} s")
        return super().write(data)


def _get(url: str, deadline: float) -> bytes:
    print(url, file=sys.stderr)
    buffer = _TimedBuffer(deadline)
    get = _downloader(progressbar=True, chunk_size=2**16, timeout=(ANSWER_S, READ_S))
    try:
        get(url, buffer, pooch=None)
    except OSError as error:
        raise DataError(f"{url}: {_root_cause(error)}") from error
    return buffer.getvalue()


def _root_cause(error: BaseException) -> BaseException:
    """The first error of a chain: the wrappers around it repeat it at length."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def unpack_debian_package(package: DebianPackage, names: Iterable[str]) -> Contents:
    """Fetch a package with apt and unpack it in a temporary folder.

    Works for any user of Debian or Ubuntu, needs no previous `apt-get update`, and leaves the
    system as it is: apt's lists and cache are in the temporary folder. Apt's words go to stderr.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise DataError(f"{tool} is not on this machine (it is not Debian or Ubuntu)")
    with tempfile.TemporaryDirectory(prefix="ecosobriety-apt-") as name:
        work = Path(name)
        private = ["-c", str(_write_apt_configuration(work))]
        said = _run(["apt-get", "update", *private], work, APT_UPDATE_S)
        # apt calls an update a success even if it could fetch nothing.
        if not any((work / "lists").glob("*_Packages*")):
            raise DataError(f"apt-get update fetched no list of packages: {_first_line(said)}")
        _run(["apt-get", "download", package.name, *private], work, APT_DOWNLOAD_S)
        archive = next(work.glob(f"{package.name}_*.deb"))
        _run(["dpkg-deb", "-x", archive.name, "unpacked"], work, APT_DOWNLOAD_S)
        return read_folder(work / "unpacked" / package.folder.relative_to("/"), names)


def _write_apt_configuration(work: Path) -> Path:
    """Write apt's private settings, which it reads after those of the system (proxies stay)."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    settings = {
        "Dir::State::Lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": 0,
        "Acquire::http::Timeout": 5,
        "Acquire::https::Timeout": 5,
    }
    if os.geteuid() == 0:
        # Otherwise apt drops to a user that cannot enter the temporary folder, and warns.
        settings["APT::Sandbox::User"] = "root"
    lines = [f'{key} "{value}";' for key, value in settings.items()]
    # The system's hooks would refresh catalogues of the system, or empty its cache.
    lines += [f"#clear APT::Update::{hook};" for hook in ("Pre-Invoke", "Post-Invoke")]
    lines.append("#clear APT::Update::Post-Invoke-Success;")
    path = work / "apt.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _run(command: list[str], folder: Path, limit_s: float) -> str:
    """Run a command with its output on stderr; return what it wrote to its own stderr."""
    shown = " ".join(command[:2])
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **_APT_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=_STDERR,
            stderr=subprocess.PIPE,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(f"`{shown}` did not end within {limit_s:g} s") from error
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        raise DataError(f"`{shown}` failed: {_first_line(done.stderr)}")
    return done.stderr


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0] or "it gave no reason"
