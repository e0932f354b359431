"""Each kind of addition, made in a copy by the files that CONTRIBUTING names and no other."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from synthetic import ROOT

from ecosobriety.texts import TextError, Texts
from warm import warm_executable

pytestmark = pytest.mark.slow

LOCALE = "workflow/report/locale"
METHOD = """
from dataclasses import dataclass

from ecosobriety.methods.kinds import Kind
from ecosobriety.methods.method import NOBODY_COUNTS, Estimate, estimate_from_energy


@dataclass(frozen=True)
class Coin:
    id: str = "coin"
    unit: str = "kWh"
    ignores: tuple[str, ...] = NOBODY_COUNTS

    def estimate(self, run) -> Estimate:
        return estimate_from_energy(1.0, "kWh", pue=1.0, intensity_g_per_kwh=None, reason="a coin")


KINDS = (Kind("coin", 2.5, lambda study: Coin()),)
"""
FIGURE = """
from ecosobriety.figures.style import add_axes, new_figure


def durations(case, text):
    figure = new_figure(3)
    add_axes(figure, 1, 1, 4, 1).plot(case.runs["n_train"], case.runs["train_duration_s"])
    return figure


DRAWINGS = {"durations": durations}
DATA = {"durations": lambda case: case.runs[["n_train", "train_duration_s"]]}
"""
PROVIDER = """
from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.provider import Provider, facts


def provide(settings, snapshots):
    return load_countries().assign(intensity_g_per_kwh=100.0), facts("a plan", __file__, _PATH)


from pathlib import Path

_PATH = Path(__file__)
PROVIDER = Provider("planned", provide)
"""
CLAIM = """
  - id: tokyo_flights
    poster: {value: 1, unit: return flights}
    corrected: 2
    test: primary_source
    source: {reference: A source, year: 2024, url: null, verified: seen}
"""
# In a Python of its own: the library is the copy's.
CHECKS = """
import dataclasses
from pathlib import Path

import numpy as np
import synthetic
from config_cases import KNOWN, SMALLEST
from ecosobriety import electricity
from ecosobriety.electricity.sources import load_sources
from ecosobriety.methods import method_ids
from ecosobriety.metrics import METRICS, metric_from
from ecosobriety.reporting import build_report
from ecosobriety.scoring import score
from ecosobriety.study_config.config import complete
from ecosobriety.texts import Texts

assert Path(electricity.__file__).is_relative_to(synthetic.ROOT)
config = complete(
    {
        **SMALLEST,
        "languages": ["en", "eo"],
        "title": {"en": "A", "eo": "Kiom"},
        "metric": "kappa",
        "country_data": {"provider": "planned"},
        "grid": {**SMALLEST["grid"], "sources": ["tidal"]},
    },
    file="x.yaml",
    **{**KNOWN, "sources": (*KNOWN["sources"], "tidal")},
)
sources = load_sources(synthetic.ROOT / "config/factors/poster/source_intensity.csv")
countries, origin = electricity.prepare(config["country_data"], sources, Path("."))
assert set(countries["intensity_g_per_kwh"]) == {100.0}
assert method_ids()[:3] == ["codecarbon", "wall_time", "coin"]

plain = synthetic.make_config


def make_config(**analysis):
    made = plain(**analysis)
    grid = {**made["grid"], "sources": [*made["grid"]["sources"], "tidal"]}
    return {**made, "languages": ["en", "eo"], "grid": grid}


synthetic.make_config = make_config
assert metric_from(config["metric"]).ends == (-1.0, 1.0)
scores, _ = score("classification", np.array([0, 1, 1, 1]), np.eye(2)[[0, 1, 1, 0]])
assert scores["kappa"] == 0.5
for language in ("en", "eo"):
    text = Texts.load(language, synthetic.REPORT_DIR / "locale").of(METRICS["kappa"])
    assert text("column.accuracy_mean") == f"Test Kappa in {language}"
