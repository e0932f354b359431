"""Studies small enough to be worked out by hand, and what the tests of the claims do with them."""

import math

import pandas as pd
from synthetic import REPORT_DIR, ROOT, load_method_inputs, make_intake, make_runs

from ecosobriety.claims import as_table, put_to_test
from ecosobriety.claims.finding import in_words
from ecosobriety.decision.intervals import by_size_and_seed
from ecosobriety.decision.non_inferiority import compare_with_reference, reference_size
from ecosobriety.footprint.derive import Accounting, Factors, derive_savings, derive_scenarios
from ecosobriety.metrics import METRICS, spec_of
from ecosobriety.study.study import Study
from ecosobriety.texts import Texts

POSTER = ROOT / "config" / "claims.yaml"
SCHEMA = ROOT / "workflow" / "schemas" / "claims.schema.yaml"
CONTEXT = ["france_intensity", "compute_doubling", "nlp_emissions", "flights"]
TEXTS = {code: Texts.load(code, REPORT_DIR / "locale") for code in ("en", "fr")}
NBSP, NNBSP = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"

RUN = make_runs().iloc[[0]]
# Three seeds. Differences -0.010, -0.008, -0.006: mean -0.008, SD 0.002.
ACCURACY = {30_000: [0.870, 0.872, 0.874], 60_000: [0.880, 0.880, 0.880]}
ENERGY_KWH = {30_000: [1.0, 1.0, 1.0], 60_000: [2.0, 2.0, 2.0]}
# g CO2e/kWh (low, central, high) and USD/kWh
SOURCES = {"coal": (700, 800, 1000), "hydro": (5, 10, 20)}
COSTS = {"coal": 0.10, "hydro": 0.05}
# g CO2e/kWh and low-carbon share; the ranks are in perfect reverse order.
COUNTRIES = {f"AA{letter}": (700 - 100 * i, i / 10) for i, letter in enumerate("ABCDEF")}


def runs_of(accuracy, energy_kwh, duration_s=3600.0):
    """Runs of the given sizes and seeds; None leaves a run out."""
    rows = [
        RUN.assign(
            n_train=size,
            seed=seed,
            test_accuracy=accuracy[size][seed],
            energy_kwh=energy_kwh[size][seed],
            train_duration_s=duration_s,
            energy_quality="measured",
        )
        for size in accuracy
        for seed in range(len(accuracy[size]))
        if accuracy[size][seed] is not None
    ]
    return pd.concat(rows, ignore_index=True)


def make_sources(ranges):
    rows = [(name, *bounds) for name, bounds in ranges.items()]
    columns = ["source", "low_g_per_kwh", "central_g_per_kwh", "high_g_per_kwh"]
    return pd.DataFrame(rows, columns=columns)


def make_costs(prices):
    table = pd.DataFrame({"source": list(prices), "central_per_kwh": list(prices.values())})
    return table.assign(low_per_kwh=math.nan, high_per_kwh=math.nan, currency="USD")


def make_countries(factors):
    rows = [(code, f"Land {code}", *factor) for code, factor in factors.items()]
    columns = ["country_iso3", "country_name", "intensity_g_per_kwh", "low_carbon_share"]
    table = pd.DataFrame(rows, columns=columns).assign(year=2023)
    unknown = pd.Series([None] * len(table), dtype="float64")
    return table.assign(
        flag=pd.Series([None] * len(table), dtype="str"),
        mix_intensity_g_per_kwh=unknown,
        mix_ratio=unknown,
    )


def tiny_study(
    accuracy=ACCURACY,
    energy_kwh=ENERGY_KWH,
    *,
    sources=SOURCES,
    costs=COSTS,
    countries=COUNTRIES,
    coverage=(1.0,),
    margin=0.01,
    reference="max",
    runs=None,
):
    """A study small enough to be worked out by hand; 1.25 US dollars are 1 euro."""
    runs = runs_of(accuracy, energy_kwh) if runs is None else runs
    if not isinstance(countries, pd.DataFrame):
        countries = make_countries(countries)
    sources, costs = make_sources(sources), make_costs(costs)
    scenarios = derive_scenarios(
        runs,
        Factors(countries, sources, costs),
        Accounting(coverage, confidence=0.95, pue=1.0, currency="EUR", usd_per_unit=1.25),
        country_codes=countries["country_iso3"],
        source_names=sources["source"],
    )
    accuracy = by_size_and_seed(runs, "test_accuracy")
    size = reference_size(accuracy, reference)
    curve = compare_with_reference(accuracy, size, margin, 0.95).reset_index()
    result = {"dataset": "fashion-mnist", "model": "mlp", "reference_n_train": size}
    return Study(
        intake=make_intake(runs),
        config={
            "dataset": {"name": "fashion-mnist"},
            "models": [{"name": "mlp"}],
            "cost": {"currency": "EUR"},
        },
        runs=runs,
        curve=curve.assign(dataset="fashion-mnist", model="mlp"),
        scenarios=scenarios,
        savings=derive_savings(scenarios, size),
        countries=countries,
        sources=sources,
        costs=costs,
        recommendation={
            "margin": margin,
            "confidence": 0.95,
            "metric": spec_of(METRICS["accuracy"]),
            "results": [result],
        },
        country_data={},
        equivalents=pd.DataFrame(),
        methods=pd.DataFrame(),
        method_ranks={},
        method_inputs=load_method_inputs(),
    )


def claim_of(study, poster, claim_id):
    """One row of the table, checked alone, with ordinary spaces."""
    chosen = [claim for claim in poster if claim["id"] == claim_id]
    row = told_claims(study, chosen).iloc[0]
    return row.map(lambda value: plain(value) if isinstance(value, str) else value)


def told_claims(study, poster):
    """The table of claims, and beside it what the report says of each in both languages."""
    checked = put_to_test(study, poster)
    table = as_table(checked)
    for language, text in TEXTS.items():
        told = [in_words(one.claim, one.finding, one.case, text) for one in checked]
        table[f"statement_{language}"], table[f"explanation_{language}"] = zip(*told, strict=True)
    return table


def plain(text):
    return text.replace(NBSP, " ").replace(NNBSP, " ")


def facts_of(poster, claim_id):
    (claim,) = (claim for claim in poster if claim["id"] == claim_id)
    return {**claim["facts"], "poster": claim["poster"]["value"], "corrected": claim["corrected"]}


def assert_unchecked(row):
    assert row["verdict"] == "inconclusive"
    assert pd.isna(row["measured_value"])
    assert pd.isna(row["ci_low"])
    assert pd.isna(row["ci_high"])
