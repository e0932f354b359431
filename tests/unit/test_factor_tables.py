"""Tables of factors and of countries are read as they are written, or refused by row and column."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from config_cases import ROOT, sentence
from hypothesis import given, settings
from hypothesis import strategies as st

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.consumer_prices import load_consumer_prices
from ecosobriety.electricity.csv_table import read_user_table
from ecosobriety.electricity.factor_tables import is_web_address, read_cells
from ecosobriety.electricity.plausibility import check_rows, remark_on
from ecosobriety.electricity.sources import load_costs, load_sources
from ecosobriety.electricity.water_factors import load_water
from ecosobriety.errors import DataError
from ecosobriety.footprint.embodied import load_hardware
from ecosobriety.footprint.equivalents import load_equivalents
from ecosobriety.methods.registry import load_inputs

FACTORS = ROOT / "config/factors"
HEADER = "country_iso3,intensity_g_per_kwh,year\n"
NEXT_YEAR = datetime.now(UTC).year + 1


def refused(reader, path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        reader(path)
    return sentence(caught.value)


def load_methods(path):
    names = ("method_constants", "hardware_tdp", "green_algorithms_intensity")
    return load_inputs(*(path if path.stem == n else FACTORS / f"{n}.csv" for n in names))


READERS = {
    "source_intensity": load_sources,
    "source_cost": load_costs,
    "source_water": load_water,
    "equivalents": load_equivalents,
    "method_constants": load_methods,
    "hardware_embodied": load_hardware,
    "hardware_tdp": load_methods,
    "green_algorithms_intensity": load_methods,
    "electricity_price": load_consumer_prices,
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)", "data:text/html,x",
        "vbscript:x", "file:///etc/passwd", "//evil.example", "ftp://a.b/", "https:/a.b", "https:",
        "https://", "https://user@a.b/", "https://a.b/<x>", "https://a.b/\"x", "https://a b/",
        "https://a.b:x/", "www.a.b", "https://[::1/", "https://é.fr/",
    ],
)  # fmt: skip
def test_an_address_that_is_none_of_the_web_is_refused_in_every_table(tmp_path, name, url):
    table = read_cells(next(p for p in FACTORS.rglob(f"{name}.csv")))
    table.loc[0, "url"] = url
    path = tmp_path / f"{name}.csv"
    message = refused(READERS[name], path, table.to_csv(index=False))
    assert "url" in message
    assert f"{name}.csv, row 1" in message


@pytest.mark.parametrize("url", ["https://a.b", "http://a.b:80/x?y=1&z=%20#f", "HTTPS://a.b"[:0]])
def test_web_addresses(url):
    assert is_web_address(url) is bool(url)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("coal,740,820,910", "coal,740,820,910,1", "has 10 fields, but the header 9"),
        ("coal,740,820,910", "coal,7,40,820,910", "has 10 fields, but the header 9"),
        ("coal,740,820,910", "coal,820,910", "has 8 fields, but the header 9"),
        ("coal,740,820,910", 'coal,740,"820,0",910', "a point for its decimals"),
        ("coal,740,820,910", "coal,740,0.82,910", 'is 740, but must be at most central'),
        ("coal,740,820,910", "coal,,0.82,", "but must be 1 to 3000 g/kWh over the life cycle"),
        ("coal,740,820,910", "coal,740,820,810", "must be at least central_g_per_kwh"),
        ("coal,740,820,910", "coal,740,1_000,910", 'is "1_000", but must be a number'),
        ("coal,740,820,910", "coal,740,NaN,910", 'is "NaN", but must be a number'),
        ("coal,740,820,910", "coal,740,0x99,910", 'is "0x99", but must be a number'),
        ("coal,740,820,910", "coal,740,1e400,910", 'is "1e400", but must be a number'),
        ("coal,740,820,910", "coal,740,٨٢٠,910", "but must be a number"),
        ("coal,740", "coal ,740", "has blanks around it"),
        ("coal,740", "coal\u200b,740", "has invisible characters"),
        ("coal,740", "grid,740", "a name of a-z, 0-9 and _ that is not grid"),
        ("coal,740", "a/b,740", "a name of a-z, 0-9 and _"),
        ("gas,410", "COAL,410", "a name that stands once"),
        ("low_carbon,", "source,", 'the column "source" occurs twice in the header'),
        (",reference,", ",,", "column 6 has no name in the header"),
        (",2014,", ",2014.5,", "a year from 1900 to"),
        (",2014,", f",{NEXT_YEAR},", f"a year from 1900 to {NEXT_YEAR - 1}"),
        (",2014,", ",14,", "a year from 1900 to"),
        ('coal"', 'coal"x', "is no CSV"),
    ],
)  # fmt: skip
def test_a_source_is_read_as_it_is_written_or_refused(tmp_path, old, new, told):
    content = (FACTORS / "poster" / "source_intensity.csv").read_text()
    assert old in content
    path = tmp_path / "source_intensity.csv"
    assert told in refused(load_sources, path, content.replace(old, new, 1))


def test_a_table_without_rows_is_refused(tmp_path):
    header, _ = (FACTORS / "poster/source_intensity.csv").read_text().split("\n", 1)
    told = refused(load_sources, tmp_path / "source_intensity.csv", header)
    assert told.endswith("has a header alone, but must have a row for each source")


def test_a_cost_in_no_currency_is_refused(tmp_path):
    content = (FACTORS / "poster" / "source_cost.csv").read_text().replace("USD", "XQQ", 1)
    message = refused(load_costs, tmp_path / "c.csv", content)
    assert 'currency is "XQQ", but must be a code of ISO 4217' in message


COSTS = (
    "source,low_per_kwh,central_per_kwh,high_per_kwh,currency,price_year,"
    "reference,year,url,verified\n"
)


@pytest.mark.parametrize(
    ("cost", "currency", "good"),
    [
        *((cost, "USD", True) for cost in ("0.001", "0.02", "0.3", "1.5", "5")),
        *((cost, "USD", False) for cost in ("36", "5.1", "0.0009")),
        *((cost, currency, True) for cost, currency in (("9.5", "JPY"), ("0.4", "EUR"))),
        *((cost, currency, True) for cost, currency in (("1800", "VND"), ("6", "INR"))),
        ("44", "EUR", False),
    ],
)
def test_a_cost_per_mwh_is_refused(tmp_path, cost, currency, good):
    row = f"gas,,{cost},,{currency},2025,Somebody,2025,https://example.org,seen\n"
    path = tmp_path / "source_cost.csv"
    path.write_text(COSTS + row)
    if good:
        assert load_costs(path)["central_per_kwh"].tolist() == [float(cost)]
    else:
        assert "a thousandth of what it is per MWh" in refused(load_costs, path, COSTS + row)


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("hardware_tdp", "T4,70,", "T4,0.07,", "must be 0.1 to 3000 W"),
        ("hardware_tdp", "T4,70,", "T4,70000,", "must be 0.1 to 3000 W"),
        ("source_water", "0.9464,2.601,", ",2601,", "must be 0 to 200 l/kWh"),
        ("source_water", "0.9464,2.601,", ",687,", "must be 0 to 200 l/kWh"),
        ("method_constants", "intensity,432,", "intensity,0.432,", "must be 1 to 3000 g/kWh"),
        ("method_constants", "pue,1.56,", "pue,156,", "must be 1 to 10 (PUE)"),
        ("method_constants", "per_gb,0.3725,", "per_gb,0.0003725,", "must be 0.005 to 20 W/GB"),
        ("method_constants", "gpu_w,200,", "gpu_w,200000,", "must be 0.1 to 3000 W"),
        ("method_constants", "lb_per_kwh,0.954,", "lb_per_kwh,433,", "must be 0.002 to 6.6 lb/kWh"),
        ("green_algorithms_intensity", "AUT,", "AT,", 'is "AT", but must be an ISO 3166 alpha-3'),
        ("green_algorithms_intensity", "ARG,307,", "ARG,307000,", "must be 0 to 3000 g CO2e"),
        ("source_intensity", "coal,740,", "coal,0.74,", "must be in the unit of central_g_per_kwh"),
        ("source_intensity", ",910,false", ",910,true", "must be false above 400 g CO2e per kWh"),
        ("source_water", ",second-hand", ",yes", 'is "yes", but must be seen, secondary copies'),
        ("electricity_price", ",0.3571,", ",357.1,", "must be 0.001 to 5 EUR/kWh"),
    ],
)  # fmt: skip
def test_values_of_another_unit_are_refused(tmp_path, name, old, new, told):
    content = next(FACTORS.rglob(f"{name}.csv")).read_text()
    assert old in content
    message = refused(READERS[name], tmp_path / f"{name}.csv", content.replace(old, new, 1))
    assert told in message
    assert f"{name}.csv, row " in message


def test_intensities_of_green_algorithms_in_kg_are_refused(tmp_path):
    path = tmp_path / "green_algorithms_intensity.csv"
    table = read_cells(FACTORS / path.name)
    table["intensity_g_per_kwh"] = [f"{float(x) / 1000:g}" for x in table["intensity_g_per_kwh"]]
    message = refused(load_methods, path, table.to_csv(index=False))
    assert "must be g CO2e per kWh: those of half of the rows are below 2" in message


FULL = HEADER.strip() + (
    ",country_name,low_carbon_share,coal_share,gas_share,oil_share,nuclear_share,hydro_share,"
    "solar_share,wind_share,bioenergy_share,other_renewable_share\n"
    "FRA,56,2023,France,0.92,0,0.06,0.02,0.65,0.1,0.05,0.1,0.02,0\n"
)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (HEADER + "FRA,0.056,2023\n", "over the life cycle, or empty; in kg it would be 56"),
        (HEADER + "TKM,1.306,2023\n", "in kg it would be 1306"),
        (HEADER + "FRA,56000,2023\n", "must be 2 to 1500 g CO2e per kWh"),
        (HEADER + "FRA,2023,56\n", "year is"),
        (HEADER + f"FRA,56,{NEXT_YEAR}\n", f"a year from 1990 to {NEXT_YEAR - 1}"),
        (HEADER + "FRA,56,2023\nFRA,57,2023\n", "a country that stands once"),
        (HEADER + "FRA,56,0,2023\n", "has 4 fields, but the header 3: decimals have a point"),
        (HEADER + 'FRA,"56,0",2023\n', "or empty with a point for its decimals"),
        (HEADER.replace(",", "\t") + "FRA\t56\t2023\n", "separated by tabs"),
        (HEADER + "XKX ,500,2023\n", "has blanks around it"),
        (HEADER + "XKX\xa0,500,2023\n", "has blanks around it"),
        (HEADER + "XK\u200bX,500,2023\n", "has invisible characters"),
        (HEADER + "World,480,2023\n", '"World" is an aggregate, no country'),
        (HEADER + "UK,200,2023\n", "(United Kingdom is GBR)"),
        (HEADER + "France,56,2023\n", "(France is FRA)"),
        (HEADER + "NO,30,2023\n", "(Norway is NOR)"),
        (HEADER + "FRA,NA,2023\n", 'is "NA", but must be a number from 0 up'),
        (HEADER + "FRA,nan,2023\n", 'is "nan", but must be a number from 0 up'),
        (HEADER.encode("utf-16"), "is not UTF-8 but UTF-16"),
        ((HEADER + "FRA,56,2023\n# é").encode("latin-1"), "line 3 is not UTF-8 (byte 0xe9"),
        (HEADER + '"FRA,56,2023\n', "is no CSV: unexpected end of data"),
        (HEADER + f"{'x' * 200_000},56,2023\n", "is no CSV: field larger than"),
        (FULL.replace("0.65,0.1", "65,10"), "is \"65\", but must be a share from 0 to 1"),
        (FULL.replace("0.92", "92"), "a share from 0 to 1, or empty: 12 % is 0.12"),
        (FULL.replace("0.92", "0.06"), "low_carbon_share is 0.06, but must be the sum"),
        (FULL.replace(",0.92,", ",,").replace("0.65", "0.0065"), "must add to about 1: shares"),
        (FULL.replace("France", "Germany"), 'is "Germany", but must be a name of France'),
        (FULL.replace("56,2023", "56,2023.0"), "a year from 1990"),
    ],
)  # fmt: skip
def test_a_table_of_countries_that_cannot_be_right_is_refused(tmp_path, content, told):
    assert told in refused(read_user_table, tmp_path / "countries.csv", content)


def test_kosovo_can_be_had_from_a_table_of_ones_own(tmp_path):
    (tmp_path / "c.csv").write_text(HEADER + "XKX,958.5,2023\nFRA,56,2023\n")
    table = read_user_table(tmp_path / "c.csv").set_index("country_iso3")
    assert table.loc["XKX", "country_name"] == "Kosovo"
    assert table.loc["XKX", "intensity_g_per_kwh"] == 958.5


def test_gross_differences_are_named_and_kept(tmp_path, caplog):
    (tmp_path / "c.csv").write_text(HEADER + "FRA,5.6,2023\nPOL,650,2023\nNOR,300,2023\n")
    table = read_user_table(tmp_path / "c.csv").set_index("country_iso3")
    assert table["intensity_g_per_kwh"].to_dict() == {"FRA": 5.6, "NOR": 300, "POL": 650}
    assert "one part in 10 of CodeCarbon's intensity of 56.04 g/kWh" in table.loc["FRA", "flag"]
    assert "9.97 times CodeCarbon's intensity of 30.08 g/kWh" in table.loc["NOR", "flag"]
    assert "CodeCarbon's intensity" not in table.loc["POL", "flag"]
    assert "FRA, 5.6 g/kWh: one part in 10" in caplog.text


@pytest.mark.parametrize("factor", [0.4536, 1.8])
def test_a_factor_that_most_countries_share_is_named(tmp_path, factor):
    shipped = load_countries().dropna(subset=["intensity_g_per_kwh"])
    known = shipped.set_index("country_iso3")["intensity_g_per_kwh"]
    known = known[known.between(20, 800)].iloc[:20]
    lines = [f"{code},{factor * value},2023\n" for code, value in known.items()]
    (tmp_path / "c.csv").write_text(HEADER + "".join(lines))
    flags = read_user_table(tmp_path / "c.csv")["flag"]
    assert flags.str.contains("CodeCarbon's intensity").sum() == len(known)


@pytest.mark.parametrize(
    ("factor", "countries", "named"),
    [(2.2046, 1, 1), (1 / 2.2046, 2, 2), (1.8, 3, 3), (1.8, 2, 0), (0.6, 1, 0)],
)
def test_another_unit_is_named_in_a_table_of_few_countries(tmp_path, factor, countries, named):
    known = {"FRA": 56.04, "DEU": 381.0, "USA": 369.5}
    lines = [f"{code},{factor * value},2023\n" for code, value in known.items()]
    (tmp_path / "c.csv").write_text(HEADER + "".join(lines[:countries]))
    flags = read_user_table(tmp_path / "c.csv")["flag"]
    assert flags.str.contains("CodeCarbon's intensity").sum() == named


def test_a_share_that_does_not_go_with_the_intensity_is_named(tmp_path):
    # Of fossil electricity, and of low-carbon one.
    rows = "FRA,56,2023,0.08\nPOL,650,2023,0.95\nDEU,380,2023,0.55\nNOR,30,2023,0.98\n"
    (tmp_path / "c.csv").write_text(f"{HEADER.strip()},low_carbon_share\n{rows}")
    table = read_user_table(tmp_path / "c.csv").set_index("country_iso3")
    odd = table["flag"].fillna("").str.contains("does not go with the intensity")
    assert {*odd[odd].index} == {"FRA", "POL"}


def test_some_of_the_shares_alone_can_contradict_themselves_and_the_intensity(tmp_path):
    columns = "low_carbon_share,coal_share,gas_share,nuclear_share"
    rows = ["FRA,56,2023,,0.9,,", "POL,650,2023,0.3,0.6,0.4,", "DEU,380,2023,,0.3,0.4,0.7"]
    rows += ["NOR,30,2023,,0.05,,", "SWE,900,2023,,,,0.9", "ITA,300,2023,0.4,0.1,0.5,"]
    (tmp_path / "c.csv").write_text("\n".join([f"{HEADER.strip()},{columns}", *rows]) + "\n")
    flags = read_user_table(tmp_path / "c.csv").set_index("country_iso3")["flag"].fillna("")
    assert "90% of fossil electricity do not go with the intensity" in flags["FRA"]
    assert "sources add to 130.0% of the production" in flags["POL"]
    assert "sources add to 140.0% of the production" in flags["DEU"]
    assert "a low-carbon share of 90% does not go with the intensity" in flags["SWE"]
    told = flags.str.contains("sources add|go with the intensity")
    assert {*told[told].index} == {"FRA", "POL", "DEU", "SWE"}


def test_intensities_that_are_all_equal_are_named(tmp_path):
    (tmp_path / "c.csv").write_text(HEADER + "FRA,400,2023\nPOL,400,2023\nDEU,400,2023\n")
    table = read_user_table(tmp_path / "c.csv")
    assert table["flag"].str.contains("every country of the data has this very intensity").all()


def test_codecarbons_own_table_has_no_remark_but_its_own():
    table = load_countries().astype(object)
    rows = [row | {"remarks": []} for row in table.where(table.notna(), None).to_dict("records")]
    check_rows(Path("x.csv"), rows)
    remark_on(rows)
    remarked = {row["country_iso3"]: row["remarks"] for row in rows if row["remarks"]}
    assert set(remarked) <= {"CHL", "GUF", "REU"}, remarked


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "c.csv")
    with pytest.raises(DataError, match="is a named pipe"):
        read_user_table(tmp_path / "c.csv")


def test_many_columns_are_checked_in_linear_time(tmp_path):
    path = tmp_path / "c.csv"
    begin = time.process_time()
    message = refused(read_user_table, path, ",".join(f"c{i}" for i in range(40_000)) + "\n")
    assert "has 40000 columns, which no table of factors has" in message
    refused(read_user_table, path, HEADER.strip() + "".join(f",c{i}" for i in range(40_000)) + "\n")
    assert time.process_time() - begin < 3


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=8)


@given(st.lists(st.tuples(PLAIN, PLAIN, PLAIN), min_size=1, max_size=5), st.booleans())
@settings(deadline=None)
def test_cells_come_back_as_they_were_written(tmp_path_factory, rows, mark):
    path: Path = tmp_path_factory.getbasetemp() / "cells.csv"
    table = pd.DataFrame(rows, columns=["a", "b", "c"])
    path.write_text(table.to_csv(index=False), encoding="utf-8-sig" if mark else "utf-8")
    back = read_cells(path)
    assert back.fillna("").to_numpy().tolist() == table.to_numpy().tolist()