study = dataclasses.replace(synthetic.make_study(countries=countries), country_data=origin)
assert {"coin", "coin_harmonised"} <= set(study.methods["method"])
assert study.cases()[0].electricity.at("tidal", 60_000)["emissions_g"] > 0
for language, words in WORDS.items():
    text = Texts.load(language, synthetic.REPORT_DIR / "locale")
    page = build_report(
        study, synthetic.make_claims(study), synthetic.make_provenance(study), language,
        synthetic.draw_svgs(study, text), synthetic.REPORT_DIR,
    )
    for word in words:
        assert word in page, (language, word)
print("all there")
"""
WORDS = (
    "tides in {}",
    "Coin in {}",
    "Durations in {}",
    "Lines in {}",
    "Planned in {}",
    "Tokyo in {}",
)


class Copy:
    """A copy of what makes a report, which keeps in mind the files that are touched."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.touched = folder, set[str]()
        for part in ("config", "scripts", "workflow"):
            ignored = shutil.ignore_patterns("*.pyc.*")
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        (folder / "tests/unit").mkdir(parents=True)
        for name in ("synthetic", "synthetic_runs", "config_cases"):
            shutil.copy(ROOT / f"tests/unit/{name}.py", folder / "tests/unit")

    def write(self, path: str, text: str) -> None:
        self.touched.add(path)
        assert not (self.folder / path).exists()
        (self.folder / path).write_text(text, encoding="utf-8")

    def add(self, path: str, text: str, after: str | None = None) -> None:
        """Add a text at a file's end, or behind the first place where something stands."""
        self.touched.add(path)
        whole = (self.folder / path).read_text(encoding="utf-8")
        if after is None:
            whole += text
        else:
            assert after in whole, (path, after)
            whole = whole.replace(after, after + text, 1)
        (self.folder / path).write_text(whole, encoding="utf-8")


def add_source(copy: Copy) -> None:
    row = "A source,2024,https://example.org,seen\n"
    copy.add("config/factors/poster/source_intensity.csv", f"tidal,10,20,30,true,{row}")
    copy.add("config/factors/poster/source_cost.csv", f"tidal,0.1,0.2,0.3,USD,2020,{row}")
    for code in ("en", "fr"):
        copy.add(f"{LOCALE}/{code}/figures.yaml", f"  tidal: tides in {code}\n", "\nsource:\n")


def add_method(copy: Copy) -> None:
    copy.write("scripts/ecosobriety/methods/coin.py", METHOD)
    for code in ("en", "fr"):
        copy.add(f"{LOCALE}/{code}/figures.yaml", f"  coin: Coin in {code}\n", "\nmethod:\n")
        for group in ("needs", "defaults", "use"):
            copy.add(f"{LOCALE}/{code}/methods.yaml", "    coin: A coin\n", f"\n  {group}:\n")


def add_figure(copy: Copy) -> None:
    copy.write("scripts/ecosobriety/figures/durations.py", FIGURE)
    copy.add(
        "scripts/ecosobriety/study/figure_names.py", '    "durations",\n', "MODEL_FIGURES = (\n"
    )
    copy.write("workflow/report/captions/figures/durations.rst", "Durations.\n")
    for code in ("en", "fr"):
        title = f"  durations: {{title: Durations in {code}}}\n"
        copy.add(f"{LOCALE}/{code}/figures.yaml", title, "\nfigure:\n")
        caption = f"  durations: Lines in {code}\n"
        copy.add(f"{LOCALE}/{code}/report.yaml", caption, "\ncaption:\n")


