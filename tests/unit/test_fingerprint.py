"""The code's fingerprint changes with what the code does, and with nothing else."""

import pytest

from ecosobriety.user_code.fingerprint import (
    PACKAGE,
    TRAINING_MODULES,
    code_fingerprint,
    script_fingerprint,
)

PLAIN = "RATE = 0.1\n\ndef step(x):\n    return x - RATE\n"
COMMENTED = '''"""A module."""
# The rate.
RATE = 0.1
"""In no unit."""


def step(x):
    """Take a step."""
    return (x
            - RATE)  # down
'''


@pytest.fixture
def fingerprint_of(tmp_path):
    def fingerprint(source: str) -> str:
        (tmp_path / "module.py").write_text(source)
        return code_fingerprint(["module"], tmp_path)

    return fingerprint


def test_comments_docstrings_and_layout_do_not_count(fingerprint_of):
    assert fingerprint_of(PLAIN) == fingerprint_of(COMMENTED)


@pytest.mark.parametrize(
    ("old", "new"), [("0.1", "0.2"), ("x - RATE", "x + RATE"), ("step", "go"), ("RATE", "R")]
)
def test_what_the_code_does_counts(fingerprint_of, old, new):
    assert fingerprint_of(PLAIN) != fingerprint_of(PLAIN.replace(old, new))


def test_a_package_stands_for_all_its_modules(tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "one.py").write_text("A = 1\n")
    before = code_fingerprint(["package"], tmp_path)
    (package / "two.py").write_text("B = 2\n")
    assert code_fingerprint(["package"], tmp_path) != before


def test_every_module_of_the_training_exists_and_its_imports_are_covered():
    """What a training's modules import of the library is in the list, or cannot change a result."""
    # Of the metrics, a record takes the names of its fields.
    harmless = {"errors", "files", "datasets", "metrics", "startup"}
    covered = {module.split("/")[0] for module in TRAINING_MODULES}
    assert code_fingerprint(TRAINING_MODULES) != code_fingerprint(TRAINING_MODULES[:-1])
    for module in TRAINING_MODULES:
        path = PACKAGE / module
        sources = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
        for source in sources:
            text = source.read_text()
            imported = {line.split()[1] for line in text.splitlines() if line.startswith("from")}
            inner = {name.split(".")[1] for name in imported if name.startswith("ecosobriety.")}
            assert inner <= covered | harmless, source


def test_an_unknown_module_is_an_error():
    with pytest.raises(FileNotFoundError):
        code_fingerprint(["no_such_module"])


@pytest.fixture
def scripts(tmp_path):
    """A rule's script, a module that it imports, and one that only that module imports."""
    package = tmp_path / "library"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "curves.py").write_text("from library.units import RATE\n")
    (package / "units.py").write_text("RATE = 1\n")
    (package / "other.py").write_text("RATE = 1\n")
    (tmp_path / "fit.py").write_text("from library import curves\n")
    return tmp_path


@pytest.mark.parametrize("changed", ["fit", "library/curves", "library/units"])
def test_what_a_script_imports_counts_at_any_distance(scripts, changed):
    before = script_fingerprint(scripts / "fit.py")
    path = scripts / f"{changed}.py"
    path.write_text(f"# A remark.\n{path.read_text()}")
    assert script_fingerprint(scripts / "fit.py") == before
    path.write_text(f"{path.read_text()}A = 2\n")
    assert script_fingerprint(scripts / "fit.py") != before


def test_what_a_script_does_not_import_does_not_count(scripts):
    before = script_fingerprint(scripts / "fit.py")
    (scripts / "library/other.py").write_text("RATE = 2\n")
    assert script_fingerprint(scripts / "fit.py") == before
