"""What power plants consume of water for a kWh, by energy source."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.electricity.factor_tables import read_ranges, require
from ecosobriety.errors import ConfigError, quote

TABLE = "source_water"
KEY = "source_l_per_kwh"
MOST_L, MOST_OF_RESERVOIRS_L = 200, 4000
"""Litres for a kWh; gallons or litres for a MWh are hundreds. Reservoirs evaporate 245 on average,
and some ten times as much (Mekonnen and Hoekstra 2012, Hydrology and Earth System Sciences 16;
second-hand, the latter from memory)."""


def load_water(path: Path) -> pd.DataFrame:
    """Read the water that power plants consume.

    Args:
        path: a CSV file with the columns below.

    Returns:
        source; low_l_per_kwh, central_l_per_kwh, high_l_per_kwh (litres per kWh, 0 or more; low and
        high null where they are not known); reference, year, url, verified.

    Raises:
        DataError: the file cannot be read, or a value is missing, repeated, of another unit or
            out of order; names the file, the row and the column.
    """
    table = read_ranges(path, key="source", unit="l_per_kwh", from_0=True)
    litres, reservoirs = table["central_l_per_kwh"], table["source"].str.contains("hydro")
    for others, most in ((reservoirs, MOST_L), (~reservoirs, MOST_OF_RESERVOIRS_L)):
        good = others | (litres <= most)
        require(path, table, "source", "central_l_per_kwh", good, f"0 to {most} l/kWh")
    return table


def figures(water: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The study's figures of water, with those of the energy source that it names in place of it.

    Args:
        water: the completed section `water` of the configuration.
        path: of the sources' water; the poster's edition has none.

    Returns:
        A copy in which a named source has become low, central and high as far as they are known,
        and `of`: its `source`, `reference`, `year`, `url` and `verified`.

    Raises:
        ConfigError: the edition has no such table, or the table no such source.
    """
    named = water[KEY]
    if not isinstance(named, str):
        return dict(water)
    if not path.exists():
        raise ConfigError("must be a figure of your own with factors: poster, which has no table")
    rows = {row["source"]: row for row in load_water(path).to_dict("records")}
    if named not in rows:
        raise ConfigError(f"{quote(named)} is not among them: allowed are {', '.join(rows)}")
    row = rows[named]
    bounds = {bound: row[f"{bound}_l_per_kwh"] for bound in ("low", "central", "high")}
    about = {name: row[name] for name in ("reference", "url", "verified")}
    return {
        **water,
        KEY: {
            **{bound: litres for bound, litres in bounds.items() if pd.notna(litres)},
            "of": {"source": named, **about, "year": int(row["year"])},
        },
    }
