"""A study of ten thousand runs after its trainings: collecting, deciding, drawing and reporting it.

The records are made up: 200 sizes and 50 seeds, against 20 sizes for what ten times as many take.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import pandas as pd
from playwright.sync_api import sync_playwright
from synthetic import (
    MADE_STUDIES,
    REPORT_DIR,
    draw_svgs,
    make_claims,
    make_many_runs,
    make_methods,
    make_provenance,
    make_record,
    make_study,
)

from ecosobriety.decision import Criteria, TestPart, fit_curves, recommend
from ecosobriety.records.bundle import read_bundle, write_bundle
from ecosobriety.records.collecting import Asked, collect
from ecosobriety.records.record import RUN_KEY, RunRecord, write_record
from ecosobriety.reporting import build_report
from ecosobriety.startup import keep_imports
from ecosobriety.study.study import Study
from ecosobriety.texts import Texts

SEEDS = 50
SIZES = {1_000: 20, 10_000: 200}
DATA = TestPart(baseline=0.1, test_examples=10_000, train_examples=60_000)
DECISION = {"reference_n_train": "max", "margin": 0.01, "confidence": 0.95}
REPEATS = 3


def _timed(step: Callable[[], Any]) -> tuple[float, Any]:
    """Median duration in s, and what came out the last time.

    Of few runs a step takes a tenth of a second: one slow moment would be most of it.
    """
    took = []
    for _ in range(REPEATS):
        # As a step of a study, which is a process of its own: what others made is not searched.
        keep_imports()
        started_at = perf_counter()
        result = step()
        took.append(perf_counter() - started_at)
    return median(took), result


def _make_anew(runs: pd.DataFrame) -> Study:
    MADE_STUDIES.clear()
    return make_study(runs)


def _collect_s(study: Study, folder: Path) -> float:
    """Duration of `collect_runs`, and of reading what it puts together."""
    rows = study.runs.astype(object).where(study.runs.notna(), None).to_dict("records")
    asked = Asked("c59f", {row["model"]: {} for row in rows}, {}, "89ab")
    paths = {}
    for row in rows:
        identity = asked.identity(tuple(row[name] for name in RUN_KEY))
        record: RunRecord = make_record(**{"test_rmse": None, "identity": identity, **row})
        path = folder / f"n{record.n_train}" / f"seed{record.seed}.json"
        write_record(path, record)
        paths[path] = tuple(row[name] for name in RUN_KEY)
    bundle = folder / "records.jsonl"

    def work() -> None:
        collect(paths, asked)
        write_bundle(bundle, paths)
        read_bundle(bundle)

    return _timed(work)[0]


def _steps_s(sizes: int, folder: Path) -> tuple[dict[str, float], str]:
    """Durations in s of the steps on a made-up study, and its page."""
    text = Texts.load("en", REPORT_DIR / "locale")
    runs = make_many_runs(sizes, SEEDS)
    took: dict[str, float] = {}
    took["curves"], _ = _timed(
        lambda: (fit_curves(runs, **DECISION), recommend(runs, Criteria(**DECISION), data=DATA))
    )
    took["curves, scenarios and methods"], study = _timed(lambda: _make_anew(runs))
    took["methods"], _ = _timed(lambda: make_methods(runs, study.countries))
    took["figures"], svgs = _timed(lambda: draw_svgs(study, text))
    provenance = make_provenance(study)
    took["claims and report"], page = _timed(
        lambda: build_report(study, make_claims(study), provenance, "en", svgs, REPORT_DIR)
    )
    took["collecting"] = _collect_s(study, folder)
    return took, page


def _opening_s(page: Path) -> float:
    """Until Chromium says that a page is loaded, from a fresh start of its own."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        opened = browser.new_page()
        opened.goto(page.as_uri())
        loaded_ms = opened.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
        browser.close()
    return float(loaded_ms) / 1000


def _row(benchmark: str, unit: str, ours: float, baseline: float, **more: Any) -> dict[str, Any]:
    row = {"benchmark": benchmark, "ratio": ours / baseline, "unit": unit, "ours": ours}
    return {**row, "baseline": baseline, "repeats": 1, "target": "at most 1", **more}


def measure() -> Iterator[dict[str, Any]]:
    """One study of each number of runs; each step of it several times."""
    took = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, sizes in SIZES.items():
            took[number], content = _steps_s(sizes, folder / str(number))
        page = folder / "report.html"
        page.write_text(content, encoding="utf-8")
        size_mb = page.stat().st_size / 1e6
        opening_s = median(_opening_s(page) for _ in range(REPEATS))
    for step, ours_s in took[10_000].items():
        few_s = took[1_000][step]
        yield {
            **_row(f"{step}: a run among 10,000 against one among 1,000", "s", ours_s, few_s),
            "ratio": ours_s / few_s / 10,
            "repeats": REPEATS,
            "target": "at most 1.2",
        }
    collecting_s = took[10_000]["collecting"]
    yield _row("collecting 10,000 records against 30 s", "s", collecting_s, 30.0, repeats=REPEATS)
    yield _row("the report of 10,000 runs against 10 MB", "MB", size_mb, 10.0)
    yield _row(
        "opening the report of 10,000 runs in Chromium against 3 s",
        "s",
        opening_s,
        3.0,
        repeats=REPEATS,
    )
