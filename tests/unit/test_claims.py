import dataclasses
import math
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from synthetic import ROOT, load_method_inputs, make_runs, make_study

from ecosobriety.claims import TESTS, check_claims, load_poster
from ecosobriety.claims.countries import rank_correlation_interval
from ecosobriety.claims.finding import verdict_below
from ecosobriety.curves.intervals import by_size_and_seed
from ecosobriety.curves.non_inferiority import compare_with_reference, reference_size
from ecosobriety.errors import ConfigError
from ecosobriety.grid import load_countries
from ecosobriety.scenarios import derive_savings, derive_scenarios
from ecosobriety.tables import CLAIM_VERDICTS, read_table, write_table
from ecosobriety.texts import TextError, placeholders
from ecosobriety.views import Study

POSTER = ROOT / "config" / "poster.yaml"
SCHEMA = ROOT / "workflow" / "schemas" / "poster.schema.yaml"
RESULTS = ["accuracy_saturates", "energy_surplus", "low_carbon_countries", "source_matters"]
RESULTS += ["money_saved"]
CONTEXT = ["france_intensity", "compute_doubling", "nlp_emissions", "flights"]
NBSP, NNBSP = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
KG_PER_POUND = 0.45359237  # exact, by definition of the pound

RUN = make_runs().iloc[[0]]
# Three seeds. Differences -0.010, -0.008, -0.006: mean -0.008, SD 0.002.
ACCURACY = {30_000: [0.870, 0.872, 0.874], 60_000: [0.880, 0.880, 0.880]}
ENERGY_KWH = {30_000: [1.0, 1.0, 1.0], 60_000: [2.0, 2.0, 2.0]}
DIGITS_ACCURACY = {200: [0.90, 0.91], 600: [0.96, 0.965], 1400: [0.98, 0.981]}
# From the smallest to the largest size 12 times the energy, without an interval over the seeds.
SPAN_ACCURACY = {5_000: [0.84, 0.84], 60_000: [0.88, 0.88]}
SPAN_KWH = {5_000: [1.0, 1.0], 60_000: [12.0, 12.0]}
# g CO2e/kWh (low, central, high) and USD/kWh
SOURCES = {"coal": (700, 800, 1000), "hydro": (5, 10, 20)}
COSTS = {"coal": 0.10, "hydro": 0.05}
# g CO2e/kWh and low-carbon share; the ranks are in perfect reverse order.
COUNTRIES = {f"AA{letter}": (700 - 100 * i, i / 10) for i, letter in enumerate("ABCDEF")}


@pytest.fixture(scope="module")
def poster():
    return load_poster(POSTER, SCHEMA)


@pytest.fixture(scope="module")
def poster_study():
    return make_study()


@pytest.fixture(scope="module")
def poster_claims(poster_study, poster):
    return check_claims(poster_study, poster)


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
    return table.assign(flag=pd.Series([None] * len(table), dtype="str"))


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
        countries,
        sources,
        costs,
        country_codes=countries["country_iso3"],
        source_names=sources["source"],
        coverage=coverage,
        confidence=0.95,
        pue=1.0,
        currency="EUR",
        usd_per_unit=1.25,
    )
    accuracy = by_size_and_seed(runs, "test_accuracy")
    size = reference_size(accuracy, reference)
    curve = compare_with_reference(accuracy, size, margin, 0.95).reset_index()
    result = {"dataset": "fashion-mnist", "model": "mlp", "reference_n_train": size}
    return Study(
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
        recommendation={"margin": margin, "confidence": 0.95, "results": [result]},
        country_data={},
        everyday=pd.DataFrame(),
        methods=pd.DataFrame(),
        method_ranks={},
        method_inputs=load_method_inputs(),
    )


def claim_of(study, poster, claim_id):
    """One row of the table, checked alone, with ordinary spaces."""
    chosen = [claim for claim in poster["claims"] if claim["id"] == claim_id]
    row = check_claims(study, {**poster, "claims": chosen}).iloc[0]
    return row.map(lambda value: plain(value) if isinstance(value, str) else value)


def plain(text):
    return text.replace(NBSP, " ").replace(NNBSP, " ")


def facts_of(poster, claim_id):
    (claim,) = (claim for claim in poster["claims"] if claim["id"] == claim_id)
    return {**claim["facts"], "poster": claim["poster"]["value"], "corrected": claim["corrected"]}


def assert_unchecked(row):
    assert row["verdict"] == "inconclusive"
    assert pd.isna(row["measured_value"])
    assert pd.isna(row["ci_low"])
    assert pd.isna(row["ci_high"])


