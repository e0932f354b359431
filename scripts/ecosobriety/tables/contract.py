"""The columns of the output tables: types, units, ranges and keys."""

from functools import cache

import pandas as pd
import pandera.pandas as pa

from ecosobriety.metrics import ACCURACY, Metric

VERDICTS = ("reference", "non_inferior", "inferior", "inconclusive")
CLAIM_VERDICTS = ("supported", "not_supported", "inconclusive", "corrected")
GRID_SOURCE = "grid"
"""The `source` of a scenario in which the country's own mix alone counts (coverage 0)."""


def _text(nullable: bool = False, allowed: tuple[str, ...] | None = None) -> pa.Column:
    checks = [pa.Check.isin(allowed)] if allowed else []
    return pa.Column(str, checks, nullable=nullable, coerce=True)


def _count(minimum: int = 0, nullable: bool = False) -> pa.Column:
    dtype = pd.Int64Dtype() if nullable else "int64"
    return pa.Column(dtype, pa.Check.ge(minimum), nullable=nullable, coerce=True)


def number(
    low: float | None = None, high: float | None = None, nullable: bool = False
) -> pa.Column:
    """A column of finite numbers within these ends."""
    checks = []
    if low is not None:
        checks.append(pa.Check.ge(low))
    if high is not None:
        checks.append(pa.Check.le(high))
    checks.append(pa.Check(lambda s: s.abs() != float("inf"), name="finite"))
    return pa.Column("float64", checks, nullable=nullable, coerce=True)


def _flag(nullable: bool = False) -> pa.Column:
    return pa.Column(pd.BooleanDtype() if nullable else bool, nullable=nullable, coerce=True)


_SIZE_KEY = {"dataset": _text(), "model": _text(), "n_train": _count(1)}
_SCENARIO_KEY = {
    **_SIZE_KEY,
    "country_iso3": pa.Column(str, pa.Check.str_matches(r"^[A-Z]{3}$"), coerce=True),
    "source": _text(),
    "coverage": number(0, 1),
}


def _runs(metric: Metric) -> dict[str, pa.Column]:
    return {
        **_SIZE_KEY,
        "seed": _count(),
        "epochs": number(0, nullable=True),
        "steps": _count(1, nullable=True),
        "batch_size": _count(1, nullable=True),
        metric.test_column: number(metric.lowest, metric.highest),
        "test_loss": number(nullable=True),
        "train_duration_s": number(0, nullable=True),
        "energy_kwh": number(0),
        "energy_cpu_kwh": number(0, nullable=True),
        "energy_gpu_kwh": number(0, nullable=True),
        "energy_ram_kwh": number(0, nullable=True),
        "eval_energy_kwh": number(0, nullable=True),
        "lost_energy_kwh": number(0),
        "energy_quality": _text(allowed=("measured", "estimated", "mixed", "imported")),
        "energy_source": _text(),
        "flop_forward": number(0, nullable=True),
        # Of a large network it exceeds the whole numbers of 64 bits.
        "flop_train": number(0, nullable=True),
        "device": _text(nullable=True),
        "accelerator": _text(nullable=True),
        "threads": _count(1, nullable=True),
        "peak_memory_mb": number(0, nullable=True),
        "short_window": _flag(nullable=True),
        "attempt": _text(nullable=True),
    }


ADJUSTED = {
    "energy_net_kwh": number(0, nullable=True),
    "energy_net_reason": _text(
        nullable=True,
        allowed=("imported", "negative", "no_duration", "not_idle", "not_measured"),
    ),
    "calibration_factor": number(0, nullable=True),
}
"""Columns of `runs` that are there where a study asks for them (`records.adjusted`)."""


def _epochs(metric: Metric) -> dict[str, pa.Column]:
    return {
        **_SIZE_KEY,
        "seed": _count(),
        "epoch": number(0, nullable=True),
        metric.test_column: number(metric.lowest, metric.highest, nullable=True),
        "test_loss": number(nullable=True),
        "train_duration_s": number(0, nullable=True),
        "energy_kwh": number(0, nullable=True),
        "evaluation_energy_kwh": number(0, nullable=True),
        "reason": _text(nullable=True),
        "only_last_reason": _text(nullable=True),
    }


