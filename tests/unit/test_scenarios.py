import math
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from codecarbon import OfflineEmissionsTracker
from hypothesis import given, settings
from hypothesis import strategies as st

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.footprint.derive import Accounting, Factors, derive_savings, derive_scenarios
from ecosobriety.tables import SCHEMAS, check_table, read_table, write_table

FACTORS = Path(__file__).parents[2] / "config/factors"
KEY = ["dataset", "model", "n_train", "country_iso3", "source", "coverage"]

COUNTRIES = pd.DataFrame(
    {
        "country_iso3": ["AAA", "BBB", "NUL"],
        "country_name": ["A", "B", "Null"],
        "intensity_g_per_kwh": [100.0, 700.0, None],
        "low_carbon_share": [0.9, 0.2, None],
        "year": pd.array([2023, 2022, None], dtype="Int64"),
        "flag": pd.array([None, None, "no intensity in the table"], dtype="str"),
    }
)
# Coal has a range everywhere, oil none and no cost, hydro a range of intensity alone.
SOURCES = pd.DataFrame(
    {
        "source": ["coal", "hydro", "oil"],
        "low_g_per_kwh": [700.0, 10.0, None],
        "central_g_per_kwh": [800.0, 20.0, 650.0],
        "high_g_per_kwh": [900.0, 40.0, None],
    }
)
COSTS = pd.DataFrame(
    {
        "source": ["coal", "hydro"],
        "low_per_kwh": [0.06, None],
        "central_per_kwh": [0.12, 0.05],
        "high_per_kwh": [0.18, None],
        "currency": ["USD", "USD"],
    }
)


def make_runs(energies_kwh: dict[int, Iterable[float]], model: str = "mlp") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"dataset": "d", "model": model, "n_train": n, "seed": seed, "energy_kwh": energy}
            for n, energies in energies_kwh.items()
            for seed, energy in enumerate(energies)
        ]
    )