class TestAccuracySaturates:
    # t(0.95, 2) = 2.9200; SE = 0.002 / sqrt(3) = 0.0011547; reach = 0.0033717
    @pytest.mark.parametrize(
        ("margin", "verdict"),
        [(0.02, "supported"), (0.01, "inconclusive"), (0.004, "not_supported")],
    )
    def test_verdict_is_that_of_the_margin(self, poster, margin, verdict):
        row = claim_of(tiny_study(margin=margin), poster, "accuracy_saturates")

        assert row["verdict"] == verdict
        assert row["measured_value"] == pytest.approx(-0.008)
        assert row["ci_low"] == pytest.approx(-0.0113717, abs=1e-7)
        assert row["ci_high"] == pytest.approx(-0.0046283, abs=1e-7)

    def test_p_is_that_of_scipy(self, poster):
        row = claim_of(tiny_study(margin=0.01), poster, "accuracy_saturates")
        difference = np.subtract(ACCURACY[30_000], ACCURACY[60_000])
        p_value = stats.ttest_1samp(difference, -0.01, alternative="greater").pvalue

        assert f"p = {p_value:.3f}" in row["explanation_en"]
        assert f"p = {p_value:.3f}".replace(".", ",") in row["explanation_fr"]

    def test_numbers_are_told(self, poster):
        told = claim_of(tiny_study(margin=0.02), poster, "accuracy_saturates")["explanation_en"]

        for number in ("mlp on fashion-mnist", "3 seeds", "87.20%", "88.00%", "−0.8 points"):
            assert number in told
        assert "−1.14 points" in told
        assert "2 points" in told
        assert "stand in" not in told

    def test_a_difference_without_variance_is_told_as_such(self, poster):
        accuracy = {30_000: [0.87, 0.88], 60_000: [0.88, 0.89]}
        row = claim_of(tiny_study(accuracy, ENERGY_KWH, margin=0.02), poster, "accuracy_saturates")

        assert row["verdict"] == "supported"
        assert row["ci_low"] == row["ci_high"] == pytest.approx(-0.01)
        assert "the same with every seed" in row["explanation_en"]

    def test_size_is_tested_alone_where_a_larger_one_failed(self, poster):
        accuracy = {30_000: [0.90, 0.91, 0.92], 40_000: [0.80, 0.9, 0.7], 60_000: [0.9, 0.91, 0.92]}
        energy = {size: [1.0, 1.1, 1.2] for size in accuracy}
        study = tiny_study(accuracy, energy)
        row = claim_of(study, poster, "accuracy_saturates")

        assert study.curve["verdict_reason"].tolist()[0] == "sequence_stopped"
        assert row["verdict"] == "supported"
        assert "a larger one failed" in row["explanation_en"]

    def test_larger_size_is_the_claims_and_not_the_reference(self, poster):
        accuracy = {**ACCURACY, 50_000: [0.5, 0.5, 0.51]}
        energy = {size: [1.0, 1.1, 1.2] for size in accuracy}
        study = tiny_study(accuracy, energy, reference=50_000)

        row = claim_of(study, poster, "accuracy_saturates")

        assert row["measured_value"] == pytest.approx(-0.008)

    def test_one_pair_is_no_test(self, poster):
        accuracy = {30_000: [0.87, None, None], 60_000: [0.88, 0.88, 0.88]}
        row = claim_of(tiny_study(accuracy, ENERGY_KWH), poster, "accuracy_saturates")

        assert_unchecked(row)
        assert "Fewer than two seeds" in row["explanation_en"]


