"""Ember's yearly carbon intensities of countries, as the study's edition of factors has them.

`tools/build_country_intensity.py` makes the table from a package that republishes Ember's data
under CC BY-SA 4.0. It has intensities alone: names, low-carbon shares and mixes are those of
CodeCarbon's table, of one or two years before.
"""

from collections.abc import Hashable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.electricity import codecarbon_table
from ecosobriety.electricity.countries import SHARES, finish_countries
from ecosobriety.electricity.country_names import country_name
from ecosobriety.electricity.factor_tables import read_cells, read_number, require
from ecosobriety.electricity.provider import Provided, Provider, Settings, facts

_KEY = "country_iso3"
_OF_CODECARBON = ("country_name", "low_carbon_share", *SHARES)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


def load_countries(path: Path) -> pd.DataFrame:
    """Read Ember's table and put CodeCarbon's shares beside it.

    Args:
        path: a CSV file with country_iso3 (each once), intensity_g_per_kwh (g CO2e/kWh over the
            life cycle, 0 or more) and year (empty where it is not known).

    Returns:
        What `countries.finish_countries` gives, with every country of either table; one that only
        CodeCarbon's has no intensity.

    Raises:
        DataError: the file cannot be read or holds a wrong value.
    """
    table = read_cells(path)
    require(path, table, _KEY, _KEY, ~table[_KEY].duplicated(), "a country that stands once")
    read_number(path, table, _KEY, "intensity_g_per_kwh", lambda n: n >= 0, "a number from 0 up")
    within = lambda n: n.between(_FIRST_YEAR, _LAST_YEAR)  # noqa: E731
    read_number(path, table, _KEY, "year", within, "a year, or empty")
    own = table[[_KEY, "intensity_g_per_kwh", "year"]]
    mixes = codecarbon_table.load_countries()[[_KEY, *_OF_CODECARBON]]
    both = own.merge(mixes, on=_KEY, how="outer").astype(object)
    return finish_countries(_read_row(row) for row in both.to_dict("records"))


def _read_row(row: Mapping[Hashable, Any]) -> dict[str, Any]:
    known = {str(name): None if pd.isna(value) else value for name, value in row.items()}
    return {
        **known,
        "country_name": known["country_name"] or country_name(str(known[_KEY])),
        "year": known["year"] and int(known["year"]),
        "remarks": [],
    }


def _known(settings: Settings) -> pd.DataFrame | None:
    path = settings.get("path")
    return _named(path) if isinstance(path, str) else None


@cache
def _named(path: str) -> pd.DataFrame:
    """Codes and names alone, once: each job's process asks, and the table takes twice as long."""
    rows = codecarbon_table.load_countries().itertuples()
    names = {row.country_iso3: row.country_name for row in rows}
    codes = sorted(names | dict.fromkeys(read_cells(Path(path))[_KEY]))
    named = [(code, names.get(code) or country_name(code)) for code in codes]
    return pd.DataFrame(named, columns=[_KEY, "country_name"], dtype="str")


def provide(settings: Settings, _snapshots: Path) -> Provided:
    """The table of the study's edition."""
    path = Path(settings["path"])
    return load_countries(path), facts("Ember", str(path), path)


PROVIDER = Provider("ember", provide, known=_known)
