"""Folders that name no class, and files that are named as another class, are named."""

import pytest

from ecosobriety.checks.file_labels import find_leftovers, find_other_classes


@pytest.mark.parametrize(
    "name",
    ["New folder", "Nouveau dossier (2)", "unsorted", "to_label", "_trash", "backup", "ash (1)",
     "ash - Copy", "Copy of ash", "ash_old", "thumbnails", "à trier", "Corbeille", "100CANON"],
)  # fmt: skip
def test_folders_that_name_no_class_are_named(name: str) -> None:
    (finding,) = find_leftovers(["ash"] * 3 + ["oak"] * 3 + [name] * 2)
    assert finding.values == {"names": {name: 2}}


@pytest.mark.parametrize(
    "name",
    [
        "old",
        "Originals",
        "raw",
        "processed",
        "resized_images",
        "misc",
        "raw 2",
        "val",
        "results",
        "Résultats",
    ],
)
def test_folders_that_may_name_a_class_are_named_beside_two_others(name: str) -> None:
    (finding,) = find_leftovers(["ash", "oak", name])
    assert (finding.values, finding.headline) == ({"names": {name: 1}}, False)
    for others in (["ash"], ["cooked", "archive"]):
        assert not [*find_leftovers([*others, name])]
    (finding,) = find_leftovers(["ash", "backup", name])
    assert finding.values == {"names": {"backup": 1}}


@pytest.mark.parametrize(
    "name", ["ash_aug", "ash-augmented", "ash_flip", "ash resized", "ash_128", "ash_train"]
)
def test_folders_of_changed_copies_of_a_class_are_named(name: str) -> None:
    (finding,) = find_leftovers(["ash", "oak", name])
    assert (finding.values, finding.headline) == ({"names": {name: 1}}, False)
    # Nothing says that there is another class.
    assert not [*find_leftovers(["elm", "oak", name])]
    assert not [*find_leftovers(["ash", name])]


@pytest.mark.parametrize(
    "name",
    [
        "ash 12",
        "ash-800",
        "elm",
        "oldest",
        "ash_rot",
        "oak (red)",
        "photocopy",
        "trashcan",
        "rawhide",
    ],
)
def test_other_folders_are_not(name: str) -> None:
    assert not [*find_leftovers(["ash", "oak", name])]


@pytest.mark.parametrize("name", ["thumb", "raw", "ALL", "backup"])
def test_a_class_that_its_files_are_called_after_is_one(name: str) -> None:
    labels = ["ash"] * 2 + ["oak"] * 2 + [name] * 2
    files = ["ash_1", "ash_2", "oak 1", "oak 2", f"{name}_1", f"{name.lower()}-2"]
    assert not [*find_leftovers(labels, files)]
    assert [*find_leftovers(labels, ["a1", "a2", "o1", "o2", "x1", "x2"])]


@pytest.mark.parametrize("name", ["trash", "recycle", "recycled"])
def test_what_is_thrown_away_is_a_class_among_waste_alone(name: str) -> None:
    assert not [*find_leftovers(["brown-glass", "metal", "paper", name])]
    assert not [*find_leftovers(["compost", "landfill", name])]
    assert [*find_leftovers(["ash", "oak", "elm", name])]


def test_files_that_are_named_as_another_class_are_named() -> None:
    labels = ["ash"] * 3 + ["oak"] * 3
    (finding,) = find_other_classes(["ash_1", "Oak 2", "ash3", "oak_1", "oak-2", "oak"], labels)
    assert finding.values == {"number": 1, "name": "Oak 2", "folder": "ash"}


@pytest.mark.parametrize(
    "names",
    [
        ["ash_1", "ash_2", "ash_3", "oak_1", "oak_2", "oak_3"],
        ["img1", "oakwood", "img3", "img4", "oaks", "ashes"],
        ["1", "2", "3", "4", "oak", "ash"],
    ],
)
def test_files_of_other_names_are_not(names: list[str]) -> None:
    assert not [*find_other_classes(names, ["ash"] * 3 + ["oak"] * 3)]


def test_a_word_that_all_files_begin_with_is_no_class() -> None:
    labels = ["bus", "bus", "train", "train", "truck", "truck"]
    assert not [*find_other_classes([f"train_{i:05}" for i in range(6)], labels)]


def test_the_name_of_a_class_may_begin_another() -> None:
    labels = ["pine", "pine tree", "pine"]
    assert not [*find_other_classes(["pine_1", "pine tree_1", "pine_2"], labels)]


def test_classes_that_differ_by_capitals_name_no_file_of_the_other() -> None:
    labels = ["Cat"] * 2 + ["cat"] * 2 + ["dog"] * 2
    names = ["Cat_0", "Cat_1", "cat_0", "cat_1", "dog_0", "dog_1"]
    assert not [*find_other_classes(names, labels)]
