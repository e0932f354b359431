"""Data sets: found, read and checked. No test needs a network unless it says so."""

import errno
import gzip
import hashlib
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ecosobriety.datasets import TRAIN_SIZES, catalogue
from ecosobriety.datasets.catalogue import IDX_SOURCES, DebianPackage
from ecosobriety.errors import DataError
from ecosobriety.readers import obtain, places, take_in

FASHION = {"name": "fashion-mnist"}


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with four tiny files that are Fashion-MNIST here; no other place has it."""
    served = tmp_path / "served"
    served.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28))
    contents = {
        catalogue.TRAIN_IMAGES: idx(images[:20]),
        catalogue.TRAIN_LABELS: idx(np.arange(20) % 10),
        catalogue.TEST_IMAGES: idx(images[20:]),
        catalogue.TEST_LABELS: idx(np.arange(10)),
    }
    for name, content in contents.items():
        (served / f"{name}.gz").write_bytes(gzip.compress(content))
    tiny = replace(
        IDX_SOURCES["fashion-mnist"],
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        addresses=(),
        debian=None,
    )
    monkeypatch.setitem(IDX_SOURCES, "fashion-mnist", tiny)
    return served


def use_places(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    changed = replace(IDX_SOURCES["fashion-mnist"], **changes)  # type: ignore[arg-type]
    monkeypatch.setitem(IDX_SOURCES, "fashion-mnist", changed)


@pytest.fixture
def address(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server of the folder on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("no_network")
def test_digits_are_split_once_and_for_all(tmp_path: Path) -> None:
    dataset = obtain({"name": "digits"}, tmp_path)
    assert dataset.x_train.shape == (TRAIN_SIZES["digits"], 8, 8) == (1400, 8, 8)
    assert dataset.x_test.shape == (397, 8, 8)
    assert dataset.x_train.dtype == np.uint8
    assert (np.min(dataset.x_train), np.max(dataset.x_train)) == (0, 16)
    assert dataset.classes == tuple("0123456789")
    assert dataset.origin.startswith("scikit-learn ")
    # A library that changes the images or the split makes old and new runs incomparable.
    assert dataset.sha256 == "0bf00a3940c7601653c14229ecfdff0a0f36dffcd050613ab74eac2b5400f564"
    # 1,797 images, about 180 a class: stratified, so 397 / 1797 of each within one image.
    share = 397 / 1797
    totals = np.bincount(dataset.y_train) + np.bincount(dataset.y_test)
    assert np.abs(np.bincount(dataset.y_test) - share * totals).max() < 1


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("compressed", [True, False])
def test_path_holds_the_files_compressed_or_not(
    folder: Path, tmp_path: Path, compressed: bool
) -> None:
    if not compressed:
        for file in list(folder.iterdir()):
            (folder / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
            file.unlink()
    dataset = obtain(FASHION | {"path": str(folder)}, tmp_path / "cache")
    assert dataset.x_train.shape == (20, 28, 28)
    assert dataset.y_test.tolist() == list(range(10))
    assert dataset.classes[0] == "T-shirt/top"
    assert dataset.classes[9] == "Ankle boot"
    assert dataset.origin == f"folder {folder}"
    assert not (tmp_path / "cache").exists()


@pytest.mark.usefixtures("no_network")
def test_a_path_without_the_data_is_an_error_about_that_path(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The cache has the data: a path that was asked for is still not passed over in silence.
    shutil.copytree(folder, tmp_path / "cache" / "fashion-mnist")
    use_places(monkeypatch, addresses=("http://127.0.0.1:9/",))
    wrong = folder / f"{catalogue.TEST_LABELS}.gz"
    cases = {
        "neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz": None,
        r"t10k-labels-idx1-ubyte\.gz: the gzip data are truncated": wrong.read_bytes()[:-3],
        r"t10k-labels-idx1-ubyte: .*but 9 follow": gzip.compress(idx(np.arange(10))[:-1]),
        "t10k-labels-idx1-ubyte: the content's sha256 .*, expected "
        # Foreign values are cut.
        + IDX_SOURCES["fashion-mnist"].sha256[catalogue.TEST_LABELS][:16]: idx(np.arange(10)[::-1]),
    }
    for reason, content in cases.items():
        wrong.unlink(missing_ok=True)
        if content is not None:
            wrong.write_bytes(content)
        with pytest.raises(DataError, match=reason) as caught:
            obtain(FASHION | {"path": str(folder)}, tmp_path / "cache")
        assert re.match(r"dataset\.path: \S+/served does not hold", str(caught.value))
        # What the run refuses, the dry run has refused.
        with pytest.raises(DataError, match=reason):
            take_in(FASHION | {"path": str(folder)})
    with pytest.raises(DataError, match=r"dataset\.path: .*nowhere.*there is no such folder"):
        obtain(FASHION | {"path": str(tmp_path / "nowhere")}, tmp_path / "cache")


def test_a_file_that_cannot_be_read_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz: Permission denied"):
        places.read_folder(folder, [catalogue.TRAIN_LABELS])


@pytest.mark.usefixtures("no_network")
def test_the_installed_package_comes_first(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_places(monkeypatch, debian=DebianPackage("p", folder), addresses=("http://127.0.0.1:9/",))
    assert obtain(FASHION, tmp_path / "cache").origin == f"folder {folder}"


@pytest.mark.parametrize("name", ["cifar", None, "Digits"])
def test_unknown_names_list_the_allowed(name: str | None) -> None:
    with pytest.raises(DataError, match=f"{name!r} .* allowed are digits, fashion-mnist, mnist"):
        obtain({"name": name})


def test_digits_take_no_path() -> None:
    with pytest.raises(DataError, match=r"dataset\.path: here does not apply to digits"):
        obtain({"name": "digits", "path": "here"})


def test_a_download_fills_the_cache_and_a_second_study_needs_no_network(
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use_places(monkeypatch, addresses=(address,))
    first = obtain(FASHION, tmp_path / "cache")
    assert first.origin == f"download {address}"
    shown = capsys.readouterr().err
    assert f"{address}train-images-idx3-ubyte.gz" in shown
    assert "100%" in shown

    def refuse(*_arguments: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    second = obtain(FASHION, tmp_path / "cache")
    assert second.origin == f"cache {tmp_path / 'cache' / 'fashion-mnist'}"
    assert second.sha256 == first.sha256
    # A report is handed on: it names no user's folder.
    monkeypatch.setenv("HOME", str(tmp_path))
    assert obtain(FASHION, tmp_path / "cache").origin == "cache ~/cache/fashion-mnist"


def test_a_damaged_cache_is_mended(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_places(monkeypatch, addresses=(address,))
    obtain(FASHION, tmp_path)
    cached = tmp_path / "fashion-mnist" / catalogue.TEST_IMAGES
    cached.write_bytes(cached.read_bytes()[:100])
    assert obtain(FASHION, tmp_path).origin.startswith("download")
    assert obtain(FASHION, tmp_path).origin.startswith("cache")


def test_the_default_cache_is_the_users(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    use_places(monkeypatch, addresses=(address,))
    obtain(FASHION)
    kept = {file.name for file in (tmp_path / "home/ecosobriety/fashion-mnist").iterdir()}
    assert kept == set(IDX_SOURCES["fashion-mnist"].sha256)


def test_a_cache_that_cannot_be_written_is_only_a_warning(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_places(monkeypatch, addresses=(address,))
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.warns(UserWarning, match="file.*cannot be kept here"):
        dataset = obtain(FASHION, tmp_path / "file")
    assert len(dataset.y_train) == 20


def test_the_error_lists_each_place_and_its_reason(
    folder: Path,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    labels = folder / f"{catalogue.TRAIN_LABELS}.gz"
    labels.write_bytes(gzip.compress(idx(np.zeros(20))))
    found = hashlib.sha256(idx(np.zeros(20))).hexdigest()
    expected = IDX_SOURCES["fashion-mnist"].sha256[catalogue.TRAIN_LABELS]
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    use_places(
        monkeypatch,
        # Nobody listens on port 9; a folder that the server does not have.
        addresses=(address, f"{address}none/", "http://127.0.0.1:9/"),
        debian=DebianPackage("some-package", tmp_path / "share"),
    )
    with pytest.raises(DataError) as caught:
        obtain(FASHION, tmp_path / "cache")
    own = [record.message for record in caplog.records if record.module == "obtaining"]
    assert [text.removeprefix("fashion-mnist could not be obtained: ") for text in own] == [
        f"folder {tmp_path / 'share'}: there is no such folder",
        f"cache {tmp_path / 'cache/fashion-mnist'}: there is no such folder",
        f"download {address}: train-labels-idx1-ubyte: the content's sha256 is {found}, "
        f"expected {expected}",
        f"download {address}none/: the server answers, but does not have "
        f"{address}none/train-images-idx3-ubyte.gz",
        f"download http://127.0.0.1:9/: no connection ([Errno {errno.ECONNREFUSED}] "
        f"{os.strerror(errno.ECONNREFUSED)})",
        "Debian package some-package: apt-get is not on this machine (it is not Debian or Ubuntu)",
    ]
    told = str(caught.value)
    assert (
        "from any of 6 places (folder, cache, download, Debian; the log names each and why)" in told
    )
    assert "config/digits.yaml" in told
    assert not (tmp_path / "cache").exists()


def test_a_file_that_vanishes_sends_us_to_the_mirror(
    folder: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, folder / "mirror")
    (folder / f"{catalogue.TEST_LABELS}.gz").unlink()
    use_places(monkeypatch, addresses=(address, f"{address}mirror/"))
    assert obtain(FASHION, tmp_path).origin == f"download {address}mirror/"
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz: 404"):
        places.download(address, IDX_SOURCES["fashion-mnist"].sha256)


def test_a_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begin = time.monotonic()
        with pytest.raises(DataError, match=r"no answer within|no connection"):
            places.download(f"http://127.0.0.1:{silent.getsockname()[1]}/", ["f"])
        # It would never answer; the rest is for a busy machine.
        assert time.monotonic() - begin < 30


def test_a_name_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "ANSWER_S", 0.2)
    released, answered = threading.Event(), threading.Event()

    def hang(*_arguments: object, **_options: object) -> None:
        released.wait(60)
        answered.set()
        raise socket.gaierror("too late")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(DataError, match=r"no answer within 0\.2 s"):
        places.download("http://example.invalid/", ["f"])
    assert not answered.is_set()
    released.set()


def test_a_download_has_a_limit_in_all(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "ADDRESS_S", 0.0)
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz: not complete within 0 s"):
        places.download(address, [catalogue.TRAIN_LABELS])


APT_GET = """#!/bin/sh
echo "$1: what apt says"
folder=$(sed -n 's/^Dir::State::Lists "\\(.*\\)";/\\1/p' apt.conf)
test -d "$folder/partial" || exit 1
case "$MODE $1" in
  "closed update") echo "W: Failed to fetch http://d.invalid  No route" >&2 ;;
  *update) touch "$folder/d.invalid_main_Packages" ;;
  "absent download") echo "E: Unable to locate package $2" >&2; exit 100 ;;
  "slow download") exec sleep 20 ;;
  *download) touch "$2_1_all.deb" ;;
