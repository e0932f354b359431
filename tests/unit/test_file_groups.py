"""Images and arrays whose names or numbers say that several are of one person are named."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ecosobriety.checks.file_copies import find_file_copies, find_masks
from ecosobriety.checks.file_groups import find_file_groups
from ecosobriety.readers import take_in

PERSONS, EACH = 40, 6
KINDS = np.array(["sick", "well", "other"])


def labelled(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The person of each image, and the person's class."""
    person = np.repeat(np.arange(PERSONS), EACH)
    return person, np.random.default_rng(seed).integers(0, 3, PERSONS)[person]


@pytest.mark.parametrize(
    "pattern",
    ["p{0:02}_{1}", "patient{0}-left-{1}", "{0:03}_{1:02}", "S{0} ({1})", "video{0}frame{1}"],
)
def test_images_of_one_person_are_named(pattern: str) -> None:
    person, kind = labelled()
    names = [pattern.format(p, i % EACH) for i, p in enumerate(person)]
    (told,) = find_file_groups([names], KINDS[kind])
    assert (told.id, told.headline) == ("files_split", False)
    # Of both parts, those whose persons are in both alone.
    order = np.random.default_rng(2).permutation(len(names))
    mixed = [[names[i] for i in order[:160]], [names[i] for i in order[160:]]]
    (told,) = find_file_groups(mixed, KINDS[kind][order])
    assert (told.id, told.headline) == ("files_shared", True)
    assert told.values["share"] > 0.9
    assert [*find_file_groups([names[:180], names[180:]], KINDS[kind])] == []


def test_names_of_classes_may_have_any_number_of_words() -> None:
    kinds = ["black_sea_sprat", "red_mullet", "sea bass", "trout", "George_W_Bush"]
    for join in ("_", " ", "-", ""):
        labels = [kind for kind in kinds for _ in range(40)]
        names = [f"{re.sub('[_ ]', join, k)}_{i % 40:04}" for i, k in enumerate(labels)]
        assert [*find_file_groups([names], labels)] == []
        order = np.random.default_rng(2).permutation(len(names))
        parts = [[names[i] for i in order[:150]], [names[i] for i in order[150:]]]
        assert [*find_file_groups(parts, [labels[i] for i in order])] == []


