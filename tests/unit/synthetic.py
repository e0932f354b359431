"""A made-up study for tests of figures and report: plausible values, no training."""

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from matplotlib.figure import Figure

# By their own names, as tests take them from here.
from synthetic_runs import ACCURACY as ACCURACY
from synthetic_runs import SEEDS as SEEDS
from synthetic_runs import first_run
from synthetic_runs import make_epochs as make_epochs
from synthetic_runs import make_many_runs as make_many_runs
from synthetic_runs import make_runs as make_runs

from ecosobriety.claims import Checked, load_claims, put_to_test
from ecosobriety.datasets.intake import Baseline, Intake
from ecosobriety.decision import (
    Criteria,
    GrowthRule,
    TestPart,
    Usage,
    add_growth,
    add_levers,
    add_savings,
    add_scale,
    add_study_cost,
    compare_levers,
    decide,
    fit_curves,
    recommend,
)
from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.countries import add_mix_intensity
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.figures import draw, svg
from ecosobriety.footprint.derive import Accounting, Factors, derive_savings, derive_scenarios
from ecosobriety.footprint.embodied import Hardware, add_embodied
from ecosobriety.footprint.equivalents import load_equivalents
from ecosobriety.footprint.water import add_water
from ecosobriety.methods import (
    Inputs,
    Setting,
    compare,
    intensity_of,
    load_inputs,
    methods_of,
    rank_correlations,
)
from ecosobriety.metrics import ACCURACY as ACCURACY_METRIC
from ecosobriety.metrics import Metric
from ecosobriety.records.record import RunRecord
from ecosobriety.study.figure_names import figure_ids
from ecosobriety.study.study import Study
from ecosobriety.tables import check_table
from ecosobriety.texts import Texts

ROOT = Path(__file__).parents[2]
MADE_STUDIES: dict[bytes, bytes] = {}
_KEPT = 24  # of 11 MB each
REPORT_DIR = ROOT / "workflow" / "report"
COUNTRY_DATA = {
    "provider": "codecarbon",
    "requested": "codecarbon",
    "fallback_reason": None,
    "origin": "CodeCarbon 3.3.2",
    "file": "codecarbon/data/private_infra/global_energy_mix.json",
    "sha256": "8f10" * 16,
    "retrieved_on": None,
    "first_hour": None,
    "last_hour": None,
}


def make_config(**analysis: Any) -> dict[str, Any]:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    return {
        **config,
        "title": "How much data is enough?",
        "languages": ["en", "fr"],
        "figures": {"heat_map_coverage": None},
        "plan": {"mode": "exhaustive", "epochs": "all"},
        "analysis": {**config["analysis"], **analysis},
    }


def make_record(**fields: Any) -> RunRecord:
    """A training of 1 h on the CPU that used 0.03 kWh; `fields` overrides."""
    energy_kwh = fields.get("energy_kwh", 0.03)
    record = {
        **first_run(),
        "train_duration_s": 3600.0,
        "energy_kwh": energy_kwh,
        "energy_cpu_kwh": 0.6 * energy_kwh,
        "energy_gpu_kwh": None,
        "energy_ram_kwh": 0.4 * energy_kwh,
        "identity": "1f0a",
        "started_at": "2025-03-01T08:00:00+00:00",
        "ended_at": "2025-03-01T09:00:00+00:00",
        "other_cpu_share": 0.01,
        "components": {"cpu": {"quality": "estimated", "source": "cpu_load"}},
        "epoch_log": [],
        "training": {},
        "metering": {"tool": "codecarbon", "cpu_power_w": None},
        "hardware": {"cpu": "A processor", "cpus_machine": 2, "memory_mb": 16_000.0, "gpu": None},
        "job": {},
        "versions": {},
        "dataset_sha256": "c59f",
        "code_fingerprint": "89ab",
    }
    return RunRecord.model_validate({**record, **fields})


@cache
def load_poster_factors() -> Factors:
    """The countries' electricity and the poster's factors, which nobody changes."""
    factors = ROOT / "config" / "factors" / "poster"
    sources = load_sources(factors / "source_intensity.csv")
    countries = add_mix_intensity(load_countries(), sources)
    return Factors(countries, sources, load_costs(factors / "source_cost.csv"))


@cache
def load_method_inputs() -> Inputs:
    """The workflow's own tables of the methods' factors."""
    return load_inputs(
        *(
            ROOT / "config" / "factors" / f"{name}.csv"
            for name in ("method_constants", "hardware_tdp", "green_algorithms_intensity")
        )
    )


def make_methods(runs: pd.DataFrame, countries: pd.DataFrame, pue: float = 1.0) -> pd.DataFrame:
    """The table `methods` of made-up runs, metered in France."""
    plain = runs.astype(object).where(runs.notna(), None)
    records = [
        # Of the scores a run has its own.
        make_record(**{**dict.fromkeys(first_run().keys() - row.keys()), **row})
        for row in plain.to_dict("records")
    ]
    own = intensity_of(load_poster_factors().countries, "FRA")
    methods = methods_of(Setting(records, load_method_inputs(), "FRA", own, 1.0, 1.0))
    intensity = intensity_of(countries, "FRA")
    return compare(records, methods, pue=pue, intensity_g_per_kwh=intensity)