esac
"""
DPKG_DEB = """#!/bin/sh
mkdir -p "$3/usr/share" && cp -r "$SERVED" "$3/usr/share/tiny"
"""


@pytest.fixture
def apt(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DebianPackage:
    """A machine whose apt-get and dpkg-deb are the scripts above."""
    for name, script in (("apt-get", APT_GET), ("dpkg-deb", DPKG_DEB)):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("SERVED", str(folder))
    monkeypatch.setenv("MODE", "open")
    package = DebianPackage("dataset-tiny", Path("/usr/share/tiny"))
    use_places(monkeypatch, debian=package)
    return package


@pytest.mark.usefixtures("apt", "no_network")
def test_the_package_is_unpacked_and_cached(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert obtain(FASHION, tmp_path).origin == "Debian package dataset-tiny"
    assert "download: what apt says" in capfd.readouterr().err
    assert obtain(FASHION, tmp_path).origin == f"cache {tmp_path / 'fashion-mnist'}"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("closed", "apt-get update fetched no list of packages: W: Failed to fetch http://d.inv"),
        ("absent", "`apt-get download` failed: E: Unable to locate package dataset-tiny"),
        ("slow", "`apt-get download` did not end within 0.5 s"),
    ],
)
@pytest.mark.slow
def test_what_stops_apt_is_told(
    apt: DebianPackage, monkeypatch: pytest.MonkeyPatch, mode: str, reason: str
) -> None:
    monkeypatch.setenv("MODE", mode)
    monkeypatch.setattr(places, "APT_DOWNLOAD_S", 0.5)
    with pytest.raises(DataError, match=reason):
        places.unpack_debian_package(apt, [catalogue.TRAIN_LABELS])


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs apt-get")
@pytest.mark.skipif(
    "ECOSOBRIETY_NETWORK_TESTS" not in os.environ,
    reason="needs a network: set ECOSOBRIETY_NETWORK_TESTS to run it",
)
def test_the_real_package_has_the_real_fashion_mnist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = DebianPackage("dataset-fashion-mnist", Path("/usr/share/datasets/fashion-mnist"))
    contents = places.unpack_debian_package(installed, IDX_SOURCES["fashion-mnist"].sha256)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    use_places(monkeypatch, addresses=())
    dataset = obtain(FASHION | {"path": str(tmp_path)})
    assert dataset.x_train.shape == (TRAIN_SIZES["fashion-mnist"], 28, 28)
    assert np.bincount(dataset.y_train).tolist() == [6000] * 10
    assert np.bincount(dataset.y_test).tolist() == [1000] * 10