class TestEnergySurplus:
    def test_interval_is_that_of_scipy(self, poster):
        energy = {30_000: [1e-4, 2e-4, 3e-4], 60_000: [3e-4, 6e-4, 9e-4]}
        row = claim_of(tiny_study(energy_kwh=energy), poster, "energy_surplus")
        expected = stats.ttest_rel(energy[60_000], energy[30_000]).confidence_interval(0.95)

        assert row["verdict"] == "not_supported"
        # Surpluses 2, 4 and 6 x 1e-4 kWh; t(0.975, 2) = 4.3027; reach 4.3027 * 2 / sqrt(3) = 4.9683
        assert row["measured_value"] == pytest.approx(4e-4)
        assert row["ci_low"] == pytest.approx(-0.9683e-4, abs=1e-8)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((expected.low, expected.high))
        # 436.3 / 4e-4 = 1,090,750
        assert "1,100,000 times" in row["explanation_en"]

    @pytest.mark.parametrize(
        ("surplus_kwh", "verdict"),
        [
            # mean 436, SD 6: 436 +- 4.3027 * 6 / sqrt(3) = 436 +- 14.9
            ([430, 436, 442], "supported"),
            # mean 433.3, SD 1450: holds 0 and 436.3
            ([-1000, 400, 1900], "inconclusive"),
            # mean 500, SD 10: 500 +- 24.8
            ([490, 500, 510], "not_supported"),
        ],
    )
    def test_verdict(self, poster, surplus_kwh, verdict):
        energy = {30_000: [2000.0] * 3, 60_000: [2000.0 + value for value in surplus_kwh]}

        row = claim_of(tiny_study(energy_kwh=energy), poster, "energy_surplus")

        assert row["verdict"] == verdict
        assert row["measured_value"] == pytest.approx(np.mean(surplus_kwh))
        assert row["poster_value"] == 436.3

    def test_durations_at_the_measured_power_and_at_a_plausible_one(self, poster):
        # 0.4 kWh in 3600 s is 400 W: 436.3 kWh last 1090.75 h, 45.4 days; at 100 W 4363 h, 181.8 d
        energy = {30_000: [0.1, 0.1, 0.1], 60_000: [0.4, 0.4, 0.4]}
        row = claim_of(tiny_study(energy_kwh=energy), poster, "energy_surplus")

        told = row["explanation_en"]
        assert "(400 W)" in told
        assert "1,091 hours (45.4 days)" in told
        assert "100 W would need 4,363 hours (182 days)" in told
        assert "power models" not in told
        assert "4 363 heures" in row["explanation_fr"]

    def test_estimated_energy_is_told_as_such(self, poster):
        runs = runs_of(ACCURACY, ENERGY_KWH).assign(energy_quality="estimated")

        row = claim_of(tiny_study(runs=runs), poster, "energy_surplus")

        assert "power models" in row["explanation_en"]

    def test_no_surplus_has_no_factor(self, poster):
        energy = {30_000: [2.0, 2.1, 2.0], 60_000: [1.0, 1.0, 1.2]}

        row = claim_of(tiny_study(energy_kwh=energy), poster, "energy_surplus")

        assert row["verdict"] == "not_supported"
        assert row["measured_value"] < 0
        assert "uses no more energy" in row["explanation_en"]
        assert " times " not in row["explanation_en"]

    def test_no_measured_time_has_no_power(self, poster):
        runs = runs_of(ACCURACY, ENERGY_KWH, duration_s=0.0)

        row = claim_of(tiny_study(runs=runs), poster, "energy_surplus")

        assert "this machine" not in row["explanation_en"]
        assert "4,363 hours" in row["explanation_en"]

    def test_one_pair_is_no_test(self, poster):
        accuracy = {30_000: [0.87, None, None], 60_000: [0.88, 0.88, 0.88]}

        assert_unchecked(claim_of(tiny_study(accuracy, ENERGY_KWH), poster, "energy_surplus"))


class TestOtherSizes:
    def test_reference_and_the_size_nearest_its_half_stand_in(self, poster):
        energy = {size: [1e-6, 2e-6] for size in DIGITS_ACCURACY}
        study = tiny_study(DIGITS_ACCURACY, energy)

        for claim_id in ("accuracy_saturates", "energy_surplus", "money_saved"):
            row = claim_of(study, poster, claim_id)
            assert "30,000 and 60,000 images, were not both run" in row["explanation_en"]
            assert "its reference size of 1,400" in row["explanation_en"]
            assert "nearest to half of it, 600," in row["explanation_en"]
            assert "30,000" in row["statement_en"]
        # 0.96 - 0.98 and 0.965 - 0.981: mean -0.018
        measured = claim_of(study, poster, "accuracy_saturates")["measured_value"]
        assert measured == pytest.approx(-0.018)

    @pytest.mark.parametrize(
        # 436.3 kWh for 30,000 images are 11.635 kWh for 800, 14.5 Wh each.
        ("surplus_kwh", "verdict"),
        [((11.6, 11.7), "supported"), ((436.2, 436.4), "not_supported")],
    )
    def test_energy_is_compared_for_as_many_images(self, poster, surplus_kwh, verdict):
        energy = {200: [1.0, 1.0], 600: [2.0, 2.0], 1400: [2.0 + value for value in surplus_kwh]}

        row = claim_of(tiny_study(DIGITS_ACCURACY, energy), poster, "energy_surplus")

        assert row["verdict"] == verdict
        assert row["measured_value"] == pytest.approx(np.mean(surplus_kwh))
        assert "14.5 Wh on the poster" in row["explanation_en"]

    def test_reference_alone_cannot_be_compared(self, poster):
        study = tiny_study({1400: [0.98, 0.981]}, {1400: [1e-6, 2e-6]})

        for claim_id in ("accuracy_saturates", "energy_surplus", "money_saved", "source_matters"):
            assert_unchecked(claim_of(study, poster, claim_id))


