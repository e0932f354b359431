from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecosobriety.errors import DataError
from ecosobriety.footprint.equivalents import equivalents_of, load_equivalents

PATH = Path(__file__).parents[2] / "config/factors/equivalents.csv"
FACTORS = load_equivalents(PATH)


def count(emissions_g: float | None, energy_kwh: float | None) -> dict[str, float | None]:
    return {
        entry["equivalent"]: entry["count"]
        for entry in equivalents_of(emissions_g, energy_kwh, FACTORS)
    }


def test_hand_worked() -> None:
    counts = count(35_000.0, 27.0)  # 35 kg and 27 kWh
    assert counts == {
        "car_km": pytest.approx(200.0),  # 35,000 g / 175 g
        "return_flight_paris_london": pytest.approx(0.35),  # / 100,000 g
        "return_flight_new_york_beijing": pytest.approx(0.0145833, rel=1e-5),  # / 2,400,000 g
        "tree_month": pytest.approx(38.168, rel=1e-4),  # / 917 g
        "french_household_day": pytest.approx(2.0),  # 27 kWh / 13.5 kWh
    }


def test_300_tonnes_are_the_125_flights_that_the_poster_speaks_of() -> None:
    assert count(300e6, None)["return_flight_new_york_beijing"] == pytest.approx(125)


def test_the_households_day_is_its_references_arithmetic() -> None:
    # 38 % of 438 TWh over 33.8 million homes and 365 days, in kWh.
    assert count(None, 0.38 * 438e9 / 33.8e6 / 365)["french_household_day"] == pytest.approx(
        1.0, abs=0.005
    )


def test_what_is_not_known_has_no_equivalent() -> None:
    counts = count(None, 13.5)
    assert counts["car_km"] is None
    assert counts["french_household_day"] == 1.0


def test_every_equivalent_stands_beside_its_reference() -> None:
    for entry in equivalents_of(1.0, 1.0, FACTORS):
        assert len(entry["reference"]) > 30
        assert entry["url"].startswith("https://")
        assert entry["verified"] in ("seen", "secondary copies", "from memory")


@given(emissions_g=st.floats(0, 1e12), times=st.floats(1, 1e3))
def test_counts_are_in_proportion(emissions_g: float, times: float) -> None:
    one, many = count(emissions_g, 0.0), count(times * emissions_g, 0.0)
    assert many["car_km"] == pytest.approx(times * (one["car_km"] or 0.0))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("emissions,175", "mass,175", r"row 1 \(.car_km.\), column quantity is .mass"),
        ("emissions,175,g", "emissions,175,kg", r"row 1 \(.car_km.\), column unit is .kg"),
        ("emissions,175", "emissions,0", r"row 1 \(.car_km.\), column amount is .0.*above 0"),
        ("tree_month", "car_km", r"column equivalent is .car_km.*once"),
    ],
)
def test_a_wrong_factor_is_refused_by_file_row_and_column(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = PATH.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "equivalents.csv"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=rf"equivalents\.csv.*{told}"):
        load_equivalents(path)
