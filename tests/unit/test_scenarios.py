import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from codecarbon import OfflineEmissionsTracker
from scenario_cases import COSTS, FACTORS, KEY, derive, make_runs, pick

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.footprint.derive import derive_savings
from ecosobriety.tables import SCHEMAS, check_table, read_table, write_table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    # Three seeds: mean 3 kWh, standard error 1/sqrt(3) = 0.577350 kWh; Student t(0.975, 2) =
    # 4.302653, so that the interval is 3 -/+ 2.484138 kWh.
    return derive(make_runs({1000: [2.0, 3.0, 4.0]}))


class TestHandWorked:
    def test_grid(self, table: pd.DataFrame) -> None:
        row = pick(table, "AAA", "grid", 0.0)
        assert row["energy_kwh"] == pytest.approx(3.0)  # IT energy: no PUE in it
        assert row["intensity_g_per_kwh"] == 100.0
        assert row["emissions_g"] == pytest.approx(450.0)  # 3 kWh x 1.5 x 100 g/kWh
        assert row["emissions_g_low"] == pytest.approx(77.3793, abs=1e-4)  # 0.5158623 x 1.5 x 100
        assert row["emissions_g_high"] == pytest.approx(822.6207, abs=1e-4)  # 5.484138 x 1.5 x 100
        assert row[["intensity_g_per_kwh_low", "intensity_g_per_kwh_high"]].isna().all()
        assert row[["cost", "cost_low", "cost_high"]].isna().all()
        assert (row["country_low_carbon_share"], row["country_year"]) == (0.9, 2023)

    def test_full_contract(self, table: pd.DataFrame) -> None:
        row = pick(table, "AAA", "coal", 1.0)
        assert row["intensity_g_per_kwh_low"] == 700.0
        assert row["emissions_g"] == pytest.approx(3600.0)  # 3 kWh x 1.5 x 800 g/kWh
        assert row["emissions_g_low"] == pytest.approx(541.6554, abs=1e-4)  # 0.5158623 x 1.5 x 700
        assert row["emissions_g_high"] == pytest.approx(7403.586, abs=1e-3)  # 5.484138 x 1.5 x 900
        assert row["cost"] == pytest.approx(0.432)  # 3 kWh x 1.5 x 0.12 USD/kWh / 1.25 USD/EUR
        assert row["cost_low"] == pytest.approx(
            0.0371421, abs=1e-6
        )  # 0.5158623 x 1.5 x 0.06 / 1.25
        assert row["cost_high"] == pytest.approx(1.184574, abs=1e-5)  # 5.484138 x 1.5 x 0.18 / 1.25
        assert row["currency"] == "EUR"

    def test_partial_contract(self, table: pd.DataFrame) -> None:
        row = pick(table, "BBB", "hydro", 0.5)
        assert row["intensity_g_per_kwh"] == pytest.approx(360.0)  # (20 + 700) / 2 g/kWh
        assert row["intensity_g_per_kwh_low"] == pytest.approx(355.0)  # (10 + 700) / 2
        assert row["intensity_g_per_kwh_high"] == pytest.approx(370.0)  # (40 + 700) / 2
        assert row["emissions_g"] == pytest.approx(1620.0)  # 3 kWh x 1.5 x 360 g/kWh

    def test_interval_below_zero_is_clipped(self) -> None:
        # Two seeds: 3 -/+ 12.706 kWh, and no training uses less than nothing.
        row = pick(derive(make_runs({1000: [2.0, 4.0]})), "AAA", "grid", 0.0)
        assert row["emissions_g_low"] == 0.0
        assert row["emissions_g_high"] == pytest.approx(2355.93, abs=0.01)  # 15.7062 x 1.5 x 100

    def test_equal_seeds_have_an_interval_of_no_width(self) -> None:
        row = pick(derive(make_runs({1000: [3.0, 3.0, 3.0]})), "AAA", "grid", 0.0)
        assert row["emissions_g_low"] == row["emissions_g"] == row["emissions_g_high"] == 450.0


