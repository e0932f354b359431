"""Data that the study neither reads nor prepares: their number, and their labels where given."""

import bz2

import numpy as np
import pytest
from config_cases import complete, put, refusal

from ecosobriety import provenance, readers
from ecosobriety.datasets import declared, intake, training_order
from ecosobriety.datasets.subsets import unfit_subsets
from ecosobriety.errors import DataError
from ecosobriety.readers import input_files, read_declared, stamp, take_in
from ecosobriety.study_config.contradictions import TEST_SHARE


def spec(**keys):
    return {"name": "mine", "n_examples": 4, "task": "classification", **keys}


@pytest.fixture
def labels(tmp_path):
    def write(text):
        path = tmp_path / "labels.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def test_the_share_that_may_stand_everywhere_is_the_schemas_default():
    assert complete(put(("dataset",), {"name": "digits"}))["dataset"]["test_share"] == TEST_SHARE


def test_without_labels_subsets_are_plain_samples(tmp_path):
    found = readers.read_declared(spec(n_examples=50))
    declared.save(found, tmp_path / "mine.npz")
    read = declared.load(tmp_path / "mine.npz")
    assert (read.name, read.n_examples, read.labels, read.classes) == ("mine", 50, None, ())
    order = training_order(read.y_train, 3)
    assert sorted(order) == [*range(50)]
    assert (order == training_order(found.y_train, 3)).all()


def test_labels_stratify_the_subsets(tmp_path, labels):
    path = labels("kind\n" + "cat\n" * 30 + "dog\n" * 10)
    found = readers.read_declared(spec(n_examples=40, labels=path))
    declared.save(found, tmp_path / "mine.npz")
    read = declared.load(tmp_path / "mine.npz")
    assert read.classes == ("cat", "dog")
    for size in (4, 8, 20):
        drawn = read.labels[training_order(read.y_train, 1)[:size]]
        assert np.bincount(drawn).tolist() == [size * 3 // 4, size // 4]


def test_labels_below_the_number_of_their_column(labels):
    path = labels("0\n" + "0\n" * 30 + "1\n" * 10)
    assert readers.read_declared(spec(n_examples=40, labels=path)).classes == ("0", "1")
    # As many as there are only if the first of them is no header.
    with pytest.raises(DataError, match="is the header missing"):
        readers.read_declared(spec(n_examples=41, labels=path))


def test_a_label_may_be_the_name_of_its_column(labels):
    rows = "fraud\n" * 10 + "ok\n" * 30
    found = readers.read_declared(spec(n_examples=40, labels=labels("fraud\n" + rows)))
    assert found.classes == ("fraud", "ok")
    several = "site,fraud\n" + rows.replace("fraud", "a,fraud").replace("ok", "b,ok")
    found = readers.read_declared(spec(n_examples=40, labels=labels(several), label="fraud"))
    assert found.classes == ("fraud", "ok")
    with pytest.raises(DataError, match="holds 40 labels, but must hold one for each of the 41"):
        readers.read_declared(spec(n_examples=41, labels=labels(several), label="fraud"))


def test_labels_in_a_parquet_file_are_refused_without_a_hint_for_tables(labels):
    with pytest.raises(DataError, match=r"is a Parquet file, but must be a CSV file$"):
        readers.read_declared(spec(n_examples=2, labels=labels(b"PAR1 \0 PAR1")))


def test_an_empty_line_among_labels_is_a_missing_one(labels):
    with pytest.raises(DataError, match=r"line 3 is empty: its value is missing$"):
        readers.read_declared(spec(labels=labels("kind\ncat\n\ndog\ncat\n")))


def test_the_identity_is_that_of_the_number_and_the_labels(labels):
    bare = readers.read_declared(spec()).sha256
    assert readers.read_declared(spec(name="other")).sha256 == bare
    assert readers.read_declared(spec(n_examples=5)).sha256 != bare
    one = readers.read_declared(spec(labels=labels("y\na\nb\na\nb\n"))).sha256
    # Another name of the column, or a compressed file, is the same data.
    again = labels(bz2.compress(b"z\na\nb\na\nb\n"))
    assert readers.read_declared(spec(labels=again)).sha256 == one
    other = readers.read_declared(spec(labels=labels("y\na\nb\nb\na\n"))).sha256
    assert len({bare, one, other}) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("y\na\nb\n", "holds 2 labels, but must hold one for each of the 4 examples"),
        ("y\na\nb\na\nb\na\n", "holds 5 labels"),
        ("y\na\na\na\na\n", 'hold the one class "a" alone'),
        ("y\na\n\nb\na\n", "is empty"),
        ("id,y\n1,a\n2,b\n3,a\n4,b\n", 'the columns "id", "y": name the one with the labels'),
        ("y,y\n1,a\n2,b\n3,a\n4,b\n", 'columns 1 and 2 are both named "y"'),
        ("a\nb\na\nb\n", "is the header missing"),
        (b"y\n\xff\nb\na\nb\n", "UTF-8"),
        ("y\n0.1\n0.2\n0.3\n0.3\n", "holds 3 distinct labels for 4 examples, too many"),
        (b"\x93NUMPY\x01\0v\0", "is a NumPy array, but must be a table in CSV"),
    ],
)
def test_a_file_that_holds_no_such_labels_is_refused(labels, text, said):
    path = labels(text)
    with pytest.raises(DataError) as error:
        readers.read_declared(spec(labels=path))
    assert str(error.value).count(path) == 1
    assert said in str(error.value)
    assert len(str(error.value).replace(path, "")) <= 300