class TestLowCarbonCountries:
    def test_rho_is_that_of_scipy(self, poster_study, poster_claims):
        cells = poster_study.cases()[0].country_cells
        usable = cells[cells["usable"]]
        expected = stats.spearmanr(usable["country_low_carbon_share"], usable["emissions_g"])
        row = poster_claims.set_index("claim_id").loc["low_carbon_countries"]

        assert row["measured_value"] == pytest.approx(expected.statistic)
        assert row["verdict"] == "supported"
        assert f"{len(usable)} countries" in row["explanation_en"]
        assert f": {len(cells) - len(usable)} countries." in row["explanation_en"]

    @pytest.mark.parametrize(
        ("shares", "verdict"),
        [
            ([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], "supported"),
            ([0.5, 0.4, 0.3, 0.2, 0.1, 0.0], "not_supported"),
            ([0.3, 0.0, 0.5, 0.1, 0.4, 0.2], "inconclusive"),
            # Four countries in order say little: one order in 24.
            ([0.0, 0.1, 0.2, 0.3], "inconclusive"),
        ],
    )
    def test_verdict(self, poster, shares, verdict):
        factors = {f"AA{'ABCDEF'[i]}": (700 - 100 * i, share) for i, share in enumerate(shares)}

        row = claim_of(tiny_study(countries=factors), poster, "low_carbon_countries")

        assert row["verdict"] == verdict
        ranks = stats.spearmanr(shares, range(len(shares), 0, -1)).statistic
        assert row["measured_value"] == pytest.approx(ranks)
        assert row["ci_low"] <= row["measured_value"] <= row["ci_high"]

    def test_countries_without_sound_data_are_left_out(self, poster):
        countries = make_countries({**COUNTRIES, "BBA": (None, 0.9), "BBB": (900, None)})
        countries.loc[countries["country_iso3"] == "AAF", "flag"] = "doubtful"

        row = claim_of(tiny_study(countries=countries), poster, "low_carbon_countries")

        assert "Over 5 countries" in row["explanation_en"]
        assert ": 3 countries." in row["explanation_en"]

    def test_too_few_countries_or_equal_ones_are_not_ranked(self, poster):
        few = {"AAA": (700, 0.1), "AAB": (600, 0.2), "AAC": (500, 0.3)}
        equal = {code: (500, share) for code, (_, share) in COUNTRIES.items()}

        few_row = claim_of(tiny_study(countries=few), poster, "low_carbon_countries")
        equal_row = claim_of(tiny_study(countries=equal), poster, "low_carbon_countries")

        assert_unchecked(few_row)
        assert "3 countries with usable data" in few_row["explanation_en"]
        assert_unchecked(equal_row)
        assert "no ranks to compare" in equal_row["explanation_en"]

    def test_interval_by_hand(self):
        # artanh 0.5 = 0.549306; SE = sqrt(1.125 / 25) = 0.212132; 1.959964 * SE = 0.415771
        low, high = rank_correlation_interval(0.5, 28, 0.95)

        assert low == pytest.approx(math.tanh(0.133535), abs=1e-5)
        assert high == pytest.approx(math.tanh(0.965077), abs=1e-5)

    def test_perfect_order_is_bounded_by_the_nearest_imperfect_one(self):
        # Six ranks, two neighbours swapped: 1 - 12 / 210.
        inner_low, inner_high = rank_correlation_interval(-(1 - 12 / 210), 6, 0.95)

        assert rank_correlation_interval(-1.0, 6, 0.95) == (-1.0, pytest.approx(inner_high))
        assert -1 < inner_low < inner_high < 0

    @given(
        rho=st.floats(-1, 1),
        n=st.integers(4, 300),
        confidence=st.floats(0.5, 0.999, exclude_min=True),
    )
    def test_interval_holds_rho_and_mirrors(self, rho, n, confidence):
        low, high = rank_correlation_interval(rho, n, confidence)

        assert -1 <= low <= rho <= high <= 1
        assert rank_correlation_interval(-rho, n, confidence) == pytest.approx((-high, -low))