class TestNulls:
    def test_null_intensity_is_null_where_the_grid_counts(self, table: pd.DataFrame) -> None:
        for source, coverage in (("grid", 0.0), ("coal", 0.5)):
            row = pick(table, "NUL", source, coverage)
            assert row[["intensity_g_per_kwh", "emissions_g", "emissions_g_low"]].isna().all()

    def test_full_contract_needs_no_grid(self, table: pd.DataFrame) -> None:
        row = pick(table, "NUL", "coal", 1.0)
        assert row["emissions_g"] == pytest.approx(3600.0)
        assert row["cost"] == pytest.approx(0.432)
        assert pd.isna(row["country_low_carbon_share"])
        assert pd.isna(row["country_year"])

    def test_no_stated_range_gives_no_bounds(self, table: pd.DataFrame) -> None:
        oil = pick(table, "AAA", "oil", 1.0)
        assert oil["emissions_g"] == pytest.approx(2925.0)  # 3 kWh x 1.5 x 650 g/kWh
        assert oil[["emissions_g_low", "intensity_g_per_kwh_high"]].isna().all()
        hydro = pick(table, "AAA", "hydro", 1.0)
        assert hydro["cost"] == pytest.approx(0.18)  # 3 kWh x 1.5 x 0.05 USD/kWh / 1.25 USD/EUR
        assert hydro[["cost_low", "cost_high"]].isna().all()

    def test_no_known_cost_is_null(self, table: pd.DataFrame) -> None:
        assert pd.isna(pick(table, "AAA", "oil", 1.0)["cost"])

    def test_partial_contract_costs_need_a_grid_price(self, table: pd.DataFrame) -> None:
        assert pd.isna(pick(table, "AAA", "coal", 0.5)["cost"])
        priced = derive(make_runs({1000: [3.0, 3.0]}), grid_price_per_kwh={"AAA": 0.2})
        # 3 kWh x 1.5 x (0.5 x 0.12 / 1.25 + 0.5 x 0.2) EUR/kWh
        assert pick(priced, "AAA", "coal", 0.5)["cost"] == pytest.approx(0.666)
        assert pick(priced, "AAA", "grid", 0.0)["cost"] == pytest.approx(0.9)  # 3 x 1.5 x 0.2 EUR
        assert pick(priced, "AAA", "coal", 1.0)["cost"] == pytest.approx(0.432)
        assert pd.isna(pick(priced, "BBB", "grid", 0.0)["cost"])

    def test_one_seed_has_no_interval(self) -> None:
        row = pick(derive(make_runs({1000: [3.0]})), "AAA", "coal", 1.0)
        assert row["emissions_g"] == pytest.approx(3600.0)
        assert row[["emissions_g_low", "emissions_g_high", "cost_low"]].isna().all()


class TestCurrency:
    def test_costs_in_the_studys_currency_are_not_converted(self) -> None:
        costs = COSTS.assign(currency="EUR")
        row = pick(derive(make_runs({1000: [3.0, 3.0]}), costs=costs), "AAA", "coal", 1.0)
        assert row["cost"] == pytest.approx(0.54)  # 3 kWh x 1.5 x 0.12 EUR/kWh

    def test_a_third_currency_is_refused(self) -> None:
        costs = COSTS.assign(currency=["USD", "JPY"])
        with pytest.raises(DataError, match=r"hydro is in JPY; allowed are USD and .* EUR"):
            derive(make_runs({1000: [3.0, 3.0]}), costs=costs)