@pytest.mark.parametrize(
    "pattern",
    [
        *("{kind}_{i:04}", "{i:05}", "IMG_{i:04}", "{kind}.{i}", "{odd}_{i}"),
        *("{hash:08x}", "{hash:016x}", "ISIC_{i:07}", "{i}_{hash}", "img {i}", "n0{kind}_{hash}"),
        *("{hash:x}-{i:x}", "{i:04}_{kind}", "photo-{hash}-unsplash", "Image{i}({odd})"),
    ],
)
def test_names_as_people_and_programs_give_them_are_no_groups(pattern: str) -> None:
    for seed in range(6):
        draw = np.random.default_rng(seed)
        n, classes = int(draw.integers(40, 900)), int(draw.integers(2, 30))
        kind = np.sort(draw.integers(0, classes, n))
        hashes = draw.integers(0, 2**63, n)
        names = [
            pattern.format(kind=f"class{kind[i]}", i=i, hash=hashes[i], odd=hashes[i] % 37)
            for i in range(n)
        ]
        assert [*find_file_groups([names], kind.astype(str))] == []
        half = draw.permutation(n)
        parts = [[names[i] for i in half[: n // 2]], [names[i] for i in half[n // 2 :]]]
        assert [*find_file_groups(parts, kind[half].astype(str))] == []


def findings(path: Path, name: str) -> dict[str, Any]:
    keys = {"label": None, "features": None, "test_share": 0.2, "format": None}
    told = take_in({**keys, "name": name, "path": str(path)}).findings
    return {finding.id: finding for finding in told}


def test_a_folder_of_several_images_of_each_person(tmp_path: Path) -> None:
    person, kind = labelled()
    pixels = np.random.default_rng(3).integers(0, 256, (len(person), 4, 4)).astype(np.uint8)
    for i, p in enumerate(person):
        folder = tmp_path / KINDS[kind[i]]
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels[i]).save(folder / f"patient{p}_{i % EACH}.png")
    assert findings(tmp_path, "image-folder").keys() == {"files_split"}


def test_an_archives_measurements_are_looked_at_as_those_of_a_table(tmp_path: Path) -> None:
    draw = np.random.default_rng(4)
    x, y = draw.normal(size=(300, 6)), draw.integers(0, 3, 300)
    file = tmp_path / "a.npz"
    for inputs, told in (
        (x, set()),
        (np.c_[x, y], {"label_copy"}),
        (np.c_[x, np.where(draw.random(300) < 0.1, -999, x[:, 0])], {"values_far_away"}),
        # Words have no units, and pictures no columns.
        (np.c_[y, draw.integers(0, 9, (300, 6))], set()),
        (np.repeat(x, 10, axis=1).reshape(300, 6, 10), set()),
    ):
        np.savez(file, x=inputs, y=y)
        assert findings(file, "npz").keys() == told


def test_an_archive_that_says_whose_each_example_is(tmp_path: Path) -> None:
    person, kind = labelled()
    x = np.random.default_rng(3).normal(size=(len(person), 5))
    file = tmp_path / "a.npz"
    np.savez(file, x=x, y=kind, patient=person, note=x[:, 0], site=person % 4)
    told = findings(file, "npz")
    assert told.keys() == {"arrays_unused", "groups_split"}
    assert told["groups_split"].values["feature"] == "patient"
    order = np.random.default_rng(2).permutation(len(x))
    for rows, shared in ((order, True), (np.arange(len(x)), False)):
        one, two = rows[:180], rows[180:]
        parts = {"x_train": x[one], "y_train": kind[one], "x_test": x[two], "y_test": kind[two]}
        ids = [f"P{p}" for p in person]
        np.savez(file, **parts, ids_train=np.array(ids)[one], ids_test=np.array(ids)[two])
        assert ("groups_shared" in findings(file, "npz")) == shared


@pytest.mark.parametrize(
    "pattern",
    ["{0}_aug", "{0}_aug{1}", "{0}_flip", "{0}-rot90", "{0} (1)", "{0}_copy", "{0} - Copy",
     "{0}_hflip_noise", "{0}.rf.0a1b2c3d{1}", "{0}_90deg", "{0}_new30degFlipLR", "{0}_flipTB"],
)  # fmt: skip
def test_changed_copies_are_named(pattern: str) -> None:
    names = [f"cat/{i:04}" for i in range(50)]
    copies = [pattern.format(name, i) for i, name in enumerate(names[:20])]
    if ".rf." in pattern:
        copies += [f"{name}.rf.ffffffff{i}" for i, name in enumerate(names[:20])]
    (told,) = find_file_copies([names + copies])
    assert (told.id, told.headline) == ("files_copies_split", True)
    (told,) = find_file_copies([names, copies])
    assert (told.id, told.headline) == ("files_copies_shared", True)
    assert told.values["share"] == 1.0
    assert [*find_file_copies([names[30:], copies])] in ([], [told])


def test_versions_that_keras_numbers_are_named() -> None:
    names = [f"cat/aug_{i % 30}_{1000 + 7 * i}" for i in range(90)]
    (told,) = find_file_copies([names])
    assert told.headline
    assert [*find_file_copies([names[:30]])] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "cat/{0}_90",
        "cat/{0}deg",
        "cat/aug_{0}",
        "cat/aug_1_{0}",
        "cat/{0}",
        "cat/cat ({0})",
        "cat/p{0}_1",
        "cat/crop{0}",
        "cat/{0}_dark",
        "cat/x.{0}",
    ],
)
def test_names_without_an_original_are_no_copies(pattern: str) -> None:
    names = [pattern.format(i) for i in range(60)]
    assert [*find_file_copies([names])] == [*find_file_copies([names[:40], names[40:]])] == []


def test_files_that_were_numbered_together_are_no_copies() -> None:
    """As Windows renames what is selected; a copy of such a one is a copy."""
    names = [f"{kind}/{kind} ({i})" for kind in ("cat", "dog", "emu", "fox") for i in range(1, 16)]
    assert [*find_file_copies([names])] == [*find_file_copies([names[::2], names[1::2]])] == []
    (told,) = find_file_copies([names + [f"{name} - Copy" for name in names[:20]]])
    assert told.values["share"] == 20 / 80


def test_a_folder_of_masks_is_named() -> None:
    images = [f"{i:03}" for i in range(40)]
    for end in ("", "_mask", "_seg"):
        names = [*images, *(f"{name}{end}" for name in images)]
        labels = ["cat"] * 20 + ["dog"] * 20 + ["masks"] * 40
        (told,) = find_masks(names, labels)
        assert told.values["names"] == {"masks": 40}
    assert [*find_masks([*images, *images], ["cat"] * 40 + ["dog"] * 40)] == []
    others = [f"m{i:03}" for i in range(40)]
    assert [*find_masks([*images, *others], ["bare"] * 40 + ["mask"] * 40)] == []
