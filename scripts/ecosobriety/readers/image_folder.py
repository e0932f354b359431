"""A user's folder of images, with one folder for each class."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ecosobriety.checks.file_copies import find_file_copies, find_masks
from ecosobriety.checks.file_groups import find_file_groups
from ecosobriety.checks.file_labels import find_leftovers, find_other_classes
from ecosobriety.datasets.examples import kept
from ecosobriety.datasets.findings import MAX_LISTED, Finding, short
from ecosobriety.errors import DataError
from ecosobriety.files import require_data
from ecosobriety.readers.arrays import Part

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = frozenset(
    {
        *(".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif"),
        *(".tiff", ".webp"),
    }
)
"""Of files that are read as images; what else an ending says is not asked: the content counts."""
HIDDEN = frozenset({".ipynb_checkpoints", ".git", ".thumbnails", ".trash", ".cache"})
"""Hidden folders that programs make, and that may hold copies of images."""
LEFT_BY_SYSTEMS = frozenset(
    {
        *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "#recycle"),
        *("$recycle.bin", "system volume information", "lost+found"),
    }
)
"""What systems put into folders, besides names that begin with a dot."""
TRAIN, TEST = frozenset({"train", "training"}), frozenset({"test", "testing"})
# Common names for parts of a split, in any spelling.
_PART = re.compile(
    r"(cross[-_ ]?)?(train|test|val|dev|eval|hold[-_ ]?out)(ing|idation|id|uation)?"
    r"[-_ ]?(set|data|split|part|images?|imgs?)?[-_ ]?(\d*|[ab])|(fold|split)[-_ ]?\d+",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"extra|(un)?labell?ed|unsup(ervised)?|query|gallery|images?|imgs?|masks?|labels?|annotations?"
    r"|gt|ground[-_ ]?truths?",
    re.IGNORECASE,
)
"""What lies beside such parts, or beside each other, and names no class unless classes do too."""
GREY_MODES = frozenset({"1", "L", "LA"})
COLOUR_MODES = frozenset({"P", "PA", "RGB", "RGBA"})
"""What becomes red, green and blue; other modes hold more than 8 bits, or colours of a printer."""
PALETTES = frozenset({"1", "P", "PA"})
"""What holds a few colours alone."""
BITS, MOST = 8, 255
"""Of a colour, and its largest value."""
_BITS_PER_SAMPLE, _SAMPLES_PER_PIXEL, _SAMPLE_FORMAT = 258, 277, 339
"""Tags of a TIFF."""
_UNSIGNED = 1
"""What the last of them says of numbers without a sign."""
FORMATS_OF_MANY = frozenset({"MPO"})
"""Formats whose first image is the one to see: photographs with a second view, or a preview. Pillow
calls a photograph so only if it has several."""

T = TypeVar("T")
Read = tuple[Part, Part | None, tuple[Finding, ...]]


def count(folder: Path) -> tuple[int, bool]:
    """Number of images to train with, and whether the test part is still to be taken from them.

    Raises:
        DataError: the folder is not one of classes, or holds another file.
    """
    split = _split(folder)
    return len(list(_files(split[0] if split else folder))), split is None


def listing(folder: Path) -> list[Path]:
    """Every image of the folder, in a fixed order; none where there is no such folder of images."""
    try:
        return [file for part in _split(folder) or [folder] for file, _ in _files(part)]
    except DataError:
        return []


def read(folder: Path, scratch: Path | None = None) -> Read:
    """The training part and the test part, or all images and None; and what was found.

    A folder that holds a folder `train` and a folder `test`, and no other, is split already. Images
    are uint8 (height, width), or (height, width, 3) where one of them has colours, upright as their
    camera says; all must have one size.

    Args:
        folder: The user's folder.
        scratch: Folder for a temporary file, if the pixels are many.

    Raises:
        DataError: the folder is not one of classes, or an image cannot be read or has another size.
    """
    split = _split(folder)
    files = [list(_files(part)) for part in split or [folder]]
    kinds = [[_look(file, _kind) for file, _ in part] for part in files]
    grey = all(mode in GREY_MODES for part in kinds for mode, _ in part)
    names = ["train", "test"] if split else [str(folder)]
    parts = [
        replace(_part(f, grey, name, scratch), formats=np.array([written for _, written in k]))
        for f, k, name in zip(files, kinds, names, strict=True)
    ]
    unused = [name for part in split or [folder] for name in _unread(part)]
    findings: tuple[Finding, ...] = ()
    if unused:
        values = {"number": len(unused), "names": [short(name) for name in unused[:MAX_LISTED]]}
        findings = (Finding("files_unused", False, values),)
    several = sum(written in FORMATS_OF_MANY for part in kinds for _, written in part)
    if several:
        findings += (Finding("images_unread", False, {"number": several}),)
    stems = [[file.stem for file, _ in part] for part in files]
    labels = [label for part in files for _, label in part]
    every = [stem for part in stems for stem in part]
    findings += tuple(find_file_groups(stems, labels))
    findings += tuple(find_masks(every, labels))
    findings += tuple(find_leftovers(labels, every))
    findings += tuple(find_other_classes(every, labels))
    named = [[f"{label}/{file.stem}" for file, label in part] for part in files]
    findings += tuple(find_file_copies(named))
    return parts[0], (parts[1] if split else None), findings


def _kind(image: "Image") -> tuple[str, str]:
    """Its mode, and how its pixels are written, as far as that leaves traces in them."""
    palette = " (palette)" if image.mode in PALETTES else ""
    return image.mode, f"{image.format}{palette}"


def _split(folder: Path) -> list[Path] | None:
    """The folders of the training and of the test part, if there are such.

    Raises:
        DataError: the folders have names of parts, but are not one for training and one for tests.
    """
    folders = _folders(folder)
    by_name = {path.name.lower(): path for path in folders}
    train, test = {*TRAIN} & {*by_name}, {*TEST} & {*by_name}
    if len(folders) == 2 and train and test:
        return [by_name[train.pop()], by_name[test.pop()]]
    parts = [path for path in folders if _PART.fullmatch(path.name)]
    # Then another one is the fault.
    if all(path in parts or _BESIDE.fullmatch(path.name) for path in folders) or (train and test):
        parts = folders
    if len(parts) > 1:
        found = ", ".join(short(path.name) for path in parts[:MAX_LISTED])
        raise DataError(
            f"{folder}: holds the folders {found}, but must hold train and test alone, each with "
            "one folder for each class, or no parts: rename the one to test with, move the others"
        )
    return None


def _unread(folder: Path) -> Iterator[str]:
    """What lies beside the classes' folders, and hidden folders that may be a class, as `.net`."""
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith(".") and path.name not in HIDDEN and path.is_dir()
        if hidden and any(file.suffix.lower() in ENDINGS for file in path.iterdir()):
            yield f"{path.name}/"
    yield from (path.name for path in _visible(folder) if path.is_file())