class TestShape:
    def test_the_order_asked_for_changes_nothing(self, table: pd.DataFrame) -> None:
        shuffled = derive(
            make_runs({1000: [2.0, 3.0, 4.0]}).iloc[::-1],
            country_codes=["NUL", "AAA", "BBB", "AAA"],
            source_names=["oil", "coal", "hydro"],
            coverage=[1.0, 0.5, 0.5],
        )
        pd.testing.assert_frame_equal(shuffled, table)
        ordered = table.sort_values(KEY, ignore_index=True)
        pd.testing.assert_frame_equal(ordered, table)

    def test_unknown_codes_are_refused(self) -> None:
        runs = make_runs({1000: [3.0, 3.0]})
        with pytest.raises(
            ConfigError, match='"AAB" is no country of the country data, but must be'
        ):
            derive(runs, country_codes=["AAB"])
        with pytest.raises(ConfigError, match=r'"hydra" .*nearest is hydro'):
            derive(runs, source_names=["hydra"])

    def test_the_posters_whole_grid(self, tmp_path: Path) -> None:
        sizes = [5000, 10000, 20000, 30000, 40000, 50000, 60000]
        countries = load_countries()
        sources = load_sources(FACTORS / "poster" / "source_intensity.csv")
        runs = make_runs({n: [n * 1.0e-6, n * 1.1e-6, n * 1.2e-6] for n in sizes})
        scenarios = derive(
            runs,
            countries=countries,
            sources=sources,
            costs=load_costs(FACTORS / "poster" / "source_cost.csv"),
            country_codes=countries["country_iso3"],
            source_names=sources["source"],
        )
        assert len(scenarios) == 7 * 213 * (12 * 2 + 1) == 37_275
        assert scenarios["country_iso3"].nunique() == 213
        checked = check_table("scenarios", scenarios)
        assert list(checked.columns) == list(SCHEMAS["scenarios"].columns)
        write_table("scenarios", scenarios, tmp_path / "scenarios.csv")
        read = read_table("scenarios", tmp_path / "scenarios.csv")
        pd.testing.assert_frame_equal(read, checked)
        check_table("savings", derive_savings(scenarios, 60000))


@pytest.fixture(scope="module")
def on_grid() -> pd.DataFrame:
    countries = load_countries()
    return derive(
        make_runs({1000: [0.123, 0.123]}),
        countries=countries,
        country_codes=countries["country_iso3"],
        source_names=[],
        pue=1.0,
    )


class TestAgainstCodeCarbon:
    def test_grid_emissions_are_codecarbons_own(self, on_grid: pd.DataFrame) -> None:
        from codecarbon.core.emissions import Emissions
        from codecarbon.core.units import Energy
        from codecarbon.external.geography import GeoMetadata
        from codecarbon.input import DataSource

        engine = Emissions(DataSource())
        known = on_grid[on_grid["emissions_g"].notna()]
        expected_g = [
            # CodeCarbon answers in kg.
            1000
            * engine.get_private_infra_emissions(
                Energy.from_energy(kWh=0.123), GeoMetadata(country_iso_code=code)
            )
            for code in known["country_iso3"]
        ]
        assert len(known) == 212
        np.testing.assert_allclose(known["emissions_g"], expected_g, rtol=1e-3)

    @pytest.mark.parametrize("code", ["FRA", "POL", "NOR", "USA", "ZAF"])
    def test_a_tracker_of_that_country_tells_the_same_on_the_same_energy(self, code: str) -> None:
        tracker = OfflineEmissionsTracker(
            country_iso_code=code, output_methods=[], log_level="error"
        )
        tracker.start()
        time.sleep(0.3)
        tracker.stop()
        told = tracker.final_emissions_data
        assert told.energy_consumed > 0
        countries = load_countries()
        table = derive(
            make_runs({1000: [told.energy_consumed, told.energy_consumed]}),
            countries=countries,
            country_codes=[code],
            source_names=[],
            pue=1.0,
        )
        # CodeCarbon answers in kg.
        assert float(table["emissions_g"].iloc[0]) == pytest.approx(1000 * told.emissions, rel=1e-3)

    def test_only_the_country_with_intensity_0_differs(self, on_grid: pd.DataFrame) -> None:
        assert list(on_grid.loc[on_grid["emissions_g"].isna(), "country_iso3"]) == ["CAF"]


