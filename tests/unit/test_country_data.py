"""Tables of countries: CodeCarbon's, a user's, and Our World in Data's downloaded."""

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_server import serve

from ecosobriety.electricity import known_countries, owid, prepare
from ecosobriety.electricity.codecarbon_table import load_countries, mix_path
from ecosobriety.electricity.countries import (
    SHARES,
    add_mix_intensity,
    finish_countries,
    most_differing,
)
from ecosobriety.electricity.csv_table import COLUMNS, read_user_table
from ecosobriety.electricity.sources import load_sources
from ecosobriety.errors import DataError
from ecosobriety.tables import read_table, write_table

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "config/factors/poster/source_intensity.csv"
FULL = """\
country_iso3,country_name,intensity_g_per_kwh,year,low_carbon_share,coal_share,gas_share,oil_share,\
nuclear_share,hydro_share,solar_share,wind_share,bioenergy_share,other_renewable_share
FRA,La France,50,2024,0.9,0.02,0.06,0.02,0.6,0.1,0.1,0.1,0,0
NOR,,28.5,2023,,0,0.01,0,0,0.89,0,0.1,0,0
"""


def settings(provider: str, path: Path | None = None) -> dict[str, object]:
    return {
        "provider": provider,
        "path": None if path is None else str(path),
        "token_variable": "X",
        "fallback": False,
    }


