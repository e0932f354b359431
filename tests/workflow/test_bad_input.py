"""Wrong configurations and wrong data, through the real command: one sentence, and nothing done."""

import pytest
import yaml

from ecosobriety import datasets

from .conftest import changed_outside, copy_workflow

STUDY = {
    "study": "bad",
    "dataset": {"name": "mine", "format": "csv", "path": "mine.csv", "label": "kind"},
    "models": [{"name": "linear"}],
    "grid": {"n_train": [4, 8], "seeds": [1, 2]},
    # One of the four test examples is worth a quarter of the accuracy.
    "analysis": {"margin": 0.4},
}
SIZES = (3, 7, 2, 9, 12, 5, 21, 4, 16, 8, 1, 6, 10, 11, 13, 14, 15, 17, 18, 19)
TABLE = "size,kind\n" + "".join(f"{size},{'ab'[i % 2]}\n" for i, size in enumerate(SIZES))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    workflow = copy_workflow(tmp_path_factory.mktemp("bad"))
    (workflow.folder / "mine.csv").write_text(TABLE)
    return workflow


def errors(done):
    """The sentences that tell what is wrong."""
    assert done.returncode not in (0, 124)
    assert "Traceback" not in done.stderr + done.stdout
    return [line for line in done.stderr.splitlines() if line.startswith("error: ")]


@pytest.mark.parametrize(
    ("change", "line", "expected"),
    [
        ({"grid": {"n_train": [4, 8], "sedes": [1, 2]}}, 13, "grid.sedes is not a known key"),
        ({"study": "../../bad"}, 17, 'study is "../../bad", but must be text'),
        (
            {"grid": {"n_train": [4, 17]}},
            11,
            "grid.n_train[1] is 17, but must be at most 16, the number",
        ),
        (
            {"dataset": {**STUDY["dataset"], "label": "Kind"}},
            7,
            'dataset.path is "mine.csv", but mine.csv: there is no column "Kind"; the columns are',
        ),
        (
            {"models": [{"name": "mine", "class_path": "os.system"}]},
            16,
            'models[0].class_path is "os.system", but os.system is no torch.nn.Module',
        ),
    ],
)
def test_a_wrong_configuration_ends_in_one_sentence(folder, change, line, expected):
    before = set(folder.folder.iterdir()) | {folder.folder / ".snakemake"}
    (folder.folder / "bad.yaml").write_text(yaml.safe_dump({**STUDY, **change}))
    (error,) = errors(folder.snakemake("--cores", "2", config="bad.yaml", check=False))
    assert error.startswith(f"error: bad.yaml, line {line}: {expected}")
    assert set(folder.folder.iterdir()) - before <= {folder.folder / "bad.yaml"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("study=a/b", '--config: study is "a/b", but must be text'),
        ("grid=7", "--config: grid is 7, but must be a mapping with keys among"),
        ("traning={}", "--config: traning is not a known key"),
    ],
)
def test_nonsense_on_the_command_line_is_told_as_such(folder, written, expected):
    (folder.folder / "bad.yaml").write_text(yaml.safe_dump(STUDY))
    done = folder.snakemake("--cores", "2", "--config", written, config="bad.yaml", check=False)
    (error,) = errors(done)
    assert error.startswith(f"error: {expected}")


def test_a_key_that_stands_twice_is_told_with_its_line(folder):
    (folder.folder / "good.yaml").write_text(yaml.safe_dump(STUDY))
    (folder.folder / "bad.yaml").write_text(f"{yaml.safe_dump(STUDY)}study: twice\n")
    expected = "bad.yaml: line 18, column 1 is not valid YAML: the key study occurs twice"
    # Neither another file nor the command line is blamed for it.
    for others in ((), ("good.yaml", "--config", "title=A")):
        arguments = ("--cores", "2", "--configfile", "bad.yaml", *others)
        (error,) = errors(folder.snakemake(*arguments, config="good.yaml", check=False))
        assert error == f"error: {expected}"


def test_braces_in_the_users_words_are_no_wildcards(folder):
    table = "my {data}.csv"
    (folder.folder / table).write_text("{size},{kind}" + TABLE.removeprefix("size,kind"))
    dataset = {"path": table, "label": "{kind}", "features": ["{size}"]}
    words = {"study": "braces", "title": "A {title} {{x}} {}"}
    study = {**STUDY, **words, "dataset": {**STUDY["dataset"], **dataset}}
    (folder.folder / "braces.yaml").write_text(yaml.safe_dump(study))
    target = "results/braces/data/mine.npz"
    folder.snakemake("--cores", "2", "--", target, config="braces.yaml")
    assert datasets.load(folder.folder / target).origin == f"csv {table}"
    assert folder.planned("braces.yaml")["build_report"] == 1


def test_wrong_data_end_in_one_sentence_and_leave_nothing_half_done(folder):
    (folder.folder / "bad.yaml").write_text(yaml.safe_dump(STUDY))
    (folder.folder / "mine.csv").write_text(TABLE.replace("\n9,", "\nnan,"))
    before = changed_outside(folder.folder)
    done = folder.snakemake("--cores", "2", config="bad.yaml", check=False)
    (error,) = errors(done)
    assert error == (
        'error: bad.yaml, line 7: dataset.path is "mine.csv", but mine.csv: the column "size" has '
        'no finite number in row 4 (counted from 1, without the header): "nan"'
    )
    assert not (folder.folder / "results/bad").exists()
    assert changed_outside(folder.folder) == before