RUNS = make_runs({1000: [1.0, 1.0], 4000: [4.0, 4.0], 6000: [5.0, 5.0]})


@pytest.fixture(scope="module")
def scenarios() -> pd.DataFrame:
    return derive(RUNS)


class TestSavings:
    def test_hand_worked(self, scenarios: pd.DataFrame) -> None:
        savings = derive_savings(scenarios, 4000)
        small = pick(savings[savings["n_train"] == 1000], "AAA", "coal", 1.0)
        assert small["energy_saved_kwh"] == pytest.approx(3.0)  # 4 - 1 kWh
        assert small["emissions_saved_g"] == pytest.approx(3600.0)  # 3 kWh x 1.5 x 800 g/kWh
        assert small["cost_saved"] == pytest.approx(0.432)  # 3 kWh x 1.5 x 0.096 EUR/kWh
        assert small["saved_share"] == pytest.approx(0.75)  # 3 of 4 kWh
        large = pick(savings[savings["n_train"] == 6000], "AAA", "grid", 0.0)
        assert large["emissions_saved_g"] == pytest.approx(-150.0)  # -1 kWh x 1.5 x 100 g/kWh
        assert large["saved_share"] == pytest.approx(-0.25)

    def test_seeds_that_ran_at_one_size_alone_are_not_compared(self) -> None:
        # Of the seeds that ran at both: 10 and 20 kWh with the reference, 6 and 8 with 1,000.
        runs = make_runs({1000: [6.0, 8.0, np.nan], 2000: [10.0, 20.0, 90.0]})
        runs = runs.dropna()
        scenarios = derive(runs)
        assert {*scenarios.loc[scenarios["n_train"] == 1000, "energy_kwh"]} == {7 / 15 * 40}
        savings = derive_savings(scenarios, 2000)
        small = pick(savings[savings["n_train"] == 1000], "AAA", "coal", 1.0)
        assert small["saved_share"] == pytest.approx(8 / 15)
        # Of the 40 kWh that the reference takes in the mean of all its seeds.
        assert small["energy_saved_kwh"] == pytest.approx(8 / 15 * 40)
        assert small["emissions_saved_g"] == pytest.approx(8 / 15 * 40 * 1.5 * 800)

    def test_reference_saves_nothing_and_nulls_stay_null(self, scenarios: pd.DataFrame) -> None:
        savings = derive_savings(scenarios, 4000)
        reference = savings[savings["n_train"] == 4000]
        assert (reference["energy_saved_kwh"] == 0).all()
        assert pd.isna(pick(reference, "NUL", "grid", 0.0)["emissions_saved_g"])
        assert pd.isna(pick(reference, "AAA", "grid", 0.0)["cost_saved"])

    def test_key_and_order_are_those_of_the_scenarios(self, scenarios: pd.DataFrame) -> None:
        savings = check_table("savings", derive_savings(scenarios, 4000))
        pd.testing.assert_frame_equal(savings[KEY], scenarios[KEY])

    def test_models_are_compared_with_themselves(self) -> None:
        runs = pd.concat(
            [
                make_runs({1000: [1.0, 1.0], 2000: [2.0, 2.0]}, model="cnn"),
                make_runs({1000: [9.0, 9.0], 2000: [12.0, 12.0]}, model="mlp"),
            ]
        )
        savings = derive_savings(derive(runs), 2000)
        small = savings[savings["n_train"] == 1000].groupby("model")["saved_share"].unique()
        assert [list(small["cnn"]), list(small["mlp"])] == [[0.5], [0.25]]

    def test_a_reference_that_was_not_run_is_refused(self, scenarios: pd.DataFrame) -> None:
        with pytest.raises(ConfigError, match=r"mlp on d has no run of size 5.*1000, 4000, 6000"):
            derive_savings(scenarios, 5)
