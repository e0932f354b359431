"""Folders of images: every pixel as people see it, or refused."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import example, given

from fuzz.folder_cases import folder_cases, png, write
from fuzz.judging import REFUSED, Case, judge, share_of_examples

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
