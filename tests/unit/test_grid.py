import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ecosobriety.electricity.codecarbon_table import build_countries, load_countries
from ecosobriety.electricity.countries import select_countries
from ecosobriety.electricity.sources import load_costs, load_sources, select_sources
from ecosobriety.errors import ConfigError, DataError

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "config/factors/poster/source_intensity.csv"
COSTS = ROOT / "config/factors/poster/source_cost.csv"


@pytest.fixture(scope="module")
def countries() -> pd.DataFrame:
    return load_countries()


@pytest.fixture(scope="module")
def by_code(countries: pd.DataFrame) -> pd.DataFrame:
    return countries.set_index("country_iso3")


def mix(**changes: object) -> dict[str, object]:
    """10 TWh: 4 of coal, 6 of hydropower, 400 g/kWh."""
    return {
        "country_name": "Testland",
        "year": 2022,
        "carbon_intensity": 400.0,
        "coal_TWh": 4.0,
        "hydroelectricity_TWh": 6.0,
        "low_carbon_TWh": 6.0,
        "total_TWh": 10.0,
    } | changes


def build(**changes: object) -> pd.Series:
    return build_countries({"TST": mix(**changes)}).iloc[0]


class TestLoadCountries:
    def test_all_countries_are_there_once_and_sorted(self, countries: pd.DataFrame) -> None:
        assert len(countries) == 213
        assert countries["country_iso3"].is_unique
        assert countries["country_iso3"].is_monotonic_increasing
        assert countries["country_iso3"].str.fullmatch("[A-Z]{3}").all()
        assert (countries["country_name"].str.len() > 3).all()

    @pytest.mark.parametrize(
        ("code", "intensity_g_per_kwh", "low_carbon_share", "year"),
        [
            ("FRA", 56.039, 470.81 / 514.11, 2023),  # TWh over TWh, as the table has them
            ("POL", 661.926, 45.81 / 168.75, 2023),
            ("NOR", 30.080, 151.35 / 153.59, 2023),
            ("PRY", 23.755, 1.0, 2023),  # all hydropower
            ("KOR", 430.567, 235.43 / 614.19, 2023),
        ],
    )
    def test_known_mixes(
        self,
        by_code: pd.DataFrame,
        code: str,
        intensity_g_per_kwh: float,
        low_carbon_share: float,
        year: int,
    ) -> None:
        row = by_code.loc[code]
        assert row["intensity_g_per_kwh"] == pytest.approx(intensity_g_per_kwh)
        assert row["low_carbon_share"] == pytest.approx(low_carbon_share)
        assert row["year"] == year
        assert pd.isna(row["flag"])

    def test_shares_and_intensities_are_possible(self, countries: pd.DataFrame) -> None:
        assert countries["low_carbon_share"].between(0, 1).all()
        known = countries["intensity_g_per_kwh"].dropna()
        # Best hydropower to worst fossil plants with their upstream methane, in g/kWh.
        assert known.between(15, 1400).all()

    def test_central_african_republic_has_no_usable_intensity(self, by_code: pd.DataFrame) -> None:
        # 0.15 TWh of hydropower x 24 g/kWh = 0.0036 Mt, which the table rounds to 0.00 Mt.
        row = by_code.loc["CAF"]
        assert pd.isna(row["intensity_g_per_kwh"])
        assert row["low_carbon_share"] == 1.0
        assert "intensity 0" in row["flag"]

    def test_a_null_intensity_always_has_a_reason(self, countries: pd.DataFrame) -> None:
        nulls = countries[countries["intensity_g_per_kwh"].isna()]
        assert list(nulls["country_iso3"]) == ["CAF"]
        assert nulls["flag"].notna().all()

    def test_sources_that_do_not_add_up_are_flagged_and_kept(self, by_code: pd.DataFrame) -> None:
        flagged = by_code[by_code["flag"].str.contains("sources add to", na=False)]
        assert list(flagged.index) == ["CHL", "GUF", "REU"]
        assert flagged["intensity_g_per_kwh"].notna().all()

    @pytest.mark.slow
    def test_neither_codecarbon_nor_its_tracker_is_imported(self) -> None:
        code = (
            "import sys; from ecosobriety.electricity import codecarbon_table; "
            "codecarbon_table.load_countries(); "
            "print('codecarbon' in sys.modules)"
        )
        told = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(ROOT / "scripts")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.strip() == "False"


