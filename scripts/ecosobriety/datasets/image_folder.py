"""A user's folder of images, with one folder for each class."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from ecosobriety.datasets.arrays import Part
from ecosobriety.errors import DataError

ENDINGS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
SPLIT = {"train", "test"}
GREY_MODES = frozenset({"1", "L"})
COLOUR_MODES = frozenset({"CMYK", "HSV", "LA", "LAB", "P", "PA", "RGB", "RGBA", "YCbCr"})
"""What becomes red, green and blue; other modes hold more than 8 bits."""


def count(folder: Path) -> tuple[int, bool]:
    """Number of images to train with, and whether the test part is still to be taken from them.

    Raises:
        DataError: the folder is not one of classes, or holds another file.
    """
    split = _is_split(folder)
    return len(list(_files(folder / "train" if split else folder))), not split


def listing(folder: Path) -> list[Path]:
    """Every image of the folder, in a fixed order; none where there is no such folder of images."""
    try:
        parts = [folder / name for name in sorted(SPLIT)] if _is_split(folder) else [folder]
        return [file for part in parts for file, _ in _files(part)]
    except DataError:
        return []


def read(folder: Path) -> tuple[Part, Part | None]:
    """The training part and the test part, or all images and None.

    A folder that holds the folders `train` and `test` and no other is split already. Images are
    uint8 (height, width), or (height, width, 3) where one of them has colours; all must have one
    size.

    Raises:
        DataError: the folder is not one of classes, or an image cannot be read or has another size.
    """
    if not _is_split(folder):
        files = list(_files(folder))
        return _part(files, _is_grey(files), str(folder)), None
    train, test = (list(_files(folder / name)) for name in ("train", "test"))
    grey = _is_grey(train + test)
    return _part(train, grey, "train"), _part(test, grey, "test")


def _is_split(folder: Path) -> bool:
    return {path.name for path in _folders(folder)} == SPLIT


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read as a folder: {error.strerror}") from error


def _folders(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_dir()]


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each image and its class, in a fixed order."""
    classes = _folders(folder)
    if not classes:
        raise DataError(f"{folder}: holds no folder, but must hold one folder for each class")
    for path in classes:
        files = _visible(path)
        if not files:
            raise DataError(f"{path}: is empty, but must hold the images of the class {path.name}")
        for file in files:
            if file.suffix.lower() not in ENDINGS:
                raise DataError(
                    f"{file}: is no image; a class's folder holds files that end in "
                    f"{', '.join(sorted(ENDINGS))} alone"
                )
            yield file, path.name


def _is_grey(files: list[tuple[Path, str]]) -> bool:
    return all(_mode(file) in GREY_MODES for file, _ in files)


def _mode(file: Path) -> str:
    try:
        with Image.open(file) as image:
            return str(image.mode)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: cannot be read as an image ({error})") from error


def _part(files: list[tuple[Path, str]], grey: bool, name: str) -> Part:
    images: list[np.ndarray] = []
    for file, _ in files:
        image = _pixels(file, grey)
        if images and image.shape != images[0].shape:
            raise DataError(
                f"{file}: has {image.shape[1]} x {image.shape[0]} pixels and {files[0][0]} has "
                f"{images[0].shape[1]} x {images[0].shape[0]}, but all must have one size"
            )
        images.append(image)
    return Part(np.stack(images), np.array([label for _, label in files]), name)


def _pixels(file: Path, grey: bool) -> np.ndarray:
    try:
        with Image.open(file) as image:
            if image.mode not in GREY_MODES | COLOUR_MODES:
                raise DataError(f"{file}: has the mode {image.mode}, but must have 8 bits a colour")
            return np.asarray(image.convert("L" if grey else "RGB"), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{file}: cannot be read as an image ({error})") from error