def _curve(metric: Metric) -> dict[str, pa.Column]:
    name = metric.name
    score, known = (number(metric.lowest, metric.highest, nullable=null) for null in (False, True))
    return {
        **_SIZE_KEY,
        "n_seeds": _count(1),
        f"{name}_mean": score,
        f"{name}_sd": number(0, nullable=True),
        f"{name}_ci_low": known,
        f"{name}_ci_high": known,
        "energy_kwh_mean": number(0),
        "energy_kwh_ci_low": number(0, nullable=True),
        "energy_kwh_ci_high": number(0, nullable=True),
        "duration_s_mean": number(0, nullable=True),
        f"{name}_diff_mean": number(nullable=True),
        f"{name}_diff_{metric.bound}": number(nullable=True),
        "p_value": number(0, 1, nullable=True),
        "verdict": _text(allowed=VERDICTS),
        "verdict_reason": _text(nullable=True),
        f"{name}_diff_sd": number(0, nullable=True),
        "precision": number(0, nullable=True),
        f"fitted_{name}": known,
        "fitted_ci_low": known,
        "fitted_ci_high": known,
        f"marginal_{name}_per_kwh": number(nullable=True),
    }


_SCENARIOS = {
    **_SCENARIO_KEY,
    "energy_kwh": number(0),
    "intensity_g_per_kwh": number(0, nullable=True),
    "intensity_g_per_kwh_low": number(0, nullable=True),
    "intensity_g_per_kwh_high": number(0, nullable=True),
    "emissions_g": number(0, nullable=True),
    "emissions_g_low": number(0, nullable=True),
    "emissions_g_high": number(0, nullable=True),
    "cost": number(0, nullable=True),
    "cost_low": number(0, nullable=True),
    "cost_high": number(0, nullable=True),
    "currency": _text(),
    "country_low_carbon_share": number(0, 1, nullable=True),
    "country_year": _count(nullable=True),
}

_SAVINGS = {
    **_SCENARIO_KEY,
    "energy_saved_kwh": number(),
    "emissions_saved_g": number(nullable=True),
    "cost_saved": number(nullable=True),
    "saved_share": number(high=1, nullable=True),
}

_COUNTRIES = {
    "country_iso3": pa.Column(str, pa.Check.str_matches(r"^[A-Z]{3}$"), coerce=True),
    "country_name": _text(),
    "intensity_g_per_kwh": number(0, nullable=True),
    "low_carbon_share": number(0, 1, nullable=True),
    "year": _count(nullable=True),
    **{
        f"{source}_share": number(0, nullable=True)
        for source in (
            *("coal", "gas", "oil", "nuclear", "hydro", "solar", "wind"),
            *("bioenergy", "other_renewable"),
        )
    },
    "flag": _text(nullable=True),
    "mix_intensity_g_per_kwh": number(0, nullable=True),
    "mix_ratio": number(0, nullable=True),
}

_CLAIMS = {
    "claim_id": _text(),
    "poster_value": number(nullable=True),
    "measured_value": number(nullable=True),
    "unit": _text(nullable=True),
    "ci_low": number(nullable=True),
    "ci_high": number(nullable=True),
    "test": _text(),
    "verdict": _text(allowed=CLAIM_VERDICTS),
}

_METHODS = {
    **_SIZE_KEY,
    "seed": _count(),
    "method": _text(),
    "energy_kwh": number(0, nullable=True),
    "emissions_g": number(0, nullable=True),
    "quantity": number(0, nullable=True),
    "unit": _text(),
    "ratio_to_codecarbon": number(0, nullable=True),
    "applies": _flag(),
    "reason": _text(nullable=True),
    "ignores": _text(),
}

_REASON_GIVEN = pa.Check(
    lambda table: (
        table["reason"].notna()
        | (table["applies"] & table["energy_kwh"].notna() & table["emissions_g"].notna())
    ),
    name="a reason for what is missing",
)

_EDITIONS = {
    "edition": _text(),
    "item": _text(),
    "dataset": _text(nullable=True),
    "model": _text(nullable=True),
    "source": _text(nullable=True),
    "value": number(nullable=True),
    "unit": _text(nullable=True),
    "verdict": _text(nullable=True, allowed=CLAIM_VERDICTS),
}