class TestSourceMatters:
    def row(self, poster, ranges, **changes):
        study = tiny_study(SPAN_ACCURACY, SPAN_KWH, sources=ranges, **changes)
        return claim_of(study, poster, "source_matters")

    @pytest.mark.parametrize(
        ("hydro", "ratio", "low", "high", "verdict"),
        [
            # 12 x 10 / 800, 12 x 5 / 1000, 12 x 20 / 700
            ((5, 10, 20), 0.15, 0.06, 12 * 20 / 700, "supported"),
            ((5, 10, 2200), 0.15, 0.06, 12 * 2200 / 700, "inconclusive"),
            ((500, 600, 900), 9.0, 6.0, 12 * 900 / 700, "not_supported"),
        ],
    )
    def test_verdict_is_that_of_the_whole_range(self, poster, hydro, ratio, low, high, verdict):
        row = self.row(poster, {**SOURCES, "hydro": hydro})

        assert row["verdict"] == verdict
        assert row["measured_value"] == pytest.approx(ratio)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high))

    def test_central_values_and_the_outlier_are_told(self, poster):
        told = self.row(poster, {**SOURCES, "hydro": (5, 10, 2200)})["explanation_en"]

        # 12 kWh x 10 g/kWh; 1 kWh x 800 g/kWh; 800 / 10; 800 / 12 = 66.7
        assert "emits 120 g CO₂e" in told
        assert "800 g CO₂e with coal alone: a ratio of 0.15" in told
        assert "coal emits 80 times as much" in told
        assert "hydropower below 67 g/kWh" in told
        assert "2,200 g/kWh, is methane" in told

    def test_an_ordinary_range_is_no_outlier(self, poster):
        assert "methane" not in self.row(poster, SOURCES)["explanation_en"]

    def test_factor_without_a_range_decides_nothing(self, poster):
        row = self.row(poster, {**SOURCES, "hydro": (None, 10, None)})

        assert row["verdict"] == "inconclusive"
        assert row["measured_value"] == pytest.approx(0.15)
        assert pd.isna(row["ci_low"])
        assert "has no bounds" in row["explanation_en"]

    def test_interval_of_energy_down_to_zero_decides_nothing(self, poster):
        # 1 and 3 kWh: t(0.975, 1) = 12.7, so that the interval starts at 0.
        study = tiny_study(SPAN_ACCURACY, {5_000: [1.0, 3.0], 60_000: [12.0, 12.0]})
        row = claim_of(study, poster, "source_matters")

        assert row["verdict"] == "inconclusive"
        assert row["measured_value"] == pytest.approx(0.075)
        assert pd.isna(row["ci_high"])

    def test_study_without_the_source_or_the_contract_cannot_check(self, poster):
        lacking = self.row(poster, {"coal": SOURCES["coal"], "gas": (1, 2, 3)})
        partial = self.row(poster, SOURCES, coverage=(0.5,))

        assert_unchecked(lacking)
        assert "lack hydro." in lacking["explanation_en"]
        assert_unchecked(partial)
        assert "a coverage of 1" in partial["explanation_en"]

    def test_country_without_an_intensity_does_not_matter(self, poster):
        row = self.row(poster, SOURCES, countries={**COUNTRIES, "AAA": (None, None)})

        assert row["measured_value"] == pytest.approx(0.15)


