"""Files as spreadsheets, statistics programs and archives write them, and what they hide."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_cases import refusal
from PIL import Image

from ecosobriety.datasets import Dataset
from ecosobriety.readers import obtain, take_in

DEFAULTS = {"label": "kind", "features": None, "test_share": 0.2, "format": None}
RNG = np.random.default_rng(0)
VALUES = RNG.permutation(4000)[:40] / 100
TARGETS = RNG.normal(size=40)


def spec(path: Path, name: str, **keys: Any) -> dict[str, Any]:
    return {**DEFAULTS, "name": name, "path": str(path), **keys}


def table(folder: Path, columns: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    lines = [columns, *zip(*columns.values(), strict=True)]
    path = folder / "t.csv"
    path.write_text("\n".join(",".join(str(cell) for cell in line) for line in lines))
    return spec(path, "csv", **keys)


def kinds(classes: str = "ab") -> list[str]:
    return [classes[i % len(classes)] for i in range(40)]


def found(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    obtain(given)
    return {finding.id: dict(finding.values) for finding in take_in(given).findings}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('"x";"kind"\n"1,5";"a"\n"2,5";"b"\n', "has semicolons between the names"),
        ('"x"\t"kind"\n1.5\t"a"\n', "has tabs between the names"),
        ('"x" "kind"\n"1" 1.5 "a"\n', "has blanks between the names"),
        ('x,kind\n1, "a"\n', "a quote occurs inside a field in line 2"),
        (
            "x,kind,\n1,a,\n2,b,\n",
            "column 3 of 3 has no name: name it or leave it out of the file ",
        ),
        ("x,kind,,\n1,a,,\n2,b,,\n", "column 3 of 4 has no name: name it or leave it out"),
        (",x,kind\n1,2,a\n2,3,b\n", "column 1 of 3 has no name, as row numbers have"),
    ],
)
def test_what_programs_export_is_told_as_what_it_is(
    tmp_path: Path, content: str, told: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    assert told in refusal(spec(path, "csv"))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (["[Content_Types].xml", "xl/workbook.xml"], "is a workbook of Excel"),
        (["mimetype", "content.xml", "styles.xml"], "is a document of LibreOffice"),
        (["train.csv", "test.csv"], "the zip archive holds 2 files, but must hold one table"),
    ],
)
def test_a_workbook_is_told_from_an_archive(tmp_path: Path, files: list[str], told: str) -> None:
    path = tmp_path / "t.csv"
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.writestr(file, "x")
    assert told in refusal(spec(path, "csv"))


def test_what_a_system_adds_to_a_zip_archive_is_no_table(tmp_path: Path) -> None:
    given = table(tmp_path, {"x": VALUES, "kind": kinds()})
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(given["path"], "data/t.csv")
        archive.writestr("__MACOSX/data/._t.csv", "x")
        archive.writestr("data/.DS_Store", "x")
    assert take_in(spec(path, "csv")).train_examples == 32


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_folder_is_no_file(tmp_path: Path, name: str) -> None:
    assert "is a folder, but must be a file" in refusal(spec(tmp_path, name))


def test_codes_that_are_read_as_numbers_are_named(tmp_path: Path) -> None:
    codes = ["01000" if i % 2 else "1000" for i in range(40)]
    given = table(tmp_path, {"x": VALUES, "zip": codes, "padded": [f"{v:07.2f}" for v in VALUES],
                             "kind": kinds()})  # fmt: skip
    assert found(given)["features_like_codes"] == {"count": 1, "names": ["zip"]}


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("zipcode", True),
        ("Postal Code", True),
        ("phone_number", True),
        ("state_code", True),
        ("naics", True),
        ("store_id", True),
        ("z", False),
    ],
)
def test_numbers_that_are_named_as_codes_are_named(tmp_path: Path, name: str, odd: bool) -> None:
    codes = RNG.integers(98001, 98199, 40)
    told = found(table(tmp_path, {"x": VALUES, name: codes, "kind": kinds()}))
    assert ("features_like_codes" in told) == odd


@pytest.mark.parametrize(
    ("written", "odd"),
    [
        (lambda i: "12E4" if i == 5 else f"12{i:02}", True),
        (lambda i: f"+336123456{i:02}", True),
        (lambda i: f"+{i % 7}", False),
        (lambda i: f"{i % 7 + 1}e5", False),
        (lambda i: f"{i % 7 + 1}.0E+05", False),
        (lambda i: f"{(i * i) % 37}", False),
        (lambda i: f"{i % 24:02}", False),
        (lambda i: f"{i + 55:02}", False),
        (lambda i: f"0{i + 55}", True),
    ],
)
def test_codes_with_a_letter_or_a_plus_are_named(
    tmp_path: Path, written: Callable[[int], str], odd: bool
) -> None:
    cells = [written(i) for i in RNG.permutation(40).tolist()]
    told = found(table(tmp_path, {"x": VALUES, "code": cells, "kind": kinds()}))
    assert ("features_like_codes" in told) == odd


@pytest.mark.parametrize("step", [10, -1, 3600])
def test_a_number_in_equal_steps_is_like_a_row_number(tmp_path: Path, step: int) -> None:
    given = table(tmp_path, {"x": VALUES, "at": range(7, 7 + 40 * step, step), "kind": kinds()})
    assert found(given)["index_like_feature"] == {"feature": "at"}
    given = table(tmp_path, {"x": np.linspace(0, 1, 40), "kind": kinds()})
    assert "index_like_feature" not in found(given)


def test_a_test_part_of_one_class_is_told_beside_the_answer(tmp_path: Path) -> None:
    rare = ["yes" if i == 3 else "no" for i in range(40)]
    told = take_in(table(tmp_path, {"x": VALUES, "kind": rare})).findings[-1]
    assert (told.id, told.headline) == ("classes_untested", True)


def test_classes_without_a_test_example_are_named(tmp_path: Path) -> None:
    some = kinds("ab")
    some[7] = "c"
    columns = {"x": VALUES, "kind": some}
    assert found(table(tmp_path, columns))["classes_untested"] == {"number": 1, "names": {"c": 1}}
    columns = {"x": VALUES, "kind": kinds("ab")}
    assert "classes_untested" not in found(table(tmp_path, columns))


def test_labels_that_are_no_classes_are_told_as_such(tmp_path: Path) -> None:
    told = refusal(table(tmp_path, {"x": VALUES, "kind": TARGETS}))
    assert "40 examples hold 40 classes" in told
    assert "task to regression" in told


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_targets_beyond_any_standard_deviation_are_refused(tmp_path: Path, scale: float) -> None:
    given = table(tmp_path, {"x": VALUES, "kind": TARGETS * scale}, task="regression")
    assert "use another unit" in refusal(given)


def test_a_rounded_target_among_the_features_is_named(tmp_path: Path) -> None:
    heights = RNG.normal(170, 10, 400)
    columns = {"x": RNG.permutation(400), "cm": heights.round(), "kind": heights}
    given = table(tmp_path, columns, task="regression")
    assert found(given)["feature_orders_target"] == {"feature": "cm"}


def test_examples_of_two_shapes_are_refused_in_words(tmp_path: Path) -> None:
    path, y = tmp_path / "t.npz", np.arange(40) % 2
    x = RNG.normal(size=(40, 5))
    np.savez(path, x_train=x, y_train=y, x_test=x[:, :4], y_test=y)
    told = refusal(spec(path, "npz"))
    assert "an example of x_train and y_train has the shape (5,), one of x_test and y_test" in told


def test_grey_images_with_an_opaque_background_stay_grey(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for i in range(10):
            pixels = RNG.integers(0, 256, (6, 5), dtype=np.uint8)
            Image.fromarray(pixels).convert("LA").save(tmp_path / name / f"{i}.png")
    dataset: Dataset = obtain(spec(tmp_path, "image-folder"))
    assert dataset.x_train.shape[1:] == (6, 5)
