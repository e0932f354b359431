"""Ember's yearly carbon intensities of countries, as the study's edition of factors has them.

`tools/build_country_intensity.py` makes the table from a package that republishes Ember's data
under CC BY-SA 4.0. It has intensities alone: names, low-carbon shares and mixes are those of
CodeCarbon's table, of one or two years before.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.electricity import codecarbon_table
from ecosobriety.electricity.countries import SHARES, finish_countries
from ecosobriety.electricity.country_names import country_name
from ecosobriety.electricity.factor_tables import read_cells, read_number, require
from ecosobriety.electricity.provider import Provided, Provider, Settings, facts

_KEY = "country_iso3"
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
    ember = table.set_index(_KEY)
    known = codecarbon_table.load_countries().set_index(_KEY)
    rows = []
    for code in sorted({*ember.index, *known.index}):
        mix = known.loc[code] if code in known.index else None
        own = ember.loc[code] if code in ember.index else None
        rows.append(
            {
                _KEY: code,
                "country_name": country_name(code) if mix is None else mix["country_name"],
                "intensity_g_per_kwh": None if own is None else float(own["intensity_g_per_kwh"]),
                "year": None if own is None or pd.isna(own["year"]) else int(own["year"]),
                "low_carbon_share": _share(mix, "low_carbon_share"),
                **{share: _share(mix, share) for share in SHARES},
                "remarks": [],
            }
        )
    return finish_countries(rows)


def _share(mix: Any, name: str) -> float | None:
    return None if mix is None or pd.isna(mix[name]) else float(mix[name])


def _known(settings: Settings) -> pd.DataFrame | None:
    path = settings.get("path")
    return load_countries(Path(path)) if isinstance(path, str) else None


def provide(settings: Settings, _snapshots: Path) -> Provided:
    """The table of the study's edition."""
    path = Path(settings["path"])
    return load_countries(path), facts("Ember", str(path), path)


PROVIDER = Provider("ember", provide, known=_known)
