"""Folders of images whose truth is known, as cameras, systems and people leave them."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from fuzz.judging import READ, Case, Truth, sometimes

CLASSES = [
    ["cat", "dog"],
    ["a b", "été", "\u732b"],
    ["0", "1", "10"],
    ["Cat", "cat"],
    ["x" * 100, "NA"],
    ["n01440764", "_n02", "#3"],
    ["it's", '6" nails'],
]
PARTS = [("train", "test"), ("Train", "Test"), ("training", "testing"), ("TRAIN", "test")]
FORMATS = [("png", "PNG"), ("PNG", "PNG"), ("bmp", "BMP"), ("tif", "TIFF"), ("webp", "WEBP")]
COLOUR_MODES = ["RGB", "RGB", "P", "RGBA", "L"]
LEFT = [".DS_Store", "Thumbs.db", "desktop.ini", "._cat.png", ".ipynb_checkpoints"]
_ORIENTATION = 0x0112
TURNS: dict[int, Any] = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    6: lambda a: np.rot90(a, 1),
    8: lambda a: np.rot90(a, 3),
}
"""How a camera that writes an orientation stored the image that people see."""


@st.composite
def folder_cases(draw: Any) -> Case:
    """A folder of images: harmless habits, and in half of the cases one thing that forbids it."""
    classes = draw(st.sampled_from(CLASSES))
    split = draw(st.sampled_from(PARTS)) if draw(st.booleans()) else None
    side = draw(st.integers(4, 7))
    colour, turned = draw(st.booleans()), draw(st.booleans())
    case = Case([*classes], {"name": "image-folder"}, None, READ)
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    files: dict[str, Any] = {}
    counted: list[Counter[Any]] = []
    for part in split or ("",):
        examples: Counter[Any] = Counter()
        for name in classes:
            for i in range(draw(st.integers(4, 6))):
                ending, image_format = draw(st.sampled_from(FORMATS if colour else FORMATS[:-1]))
                first = colour and not examples
                modes = COLOUR_MODES[: 1 if first else None] if colour else ["L"]
                mode = draw(st.sampled_from(modes))
                pixels, seen = _pixels(random, mode, side)
                turn = draw(st.sampled_from([*TURNS])) if turned and image_format == "PNG" else 1
                stored = Image.fromarray(np.ascontiguousarray(TURNS[turn](pixels)))
                place = f"{part}/{name}/image {i}.{ending}".lstrip("/")
                files[place] = _encoded(stored, mode, image_format, turn)
                seen = seen if colour else seen[..., 0]
                examples[(tuple(seen.ravel().tolist()), name)] += 1
        counted.append(examples)
    if colour and split is None and sometimes(draw, 4):
        # A network would learn colours.
        for i in range(40):
            pixels, seen = _pixels(random, "L" if i < 20 else "RGB", side)
            name = classes[0] if i < 20 else classes[1]
            files[f"{name}/more {i}.png"] = png(pixels)
            counted[0][(tuple(seen.ravel().tolist()), name)] += 1
        case.findings.add("images_grey_by_class")
    case.story.append(f"{'colour' if colour else 'grey'}, {split}, turned: {turned}")
    case.truth = Truth(sum(counted, Counter()), test=counted[1] if split else None)
    if classes == ["Cat", "cat"]:
        case.findings.add("classes_differ_by_case")
    if sometimes(draw):
        folder = draw(st.sampled_from([str(Path(place).parent) for place in files]))
        files[f"{folder}/{draw(st.sampled_from(LEFT[:4]))}"] = b"left"
        case.story.append("what systems leave")
    if sometimes(draw, 4):
        files[f"{split[0]}/README.txt" if split else "README.txt"] = b"About these images"
        case.findings.add("files_unused")
    damage = draw(st.sampled_from([*DAMAGES])) if sometimes(draw) else None
    if damage:
        DAMAGES[damage](draw, case, files, split or ("",))
        case.refuse(damage)
    case.content = files
    return case


def _pixels(random: np.random.Generator, mode: str, side: int) -> tuple[Any, Any]:
    """(height, width[, 3 or 4]) what is stored, and (height, width, 3) what people see."""
    if mode == "L":
        grey = random.integers(0, 256, (side, side)).astype(np.uint8)
        return grey, np.repeat(grey[..., None], 3, axis=2)
    # A palette holds 256 colours at most.
    colours = random.integers(0, 256, (side, side, 3)).astype(np.uint8)
    if mode == "RGBA":
        return np.concatenate([colours, np.full((side, side, 1), 255, np.uint8)], axis=2), colours
    return colours, colours


def _encoded(image: Image.Image, mode: str, image_format: str, turn: int = 1) -> bytes:
    if mode == "P" and image_format != "WEBP":
        image = image.quantize(256, dither=Image.Dither.NONE) if _few(image) else image
    stream = io.BytesIO()
    options: dict[str, Any] = {"lossless": True} if image_format == "WEBP" else {}
    if turn != 1:
        exif = Image.Exif()
        exif[_ORIENTATION] = turn
        options["exif"] = exif
    if image_format == "BMP" and image.mode == "RGBA":
        image = image.convert("RGB")
    image.save(stream, image_format, **options)
    return stream.getvalue()


def _few(image: Image.Image) -> bool:
    """Whether the palette keeps every pixel, which the quantiser of Pillow does not promise."""
    kept = image.quantize(256, dither=Image.Dither.NONE).convert("RGB")
    return bool((np.asarray(kept) == np.asarray(image)).all())


def png(array: Any, mode: str | None = None, **options: Any) -> bytes:
    """A PNG file of an array, or of the array in another mode."""
    image = Image.fromarray(array)
    stream = io.BytesIO()
    image = image.convert(mode) if mode else image
    image.save(stream, "TIFF" if mode == "CMYK" else "PNG", **options)
    return stream.getvalue()


def _some(draw: Any, files: dict[str, Any]) -> str:
    return str(draw(st.sampled_from([place for place in files if "image" in place])))


def _replace(*contents: Any) -> Any:
    def change(draw: Any, case: Case, files: dict[str, Any], parts: Any) -> None:
        content = draw(st.sampled_from(contents))
        place = _some(draw, files)
        files[place] = content(files[place]) if callable(content) else content

    return change


def _add(place: str, content: Any) -> Any:
    def change(draw: Any, case: Case, files: dict[str, Any], parts: Any) -> None:
        folder = str(Path(_some(draw, files)).parent)
        files[place.format(folder=folder, part=parts[0]).lstrip("/")] = content

    return change


def _another_part(draw: Any, case: Case, files: dict[str, Any], parts: Any) -> None:
    """A validation part, or a test part by another name, beside the folder `train`."""
    for place in list(files):
        inner = place.partition("/")[2] if parts != ("",) else place
        files[f"train/{inner}"] = files.pop(place)
    image = files[_some(draw, files)]
    others = [["val"], ["valid"], ["validation"], ["test1"], ["val", "test"], ["dev"], ["Test_set"]]
    for name in draw(st.sampled_from(others)):
        flat = draw(st.booleans())
        files[f"{name}/1.png" if flat else f"{name}/cat/1.png"] = image


def _unlearnt(draw: Any, case: Case, files: dict[str, Any], parts: Any) -> None:
    """A class that the test part alone holds; without parts, one class alone."""
    if parts == ("",):
        first = Path(next(iter(files))).parts[0]
        for place in list(files):
            if Path(place).parts[0] != first:
                del files[place]
    else:
        files[f"{parts[1]}/new/1.png"] = files[_some(draw, files)]


_GREY = np.zeros((9, 9), np.uint8)
_CLEAR = np.zeros((5, 5, 4), np.uint8)
DAMAGES: dict[str, Any] = {
    "another size": _replace(png(_GREY)),
    "no image": _replace(b"", b"<html>404</html>", b"\x89PNG\r\n\x1a\n", b"GIF89a"),
    "a cut image": _replace(lambda content: content[: len(content) // 2]),
    "transparent": _replace(png(_CLEAR)),
    "16 bits": _replace(png(np.full((5, 5), 1000, np.uint16))),
    "printer's colours": _replace(png(np.zeros((5, 5, 3), np.uint8), "CMYK")),
    "text among images": _add("{folder}/labels.csv", b"a,b"),
    "a folder in a class": _add("{folder}/inner/image.png", png(_GREY)),
    "an image in no class": _add("{part}/alone.png", png(_GREY)),
    "an empty class": _add("{part}/empty", None),
    "a link to nothing": _add("{folder}/lost.png", "nowhere.png"),
    "another part": _another_part,
    "a class that nothing learns": _unlearnt,
}


def write(folder: Path, files: dict[str, Any]) -> None:
    """Write a case's files: bytes, an empty folder (None), or a link's target (text)."""
    for place, content in files.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir()
        elif isinstance(content, str):
            path.symlink_to(content)
        else:
            path.write_bytes(content)
