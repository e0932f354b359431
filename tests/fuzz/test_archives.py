"""Archives of NumPy: read value by value as they were meant, or refused."""

from math import prod
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given

from ecosobriety.errors import EcosobrietyError
from ecosobriety.readers import take_in
from ecosobriety.training.networks import build_network
from fuzz.archive_cases import archive_cases, packed, twice
from fuzz.array_doubts import ArrayDoubt, archive_doubt, archive_doubts
from fuzz.doubt_cases import HARMLESS
from fuzz.judging import REFUSED, SPEC, Case, judge, share_of_examples

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 6, 6)).astype(np.uint8)
Y = np.arange(40) % 2
SCALED = {"x_test": (IMAGES / 255).astype("f4"), "y_test": Y}


def literal(content: bytes) -> Case:
    return Case(["literal"], {"name": "npz"}, None, REFUSED, content=content)


@pytest.mark.filterwarnings("ignore")
@share_of_examples(25)
@given(case=archive_cases())
@example(literal(packed(x_train=IMAGES.astype("f4"), y_train=Y, **SCALED)))
@example(literal(packed(x_train=IMAGES, y_train=Y, **SCALED)))
@example(literal(twice(x=IMAGES, y=Y)))
@example(literal(packed(x=IMAGES, y=Y.astype(object))))
def test_an_archive(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "arrays.npz"
    path.write_bytes(case.content)
    dataset = judge(case, path, tmp_path / "kept.npz")
    if dataset is None:
        return
    shape, channels = dataset.x_train.shape[1:], case.spec["channels"]
    if dataset.x_train.dtype.kind in "iu" and dataset.x_train.dtype != np.uint8:
        assert dataset.normalise == {"auto": "none"}.get(
            case.spec["normalise"], case.spec["normalise"]
        )
    try:
        network = build_network(
            "cnn",
            {"channels": [4]},
            shape,
            2,
            channels=dataset.channels,
            whole_numbers=dataset.whole_numbers,
        )
    except EcosobrietyError:
        return
    # What it takes for channels are those that were meant: named, or the few at the end.
    depth = network[1].in_channels
    place = {"first": 0, "last": 2}.get(channels)
    if place is not None:
        assert depth == shape[place]
    else:
        assert depth == (shape[2] if len(shape) == 3 else 1)
        assert depth <= 4
        assert prod(shape) == depth * shape[0] * shape[1]


@share_of_examples(8)
@given(doubt=archive_doubts())
# Ten pairs, of 49 test images.
@example(archive_doubt("mirrored copies", 3608))
def test_an_archive_with_a_slip(tmp_path: Path, doubt: ArrayDoubt) -> None:
    path = tmp_path / "arrays.npz"
    np.savez(path, **doubt.content)
    spec = {**SPEC, "name": "npz", "path": str(path), "normalise": "global"}
    if doubt.content.get("y_train", Y).dtype.kind == "f":
        spec["task"] = "regression"
    found = {finding.id for finding in take_in(spec).findings} - HARMLESS
    found -= {"arrays_unused"}
    assert found & doubt.wanted if doubt.wanted else not found, found