def _visible(folder: Path) -> list[Path]:
    try:
        visible = sorted(
            path
            for path in folder.iterdir()
            if not path.name.startswith(".") and path.name.lower() not in LEFT_BY_SYSTEMS
        )
    except OSError as error:
        raise DataError(f"{folder}: cannot be read as a folder: {error.strerror}") from error
    for path in visible:
        if not path.exists():
            raise DataError(f"{path}: is a link to a file that is not there")
        if not (path.is_dir() or path.is_file()):
            raise DataError(f"{path}: is neither a file nor a folder")
    return visible


def _folders(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_dir()]


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each image and its class, in a fixed order."""
    classes = _folders(folder)
    if not classes:
        raise DataError(f"{folder}: holds no folder, but must hold one folder for each class")
    for file in _visible(folder):
        if file not in classes and file.suffix.lower() in ENDINGS:
            raise DataError(f"{file}: is an image outside the classes' folders, and has no class")
    for path in classes:
        if not path.name.isprintable():
            raise DataError(f"{path}: a class's name must be printable, in UTF-8")
        yield from ((file, path.name) for file in _images(path))


def _images(folder: Path) -> Iterator[Path]:
    files = _visible(folder)
    if not files:
        raise DataError(f"{folder}: is empty, but must hold the images of the class {folder.name}")
    for file in files:
        if file.is_dir():
            raise DataError(
                f"{file}: is a folder in the folder of the class {folder.name}, which must hold "
                f"images alone; if {folder.name} is no class, name it in dataset.path"
            )
        if file.suffix.lower() not in ENDINGS:
            raise DataError(
                f"{file}: has {f'the ending {file.suffix}' if file.suffix else 'no ending'}, but a "
                f"class's folder must hold images alone, which end in {', '.join(sorted(ENDINGS))}"
            )
        yield file


def _part(files: list[tuple[Path, str]], grey: bool, name: str, scratch: Path | None) -> Part:
    first = files[0][0]
    shape = _pixels(first, grey).shape

    def pixels() -> Iterator[memoryview]:
        for file, _ in files:
            image = _pixels(file, grey)
            if image.shape != shape:
                raise DataError(
                    f"{file}: has {image.shape[1]} x {image.shape[0]} pixels and {first} has "
                    f"{shape[1]} x {shape[0]}, but all must have one size"
                )
            yield image.data

    x = kept(pixels(), (len(files), *shape), np.dtype(np.uint8), scratch)
    return Part(x, np.array([label for _, label in files]), name)


def _pixels(file: Path, grey: bool) -> np.ndarray:
    return _look(file, lambda image: _upright(file, image, grey))


def _upright(file: Path, image: "Image", grey: bool) -> np.ndarray:
    """(height, width[, 3]) the image as people see it, or the reason why it is not read."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format not in FORMATS_OF_MANY:
        raise DataError(f"{file}: holds {frames} images, but must hold one")
    if (dropped := _dropped(image)) or image.mode not in GREY_MODES | COLOUR_MODES:
        raise DataError(
            f"{file}: has the mode {image.mode}{dropped}, but must be grey or red, green and blue, "
            "with 8 bits a colour"
        )
    if image.has_transparency_data and np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
        raise DataError(f"{file}: is transparent in places, but must have a background")
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    return np.asarray(upright.convert("L" if grey else "RGB"), dtype=np.uint8)