_LEVERS = {
    **_SIZE_KEY,
    "epochs": number(0, nullable=True),
    "stop": _count(),
    "lever": _text(),
    "score_mean": number(),
    "diff_mean": number(),
    "diff_lower": number(nullable=True),
    "n_seeds": _count(1),
    "confidence": number(0, 1, nullable=True),
    "verdict": _text(nullable=True, allowed=VERDICTS),
    "verdict_reason": _text(nullable=True),
    "energy_kwh_mean": number(0),
    "saved_share": number(high=1, nullable=True),
    "saved_share_ci_low": number(nullable=True),
    "saved_share_ci_high": number(high=1, nullable=True),
    "duration_s_mean": number(0, nullable=True),
    "emissions_g_mean": number(0, nullable=True),
    "cost_grid": number(0, nullable=True),
    "cost_cheapest": number(0, nullable=True),
    "cost_dearest": number(0, nullable=True),
    "currency": _text(),
    "path_step": _count(nullable=True),
}


def _bounds(name: str, low: float | None = 0) -> dict[str, pa.Column]:
    return {f"{name}{end}": number(low, nullable=True) for end in ("", "_low", "_high")}


def _ratios(name: str) -> dict[str, pa.Column]:
    return {
        f"{name}_comparable": _flag(),
        f"{name}_remark": _text(nullable=True),
        **_bounds(f"{name}_ratio"),
    }


_COMPARISON = {
    "study": _text(),
    "dataset": _text(),
    "model": _text(),
    "at": _text(allowed=("same_size", "sufficient")),
    "is_baseline": _flag(),
    "baseline_study": _text(),
    "baseline_model": _text(),
    "n_train": _count(1, nullable=True),
    "same_question": _flag(),
    "n_seeds": _count(),
    "n_pairs": _count(),
    "metric": _text(),
    **_bounds("score", low=None),
    **_bounds("energy_kwh"),
    "energy_quality": _text(),
    **_bounds("duration_s"),
    "country_iso3": _text(),
    **_bounds("emissions_g"),
    **_bounds("cost"),
    "currency": _text(),
    "cost_source": _text(nullable=True),
    "score_comparable": _flag(),
    "score_remark": _text(nullable=True),
    "score_diff": number(nullable=True),
    "score_diff_lower": number(nullable=True),
    "score_diff_upper": number(nullable=True),
    "score_verdict": _text(nullable=True, allowed=VERDICTS),
    **_ratios("energy"),
    **_ratios("duration"),
    **_ratios("emissions"),
    **_ratios("cost"),
}


def _schema(
    name: str,
    columns: dict[str, pa.Column],
    key: list[str],
    checks: list[pa.Check] | None = None,
) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(
        columns, checks=checks, name=name, unique=key, strict=True, ordered=True
    )


_SIZE = list(_SIZE_KEY)
_SCENARIO = list(_SCENARIO_KEY)


def _metric_schemas(metric: Metric) -> dict[str, pa.DataFrameSchema]:
    """The tables whose columns are named by the study's metric."""
    return {
        "runs": _schema("runs", _runs(metric), [*_SIZE, "seed"]),
        "epochs": _schema("epochs", _epochs(metric), [*_SIZE, "seed", "epoch"]),
        "curve": _schema("curve", _curve(metric), _SIZE),
    }


SCHEMAS: dict[str, pa.DataFrameSchema] = {
    **_metric_schemas(ACCURACY),
    "scenarios": _schema("scenarios", _SCENARIOS, _SCENARIO),
    "savings": _schema("savings", _SAVINGS, _SCENARIO),
    "claims": _schema("claims", _CLAIMS, ["claim_id"]),
    "editions": _schema("editions", _EDITIONS, ["edition", "item", "dataset", "model"]),
    "comparison": _schema("comparison", _COMPARISON, ["study", "dataset", "model", "at"]),
    "countries": _schema("countries", _COUNTRIES, ["country_iso3"]),
    "levers": _schema("levers", _LEVERS, [*_SIZE, "stop"]),
    "methods": _schema("methods", _METHODS, [*_SIZE, "seed", "method"], [_REASON_GIVEN]),
}
"""The tables of the contract by name, as a study of classification has them."""


@cache
def table_schema(name: str, metric: Metric = ACCURACY) -> pa.DataFrameSchema:
    """The contract of a table; its columns of scores are named by the metric."""
    return (SCHEMAS if metric == ACCURACY else SCHEMAS | _metric_schemas(metric))[name]
