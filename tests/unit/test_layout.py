"""The library's order: imports run one way, and nothing knows of Snakemake."""

import ast
import re
import subprocess
import sys
from functools import cache

import pytest

import ecosobriety
from ecosobriety.user_code.fingerprint import PACKAGE

ORDER = [
    room.strip()
    for line in re.findall(r"^- ([a-z_, ]+):", ecosobriety.__doc__, flags=re.MULTILINE)
    for room in line.split(",")
]


@cache
def nodes(path):
    return [*ast.walk(ast.parse(path.read_text()))]


def imports(path):
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom):
            yield from (
                [f"{node.module}.{name.name}" for name in node.names]
                if node.module == "ecosobriety"
                else [node.module]
            )
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_every_room_is_in_the_order():
    found = {path.relative_to(PACKAGE).with_suffix("").parts[0] for path in PACKAGE.rglob("*.py")}
    found.remove("__init__")
    assert found == set(ORDER)


def test_a_module_imports_only_from_those_above_it():
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if own == "__init__":
            continue
        above = ORDER[: ORDER.index(own) + 1]
        for name in imports(path):
            if name.startswith("ecosobriety."):
                assert name.split(".")[1] in above, f"{path} imports {name}"


def test_the_library_knows_nothing_of_snakemake():
    for path in PACKAGE.rglob("*.py"):
        assert not any(name.split(".")[0] == "snakemake" for name in imports(path)), path


def test_scripts_are_thin():
    for path in PACKAGE.parent.glob("*.py"):
        code = [line for line in path.read_text().splitlines() if line.strip()]
        assert len(code) < 50, path
        assert not re.search(r"^(def|class) ", path.read_text(), flags=re.MULTILINE), path


def test_files_and_functions_stay_short_enough_to_be_read():
    root = PACKAGE.parent.parent
    for path in (*PACKAGE.parent.rglob("*.py"), *(root / "tests").rglob("*.py")):
        assert len(path.read_text().splitlines()) < 400, path
    for path in (*(root / "workflow").rglob("*.smk"), root / "Snakefile"):
        assert len(path.read_text().splitlines()) < 400, path
    for path in PACKAGE.rglob("*.py"):
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                taken = node.args
                names = [one.arg for one in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)]
                assert len([name for name in names if name not in ("self", "cls")]) <= 8, node.name
                assert node.end_lineno - node.lineno < 80, f"{path}: {node.name}"


@pytest.mark.slow
def test_steps_after_the_data_load_neither_readers_nor_checks():
    """Each such step is a process of its own, and the two take longer to load than most work."""
    steps = "claims, decision, exporting, figures, footprint, methods, provenance, reporting"
    code = f"import sys; from ecosobriety import {steps}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(
        command, cwd=PACKAGE.parent, check=True, capture_output=True, text=True
    ).stdout
    assert "ecosobriety.datasets.intake" in loaded
    assert not re.findall(r"ecosobriety\.(?:readers|checks)\S*", loaded)