def test_one_of_several_columns_is_named(labels):
    path = labels("id,y\n1,a\n2,b\n3,a\n4,b\n")
    assert readers.read_declared(spec(labels=path, label="y")).labels.tolist() == [0, 1, 0, 1]
    with pytest.raises(DataError, match='there is no column "z"; the columns are "id", "y"'):
        readers.read_declared(spec(labels=path, label="z"))
    with pytest.raises(DataError, match="No such file"):
        readers.read_declared(spec(labels="/nowhere/labels.csv"))


def test_what_is_known_before_is_what_the_run_writes(tmp_path, labels):
    asked = spec(labels=labels("y\na\nb\na\nb\n"), unit="images", test_examples=100)
    known = take_in(asked)
    assert (known.train_examples, known.test_examples, known.unit) == (4, 100, "images")
    assert (known.classes, known.class_counts, known.declared) == (("a", "b"), None, True)
    assert next(unfit_subsets(known, [1, 4], [1]))[:2] == (1, 1)
    intake.write(known, tmp_path / "intake.json")
    read = intake.read(tmp_path / "intake.json")
    assert read.as_json() == known.as_json()
    assert input_files(asked) == [asked["labels"]]
    before = stamp(asked)
    labels("y\na\nb\na\nb\nc\n")
    assert before != stamp(asked)
    assert stamp(spec()) is None
    assert take_in(spec()).y_train is None


def test_a_file_of_prepared_data_is_none_of_it(tmp_path):
    np.savez(tmp_path / "x.npz", metadata=np.array('{"format": "ecosobriety data set 2"}'))
    assert declared.load(tmp_path / "x.npz") is None
    (tmp_path / "x.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"x\.npz: missing, damaged or not a data set file"):
        declared.load(tmp_path / "x.npz")


def test_the_provenance_of_declared_data_has_no_digest_of_them(tmp_path):
    # Digests of "declared 40000\n" and "declared 400\n": of words, and of no data.
    for number, begins in ((40_000, "0bedbc715ae4ee37"), (400, "90a5e2d0ab09d36e")):
        asked = spec(n_examples=number)
        declared.save(read_declared(asked), tmp_path / "x.npz")
        intake.write(take_in(asked), tmp_path / "x.json")
        told = provenance._data(tmp_path / "x.npz", tmp_path / "x.json")
        assert "sha256" not in told
        assert told["identity"].startswith(begins)
        assert (told["training_examples"], told["declared"]) == (number, True)


COMMAND = "train {subset} {result}"
BASE = {
    "study": "mine",
    "dataset": {"name": "mine", "n_examples": 400},
    "models": [{"name": "forest", "command": COMMAND}],
    "grid": {"n_train": [200, 400]},
}


def test_a_study_of_declared_data_is_complete():
    found = complete(BASE)
    assert found["dataset"]["n_examples"] == 400
    assert found["claims"] == "none"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (("grid", "n_train", 1), 401, "is 401, but must be at most 400, the number of training"),
        (("dataset", "n_examples"), 0, "is 0, but must be a whole number of examples from 1"),
        (("dataset", "n_examples"), 2.5, "is 2.5, but must be a whole number of examples from 1"),
        (("dataset", "n_examples"), "400", 'is "400", but must be a whole number of examples'),
        (("dataset", "name"), "digits", 'is "digits", but must be a name of your own'),
        (("dataset", "path"), "x.csv", 'is "x.csv", but must be null with n_examples'),
        (("dataset", "normalise"), "none", 'is "none", but must be "auto" with n_examples'),
        (("dataset", "test_share"), 0.5, "is 0.5, but must be 0.2 with n_examples"),
        (("dataset", "labels"), "gone.csv", 'dataset.labels is "gone.csv", but cannot be read'),
        (("dataset", "label"), "y", 'is "y", but must be null: only csv and parquet'),
        (("dataset", "unit"), "a\nb", "must be one line of text"),
        (
            ("models", 0),
            {"name": "mlp"},
            'is "mlp", but must have a command or runs: dataset.n_examples',
        ),
        (("models", 0, "command"), f"{COMMAND} {{data}}", "holds {data}, but must find its data"),
        (("analysis", "margin"), 0.5, None),
    ],
)
def test_what_contradicts_declared_data_is_refused(key, value, said):
    config = put(key, value, base=BASE)
    if said is None:
        complete(config)
    else:
        assert said in refusal(config)


def test_the_test_part_is_known_where_it_is_declared():
    config = put(("dataset", "test_examples"), 50, base=BASE)
    assert "at least 0.02, what one of the 50 test examples is worth" in refusal(config)
    complete(put(("analysis", "margin"), 0.02, base=config))


@pytest.mark.parametrize("key", ["labels", "test_examples", "unit"])
def test_what_only_goes_with_a_number_is_refused_without(key):
    value = 5 if key == "test_examples" else "x"
    config = put(("dataset", key), value)
    assert f"dataset.{key} is" in refusal(config)
    assert "but must be null without n_examples" in refusal(config)


def test_labels_that_no_subset_needs_are_refused(labels):
    path = labels("y\n" + "a\nb\n" * 200)
    complete(put(("dataset", "labels"), path, base=BASE))
    config = put(("dataset", "labels"), path, base=BASE)
    config = put(("models", 0, "command"), "x {n_train} {seed} {result}", base=config)
    assert "must be null: no command holds {subset}" in refusal(config)
    config = put(("task",), "regression", base=put(("dataset", "labels"), path, base=BASE))
    assert "must be null: a regression has no classes" in refusal(config)
