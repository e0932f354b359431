"""Images of more than 8 bits, with a sign or with more bands are refused, whoever wrote them."""

import struct
from pathlib import Path
from typing import Any

import pytest
from dataset_cases import require_read_or_refused
from test_datasets_conventions import images

WIDTH, HEIGHT = 5, 6
SAMPLE_FORMAT, EXTRA, PHOTOMETRIC = 339, 338, 262
UNKNOWN, ALPHA, SIGNED, BLACK_IS_ZERO, RED_GREEN_BLUE = 0, 2, 2, 1, 2


def tiff(
    bits: int, samples: int, more: dict[int, int] | None = None, *, planes: bool = False
) -> Any:
    """A TIFF as programs for microscopes and satellites write them."""
    more = more or {}
    content = bytes(WIDTH * HEIGHT * samples * bits // 8)
    parts = samples if planes else 1
    each = len(content) // parts
    values = {256: WIDTH, 257: HEIGHT, 259: 1, 277: samples, 278: HEIGHT, 284: 1 + planes}
    values[PHOTOMETRIC] = BLACK_IS_ZERO if samples == 1 else RED_GREEN_BLUE
    tags = {tag: [value] for tag, value in {**values, **more}.items()}
    tags |= {258: [bits] * samples, 273: [8 + each * i for i in range(parts)], 279: [each] * parts}
    if SAMPLE_FORMAT in more:
        tags[SAMPLE_FORMAT] *= samples
    end = 8 + len(content) + 2 + 12 * len(tags) + 4
    entries, behind = b"", b""
    for tag, numbers in sorted(tags.items()):
        packed = struct.pack(f"<{len(numbers)}H", *numbers)
        if len(packed) > 4:
            packed, behind = struct.pack("<I", end + len(behind)), behind + packed
        entries += struct.pack("<HHI", tag, 3, len(numbers)) + packed.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<I", 8 + len(content)) + content
    return head + struct.pack("<H", len(tags)) + entries + bytes(4) + behind


def ppm(highest: int) -> bytes:
    size = 2 if highest > 255 else 1
    return f"P6\n{WIDTH} {HEIGHT}\n{highest}\n".encode() + bytes(3 * WIDTH * HEIGHT * size)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.tif", tiff(8, 1), None),
        ("a.tif", tiff(8, 3), None),
        ("a.tif", tiff(8, 3, planes=True), None),
        ("a.tif", tiff(16, 3), "has the mode RGB of 16 bits"),
        ("a.tif", tiff(16, 3, planes=True), "has the mode RGB of 16 bits"),
        ("a.tif", tiff(8, 4, {EXTRA: UNKNOWN}), "has the mode RGB and 4 bands"),
        ("a.tif", tiff(8, 4, {EXTRA: ALPHA}), "is transparent"),
        (
            "a.tif",
            tiff(8, 2, {EXTRA: UNKNOWN, PHOTOMETRIC: BLACK_IS_ZERO}),
            "has the mode L and 2 bands",
        ),
        ("a.tif", tiff(8, 1, {SAMPLE_FORMAT: SIGNED}), "has the mode L of numbers with a sign"),
        ("a.ppm", ppm(255), None),
        ("a.ppm", ppm(15), None),
        ("a.ppm", ppm(4095), "has the mode RGB of 16 bits"),
        ("a.ppm", ppm(65535), "has the mode RGB of 16 bits"),
    ],
)
def test_nothing_of_an_image_is_dropped(
    tmp_path: Path, name: str, content: bytes, reason: str | None
) -> None:
    given = images(tmp_path / "pets")
    (tmp_path / "pets/cat" / name).write_bytes(content)
    require_read_or_refused(given, name, reason)