@pytest.fixture
def user_csv(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "mine.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


class TestCodecarbon:
    def test_table_is_codecarbons_own_and_told_by_its_hash(self, tmp_path: Path) -> None:
        countries, facts = prepare(settings("codecarbon"), load_sources(SOURCES), tmp_path)
        mix = json.loads(mix_path().read_text())
        assert len(countries) == len(mix) == 213
        known = countries.dropna(subset="intensity_g_per_kwh").set_index("country_iso3")
        assert all(
            known.loc[code, "intensity_g_per_kwh"] == mix[code]["carbon_intensity"]
            for code in known.index
        )
        assert facts["sha256"] == hashlib.sha256(mix_path().read_bytes()).hexdigest()
        assert facts["origin"].startswith("CodeCarbon 3.3.")
        assert str(Path.home()) not in json.dumps(facts)
        assert list(tmp_path.iterdir()) == []

    def test_table_is_read_back_as_it_was_written(self, tmp_path: Path) -> None:
        countries, _ = prepare(settings("codecarbon"), load_sources(SOURCES), tmp_path)
        write_table("countries", countries, tmp_path / "countries.csv")
        back = read_table("countries", tmp_path / "countries.csv")
        pd.testing.assert_frame_equal(back, countries, check_dtype=False, rtol=1e-15)

    def test_shares_are_those_of_the_production(self) -> None:
        france = load_countries().set_index("country_iso3").loc["FRA"]
        assert france["nuclear_share"] == pytest.approx(335.65 / 514.11)  # TWh over TWh
        # 10.10 TWh of other renewables, of which 0.60 TWh is no bioenergy.
        assert france["bioenergy_share"] == pytest.approx(9.5 / 514.11)
        assert france["other_renewable_share"] == pytest.approx(0.6 / 514.11)


class TestUserTable:
    def test_what_is_given_is_taken_and_what_is_not_is_null(self, user_csv) -> None:
        path = user_csv("country_iso3,intensity_g_per_kwh,year\nPOL,650.5,2024\nFRA,,2023\n")
        table = read_user_table(path).set_index("country_iso3")
        assert list(table.index) == ["FRA", "POL"]
        assert table.loc["POL", "intensity_g_per_kwh"] == 650.5
        assert table.loc["POL", "country_name"] == "Poland"
        assert table.loc["POL", "year"] == 2024
        assert pd.isna(table.loc["FRA", "intensity_g_per_kwh"])
        assert "no intensity" in table.loc["FRA", "flag"]
        assert "no low-carbon share" in table.loc["POL", "flag"]
        assert table[list(SHARES)].isna().all(axis=None)

    def test_a_full_table_is_sound(self, user_csv) -> None:
        table = read_user_table(user_csv(FULL)).set_index("country_iso3")
        assert table["flag"].isna().all()
        assert table.loc["FRA", "country_name"] == "La France"
        assert table.loc["FRA", "low_carbon_share"] == 0.9
        assert table.loc["NOR", "low_carbon_share"] == pytest.approx(0.99)  # hydro and wind

    def test_a_spreadsheets_byte_order_mark_is_no_part_of_the_name(self, user_csv) -> None:
        assert len(read_user_table(user_csv(b"\xef\xbb\xbf" + FULL.encode()))) == 2

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("NOR,,28.5", "NOR,,many", r"row 2 \(.NOR.\), column intensity_g_per_kwh is .many"),
            ("NOR,,28.5", "NOR,,-1", r"row 2 \(.NOR.\), column intensity_g_per_kwh is .-1"),
            ("NOR,,28.5", "NOR,,nan", r"row 2 \(.NOR.\), column intensity_g_per_kwh is .nan"),
            ("NOR,,28.5", "NOR,,inf", r"row 2 \(.NOR.\), column intensity_g_per_kwh is .inf"),
            ("NOR,", "NOX,", r"row 2 \(.NOX.\), column country_iso3 is .NOX.*ISO 3166 alpha-3"),
            ("NOR,", "NO,", r"row 2 \(.NO.\), column country_iso3 is .NO.*ISO 3166 alpha-3"),
            ("NOR,", "nor,", r"row 2 \(.nor.\), column country_iso3 is .nor.*ISO 3166 alpha-3"),
            ("NOR,", ",", r"row 2 .*column country_iso3.*a value"),
            ("NOR,", "FRA,", r"row 2 \(.FRA.\), column country_iso3 is .FRA.*stands once"),
            ("2023", "", r"row 2 \(.NOR.\), column year"),
            ("2023", "2023.5", r"row 2 \(.NOR.\), column year is .2023.5.*from 1990 to 20"),
            ("2023", "23", r"row 2 \(.NOR.\), column year is .23.*from 1990 to 20"),
            ("0.89", "89", r"row 2 \(.NOR.\), column hydro_share is .89.*share from 0 to 1"),
            ("0.9,0.02", "90,0.02", r"row 1 \(.FRA.\), column low_carbon_share is .90.*share"),
            (
                "coal_share",
                "cole_share",
                r"column .cole_share. is unknown; allowed are country_iso3",
            ),
            ("intensity_g_per_kwh", "g", r"column intensity_g_per_kwh is missing; needed are"),
        ],
    )
    def test_a_wrong_value_is_refused_by_file_row_and_column(
        self, user_csv, old: str, new: str, told: str
    ) -> None:
        assert old in FULL
        path = user_csv(FULL.replace(old, new, 1))
        with pytest.raises(DataError, match=rf"mine\.csv.*{told}") as caught:
            read_user_table(path)
        assert len(str(caught.value).splitlines()) == 1

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("", "is empty, but must be a CSV file with a header"),
            ("country_iso3,intensity_g_per_kwh,year\n", "holds no country"),
            (
                "country_iso3;intensity_g_per_kwh;year\nFRA;56,0;2023\n",
                "separated by semicolons, but must be by commas",
            ),
            (b"country_iso3,intensity_g_per_kwh,year\nFRA,\xe9,2023\n", "line 2 is not UTF-8"),
            ("a,b\n1,2\n1,2,3\n", "has 3 fields, but the header 2"),
        ],
    )
    def test_another_file_is_refused(self, user_csv, content: str | bytes, told: str) -> None:
        with pytest.raises(DataError, match=rf"mine\.csv.*{told}") as caught:
            read_user_table(user_csv(content))
        assert len(str(caught.value).splitlines()) == 1

    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    def test_any_bytes_are_read_or_refused_in_one_line(self, tmp_path_factory, content) -> None:
        path = tmp_path_factory.getbasetemp() / "any.csv"
        path.write_bytes(b"country_iso3,intensity_g_per_kwh,year\n" + content)
        try:
            table = read_user_table(path)
        except DataError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017, either of the two is right
        else:
            assert len(table) > 0

    def test_a_year_far_in_the_past_is_told(self, user_csv) -> None:
        text = "country_iso3,intensity_g_per_kwh,year\nFRA,80,1998\nNOR,30,2020\n"
        flags = read_user_table(user_csv(text)).set_index("country_iso3")["flag"]
        assert re.search(r"old: of 1998, where CodeCarbon's table is of 20\d\d", flags["FRA"])
        assert "old" not in str(flags["NOR"])

    def test_provenance_names_file_and_hash(self, user_csv, tmp_path: Path) -> None:
        path = user_csv(FULL)
        countries, facts = prepare(settings("csv", path), load_sources(SOURCES), tmp_path)
        assert list(countries["country_iso3"]) == ["FRA", "NOR"]
        assert facts["file"] == facts["origin"] == str(path)
        assert facts["sha256"] == hashlib.sha256(FULL.encode()).hexdigest()
        assert facts["retrieved_on"] is None


class TestKnownCountries:
    def test_a_users_file_says_what_is_allowed(self, user_csv) -> None:
        known = known_countries({"provider": "csv", "path": str(user_csv(FULL))})
        assert list(known["country_iso3"]) == ["FRA", "NOR"]

    @pytest.mark.parametrize(
        "section",
        [
            *(None, {}, [], "csv", {"provider": "electricity_maps"}, {"provider": "csv"}),
            *({"provider": "csv", "path": 3}, {"provider": ["csv"]}),
        ],
    )
    def test_all_else_knows_codecarbons_countries(self, section: object) -> None:
        assert len(known_countries(section)) == 213

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"absent\.csv cannot be read"):
            known_countries({"provider": "csv", "path": str(tmp_path / "absent.csv")})