def add_metric(copy: Copy) -> None:
    described = 'KAPPA = Metric("kappa", True, -1.0, 1.0, task="classification")\n'
    copy.add("scripts/ecosobriety/metrics.py", described, 'averaged over the classes."""\n')
    copy.add("scripts/ecosobriety/metrics.py", "KAPPA, ", "MACRO_F1, ")
    copy.add(
        "scripts/ecosobriety/scoring.py",
        '        "kappa": lambda labels, outputs: 2 * accuracy(labels, outputs) - 1,\n',
        '"macro_f1": macro_f1,\n',
    )
    for code in ("en", "fr"):
        forms = f"{{name: Kappa in {code}, a: a Kappa, the: the Kappa, of: of Kappa, gender: n}}"
        copy.add(f"{LOCALE}/{code}/figures.yaml", f"  kappa: {forms}\n", "\nmetric:\n")
        text = f"  kappa: {{definition: What goes beyond chance in {code}}}\n"
        copy.add(f"{LOCALE}/{code}/glossary.yaml", text, "\nmetric:\n")


def add_claim(copy: Copy) -> None:
    copy.add("config/claims.yaml", CLAIM)
    for code in ("en", "fr"):
        text = (
            f"  tokyo_flights: {{short: Tokyo, statement: Tokyo in {code}, correction: Twice.}}\n"
        )
        copy.add(f"{LOCALE}/{code}/claims.yaml", text, "\nclaim:\n")


def add_provider(copy: Copy) -> None:
    copy.write("scripts/ecosobriety/electricity/planned.py", PROVIDER)
    copy.add("workflow/schemas/config.schema.yaml", "planned, ", "enum: [ember, codecarbon, csv, ")
    for code in ("en", "fr"):
        text = f"    planned: Planned in {code}\n"
        copy.add(f"{LOCALE}/{code}/countries.yaml", text, "\n  provider:\n")


def add_language(copy: Copy) -> None:
    copy.add(
        "scripts/ecosobriety/languages.py", '    "eo": "raporto.html",\n', "REPORT_FILES = {\n"
    )
    (copy.folder / LOCALE / "eo").mkdir()
    for path in sorted((copy.folder / LOCALE / "en").glob("*.yaml")):
        text = re.sub(r"\bin en\b", "in eo", path.read_text(encoding="utf-8"))
        copy.write(f"{LOCALE}/eo/{path.name}", text)


ADDITIONS = {
    "add an energy source": add_source,
    "add a method of quantification": add_method,
    "add a figure of each model": add_figure,
    "add a metric": add_metric,
    "add a claim of the poster": add_claim,
    "add a provider of country data": add_provider,
    # The last, as it takes all texts of English.
    "add a language": add_language,
}


def named_in(row: str) -> list[re.Pattern[str]]:
    """The files that a row of CONTRIBUTING names, as patterns."""
    found = [path for path in re.findall(r"`([^`]*)`", row) if "/" in path]
    return [re.compile(re.sub(r"\\\{\w+\\\}|\\\*", "[^/]+", re.escape(path))) for path in found]


def test_each_kind_is_added_by_the_files_that_contributing_names(tmp_path):
    copy = Copy(tmp_path)
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for kind, add in ADDITIONS.items():
        copy.touched = set()
        add(copy)
        (row,) = re.findall(rf"^\| {kind} \| (.*) \|$", table, flags=re.MULTILINE)
        patterns = named_in(row)
        for path in copy.touched:
            assert any(p.fullmatch(path) for p in patterns), f"{kind}: {path} is not named"
        for pattern in patterns:
            assert any(map(pattern.fullmatch, copy.touched)), f"{kind}: {pattern} is not needed"
    words = {code: [word.format(code) for word in WORDS] for code in ("en", "eo")}
    run = subprocess.run(
        [warm_executable(), "-c", f"WORDS = {words!r}\n{CHECKS}"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}/scripts:{tmp_path}/tests/unit", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == "all there", run.stderr


def test_a_language_of_three_sentences_is_refused_with_what_it_lacks(tmp_path):
    shutil.copytree(ROOT / LOCALE / "en", tmp_path / "en")
    (tmp_path / "eo").mkdir()
    (tmp_path / "eo/figures.yaml").write_text("missing: nekonata\n'yes': jes\n'no': ne\n")
    with pytest.raises(TextError, match=r"eo lacks \d+ of the \d+ texts that en has: .*, \.\.\."):
        Texts.load("eo", tmp_path)
