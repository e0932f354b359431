"""Find a data set, wherever it is, and check that it is the one that was meant."""

import hashlib
import logging
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ecosobriety.datasets import catalogue
from ecosobriety.datasets.catalogue import IdxSource
from ecosobriety.datasets.declared import is_declared
from ecosobriety.datasets.formats import FORMATS, format_of
from ecosobriety.datasets.idx import parse_idx
from ecosobriety.datasets.intake import Intake, describe, describe_declared
from ecosobriety.datasets.sampling import training_order
from ecosobriety.datasets.store import Dataset
from ecosobriety.errors import DataError
from ecosobriety.files import home_expanded, open_atomically
from ecosobriety.readers import places
from ecosobriety.readers.arrays import SPLIT_SEED
from ecosobriety.readers.data_module import read_module
from ecosobriety.readers.declaration import read_declared
from ecosobriety.readers.user_files import (
    own_is_read_early,
    read_own,
    reported_on_one_line,
    take_in_own,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Place:
    name: str
    fetch: Callable[[Iterable[str]], places.Contents]
    remote: bool = False


def obtain(
    spec: Mapping[str, Any], cache: Path | None = None, scratch: Path | None = None
) -> Dataset:
    """Find a data set, check its checksums and give its fixed split.

    Fashion-MNIST and MNIST are looked for in `spec["path"]` alone if it is given; otherwise in the
    folder of Debian's package, in the cache, at the official address and its mirrors, and in
    Debian's package fetched with apt. What came from afar is kept in the cache. A user's own files
    are read from `spec["path"]`, and a user's class gives the data itself.

    Args:
        spec: the configuration's section `dataset`: `name`, `path` where it applies, and for a
            user's own data all other keys and the study's `task`.
        cache: folder for what was downloaded; the user's cache folder by default.
        scratch: folder for temporary files; the system's by default.

    Raises:
        DataError: the name is unknown, or no place has the data; the message lists each place that
            was tried and why it failed.
    """
    name = spec.get("name")
    path = spec.get("path")
    if spec.get("class_path") is not None:
        return read_module(spec)
    if format_of(spec) is not None:
        return read_own(spec, scratch)
    if name in catalogue.BUNDLED:
        if path is not None:
            raise DataError(f"dataset.path: {path} does not apply to {name}: it needs no files")
        return _digits() if name == "digits" else _diabetes()
    if name not in catalogue.IDX_SOURCES:
        allowed = ", ".join([*catalogue.TRAIN_SIZES, *FORMATS])
        raise DataError(f"dataset.name: {name!r} is not a known data set; allowed are {allowed}")
    source = catalogue.IDX_SOURCES[name]
    if path is not None:
        return _from_path(name, source, home_expanded(path))
    # Imported here: it takes long, and a training obtains nothing.
    import pooch

    cached = (cache or Path(pooch.os_cache("ecosobriety"))) / name
    return _from_first_place(name, source, cached)


@reported_on_one_line()
def take_in(spec: Mapping[str, Any]) -> Intake:
    """What can be known of a data set before anything is run, in a few seconds.

    The user's own files are taken in by `take_in_own`; those of Fashion-MNIST or MNIST, where
    `path` names them, are read. Of a class, nothing is known.

    Args:
        spec: the configuration's section `dataset`, and the study's `task`.

    Raises:
        DataError: the user's file or folder is missing or is not what it should be.
    """
    name, task = spec["name"], spec.get("task", "classification")
    if spec.get("class_path") is not None:
        return Intake(name, task)
    if is_declared(spec):
        return describe_declared(read_declared(spec), spec)
    if format_of(spec) is not None:
        return take_in_own(spec)
    if spec.get("path") is not None:
        return describe(obtain(spec), task)
    train, test = catalogue.TRAIN_SIZES.get(name), catalogue.TEST_SIZES.get(name)
    return Intake(name, task, train_examples=train, test_examples=test)


def is_read_early(spec: Mapping[str, Any]) -> bool:
    """Whether `take_in` knows all of a data set that a study could be refused for.

    Of the named ones that are yet to be fetched, it does.
    """
    if spec.get("class_path") is not None:
        return False
    return is_declared(spec) or format_of(spec) is None or own_is_read_early(spec)


def _digits() -> Dataset:
    """scikit-learn's 1,797 digits of 8 x 8 pixels with values 0..16, split once and for all."""
    # It takes a second to import, and only this data set needs it.
    import sklearn
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = bunch.images.astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    order = training_order(labels, SPLIT_SEED)
    n_train = catalogue.TRAIN_SIZES["digits"]
    train, test = np.sort(order[:n_train]), np.sort(order[n_train:])
    return Dataset.from_arrays(
        "digits",
        train=(images[train], labels[train]),
        test=(images[test], labels[test]),
        classes=catalogue.DIGITS_CLASSES,
        origin=f"scikit-learn {sklearn.__version__}",
    )


def _diabetes() -> Dataset:
    """scikit-learn's 442 patients: ten features as measured, and the disease's progression."""
    import sklearn
    from sklearn.datasets import load_diabetes

    # Not scaled: the features' mean and deviation come from the training subset alone.
    bunch = load_diabetes(scaled=False)
    features, progression = bunch.data.astype(np.float32), bunch.target.astype(np.float32)
    order = training_order(progression, SPLIT_SEED)
    n_train = catalogue.TRAIN_SIZES["diabetes"]
    train, test = np.sort(order[:n_train]), np.sort(order[n_train:])
    return Dataset.from_arrays(
        "diabetes",
        train=(features[train], progression[train]),
        test=(features[test], progression[test]),
        classes=(),
        origin=f"scikit-learn {sklearn.__version__}",
    )


def _from_path(name: str, source: IdxSource, folder: Path) -> Dataset:
    place = _Place(f"folder {folder}", partial(places.read_folder, folder))
    try:
        return _build(name, source, place.fetch(source.sha256), place.name)
    except DataError as error:
        raise DataError(
            # The file alone: its folder is named already.
            f"dataset.path: {folder} does not hold {name}: {str(error).replace(f'{folder}/', '')}"
        ) from error


def _from_first_place(name: str, source: IdxSource, cached: Path) -> Dataset:
    failures = []
    for place in _places(source, cached):
        try:
            contents = place.fetch(source.sha256)
            dataset = _build(name, source, contents, place.name)
        except DataError as error:
            failures.append(f"{place.name}: {error}")
            continue
        if place.remote:
            _keep(contents, cached)
        return dataset
    for failure in failures:
        logger.error("%s could not be obtained: %s", name, failure)
    # Each with its reason in the log, as all of them are too long for one sentence.
    tried = ", ".join(dict.fromkeys(failure.split(" ", 1)[0] for failure in failures))
    raise DataError(
        f"{name} could not be obtained from any of {len(failures)} places ({tried}; the log names "
        "each and why): put its four files into a folder and name it in dataset.path, or run "
        "config/digits.yaml, which needs no download"
    )


def _places(source: IdxSource, cached: Path) -> list[_Place]:
    """The places in the order in which they are tried."""
    package = source.debian
    found = []
    if package is not None:
        read = partial(places.read_folder, package.folder)
        found.append(_Place(f"folder {package.folder}", read))
    found.append(_Place(f"cache {cached}", partial(places.read_folder, cached)))
    for address in source.addresses:
        get = partial(places.download, address)
        found.append(_Place(f"download {address}", get, remote=True))
    if package is not None:
        unpack = partial(places.unpack_debian_package, package)
        found.append(_Place(f"Debian package {package.name}", unpack, remote=True))
    return found


def _build(name: str, source: IdxSource, contents: places.Contents, origin: str) -> Dataset:
    """Parse the files, then compare the checksums: a truncated file is reported as one."""
    x_train = parse_idx(contents[catalogue.TRAIN_IMAGES], 3, catalogue.TRAIN_IMAGES)
    y_train = parse_idx(contents[catalogue.TRAIN_LABELS], 1, catalogue.TRAIN_LABELS)
    x_test = parse_idx(contents[catalogue.TEST_IMAGES], 3, catalogue.TEST_IMAGES)
    y_test = parse_idx(contents[catalogue.TEST_LABELS], 1, catalogue.TEST_LABELS)
    for file, expected in source.sha256.items():
        found = hashlib.sha256(contents[file]).hexdigest()
        if found != expected:
            raise DataError(f"{file}: the content's sha256 is {found}, expected {expected}")
    return Dataset.from_arrays(
        name,
        train=(x_train, y_train.astype(np.int64)),
        test=(x_test, y_test.astype(np.int64)),
        classes=source.classes,
        origin=_without_home(origin),
    )


def _without_home(origin: str) -> str:
    """Write the user's own folder as ~: a report is handed on, and need not name who made it."""
    try:
        return origin.replace(f"{Path.home()}/", "~/")
    except RuntimeError:  # there is none
        return origin


def _keep(contents: places.Contents, cached: Path) -> None:
    """Put the files into the cache; without a cache a study only has to download again."""
    try:
        for name, content in contents.items():
            with open_atomically(cached / name) as file:
                file.write(content)
    except OSError as error:
        warnings.warn(f"{cached}: the data set cannot be kept here ({error})", stacklevel=2)
