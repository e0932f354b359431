"""Editions of the factors: the poster's, and newer ones by year.

`config/factors/poster` holds the tables of the poster's time, `config/factors/2025` and so on those
that were new in a year. A dated edition takes each table from its own folder, or from the newest
one before it that has the table.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

POSTER = "poster"
LATEST = "latest"
EMBER = "ember"
CODECARBON = "codecarbon"
COUNTRY_TABLE = "country_intensity"


def dated_editions(folder: Path) -> list[int]:
    """The years of the dated editions in `config/factors`, from the oldest."""
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())


def resolve(written: object, folder: Path) -> str | int:
    """The edition that `factors` names: `latest` is the newest dated one.

    What is no edition is left to the configuration's check; until then it counts as `latest`.
    """
    known = dated_editions(folder)
    return POSTER if written == POSTER else written if written in known else known[-1]


def table_path(folder: Path, edition: str | int, name: str) -> Path:
    """Where an edition's table is; that of the poster need not be there.

    Args:
        folder: `config/factors`.
        edition: as `resolve` gives it.
        name: of the table, such as `source_cost`.
    """
    if edition == POSTER:
        return folder / POSTER / f"{name}.csv"
    years = [year for year in dated_editions(folder) if year <= int(edition)]
    paths = [folder / str(year) / f"{name}.csv" for year in reversed(years)]
    return next(path for path in paths if path.exists())


def default_provider(edition: str | int) -> str:
    """The provider of countries' carbon intensities where the configuration names none."""
    return CODECARBON if edition == POSTER else EMBER


def country_settings(
    section: Mapping[str, Any], folder: Path, edition: str | int
) -> Mapping[str, Any]:
    """The section `country_data` with its provider, and with the path of Ember's table.

    Of the poster's edition, which has none, Ember's table is the newest one.
    """
    provider = section.get("provider") or default_provider(edition)
    if provider != EMBER:
        return {**section, "provider": provider}
    dated = resolve(LATEST, folder) if edition == POSTER else edition
    return {**section, "provider": EMBER, "path": str(table_path(folder, dated, COUNTRY_TABLE))}