def derive(runs: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    arguments: dict[str, Any] = {
        "countries": COUNTRIES,
        "sources": SOURCES,
        "costs": COSTS,
        "country_codes": ["AAA", "BBB", "NUL"],
        "source_names": ["coal", "hydro", "oil"],
        "coverage": [0.5, 1.0],
        "confidence": 0.95,
        "pue": 1.5,
        "currency": "EUR",
        "usd_per_unit": 1.25,
    }
    named = arguments | changes
    factors = Factors(*(named.pop(name) for name in ("countries", "sources", "costs")))
    asked = {name: named.pop(name) for name in ("country_codes", "source_names")}
    return derive_scenarios(runs, factors, Accounting(**named), **asked)


def pick(table: pd.DataFrame, country: str, source: str, coverage: float) -> pd.Series:
    chosen = table["country_iso3"].eq(country) & table["source"].eq(source)
    (row,) = (row for _, row in table[chosen & table["coverage"].eq(coverage)].iterrows())
    return row


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
        sources = load_sources(FACTORS / "source_intensity.csv")
        scenarios = derive(
            make_runs({n: [n * 1.0e-6, n * 1.1e-6, n * 1.2e-6] for n in sizes}),
            countries=countries,
            sources=sources,
            costs=load_costs(FACTORS / "source_cost.csv"),
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


positive = st.floats(min_value=1e-9, max_value=1e6)
intensities = st.floats(min_value=1.0, max_value=2000.0)
prices = st.floats(min_value=0.001, max_value=10.0)
quick = settings(max_examples=15, deadline=None)


class TestLaws:
    @quick
    @given(energies=st.lists(positive, min_size=2, max_size=6), factor=st.floats(1.01, 100.0))
    def test_emissions_grow_in_proportion_to_the_energy(
        self, energies: list[float], factor: float
    ) -> None:
        one = derive(make_runs({1000: energies}))
        more = derive(make_runs({1000: [factor * energy for energy in energies]}))
        np.testing.assert_allclose(more["emissions_g"], factor * one["emissions_g"], rtol=1e-9)
        np.testing.assert_allclose(more["cost"], factor * one["cost"], rtol=1e-9)

    @quick
    @given(intensity=intensities, factor=st.floats(1.01, 10.0))
    def test_emissions_grow_with_the_intensity(self, intensity: float, factor: float) -> None:
        def emit(grid_g_per_kwh: float) -> pd.DataFrame:
            countries = COUNTRIES.assign(intensity_g_per_kwh=grid_g_per_kwh)
            return derive(make_runs({1000: [1.0, 2.0]}), countries=countries)

        clean, dirty = emit(intensity), emit(factor * intensity)
        partly_grid = clean["coverage"] < 1
        grew = dirty["emissions_g"] > clean["emissions_g"]
        assert grew[partly_grid].all()
        assert not grew[~partly_grid].any()

    @quick
    @given(
        energies=st.lists(positive, min_size=2, max_size=6),
        grid=intensities,
        central=intensities,
        spread=st.floats(1.0, 50.0),
        coverage=st.floats(0.01, 0.99),
        pue=st.floats(1.0, 3.0),
    )
    def test_bounds_are_ordered_and_a_partial_contract_lies_between(
        self,
        energies: list[float],
        grid: float,
        central: float,
        spread: float,
        coverage: float,
        pue: float,
    ) -> None:
        sources = pd.DataFrame(
            {
                "source": ["coal"],
                "low_g_per_kwh": [central / spread],
                "central_g_per_kwh": [central],
                "high_g_per_kwh": [central * spread],
            }
        )
        table = derive(
            make_runs({1000: energies}),
            countries=COUNTRIES.assign(intensity_g_per_kwh=grid),
            sources=sources,
            source_names=["coal"],
            coverage=[coverage, 1.0],
            pue=pue,
        )
        for column in ("intensity_g_per_kwh", "emissions_g", "cost"):
            central_values = table[column].dropna()
            low, high = (table[column + bound].dropna() for bound in ("_low", "_high"))
            assert (low >= 0).all()
            assert (low <= central_values[low.index] * (1 + 1e-12)).all()
            assert (high * (1 + 1e-12) >= central_values[high.index]).all()
        ends = [pick(table, "AAA", source, share) for source, share in (("grid", 0), ("coal", 1))]
        between = pick(table, "AAA", "coal", coverage)
        emissions_g = [end["emissions_g"] for end in ends]
        assert min(emissions_g) * (1 - 1e-12) <= between["emissions_g"]
        assert between["emissions_g"] <= max(emissions_g) * (1 + 1e-12)

    @quick
    @given(
        energies=st.lists(positive, min_size=1, max_size=5),
        grids=st.lists(st.none() | intensities, min_size=1, max_size=4),
        factors=st.lists(
            st.tuples(intensities, st.none() | st.floats(1.0, 50.0), st.none() | prices),
            min_size=1,
            max_size=3,
        ),
        coverage=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=3, unique=True),
        pue=st.floats(1.0, 3.0),
        usd_per_unit=st.floats(0.1, 10.0),
        grid_price=st.none() | prices,
    )
    def test_each_cell_equals_its_formula_worked_one_by_one(
        self,
        energies: list[float],
        grids: list[float | None],
        factors: list[tuple[float, float | None, float | None]],
        coverage: list[float],
        pue: float,
        usd_per_unit: float,
        grid_price: float | None,
    ) -> None:
        """With plain floats and dictionaries, nothing of the module's tables."""
        place = {f"AA{chr(65 + i)}": grid for i, grid in enumerate(grids)}
        source = {f"s{i}": factor for i, factor in enumerate(factors)}
        price = {} if grid_price is None else {"AAA": grid_price}
        table = derive(
            make_runs({10: energies}),
            countries=pd.DataFrame(
                {
                    "country_iso3": list(place),
                    "country_name": list(place),
                    "intensity_g_per_kwh": pd.array(list(place.values()), dtype="Float64"),
                    "low_carbon_share": 0.5,
                    "year": 2023,
                }
            ).astype({"intensity_g_per_kwh": "float64"}),
            sources=_ranges(
                {name: (g, spread) for name, (g, spread, _) in source.items()}, "g_per_kwh"
            ),
            costs=_ranges(
                {name: (p, None) for name, (_, _, p) in source.items() if p is not None}, "per_kwh"
            ).assign(currency="USD"),
            country_codes=place,
            source_names=source,
            coverage=coverage,
            pue=pue,
            usd_per_unit=usd_per_unit,
            grid_price_per_kwh=price,
        )
        assert len(table) == len(place) * (len(source) * len(coverage) + 1)
        energy = sum(energies) / len(energies)
        for row in table.to_dict("records"):
            grid, a = place[row["country_iso3"]], row["coverage"]
            assert row["energy_kwh"] == pytest.approx(energy, rel=1e-9)
            if row["source"] == "grid":
                assert a == 0
                intensity, cost = grid, price.get(row["country_iso3"])
            else:
                central, _, usd = source[row["source"]]
                intensity = _mix(a, central, grid)
                own = None if usd is None else usd / usd_per_unit
                cost = _mix(a, own, price.get(row["country_iso3"]))
            for value, rate in ((row["emissions_g"], intensity), (row["cost"], cost)):
                if rate is None:
                    assert math.isnan(value)
                else:
                    assert value == pytest.approx(energy * pue * rate, rel=1e-9)
            for name in ("energy_kwh", "emissions_g", "cost"):
                assert not row[name] < 0
            bounded = row["source"] == "grid" or source[row["source"]][1] is not None
            known = intensity is not None and bounded and len(energies) > 1
            assert math.isnan(row["emissions_g_low"]) == (not known)


def _mix(a: float, source: float | None, grid: float | None) -> float | None:
    if a == 1:
        return source
    return None if source is None or grid is None else a * source + (1 - a) * grid


def _ranges(values: dict[str, tuple[float, float | None]], unit: str) -> pd.DataFrame:
    """Central values, each with the factor between it and its ends, or without ends."""
    return pd.DataFrame(
        {
            "source": pd.array(list(values), dtype="str"),
            f"low_{unit}": [v / s if s else math.nan for v, s in values.values()],
            f"central_{unit}": [v for v, _ in values.values()],
            f"high_{unit}": [v * s if s else math.nan for v, s in values.values()],
        }
    ).astype({f"{end}_{unit}": "float64" for end in ("low", "central", "high")})


@pytest.fixture(scope="module")
def scenarios() -> pd.DataFrame:
    return derive(make_runs({1000: [1.0, 1.0], 4000: [4.0, 4.0], 6000: [5.0, 5.0]}))


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
