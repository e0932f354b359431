"""Our World in Data's energy table, downloaded and put into the form of `country_data.path`."""

import hashlib
import logging
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.country_codes import KOSOVO, is_country
from ecosobriety.electricity import web
from ecosobriety.electricity.countries import PLAUSIBLE_MIX
from ecosobriety.electricity.csv_table import write_table_file
from ecosobriety.electricity.factor_tables import NUMBER, parse_cells
from ecosobriety.errors import DataError, quote

_logger = logging.getLogger(__name__)

URL = "https://raw.githubusercontent.com/owid/energy-data/master/owid-energy-data.csv"
_LIMITS = web.Limits(silence_s=60.0, body_s=600.0, body_bytes=128 * 2**20)
_INTENSITY = "carbon_intensity_elec"
_PERCENT = {
    "low_carbon_share": "low_carbon_share_elec",
    "coal_share": "coal_share_elec",
    "gas_share": "gas_share_elec",
    "oil_share": "oil_share_elec",
    "nuclear_share": "nuclear_share_elec",
    "hydro_share": "hydro_share_elec",
    "solar_share": "solar_share_elec",
    "wind_share": "wind_share_elec",
    "other_renewable_share": "other_renewables_share_elec_exc_biofuel",
}
# Bioenergy is what is counted among the other renewables beyond them.
_OTHERS = "other_renewables_share_elec"
_NEEDED = ("iso_code", "country", "year", _INTENSITY, *_PERCENT.values(), _OTHERS)


def refresh(path: Path, url: str = URL, backoff_s: float = 1.0) -> None:
    """Download the table and write each country's latest year that has a carbon intensity.

    Regions (the world, continents, groups of incomes) have no ISO code and are left out, and so is
    a country that has no carbon intensity in any year.

    Args:
        path: the CSV file to write, for `table_file.read_user_table`; a note stands beside it.
        url: the table's address.
        backoff_s: as `web.open_session` takes it.

    Raises:
        DataError: the table cannot be downloaded or is not what it should be.
    """
    with web.open_session(backoff_s) as session:
        response = web.get(session, url, limits=_LIMITS, redirects=True)
    if response.status != 200:
        raise DataError(f"{url} answers {response.status}, where 200 was expected")
    rows = _read_rows(response.content, url)
    _logger.info("%d countries with a carbon intensity in %s", len(rows), url)
    write_table_file(
        path,
        rows,
        origin=f"Our World in Data, {url}",
        sha256=hashlib.sha256(response.content).hexdigest(),
        retrieved_on=datetime.now(UTC).date().isoformat(),
    )


def _number(text: str) -> float:
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else math.nan


def _read_rows(content: bytes, url: str) -> list[dict[str, Any]]:
    try:
        table = parse_cells(url, content.decode())
    except UnicodeDecodeError as error:
        raise DataError(f"{url} cannot be read as a table: it is no UTF-8") from error
    for column in _NEEDED:
        if column not in table:
            raise DataError(f"{url}: column {column} is missing; needed are {', '.join(_NEEDED)}")
    table = table[list(_NEEDED)].copy()
    for column in (_INTENSITY, "year", *_PERCENT.values(), _OTHERS):
        numbers = table[column].map(_number, na_action="ignore").astype("float64")
        bad = table[column].notna() & numbers.isna()
        if bad.any():
            raise DataError(
                f"{url}: column {column} holds something else than numbers: "
                f"{quote(table[column][bad].iloc[0])} in row {bad.argmax() + 1}"
            )
        table[column] = numbers
    if table["year"].isna().any():
        raise DataError(f"{url}: column year is empty in row {table['year'].isna().argmax() + 1}")
    table["iso_code"] = table["iso_code"].replace("OWID_KOS", KOSOVO)
    country = table["iso_code"].map(lambda code: isinstance(code, str) and is_country(code))
    country = country.astype(bool)
    known = table[country & table[_INTENSITY].notna()].sort_values(["iso_code", "year"])
    if known.empty:
        raise DataError(f"{url} holds no country with a value in {_INTENSITY}")
    latest = known.drop_duplicates("iso_code", keep="last")
    shares = (latest[list(_PERCENT.values())] / 100).set_axis(list(_PERCENT), axis=1)
    shares["bioenergy_share"] = (
        (latest[_OTHERS] / 100 - shares["other_renewable_share"]).clip(lower=0).round(9)
    )
    plain = {
        "country_iso3": latest["iso_code"],
        "country_name": latest["country"],
        "intensity_g_per_kwh": latest[_INTENSITY],
        "year": latest["year"].astype("int64"),
    }
    low, high = PLAUSIBLE_MIX
    for code, value in zip(latest["iso_code"], latest[_INTENSITY], strict=True):
        if value and not low <= value <= high:
            _logger.warning("%s: %g g/kWh cannot be, and is left out", code, value)
    possible = latest[_INTENSITY].between(low, high) | (latest[_INTENSITY] == 0)
    plain["intensity_g_per_kwh"] = latest[_INTENSITY].where(possible)
    rows = pd.DataFrame(plain).join(shares.clip(upper=1)).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]
