"""What stands behind the factors: an address for each, the figures that were found, and the poster.

`poster_edition.csv` was derived from these very trainings by the software as it was before it had
editions.
"""

import csv
from pathlib import Path

import pandas as pd
import pytest

from ecosobriety.electricity import codecarbon_table, editions
from ecosobriety.electricity.countries import add_mix_intensity
from ecosobriety.electricity.factor_tables import VERIFIED, is_web_address
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.footprint import Accounting, Factors, derive_savings, derive_scenarios

ROOT = Path(__file__).parents[2]
FACTORS = ROOT / "config/factors"
BEFORE = Path(__file__).with_name("poster_edition.csv")

# Ember's countries have one reference, in config/factors/README.md and in the report.
TABLES = [path for path in FACTORS.rglob("*.csv") if path.name != "country_intensity.csv"]
RUNS = pd.DataFrame(
    [(200, 1, 1.1e-6), (200, 2, 1.3e-6), (1400, 1, 5.05e-6), (1400, 2, 5.17e-6)],
    columns=["n_train", "seed", "energy_kwh"],
).assign(dataset="digits", model="mlp")


def of_edition(edition):
    sources = load_sources(editions.table_path(FACTORS, edition, "source_intensity"))
    costs = load_costs(editions.table_path(FACTORS, edition, "source_cost"))
    return sources, costs


def test_the_posters_edition_gives_the_tables_of_before_to_the_last_digit():
    sources, costs = of_edition("poster")
    countries = add_mix_intensity(codecarbon_table.load_countries(), sources)
    prices = {"currency": "EUR", "usd_per_unit": 1.142, "grid_price_per_kwh": {"FRA": 0.25}}
    scenarios = derive_scenarios(
        RUNS,
        Factors(countries, sources, costs),
        Accounting(coverage=[1.0], confidence=0.95, pue=1.2, **prices),
        country_codes=["FRA"],
        source_names=list(sources["source"]),
    )
    key = ["n_train", "source"]
    names = ["emissions_saved_g", "cost_saved", "saved_share"]
    savings = derive_savings(scenarios, 1400)[[*key, *names]]
    with BEFORE.open() as file:
        columns = [name for name in next(csv.reader(file)) if name not in names]
    found = scenarios[columns].merge(savings, on=key)
    assert found.to_csv(index=False) == BEFORE.read_text()
    assert len(found) == 2 * (1 + len(sources))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: str(path.relative_to(FACTORS)))
def test_each_factor_has_a_reference_an_address_and_how_it_was_verified(path):
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert rows
    for row in rows:
        assert is_web_address(row["url"]), row
        assert row["reference"].strip(), row
        assert 1990 <= int(row["year"]) <= 2026, row
        assert row["verified"] in VERIFIED, row


@pytest.mark.parametrize(
    ("edition", "source", "usd_per_mwh"),
    [
        # Lazard, USA: gas combined cycle and new nuclear plants.
        (2025, "gas", (48, 109)),
        (2026, "gas", (51, 129)),
        (2025, "nuclear", (141, 220)),
        (2026, "nuclear", (141, 220)),
    ],
)
def test_ranges_of_generation_costs_are_lazards(edition, source, usd_per_mwh):
    row = of_edition(edition)[1].set_index("source").loc[source]
    low, high = (bound / 1000 for bound in usd_per_mwh)
    assert (row["low_per_kwh"], row["high_per_kwh"], row["currency"]) == (low, high, "USD")
    assert row["central_per_kwh"] == pytest.approx((low + high) / 2)


@pytest.mark.parametrize(
    ("source", "g_per_kwh"),
    [
        ("coal", "751 to 1095"),
        ("gas", "403 to 513"),
        ("nuclear", "5.1 to 6.4"),
        ("hydro", "6 to 147"),
    ],
)
def test_uneces_ranges_stand_beside_the_ipccs(source, g_per_kwh):
    told = of_edition(2026)[0].set_index("source")["reference"][source]
    assert f"UNECE 2022 has {g_per_kwh} (second-hand)" in told