DRY = {"site_l_per_kwh": None, "source_l_per_kwh": None}
UNSAID = Usage(None, None, None, 1.0)


def decisions_at(sizes, runs, margin, test_examples=10_000, z=1.25):
    """What a study that may grow to 60,000 examples decides at sizes."""
    rule = GrowthRule(60_000, margin, z, tame=False, adaptive=False, may_add_seeds=False)
    return [
        decide(runs[runs["n_train"] <= size], rule, test_examples=test_examples) for size in sizes
    ]


def make_study(
    runs: pd.DataFrame | None = None,
    coverage: tuple[float, ...] = (0.5, 1.0),
    countries: pd.DataFrame | None = None,
    grid_price_per_kwh: dict[str, float] | None = None,
    intake: Intake | None = None,
    decisions: Sequence[Mapping[str, Any]] = (),
    ladder: Sequence[int] = (),
    metric: Metric = ACCURACY_METRIC,
    target: float | None = None,
    usage: Usage = UNSAID,
    hardware: Hardware | None = None,
    water: Mapping[str, Any] | None = None,
    **analysis: Any,
) -> Study:
    """The poster's study on made-up runs; `analysis` overrides keys of that section.

    What was made of the same lately is copied: no test sees what another does to it.
    """
    runs = make_runs() if runs is None else runs
    asked = (runs, coverage, countries, grid_price_per_kwh, intake, decisions, ladder, metric)
    added = (target, usage, hardware, water)
    told = [[_content(one) for one in (*asked, *added)], sorted(analysis.items())]
    key = hashlib.sha256(repr(told).encode()).digest()
    kept = MADE_STUDIES.pop(key, None) or pickle.dumps(_make_study(*asked, *added, **analysis))
    # The last that was asked for is the last to go.
    MADE_STUDIES[key] = kept
    if len(MADE_STUDIES) > _KEPT:
        del MADE_STUDIES[next(iter(MADE_STUDIES))]
    return pickle.loads(kept)


def _content(asked: Any) -> Any:
    """What tells a table from another one; its pickle changes with what it was used for."""
    if isinstance(asked, pd.DataFrame):
        return asked.to_dict("list"), [*asked.index], [*map(str, asked.dtypes)]
    return asked


def _make_study(
    runs: pd.DataFrame,
    coverage: tuple[float, ...],
    countries: pd.DataFrame | None,
    grid_price_per_kwh: dict[str, float] | None,
    intake: Intake | None,
    decisions: Sequence[Mapping[str, Any]],
    ladder: Sequence[int],
    metric: Metric,
    target: float | None,
    usage: Usage,
    hardware: Hardware | None,
    water: Mapping[str, Any] | None,
    **analysis: Any,
) -> Study:
    config = make_config(**analysis)
    if grid_price_per_kwh:
        config["cost"]["grid_price_per_kwh"] = grid_price_per_kwh
    named = {model["name"] for model in config["models"]}
    config["models"] += [
        {**config["models"][0], "name": model}
        for model in runs["model"].unique()
        if model not in named
    ]
    factors = load_poster_factors()
    countries = factors.countries if countries is None else countries
    decision = {
        key: config["analysis"][key] for key in ("reference_n_train", "margin", "confidence")
    }
    full = decisions[0]["full_n_train"] if decisions else None
    curve = fit_curves(runs, metric=metric, **decision, full_n_train=full)
    reference = int(curve.loc[curve["verdict"] == "reference", "n_train"].iloc[0])
    scenarios = derive_scenarios(
        runs,
        replace(factors, countries=countries),
        Accounting(
            coverage=coverage,
            confidence=config["analysis"]["confidence"],
            pue=config["metering"]["pue"],
            **config["cost"],
        ),
        country_codes=countries["country_iso3"],
        source_names=config["grid"]["sources"],
        reference_n_train=reference,
    )
    savings = derive_savings(scenarios, reference)
    intake = make_intake(runs) if intake is None else intake
    data = TestPart(
        intake.baseline_score(metric),
        intake.test_examples,
        intake.train_examples,
        intake.class_counts and intake.class_counts["test"],
    )
    country = config["metering"]["country"]
    rule = GrowthRule(full, decision["margin"], None, False, False, may_add_seeds=False)
    criteria = Criteria(**decision, target=target, full_n_train=full)
    answered = recommend(runs, criteria, data=data, metric=metric)
    recommendation = add_growth(
        add_savings(answered, scenarios, savings, country),
        decisions,
        runs,
        dict.fromkeys(runs["model"].unique(), rule),
        data=data,
        metric=metric,
        ladder=ladder,
    )
    recommendation = add_study_cost(recommendation, runs, scenarios, country)
    recommendation = add_scale(recommendation, runs, usage)
    recommendation = add_embodied(recommendation, runs, scenarios, country, hardware)
    recommendation = add_water(recommendation, scenarios, country, water or DRY, 1.0)
    methods = make_methods(runs, countries)
    epochs = make_epochs(runs, metric)
    models = list(runs["model"].unique())
    levers = compare_levers(
        runs,
        epochs,
        scenarios,
        criteria,
        country_iso3=country,
        lever_of={model: "model" if place else "reference" for place, model in enumerate(models)},
        data=data,
        metric=metric,
    )
    recommendation = add_levers(recommendation, levers, epochs)
    return Study(
        config=config,
        runs=runs,
        curve=curve,
        scenarios=check_table("scenarios", scenarios),
        savings=check_table("savings", savings),
        methods=methods,
        method_ranks=rank_correlations(methods),
        countries=countries,
        sources=factors.sources,
        costs=factors.costs,
        method_inputs=load_method_inputs(),
        recommendation=recommendation,
        country_data=COUNTRY_DATA,
        equivalents=load_equivalents(ROOT / "config" / "factors" / "equivalents.csv"),
        intake=intake,
        levers=levers,
    )