class TestMoneySaved:
    @pytest.mark.parametrize(
        ("stop_kwh", "margin", "verdict"),
        [
            ([1.0, 1.0, 1.0], 0.02, "supported"),
            ([1.0, 1.0, 1.0], 0.01, "inconclusive"),
            ([1.0, 1.0, 1.0], 0.004, "not_supported"),
            # shares 0.9, 0 and 0: mean 0.3, its interval holds 0
            ([0.2, 2.0, 2.0], 0.02, "inconclusive"),
            # shares -0.5, -0.5 and -0.6
            ([3.0, 3.0, 3.2], 0.02, "not_supported"),
        ],
    )
    def test_both_parts_have_to_hold(self, poster, stop_kwh, margin, verdict):
        energy = {30_000: stop_kwh, 60_000: [2.0, 2.0, 2.0]}

        row = claim_of(tiny_study(energy_kwh=energy, margin=margin), poster, "money_saved")

        assert row["verdict"] == verdict
        assert row["measured_value"] == pytest.approx(1 - np.mean(stop_kwh) / 2)

    def test_share_is_that_of_the_savings(self, poster_study, poster_claims):
        row = poster_claims.set_index("claim_id").loc["money_saved"]
        saved = poster_study.savings.query("n_train == 30_000")["saved_share"]

        assert row["measured_value"] == pytest.approx(saved.iloc[0])
        assert row["ci_low"] < row["measured_value"] < row["ci_high"]

    def test_interval_with_constant_full_runs_is_that_of_scipy(self, poster):
        stop_kwh = [0.9, 1.0, 1.2]
        study = tiny_study(energy_kwh={30_000: stop_kwh, 60_000: [2.0, 2.0, 2.0]})
        row = claim_of(study, poster, "money_saved")
        shares = 1 - np.array(stop_kwh) / 2
        expected = stats.ttest_1samp(shares, 0).confidence_interval(0.95)

        assert (row["ci_low"], row["ci_high"]) == pytest.approx((expected.low, expected.high))

    def test_amounts_and_parts_are_told_apart(self, poster):
        # 1 kWh saved; 0.10 and 0.05 US dollars at 1.25 per euro: 0.08 and 0.04 euros
        row = claim_of(tiny_study(costs={**COSTS, "gas": 0.2}, margin=0.004), poster, "money_saved")

        told = row["explanation_en"]
        assert "saves 50.0% of a training’s energy" in told
        assert "€0.040 to €0.080" in told
        assert "For 1,000 trainings it is €40.0 to €80.0." in told
        assert "(2 of this study’s 2 sources have a known price)" in told
        assert told.index("Part one") < told.index("€0.040") < told.index("Part two")
        assert told.index("Part two") < told.index("beyond the margin of 0.4 points")
        assert "de 0,040 € à 0,080 €" in row["explanation_fr"]

    def test_unpriced_sources_are_counted(self, poster):
        row = claim_of(tiny_study(costs={"coal": 0.1}), poster, "money_saved")

        assert "(1 of this study’s 2 sources have a known price)" in row["explanation_en"]

    def test_legible_amounts_are_told_once(self, poster):
        energy = {30_000: [100.0] * 3, 60_000: [200.0] * 3}  # 100 kWh: 4 and 8 euros

        row = claim_of(tiny_study(energy_kwh=energy), poster, "money_saved")

        assert "€4.0 to €8.0" in row["explanation_en"]
        assert "it is €" not in row["explanation_en"]

    def test_study_without_prices_contracts_or_pairs_cannot_check(self, poster):
        pairs = {30_000: [0.87, None, None], 60_000: [0.88, 0.88, 0.88]}

        for study, reason in (
            (tiny_study(costs={}), "None of this study’s sources has a known price."),
            (tiny_study(coverage=(0.5,)), "a coverage of 1"),
            (tiny_study(pairs), "Fewer than two seeds"),
        ):
            row = claim_of(study, poster, "money_saved")
            assert_unchecked(row)
            assert reason in row["explanation_en"]


