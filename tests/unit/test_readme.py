"""The README says what is there."""

import re
from pathlib import Path

import yaml

from ecosobriety import metering
from ecosobriety.electricity.codecarbon_table import load_countries

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_every_make_target_that_is_named_exists_and_every_one_is_named():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    named = set(
        re.findall(
            r"(?:^|`)make ([a-z]+)",
            README + (ROOT / "CONTRIBUTING.md").read_text(),
            flags=re.MULTILINE,
        )
    )
    assert named <= targets
    assert targets - named <= {"help", "clean"}


def test_every_file_that_is_named_exists():
    for name in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"config/[\w.]+\.yaml", README):
        assert (ROOT / name).exists(), name


def test_the_numbers_of_the_posters_study_are_the_configurations():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    grid = config["grid"]
    trainings = len(grid["n_train"]) * len(grid["seeds"])
    kinds = len(grid["sources"]) * len(grid["coverage"]) + 1
    countries = len(load_countries())
    cells = len(grid["n_train"]) * countries * kinds
    assert f"from {trainings} trainings" in README.replace("\n", " ")
    assert f"{len(grid['n_train'])} sizes x {countries} countries x {kinds} kinds" in README
    assert f"{cells:,} cells" in README
    assert f"each of {countries} countries, from each of {len(grid['sources'])} energy" in README


def test_the_callbacks_three_lines_name_what_exists():
    (line,) = re.findall(r"from ecosobriety.metering import (.*)", README)
    assert all(hasattr(metering, name.strip()) for name in line.split(","))


def test_every_benchmark_has_its_rows_in_the_table_with_date_and_machine():
    _, _, rest = README.partition("<!-- benchmarks: begin")
    table = rest.partition("<!-- benchmarks: end")[0]
    measured = r"^Measured on \d{4}-\d\d-\d\d: .+ CPUs, .+; Python 3.+, torch"
    assert re.search(measured, table, re.MULTILINE)
    row = r"^\| \[.+\]\(tests/bench/(\w+)\.py\) \|"
    modules = {path.stem for path in (ROOT / "tests/bench").glob("*.py") if path.stem[0] != "_"}
    shown = set(re.findall(row, table, re.MULTILINE))
    assert shown == modules
