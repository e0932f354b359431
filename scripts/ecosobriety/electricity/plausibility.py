"""Whether a table of countries can be what it says: units, and what is known of each country.

A value in another unit, a share in per cent or a name on another country's row is refused; a value
that differs grossly from CodeCarbon's table is kept and reported, for a table may know better.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pandas as pd

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.countries import (
    LOW_CARBON_SHARES,
    PLAUSIBLE_MIX,
    SHARES,
    fossil_of,
    low_carbon_of,
)
from ecosobriety.electricity.country_names import code_of_name, country_name
from ecosobriety.errors import DataError, quote
from ecosobriety.reasons import reason

_logger = logging.getLogger(__name__)

GROSS = 2.0
"""Times more or less than CodeCarbon's value to report: pounds are 2.2 times as many. From one year
to another, and between Ember and CodeCarbon, 2 of 207 countries differ by as much."""
COMMON, FEWEST_COMMON = 1.5, 3
"""The same of the median over so many countries, as another unit or method changes all of them:
then each that differs by as much is reported."""
FOSSIL, LOW_CARBON = (300.0, 1400.0), (0.0, 250.0)
"""Between which intensities, in g/kWh, a country's fossil and low-carbon electricity lie: gas and
coal, wind and biomass."""
OLD_YEARS = 5
"""Years before CodeCarbon's that are reported: mixes change by a few per cent a year."""
_POSSIBLE_SUM = (0.5, 1.5)
_MOST_APART = 0.3
_SHARE_TOLERANCE = 0.05
# As many equal intensities are no coincidence.
_MANY = 3


def check_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Refuse the first row that cannot be right.

    Args:
        path: the table's file, for the message.
        rows: as `countries.finish_countries` takes them.

    Raises:
        DataError: an intensity is outside the physical range, shares do not fit together, or a
            name is another country's; names the file, the row and the column.
    """
    low, high = PLAUSIBLE_MIX
    for number, row in enumerate(rows, start=1):
        where = f"{path}, row {number} ({quote(row['country_iso3'])}), column"
        intensity = row["intensity_g_per_kwh"]
        if intensity and not low <= intensity <= high:
            in_kg = f"; in kg it would be {intensity * 1000:g}" if intensity < low else ""
            raise DataError(
                f"{where} intensity_g_per_kwh is {intensity:g}, but must be {low:g} to {high:g} g "
                f"CO2e per kWh over the life cycle, or empty{in_kg}"
            )
        shares = [row[share] for share in SHARES]
        least, most = _POSSIBLE_SUM
        if None not in shares and not least <= sum(shares) <= most:
            raise DataError(
                f"{where} {SHARES[0]} and the other shares add to {sum(shares):.3g}, but must add "
                "to about 1: shares are from 0 to 1, not in per cent"
            )
        low_carbon = [row[share] for share in LOW_CARBON_SHARES]
        stated = row["low_carbon_share"]
        if None not in low_carbon and abs(stated - sum(low_carbon)) > _MOST_APART:
            raise DataError(
                f"{where} low_carbon_share is {stated:g}, but must be the sum of the row's "
                f"low-carbon sources, {sum(low_carbon):.3g}"
            )
        meant = code_of_name(str(row["country_name"] or ""))
        if meant and meant != row["country_iso3"]:
            raise DataError(
                f"{where} country_name is {quote(row['country_name'])}, but must be a name of "
                f"{country_name(row['country_iso3'])} ({country_name(meant)} is {meant})"
            )


def remark_on(rows: Sequence[dict[str, Any]], shipped: pd.DataFrame | None = None) -> None:
    """Add to each row's `remarks` what is odd about its intensity, and log it.

    Args:
        rows: as `countries.finish_countries` takes them; changed in place.
        shipped: CodeCarbon's table, as `codecarbon_table.load_countries` gives it and by default.
    """
    table = load_countries() if shipped is None else shipped
    known = table.set_index("country_iso3")["intensity_g_per_kwh"].dropna()
    years, latest = table.set_index("country_iso3")["year"].dropna(), int(table["year"].max())
    intensities = [row["intensity_g_per_kwh"] for row in rows if row["intensity_g_per_kwh"]]
    all_equal = len(intensities) >= _MANY and len(set(intensities)) == 1
    ratios = [
        row["intensity_g_per_kwh"] / known[row["country_iso3"]]
        for row in rows
        if row["intensity_g_per_kwh"] and known.get(row["country_iso3"])
    ]
    middle = median(ratios) if len(ratios) >= FEWEST_COMMON else 1.0
    gross = GROSS if 1 / COMMON <= middle <= COMMON else COMMON
    for row in rows:
        intensity, expected = row["intensity_g_per_kwh"], known.get(row["country_iso3"])
        remarks = []
        if all(row.get(share) is not None for share in LOW_CARBON_SHARES):
            low_carbon = [row[share] for share in LOW_CARBON_SHARES]
            apart = abs(row["low_carbon_share"] - sum(low_carbon))
            if apart > _SHARE_TOLERANCE:
                remarks.append(reason("low_carbon_apart", share=f"{apart:.0%}"))
        if intensity:
            remarks += _against(row, intensity)
        known_year = int(years.get(row["country_iso3"], latest))
        if intensity and row["year"] is not None and row["year"] < known_year - OLD_YEARS:
            remarks.append(reason("year_old", year=row["year"], known_year=known_year))
        if intensity and all_equal:
            remarks.append(reason("all_equal"))
        if intensity and expected and not 1 / gross <= intensity / expected <= gross:
            ratio = intensity / expected
            id_ = "times_codecarbon" if ratio > 1 else "part_of_codecarbon"
            times = f"{max(ratio, 1 / ratio):.3g}"
            remarks.append(reason(id_, times=times, expected=f"{expected:.4g}"))
        row["remarks"].extend(remarks)
        for remark in remarks:
            _logger.warning("%s, %s g/kWh: %s", row["country_iso3"], intensity, remark)


def _against(row: dict[str, Any], intensity: float) -> list[str]:
    """Why the shares that a row has do not go with its intensity, where they do not."""
    stated, fossil = row["low_carbon_share"], fossil_of(row)
    least = low_carbon_of(row) if stated is None else stated
    most = 1 - fossil if stated is None else stated
    too_low = intensity < (1 - most) * FOSSIL[0] + most * LOW_CARBON[0]
    if too_low and stated is None:
        return [reason("fossil_against", share=f"{fossil:.0%}")]
    if too_low or intensity > (1 - least) * FOSSIL[1] + least * LOW_CARBON[1]:
        return [reason("share_against", share=f"{least:.0%}")]
    return []