class TestContext:
    def test_all_are_corrected(self, poster_claims):
        table = poster_claims.set_index("claim_id").loc[CONTEXT]

        assert set(table["verdict"]) == {"corrected"}
        assert table["measured_value"].notna().all()
        assert table["ci_low"].isna().all()

    def test_figure_that_agrees_with_its_source_is_supported(self, poster_study, poster):
        claims = [
            {**claim, "corrected": claim["poster"]["value"]}
            for claim in poster["claims"]
            if claim["id"] == "flights"
        ]

        table = check_claims(poster_study, {**poster, "claims": claims})

        assert table["verdict"].tolist() == ["supported"]

    def test_france_is_that_of_the_studys_table(self, poster_claims):
        france = load_countries().set_index("country_iso3").loc["FRA"]
        row = poster_claims.set_index("claim_id").loc["france_intensity"]

        assert row["measured_value"] == pytest.approx(france["intensity_g_per_kwh"] / 1000)
        assert row["poster_value"] == 0.1
        assert f"0.056{NBSP}kg CO₂e/kWh" in row["explanation_en"]
        assert f"0,056{NBSP}kg CO₂e/kWh" in row["explanation_fr"]
        assert f"for {france['year']};" in row["explanation_en"]

    @pytest.mark.parametrize("factor", [None, (None, 0.9)])
    def test_country_without_an_intensity_corrects_nothing(self, poster, factor):
        countries = {**COUNTRIES, "FRA": factor} if factor else COUNTRIES

        row = claim_of(tiny_study(countries=countries), poster, "france_intensity")

        assert_unchecked(row)
        assert "France" in row["explanation_en"]

    def test_compute_figures_fit_each_other(self, poster):
        facts = facts_of(poster, "compute_doubling")

        # +300,000 % is the whole and 3,000 times as much again.
        assert facts["poster"] == 1 + facts["poster_percent"] / 100
        assert facts["doublings"] == pytest.approx(math.log2(facts["corrected"]), abs=0.05)
        assert facts["doublings"] * facts["months"] == pytest.approx(facts["total_months"], abs=0.5)

    def test_emission_figures_fit_each_other(self, poster):
        facts = facts_of(poster, "nlp_emissions")

        assert round(facts["press_pounds"] * KG_PER_POUND) == facts["poster"]
        assert round(facts["pounds"] * KG_PER_POUND) == facts["corrected"]
        assert round(78_468 * KG_PER_POUND) == facts["project"]  # lb of the whole project
        assert round(626_155 * KG_PER_POUND) == facts["search"]  # lb of the architecture search
        assert round(0.954 * KG_PER_POUND * 1000) == facts["intensity_g"]  # lb/kWh of the USA

    def test_flight_figures_fit_each_other(self, poster):
        facts, emissions = facts_of(poster, "flights"), facts_of(poster, "nlp_emissions")

        assert facts["per_flight"] == facts["article"] / facts["poster"]
        assert facts["project"] == emissions["project"]
        assert facts["search"] == emissions["search"]
        assert facts["corrected"] == round(facts["project"] / facts["per_flight"])
        assert facts["search_flights"] == round(facts["search"] / facts["per_flight"])
        assert emissions["corrected"] / facts["per_flight"] == pytest.approx(0.25, abs=0.03)

    def test_sources_and_their_marks_are_told(self, poster, poster_claims):
        told = poster_claims.set_index("claim_id")["explanation_en"]

        for claim in poster["claims"]:
            if claim["id"] in CONTEXT:
                for part in ("reference", "url"):
                    assert claim["source"][part] in told[claim["id"]]
                assert f"({claim['source']['year']})" in told[claim["id"]]
        assert "from memory" in told["flights"]
        assert "secondary copies" in told["nlp_emissions"]
        assert "read in the source itself" in told["france_intensity"]


class TestTable:
    def test_every_claim_is_there_once_in_order(self, poster_claims):
        assert poster_claims["claim_id"].tolist() == RESULTS + CONTEXT

    def test_verdicts_on_the_made_up_study(self, poster_claims):
        # Made-up accuracies lose 1.45 points from 60,000 to 30,000 images, at a margin of 1.
        verdicts = poster_claims.set_index("claim_id")["verdict"]

        assert verdicts[RESULTS].to_dict() == {
            "accuracy_saturates": "not_supported",
            "energy_surplus": "not_supported",
            "low_carbon_countries": "supported",
            "source_matters": "inconclusive",
            "money_saved": "not_supported",
        }

    def test_table_comes_back_from_its_file(self, poster_claims, tmp_path):
        write_table("claims", poster_claims, tmp_path / "claims.csv")

        pd.testing.assert_frame_equal(
            read_table("claims", tmp_path / "claims.csv"), poster_claims, check_exact=True
        )

    def test_same_study_gives_the_same_table(self, poster_study, poster, poster_claims):
        pd.testing.assert_frame_equal(check_claims(poster_study, poster), poster_claims)

    def test_texts_have_no_hole(self, poster, poster_claims):
        pairs = {30_000: [0.87, None], 60_000: [0.88, 0.88]}
        studies = [
            tiny_study(),
            tiny_study(costs={}, sources={"gas": (None, 400, None)}),
            tiny_study(pairs, coverage=(0.5,)),
            tiny_study({1400: [0.98]}, {1400: [1e-6]}, countries={"AAA": (None, None)}),
        ]

        for table in [poster_claims, *(check_claims(study, poster) for study in studies)]:
            for column in ("statement_en", "statement_fr", "explanation_en", "explanation_fr"):
                for told in table[column]:
                    assert not re.search(r"[{}]|\bnan\b|\bNaN\b|None\b(?! of)|<NA>|\binf\b", told)
                    assert not re.search(r"unknown|inconnu|  ", told)
                    assert told[0].isupper() or told[0].isdigit()
                    assert told.endswith(".")

    def test_decimal_separators_are_those_of_the_language(self, poster_claims):
        for row in poster_claims.itertuples():
            assert not re.search(r"\d,\d{1,2}\b(?!,)", row.explanation_en), row.claim_id
            assert not re.search(r"\d\.\d", row.explanation_fr.split("https")[0]), row.claim_id
            assert row.explanation_en != row.explanation_fr

    def test_first_model_is_used_and_told(self, poster):
        linear = make_runs("linear").assign(test_accuracy=0.8)
        study = make_study(pd.concat([make_runs("mlp"), linear], ignore_index=True))
        models = [{"name": "linear"}, {"name": "mlp"}]
        study = dataclasses.replace(study, config={**study.config, "models": models})

        row = claim_of(study, poster, "accuracy_saturates")

        assert row["measured_value"] == 0
        assert (
            "linear, the first of this study’s 2 models, on fashion-mnist" in row["explanation_en"]
        )
        assert "linear, le premier des 2 modèles" in row["explanation_fr"]