def _dropped(image: "Image") -> str:
    """What Pillow would drop of an image: the half of 16 bits, a sign, a band; "" for nothing."""
    tiles = getattr(image, "tile", [])
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    highest = [
        tile[3][-1] for tile in tiles if image.format == "PPM" and isinstance(tile[3], tuple)
    ]
    bits = max(tags.get(_BITS_PER_SAMPLE, (8,)))
    if any(";16" in str(tile) for tile in tiles) or bits > BITS or max(highest, default=0) > MOST:
        return f" of {bits if bits > BITS else 2 * BITS} bits"
    if {*tags.get(_SAMPLE_FORMAT, ())} - {_UNSIGNED}:
        return " of numbers with a sign"
    bands = tags.get(_SAMPLES_PER_PIXEL, 1)
    return f" and {bands} bands" if tags and bands != len(image.getbands()) else ""


def _look(file: Path, action: "Callable[[Image], T]") -> T:
    """What an action says about an image.

    Raises:
        DataError: the file is no image that can be read.
    """
    # Not above: most steps import this room, and few read images.
    from PIL import Image

    try:
        # Of a path, Pillow maps some files with the sides of the image as it is turned.
        with file.open("rb") as stream, Image.open(stream) as image:
            return action(image)
    except DataError:
        raise
    # Damaged bytes make Pillow's readers raise a dozen kinds of error, all the same here.
    except Exception as error:
        require_data(file)
        why = " ".join(str(error).split())[:100] or type(error).__name__
        raise DataError(f"{file}: cannot be read as an image ({why})") from error