def make_intake(runs: pd.DataFrame, **fields: Any) -> Intake:
    """What is known of the data of made-up runs: ten even classes, or targets."""
    if "test_rmse" in runs:
        worst = float(runs["test_rmse"].max())
        told = {"baselines": {"rmse": Baseline(2 * worst, 152.0, "mean")}, "task": "regression"}
    else:
        classes = tuple(f"class {i}" for i in range(10))
        counts = {"train": [6_000] * 10, "test": [1_000] * 10}
        told = {"baselines": {"accuracy": Baseline(0.1, "class 0", "class")}}
        told |= {"task": "classification"}
        told |= {"classes": classes, "class_counts": counts}
    known = {"train_examples": 60_000, "test_examples": 10_000, "test_duplicates": 2, **told}
    return Intake(**{"dataset": str(runs["dataset"].iloc[0]), **known, **fields})


def make_provenance(study: Study) -> dict[str, Any]:
    """The shape that `provenance.describe` gives."""
    return {
        "config": study.config,
        "dataset": {
            "name": "fashion-mnist",
            "sha256": "c59f" * 16,
            "origin": "https://example.org/fashion-mnist",
            "training_examples": 60_000,
            "test_examples": 10_000,
            "test_duplicates": 2,
            "findings": [],
            "classes": ["T-shirt", "Trouser"],
            "input_shape": [28, 28],
            "declared": False,
            "unit": None,
        },
        "trainings": {
            "number": len(study.runs),
            "first_started_at": "2025-03-01T08:00:00+00:00",
            "last_ended_at": "2025-03-01T08:12:30+00:00",
            "windows": dict.fromkeys(study.runs["model"].unique(), "fit"),
            "disturbed": 2,
        },
        "hardware": [{"cpu": "A processor", "memory_mb": 16_000.0, "gpu": None, "threads": 2}],
        "versions": {"python": "3.11.2", "torch": "2.13.0", "codecarbon": "3.3.2"},
        "packages": {"numpy": "2.0.0", "pandas": "3.0.0"},
        "meters": [{"tool": "codecarbon", "interval_s": 1}],
        "components": [
            {
                "cpu": {"quality": "estimated", "source": "cpu_load", "reason": "TDP 85 W"},
                "gpu": {"quality": None, "source": None, "reason": "no GPU found"},
                "ram": {"quality": "estimated", "source": "ram_model", "reason": "guessed"},
            }
        ],
        "code": {"git_commit": "0123456789abcdef" * 2, "training_fingerprints": ["89abcdef"]},
        "factors": {"source_intensity.csv": "77ab" * 16, "source_cost.csv": "9c0d" * 16},
        "country_data": {**study.country_data, "table_sha256": "5e1f" * 16},
    }


def draw_svgs(study: Study, text: Texts) -> dict[str, str]:
    """The SVG of every figure of a study."""
    models = [case.model for case in study.cases()]
    return {figure: _svg(draw(figure, study, text)) for figure in figure_ids(models)}


def blank_svgs(study: Study) -> dict[str, str]:
    """An empty drawing for every figure of a study, for tests of what stands around them."""
    models = [case.model for case in study.cases()]
    return dict.fromkeys(figure_ids(models), _blank())


@cache
def _blank() -> str:
    return _svg(Figure())


def make_claims(study: Study) -> list[Checked]:
    """The poster's claims, checked on a study."""
    schema = ROOT / "workflow" / "schemas" / "claims.schema.yaml"
    return put_to_test(study, load_claims(ROOT / "config" / "claims.yaml", schema))


def _svg(figure: Figure) -> str:
    return svg(figure)