class TestPoster:
    def test_languages_have_the_same_numbers(self, poster):
        groups = [poster["shared"], *(claim["explanation"] for claim in poster["claims"])]
        groups += [{"statement": claim["statement"]} for claim in poster["claims"]]

        for group in groups:
            for key, text in group.items():
                assert placeholders(text["en"]) == placeholders(text["fr"]), key

    def test_french_puts_a_space_that_does_not_break_before_high_punctuation(self, poster):
        groups = [poster["shared"], *(claim["explanation"] for claim in poster["claims"])]

        for group in groups:
            for key, text in group.items():
                for sign in ":;?!»":
                    before = text["fr"].split(sign)[:-1]
                    assert all(part.endswith((NBSP, NNBSP)) for part in before), key

    def test_every_sentence_is_used(self, poster):
        library = ROOT / "scripts" / "ecosobriety"
        files = [*library.glob("claims/*.py"), library / "texts.py"]
        code = "\n".join(path.read_text(encoding="utf-8") for path in files)
        built = re.compile(r"accuracy_(non_inferior|inferior|inconclusive)|verified\.|unit\.")
        keys = [*poster["shared"], *(key for c in poster["claims"] for key in c["explanation"])]

        unused = [key for key in keys if not built.match(key) and f'"{key}"' not in code]

        assert unused == []

    def test_every_test_is_used(self, poster):
        assert {claim["test"] for claim in poster["claims"]} == set(TESTS)

    @pytest.mark.parametrize(
        ("claim_id", "changes", "message"),
        [
            ("energy_surplus", {"test": "energy_diference"}, "claims[0].test"),
            ("accuracy_saturates", {"sizes": None}, "claims[0].sizes is missing"),
            ("energy_surplus", {"facts": {}}, "claims[0].facts.plausible_power_w is missing"),
            ("energy_surplus", {"poster": {"value": None, "unit": "kWh"}}, "poster.value is null"),
            ("source_matters", {"sources": None}, "claims[0].sources is missing"),
            ("france_intensity", {"country": None}, "claims[0].country is missing"),
            ("flights", {"corrected": None}, "claims[0].corrected is missing"),
            (
                "flights",
                {"statement": {"en": "Only English."}},
                "claims[0].statement.fr is missing",
            ),
            ("flights", {"verdict": "supported"}, "claims[0].verdict is not a known key"),
        ],
    )
    def test_wrong_file_is_told_in_one_sentence(self, poster, tmp_path, claim_id, changes, message):
        (claim,) = (claim for claim in poster["claims"] if claim["id"] == claim_id)
        changed = {key: value for key, value in {**claim, **changes}.items() if value is not None}
        path = tmp_path / "poster.yaml"
        path.write_text(yaml.safe_dump({"shared": {}, "claims": [changed]}), encoding="utf-8")

        with pytest.raises(ConfigError, match=re.escape(message)):
            load_poster(path, SCHEMA)

    def test_missing_sentence_is_told_with_its_claim(self, poster_study, poster):
        claims = [{**claim, "explanation": {}} for claim in poster["claims"][:1]]

        with pytest.raises(TextError, match="claim accuracy_saturates: the text 'depends'"):
            check_claims(poster_study, {**poster, "claims": claims})


@given(
    bounds=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted),
    limit=st.floats(-1e6, 1e6),
)
def test_verdict_below_agrees_with_both_bounds(bounds, limit):
    low, high = bounds
    verdict = verdict_below(low, high, limit)

    assert (verdict == "supported") == (high < limit)
    assert (verdict == "not_supported") == (low > limit)
    assert verdict in CLAIM_VERDICTS


def test_no_interval_shows_nothing():
    assert verdict_below(None, None, 0.0) == "inconclusive"
