"""The claims on electricity: low-carbon countries, its source, and the money."""

import math

import numpy as np
import pandas as pd
import pytest
from claim_cases import (
    COSTS,
    COUNTRIES,
    SOURCES,
    assert_unchecked,
    claim_of,
    make_countries,
    tiny_study,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ecosobriety.claims.countries import rank_correlation_interval

pytestmark = pytest.mark.slow

# From the smallest to the largest size 12 times the energy, without an interval over the seeds.
SPAN_ACCURACY = {5_000: [0.84, 0.84], 60_000: [0.88, 0.88]}
SPAN_KWH = {5_000: [1.0, 1.0], 60_000: [12.0, 12.0]}


class TestLowCarbonCountries:
    def test_rho_is_that_of_scipy(self, poster_study, poster_claims):
        cells = poster_study.cases()[0].electricity.country_cells
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
        assert (
            "1 training with 60,000 images (this study’s largest set) and hydropower alone: 120"
            in told
        )
        assert "coal alone: 800 g CO₂e. That is a ratio of 0.15" in told
        assert "coal emits 80 times as much" in told
        assert "hydropower below 67 g/kWh" in told
        assert "2,200 g/kWh, comes from methane" in told

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
        assert "For 1,000 trainings that is €40.0 to €80.0, depending on the source" in told
        assert "(2 of this study’s 2 sources have a known price)" in told
        assert told.index("First, the money") < told.index("€40.0") < told.index("Second, ")
        assert told.index("Second, ") < told.index("beyond the margin of 0.4 points")
        assert "de 40,0 € à 80,0 €" in row["explanation_fr"]

    def test_unpriced_sources_are_counted(self, poster):
        row = claim_of(tiny_study(costs={"coal": 0.1}), poster, "money_saved")

        assert "(1 of this study’s 2 sources have a known price)" in row["explanation_en"]

    def test_legible_amounts_are_told_once(self, poster):
        energy = {30_000: [100.0] * 3, 60_000: [200.0] * 3}  # 100 kWh: 4 and 8 euros

        row = claim_of(tiny_study(energy_kwh=energy), poster, "money_saved")

        assert "For 1 training that is €4.00 to €8.00" in row["explanation_en"]

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