def country(code: str = "FRA", **values: object) -> dict[str, object]:
    """40 % coal and 60 % hydropower at 400 g/kWh."""
    shares = {**dict.fromkeys(SHARES, 0.0), "coal_share": 0.4, "hydro_share": 0.6}
    return {
        "country_iso3": code,
        "country_name": "A country",
        "intensity_g_per_kwh": 400.0,
        "year": 2024,
        "low_carbon_share": 0.6,
        **shares,
        "remarks": [],
    } | values


class TestChecks:
    @pytest.mark.parametrize(
        ("coal", "flagged"), [(0.4, False), (0.419, False), (0.421, True), (0.379, True)]
    )
    def test_shares_add_up_within_two_points(self, coal: float, flagged: bool) -> None:
        flag = finish_countries([country(coal_share=coal)])["flag"].iloc[0]
        assert pd.notna(flag) is flagged
        assert not flagged or "sources add to" in flag

    def test_an_intensity_of_0_with_fossil_shares_is_told_as_such(self) -> None:
        table = finish_countries([country(intensity_g_per_kwh=0.0)])
        assert table["intensity_g_per_kwh"].isna().all()
        assert "intensity 0 in the data" in table["flag"].iloc[0]
        assert "although 40.0% is fossil" in table["flag"].iloc[0]
        hydro = country(intensity_g_per_kwh=0.0, coal_share=0.0, hydro_share=1.0)
        assert "fossil" not in finish_countries([hydro])["flag"].iloc[0]

    def test_mix_intensity_is_shares_times_factors(self) -> None:
        table = add_mix_intensity(finish_countries([country()]), load_sources(SOURCES))
        # 0.4 x 820 + 0.6 x 24 = 342.4 g/kWh, against 400
        assert table["mix_intensity_g_per_kwh"].iloc[0] == pytest.approx(342.4)
        assert table["mix_ratio"].iloc[0] == pytest.approx(0.856)

    def test_every_share_has_its_factor(self) -> None:
        factors = load_sources(SOURCES).set_index("source")["central_g_per_kwh"]
        expected = {
            **{"coal_share": "coal", "gas_share": "gas", "oil_share": "oil"},
            **{"nuclear_share": "nuclear", "hydro_share": "hydro", "wind_share": "wind_onshore"},
            **{"solar_share": "solar_pv_utility", "bioenergy_share": "biomass"},
            "other_renewable_share": "geothermal",
        }
        for share, source in expected.items():
            alone = country(**(dict.fromkeys(SHARES, 0.0) | {share: 1.0}))
            table = add_mix_intensity(finish_countries([alone]), load_sources(SOURCES))
            assert table["mix_intensity_g_per_kwh"].iloc[0] == factors[source]

    def test_an_unknown_share_or_factor_gives_no_mix(self) -> None:
        sources = load_sources(SOURCES)
        unknown = finish_countries([country(wind_share=None)])
        assert add_mix_intensity(unknown, sources)["mix_intensity_g_per_kwh"].isna().all()
        no_coal = sources[sources["source"] != "coal"]
        table = add_mix_intensity(finish_countries([country()]), no_coal)
        assert table[["mix_intensity_g_per_kwh", "mix_ratio"]].isna().all(axis=None)

    def test_most_differing_goes_by_the_ratio_in_either_direction(self) -> None:
        rows = [
            country(code, intensity_g_per_kwh=342.4 / ratio)
            for code, ratio in {"AUT": 1.1, "BEL": 0.25, "CHE": 3.0, "DNK": 1.0}.items()
        ] + [country("ESP", intensity_g_per_kwh=None)]
        table = add_mix_intensity(finish_countries(rows), load_sources(SOURCES))
        assert list(most_differing(table, 3)["country_iso3"]) == ["BEL", "CHE", "AUT"]
        assert len(most_differing(table, 10)) == 4

    def test_codecarbons_table_fits_the_factors_but_for_some(self) -> None:
        table = add_mix_intensity(load_countries(), load_sources(SOURCES))
        known = table["mix_ratio"].dropna()
        # Ember's factors and the IPCC's are alike: nine of ten within a factor of 1.5.
        assert known.between(1 / 1.5, 1.5).mean() > 0.9
        assert list(most_differing(table, 2)["country_iso3"]) == ["TKM", "UZB"]


