"""README and docs say what is there, each thing once, and every link leads somewhere."""

import re
from collections import defaultdict
from pathlib import Path

import yaml

from ecosobriety import tables
from ecosobriety.electricity.ember import load_countries

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BENCHMARKS = (ROOT / "docs/benchmarks.md").read_text()
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
        *(ROOT / name / "README.md" for name in ("config", "profiles")),
        *sorted((ROOT / "docs").rglob("*.md")),
    )
}
WORD_LIMIT = 900
LONG_SENTENCE = 8


def prose(page: str) -> str:
    """A page without its code blocks and without the tables that programs write."""
    page = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    page = re.sub(r"<!-- (\w+): begin.*?<!-- \1: end -->", "", page, flags=re.DOTALL)
    return re.sub(r"^    .*$", "", page, flags=re.MULTILINE)


def sentences(page: str) -> list[str]:
    """Its sentences, items, cells and headings, as bare words."""
    lines = prose(page).splitlines()
    parts = [
        part
        for block in "\n".join(lines).split("\n\n")
        for item in re.split(r"^\s*(?:[-*#>]+|\d+\.) ", block, flags=re.MULTILINE)
        for cell in (re.split(r"\|", item) if "|" in item else [item])
        for part in re.split(r"(?<=[.!?:;])\s", cell)
    ]
    return [" ".join(re.findall(r"[\w/.'-]+", part.lower())).rstrip(".") for part in parts]


def anchors(page: str) -> set[str]:
    """The addresses of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_has_at_most_900_words():
    assert len(README.split()) <= WORD_LIMIT


def test_no_sentence_stands_twice():
    places = defaultdict(list)
    for name, page in PAGES.items():
        for sentence in sentences(page):
            if len(sentence.split()) >= LONG_SENTENCE:
                places[sentence].append(name)
    assert len(places) > 200
    assert {said: where for said, where in places.items() if len(where) > 1} == {}


def test_a_sentence_that_stands_twice_would_be_seen():
    said = "A training is measured once, and everything else follows from it"
    (first,) = sentences(f"{said}.")
    for page in (f"| cell | {said} |", f"1. **{said[:10]}**{said[10:]}; more", f"Yes.\n{said}."):
        assert first in sentences(page)
    assert not any(sentences(f"```\n{said}\n```"))


def test_every_link_leads_to_a_file_and_a_heading():
    for name, page in PAGES.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", page):
            if re.match(r"https?:", target):
                continue
            path, _, heading = target.partition("#")
            file = (ROOT / name).parent / path if path else ROOT / name
            assert file.exists(), f"{name}: {target}"
            assert not heading or heading in anchors(file.read_text()), f"{name}: {target}"


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), ["README.md"]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in PAGES:
            continue
        reached.add(name)
        for target in re.findall(r"\]\(([^)#\s]+\.md)", PAGES[name]):
            file = ((ROOT / name).parent / target).resolve()
            waiting.append(file.relative_to(ROOT.resolve()).as_posix())
    assert set(PAGES) - reached == {"profiles/README.md"}  # Found beside the profiles.


def test_every_make_target_that_is_named_exists_and_every_one_is_named():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = {
        name
        for page in PAGES.values()
        for name in re.findall(r"(?:^|`)make ([a-z-]+)", page, flags=re.MULTILINE)
    }
    assert named <= targets
    assert targets - named <= {"help"}


def test_every_file_that_is_named_exists():
    # A tutorial's own files are written by whoever follows it.
    written = [re.findall(r"^```\w+ (\S+)$", page, flags=re.MULTILINE) for page in PAGES.values()]
    own = {path for paths in written for path in paths}
    for name, page in PAGES.items():
        paths = r"`((?:config|docs|profiles|scripts|tests|workflow)/[\w./-]+\.\w+)`"
        for path in set(re.findall(paths, page)) - own:
            assert (ROOT / path).exists() or "YYYY" in path, f"{name}: {path}"
        for path in set(re.findall(r"config/[\w.]+\.yaml", page)) - own:
            assert (ROOT / path).exists(), f"{name}: {path}"


def test_every_column_of_the_main_tables_is_explained():
    page = PAGES["docs/reference/outputs.md"]
    for table in ("runs", "epochs", "scenarios", "savings", "comparison"):
        for column in tables.SCHEMAS[table].columns:
            bare = re.sub(r"_(low|high)$", "", column)
            assert f"`{column}`" in page or f"`{bare}`" in page, f"{table}: {column}"


def test_the_numbers_of_the_posters_study_are_the_configurations():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    grid = config["grid"]
    trainings = len(grid["n_train"]) * len(grid["seeds"])
    kinds = len(grid["sources"]) * len(grid["coverage"]) + 1
    countries = len(load_countries(ROOT / "config/factors/2025/country_intensity.csv"))
    cells = len(grid["n_train"]) * countries * kinds
    said = " ".join(PAGES["docs/methodology.md"].split())
    assert f"from {trainings} trainings" in said
    assert f"{len(grid['n_train'])} sizes x {countries} countries x {kinds} kinds" in said
    assert f"{cells:,} cells" in said
    readme = " ".join(README.split())
    assert f"each of {countries} countries, from each of {len(grid['sources'])} energy" in readme
    assert f"poster's study: {trainings} trainings" in readme


def benchmark_rows(page: str) -> list[str]:
    _, _, rest = page.partition("<!-- benchmarks: begin")
    table = rest.partition("<!-- benchmarks: end")[0]
    measured = r"^Measured on \d{4}-\d\d-\d\d: .+ CPUs, .+; Python 3.+, torch"
    assert re.search(measured, table, re.MULTILINE)
    return re.findall(r"^\| \[.+\]\(.*tests/bench/\w+\.py\) .*\|$", table, re.MULTILINE)


def test_every_benchmark_has_its_rows_in_the_table_with_date_and_machine():
    rows = benchmark_rows(BENCHMARKS)
    shown = {re.search(r"tests/bench/(\w+)\.py", row)[1] for row in rows}
    modules = {path.stem for path in (ROOT / "tests/bench").glob("*.py") if path.stem[0] != "_"}
    assert shown == modules


def test_the_readme_has_five_of_the_benchmarks_rows():
    rows = benchmark_rows(README)
    assert len(rows) == 5
    everything = [row.replace("(../tests", "(tests") for row in benchmark_rows(BENCHMARKS)]
    assert set(rows) <= set(everything)