class TestBuildCountries:
    def test_sound_mix(self) -> None:
        row = build()
        assert row["intensity_g_per_kwh"] == 400.0
        assert row["low_carbon_share"] == pytest.approx(0.6)  # 6 TWh of 10 TWh
        assert pd.isna(row["flag"])

    @pytest.mark.parametrize(
        ("intensity", "reason"),
        [(None, "no intensity"), (0.0, "intensity 0"), (-5, "intensity -5")],
    )
    def test_unusable_intensity_is_null_with_its_reason(
        self, intensity: float | None, reason: str
    ) -> None:
        row = build(carbon_intensity=intensity)
        assert pd.isna(row["intensity_g_per_kwh"])
        assert row["low_carbon_share"] == pytest.approx(0.6)
        assert reason in row["flag"]

    @pytest.mark.parametrize("changes", [{"total_TWh": 0.0}, {"low_carbon_TWh": None}])
    def test_unknown_share_is_null_and_not_zero(self, changes: dict[str, object]) -> None:
        row = build(**changes)
        assert pd.isna(row["low_carbon_share"])
        assert row["intensity_g_per_kwh"] == 400.0
        assert "low-carbon share" in row["flag"]

    @pytest.mark.parametrize(("coal_twh", "flagged"), [(4.19, False), (4.21, True), (3.79, True)])
    def test_sources_may_miss_the_production_by_two_points(
        self, coal_twh: float, flagged: bool
    ) -> None:
        assert pd.notna(build(coal_TWh=coal_twh)["flag"]) is flagged

    def test_rounding_of_a_small_producer_is_told(self) -> None:
        # 0.1 TWh x 400 g/kWh = 0.04 Mt; 0.005/0.04 + 0.005/0.1 = 17.5 %, which is above 10 %.
        row = build(coal_TWh=0.04, hydroelectricity_TWh=0.06, low_carbon_TWh=0.06, total_TWh=0.1)
        assert row["intensity_g_per_kwh"] == 400.0
        assert "small producer" in row["flag"]


class TestSelect:
    def test_countries_come_sorted_and_once(self, countries: pd.DataFrame) -> None:
        chosen = select_countries(countries, ["POL", "FRA", "POL"])
        assert list(chosen["country_iso3"]) == ["FRA", "POL"]

    @pytest.mark.parametrize(
        ("code", "nearest"),
        [
            ("Frannce", "nearest is FRA"),
            ("fra", "write FRA"),
            ("Germany", "Germany is DEU"),
            ("germny", "nearest is DEU"),
        ],
    )
    def test_unknown_country_names_the_nearest(
        self, countries: pd.DataFrame, code: str, nearest: str
    ) -> None:
        with pytest.raises(ConfigError, match=rf'grid\.countries: "{code}".*{nearest}'):
            select_countries(countries, ["FRA", code])

    def test_unknown_source_names_the_nearest(self) -> None:
        with pytest.raises(ConfigError, match=r'grid\.sources: "wind_on".*nearest is wind_onshore'):
            select_sources(load_sources(SOURCES), ["coal", "wind_on"])


class TestFactors:
    def test_packaged_sources(self) -> None:
        sources = load_sources(SOURCES).set_index("source")
        assert len(sources) == 12
        assert sources.loc["coal", "central_g_per_kwh"] == 820
        assert sources.loc["hydro", "high_g_per_kwh"] == 2200
        assert sources.loc["oil", ["low_g_per_kwh", "high_g_per_kwh"]].isna().all()
        assert set(sources.index[~sources["low_carbon"]]) == {"coal", "gas", "oil"}
        assert sources["reference"].str.len().min() > 10

    def test_packaged_costs(self) -> None:
        costs = load_costs(COSTS).set_index("source")
        assert costs.loc["hydro", "central_per_kwh"] == 0.044  # USD per kWh
        assert pd.isna(costs.loc["hydro", "low_per_kwh"])
        assert set(costs["currency"]) == {"USD"}
        assert set(costs["price_year"]) == {2020}

    def test_every_cost_is_of_a_known_source(self) -> None:
        assert set(load_costs(COSTS)["source"]) <= set(load_sources(SOURCES)["source"])

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("gas,410,490", "gas,500,490", r"row 2 \(.gas.\), column low_g_per_kwh is 500"),
            ("490,650", "490,480", r"row 2 \(.gas.\), column high_g_per_kwh is 480"),
            ("coal,740,820", "coal,740,", r"row 1 \(.coal.\), column central_g_per_kwh"),
            ("coal,740", "coal,-740", r"row 1 \(.coal.\), column low_g_per_kwh is .-740.*above 0"),
            ("coal,740", "coal,inf", r"row 1 \(.coal.\), column low_g_per_kwh is .inf"),
            ("coal,740", "coal,many", r"row 1 \(.coal.\), column low_g_per_kwh is .many.*a number"),
            ("gas,410", "coal,410", r"row 2 \(.coal.\), column source is .coal.*once"),
            (
                "910,false",
                "910,maybe",
                r"row 1 \(.coal.\), column low_carbon is .maybe.*true or false",
            ),
            ("low_carbon", "green", r"column low_carbon is missing"),
        ],
    )
    def test_a_wrong_source_is_refused_by_file_row_and_column(
        self, tmp_path: Path, old: str, new: str, told: str
    ) -> None:
        path = tmp_path / "intensity.csv"
        text = SOURCES.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(DataError, match=rf"intensity\.csv.*{told}"):
            load_sources(path)

    def test_a_wrong_cost_is_refused_by_file_row_and_column(self, tmp_path: Path) -> None:
        path = tmp_path / "cost.csv"
        text = COSTS.read_text(encoding="utf-8")
        path.write_text(text.replace("0.065,0.112", "0.165,0.112"), encoding="utf-8")
        with pytest.raises(
            DataError, match=r"cost\.csv, row 8 \(.coal.\), column low_per_kwh is 0.165"
        ):
            load_costs(path)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"absent\.csv cannot be read"):
            load_sources(tmp_path / "absent.csv")
