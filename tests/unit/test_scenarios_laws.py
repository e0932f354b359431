"""Laws of scenarios and savings, on generated runs and factors."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_cases import COUNTRIES, derive, make_runs, pick

pytestmark = pytest.mark.slow

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
