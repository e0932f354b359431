"""What is easily got wrong around a command: files that nobody watches, results of another one."""

import os
import shutil

import pytest

from ecosobriety.errors import ConfigError
from ecosobriety.outside.result import EpochResult, Result, require_asked
from ecosobriety.user_code.commands import fault, missing_script, unwatched, watched_digest


def test_scripts_that_are_not_watched_are_named(tmp_path):
    (tmp_path / "lib").mkdir()
    for name in ("a.py", "lib/b.py", "rows.csv"):
        (tmp_path / name).write_text("")
    command = "python a.py {subset} rows.csv absent.py && python lib/b.py {result}"
    assert unwatched(command, [], tmp_path) == ["a.py", "lib/b.py"]
    assert unwatched(command, ["lib", "./a.py"], tmp_path) == []
    assert unwatched(command, [str(tmp_path)], tmp_path) == []


def test_linked_folders_are_watched_too(tmp_path):
    (tmp_path / "store/train").mkdir(parents=True)
    (tmp_path / "store/train/rows.csv").write_text("1")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train").symlink_to(tmp_path / "store/train")
    (tmp_path / "store/train/again").symlink_to(tmp_path / "store")
    before = watched_digest(["data"], tmp_path)
    (tmp_path / "store/train/rows.csv").write_text("2")
    assert watched_digest(["data"], tmp_path) != before


def test_what_is_watched_counts_by_name_and_content(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.py").write_text("1")
    (tmp_path / "train.py").write_text("1")
    watched = ["train.py", "lib"]
    before = watched_digest(watched, tmp_path)
    os.utime(tmp_path / "train.py", (1, 1))
    (tmp_path / "lib/__pycache__").mkdir()
    (tmp_path / "lib/__pycache__/a.pyc").write_text("compiled")
    assert watched_digest(watched, tmp_path) == before
    # What a study writes is none of what its command is made of, unless it is said to be.
    whole = watched_digest(["."], tmp_path)
    for place in ("results", "lib/results"):
        (tmp_path / place / "own").mkdir(parents=True)
        (tmp_path / place / "own" / "a.json").write_text("1")
        assert (watched_digest(["."], tmp_path) == whole) == (place == "results")
    own = watched_digest(["results/own"], tmp_path)
    (tmp_path / "results/own/a.json").write_text("2")
    assert watched_digest(["results/own"], tmp_path) != own
    shutil.rmtree(tmp_path / "lib/results")
    (tmp_path / "lib/a.py").write_text("2")
    changed = watched_digest(watched, tmp_path)
    (tmp_path / "lib/a.py").rename(tmp_path / "lib/b.py")
    assert len({before, changed, watched_digest(watched, tmp_path)}) == 3
    with pytest.raises(ConfigError, match=r'is "gone\.py", but cannot be read: No such file'):
        watched_digest(["gone.py"], tmp_path)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("python -m src.train {subset}", ["src/train.py"]),
        ("python3 -u -m train && python -m src", ["train.py", "src/__main__.py"]),
        ("python 'train.py' \"b c.py\"", ["train.py", "b c.py"]),
        ("bash -c 'python train.py {seed}'", ["train.py"]),
        ("papermill in.ipynb out.ipynb -p seed {seed}", ["in.ipynb"]),
        ("jupyter nbconvert --execute --output out.ipynb in.ipynb", ["in.ipynb"]),
        ("python -m json.tool < train.txt; git commit -m train.py", []),
        (f"python {'a' * 300}.py don't", []),
        ("python own.py --config=net.yaml --log out.json", ["own.py", "net.yaml", "nets.py"]),
        ("cd src && python deep.py -c net.yaml", ["net.yaml"]),
        ("python src/deep.py", ["src/deep.py", "src/beside.py"]),
        ("python -m src.deep", ["src/deep.py", "src/beside.py"]),
    ],
)
def test_scripts_are_known_in_other_forms(tmp_path, command, named):
    (tmp_path / "src").mkdir()
    for name in ("train.py", "b c.py", "src/train.py", "src/__main__.py", "in.ipynb", "out.ipynb"):
        (tmp_path / name).write_text("")
    for name in ("nets.py", "net.yaml", "out.json", "src/beside.py"):
        (tmp_path / name).write_text("import json\n")
    (tmp_path / "own.py").write_text("import torch, ecosobriety.metering\nfrom nets import Net\n")
    (tmp_path / "src" / "deep.py").write_text("import beside\n")
    assert unwatched(command, [], tmp_path) == named
    assert unwatched(command, ["."], tmp_path) == []


@pytest.mark.parametrize(
    ("scores", "epochs", "said"),
    [
        ({}, 0, None),
        ({"n_train": 200, "seed": 3, "n_samples": 99}, 10, None),
        ({"n_train": 1437}, 0, "its result says n_train is 1437, but 200 was asked for"),
        ({"n_train": 160}, 0, r"another training\? Examples held out for a validation count too"),
        ({"seed": 42}, 0, "its result says seed is 42, but 3 was asked for"),
        ({}, 4, None),
        ({}, 20, "20 epochs were done, but 10 were asked for"),
    ],
)
def test_a_result_of_something_else_is_refused(scores, epochs, said):
    found = Result({"accuracy": 0.9, **scores}, [EpochResult(epochs, {}, None)] * bool(epochs))
    asked = {"n_train": 200, "seed": 3, "epochs": 10}
    if said is None:
        require_asked("models: mine", found, asked)
        return
    with pytest.raises(ConfigError, match=said):
        require_asked("models: mine", found, asked)


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("python trian.py --n {n_train}", "trian.py"),
        ("python train.py --n {n_train}", None),
        ("/usr/bin/python3.11 code/other.py {seed}", "code/other.py"),
        ("bash run.sh", "run.sh"),
        # Where these are, the shell or the program decides.
        ("cd code && python other.py", None),
        ("python -m trainer", None),
        ("python -u trian.py", None),
        ('python "$HOME/trian.py"', None),
        ("./trian.py", None),
        ("python {checkpoint}/x.py", None),
        ("python", None),
    ],
)
def test_a_script_that_is_not_there_is_known_before(tmp_path, command, missing):
    (tmp_path / "train.py").touch()
    assert missing_script(command, tmp_path) == missing


JAVASCRIPT = "node - {subset} {result} <<%s\nconsole.log(`don't: ${seed}`);\nEOF\n"


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        # What the shell hands on as it is may be a program of another language.
        (JAVASCRIPT % "'EOF'", False),
        (JAVASCRIPT % '"EOF"', False),
        (JAVASCRIPT % "\\EOF", False),
        ("Rscript -e 'fit(x$data, x$seed)' {subset} {result}", False),
        ("perl -e 'my ($subset, $seed) = @ARGV;' {subset} {seed} {result}", False),
        ("a --text 'of $seed' {subset} {result}", False),
        # What it replaces, itself or as another shell, is not.
        (JAVASCRIPT % "EOF", True),
        ("bash {subset} {result} <<'EOF'\na $seed\nEOF\n", True),
        ("bash -c 'a $seed' {subset} {result}", True),
        ("srun bash -lc 'a --n 5 $seed' {subset} {result}", True),
        ('a --text "it\'s $seed" {subset} {result}', True),
        ("a '$seed' {subset} {result}", True),
        (JAVASCRIPT % "'EOF'" + "a $seed\n", True),
    ],
)
def test_a_variable_is_one_where_a_shell_reads_it(command, refused):
    found = fault(command)
    assert (found is not None and "a variable of the shell" in found) == refused
