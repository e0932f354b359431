"""Folders of images: every pixel as people see it, or refused."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import example, given

from ecosobriety.readers import take_in
from fuzz.array_doubts import ArrayDoubt, folder_doubts
from fuzz.doubt_cases import HARMLESS
from fuzz.folder_cases import folder_cases, png, write
from fuzz.judging import REFUSED, SPEC, Case, judge, share_of_examples

IMAGES = {f"{i}.png": png(np.full((6, 6), i, np.uint8)) for i in range(20)}


def literal(*folders: str) -> Case:
    files = {f"{folder}/{name}": image for folder in folders for name, image in IMAGES.items()}
    return Case(["literal"], {"name": "image-folder"}, None, REFUSED, content=files)


@share_of_examples(15)
@given(case=folder_cases())
@example(literal("train", "test1"))
@example(literal("train/cat", "train/dog", "val/cat", "val/dog"))
@example(literal("train", "val"))
def test_a_folder_of_images(tmp_path: Path, case: Case) -> None:
    # One for each example.
    with tempfile.TemporaryDirectory(dir=tmp_path) as name:
        folder = Path(name) / "images"
        folder.mkdir()
        write(folder, case.content)
        judge(case, folder, Path(name) / "kept.npz")


@share_of_examples(6)
@given(doubt=folder_doubts())
def test_a_folder_with_a_slip(tmp_path: Path, doubt: ArrayDoubt) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as name:
        write(Path(name), {place: png(image) for place, image in doubt.content.items()})
        spec = {**SPEC, "name": "image-folder", "path": name}
        found = {finding.id for finding in take_in(spec).findings} - HARMLESS
    assert found & doubt.wanted if doubt.wanted else not found, found