HEADER = (
    *("country", "year", "iso_code", "population", "carbon_intensity_elec"),
    *("low_carbon_share_elec", "coal_share_elec", "gas_share_elec", "oil_share_elec"),
    *("nuclear_share_elec", "hydro_share_elec", "solar_share_elec", "wind_share_elec"),
    *("biofuel_share_elec", "other_renewables_share_elec"),
    "other_renewables_share_elec_exc_biofuel",
)
MIX = "90,2,6,2,60,10,9,8,2,3,1"  # in %
OWID = "\n".join(
    [
        ",".join(HEADER),
        f"France,2022,FRA,68000000,85.1,{MIX}",
        f"France,2024,FRA,68000000,50.4,{MIX}",
        f"France,2023,FRA,68000000,56,{MIX}",
        f"France,2025,FRA,68000000,,{MIX}",  # not there yet
        f"World,2024,,8000000000,470,{MIX}",
        f"Europe,2024,OWID_EUR,700000000,300,{MIX}",
        "Norway,2021,NOR,5000000,30.1,,,,,,,,,,,",
        f"Vatican,2024,VAT,800,,{MIX}",
        "",
    ]
)


class TestRefresh:
    def refresh(self, folder: Path, content: str, status: int = 200) -> Path:
        path = folder / "owid.csv"
        with serve(lambda _: (status, content.encode(), {})) as server:
            owid.refresh(path, f"{server.url}/owid-energy-data.csv", backoff_s=0.01)
        return path

    @pytest.fixture(autouse=True)
    def no_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def test_the_latest_year_with_an_intensity_of_every_country(self, tmp_path: Path) -> None:
        path = self.refresh(tmp_path, OWID)
        assert tuple(path.read_text().splitlines()[0].split(",")) == COLUMNS
        table = read_user_table(path).set_index("country_iso3")
        assert table["intensity_g_per_kwh"].to_dict() == {"FRA": 50.4, "NOR": 30.1}
        assert table["year"].to_dict() == {"FRA": 2024, "NOR": 2021}
        france = table.loc["FRA"]
        assert france["low_carbon_share"] == pytest.approx(0.9)
        assert france["nuclear_share"] == pytest.approx(0.6)
        assert france["bioenergy_share"] == pytest.approx(0.02)  # 3 % less 1 %
        assert france["other_renewable_share"] == pytest.approx(0.01)
        assert pd.isna(france["flag"])
        assert table.loc["NOR", list(SHARES)].isna().all()

    def test_a_snapshot_serves_a_study_and_tells_where_it_is_from(self, tmp_path: Path) -> None:
        path = self.refresh(tmp_path, OWID)
        _, facts = prepare(settings("csv", path), load_sources(SOURCES), tmp_path)
        today = datetime.now(UTC).date()
        assert abs((datetime.fromisoformat(facts["retrieved_on"]).date() - today).days) <= 1
        assert facts["origin"].startswith("Our World in Data, http://127.0.0.1")
        assert facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        notes = json.loads(path.with_suffix(".json").read_text())
        assert notes["origin_sha256"] == hashlib.sha256(OWID.encode()).hexdigest()

    def test_a_snapshot_that_was_edited_is_the_users_own(self, tmp_path: Path) -> None:
        path = self.refresh(tmp_path, OWID)
        path.write_text(path.read_text().replace("50.4", "51.4"))
        _, facts = prepare(settings("csv", path), load_sources(SOURCES), tmp_path)
        assert facts["origin"] == str(path)
        assert facts["retrieved_on"] is None

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("<html>", "column iso_code is missing"),
            ("", "is empty, but must be a CSV file with a header"),
            (OWID.replace("wind_share_elec", "wind"), "column wind_share_elec is missing"),
            (OWID.replace("50.4", "fifty"), "carbon_intensity_elec holds something else"),
            (OWID.replace("50.4", "1_0"), 'holds something else than numbers: "1_0" in row 2'),
            (OWID.replace("50.4", "nan"), 'holds something else than numbers: "nan" in row 2'),
            (OWID.replace(",2024,FRA", ",2024,FRA,1"), "fields, but the header"),
            (OWID.replace("iso_code", "year"), "the column .year. occurs twice"),
            ("\n".join(OWID.splitlines()[:1]), "holds"),
        ],
    )
    def test_another_table_is_refused_and_nothing_is_written(
        self, tmp_path: Path, content: str, told: str
    ) -> None:
        with pytest.raises(DataError, match=told):
            self.refresh(tmp_path, content)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("status", [404, 500])
    def test_no_table_is_told_with_its_address(self, tmp_path: Path, status: int) -> None:
        with pytest.raises(DataError, match=rf"owid-energy-data\.csv answers {status}"):
            self.refresh(tmp_path, "", status)
        assert list(tmp_path.iterdir()) == []

    def test_the_address_is_the_official_one(self) -> None:
        assert owid.URL.startswith("https://raw.githubusercontent.com/owid/energy-data/")
