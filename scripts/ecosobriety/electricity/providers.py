"""Make the study's table of countries with the provider that its configuration names."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.electricity import electricity_maps
from ecosobriety.electricity.codecarbon_table import MIX_FILE, load_countries, mix_path
from ecosobriety.electricity.countries import add_mix_intensity
from ecosobriety.electricity.csv_table import read_notes, read_user_table
from ecosobriety.errors import DataError
from ecosobriety.files import home_expanded


def known_countries(country_data: object) -> pd.DataFrame:
    """The countries that a configuration may name, read before the configuration is checked.

    No network is asked. Whatever is no sound section is left to the configuration's own check.

    Args:
        country_data: the section `country_data` as the user wrote it, if there is one.

    Returns:
        Columns country_iso3 and country_name: those of the user's file with the provider `csv`,
        and of CodeCarbon's table with all others.

    Raises:
        DataError: the user's file cannot be read or holds a wrong value.
    """
    table = load_countries()
    if isinstance(country_data, Mapping) and country_data.get("provider") == "csv":
        path = country_data.get("path")
        if isinstance(path, str):
            table = read_user_table(home_expanded(path), compare=False)
    return table[["country_iso3", "country_name"]]


def prepare(
    settings: Mapping[str, Any],
    sources: pd.DataFrame,
    snapshots: Path,
    service: electricity_maps.Service = electricity_maps.SERVICE,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Make the table of countries, and say where it comes from.

    Args:
        settings: the completed section `country_data` of the configuration.
        sources: as `sources.load_sources` gives it.
        snapshots: folder in which the answers of Electricity Maps are kept and looked for.
        service: where Electricity Maps is asked, and how patiently.

    Returns:
        The table `countries`, and its provenance, ready for JSON: `provider` in use, `requested`
        one, `fallback_reason` (null if they are the same), `origin` in words, `file`, the `sha256`
        of that file, `retrieved_on` (ISO 8601, null where it is not known), `first_hour` and
        `last_hour` of the intensities (null where they are those of a year).

    Raises:
        DataError: the provider's data cannot be had or are wrong, and the configuration does not
            allow CodeCarbon's table in their place.
    """
    requested, fallback_reason = settings["provider"], None
    try:
        countries, facts = _PROVIDERS[requested](settings, snapshots, service)
    except DataError as error:
        if requested != "electricity_maps":
            raise
        if not settings["fallback"]:
            raise DataError(
                f"{error}; with country_data.fallback true, CodeCarbon's table is used instead"
            ) from error
        countries, facts = _from_codecarbon(settings, snapshots, service)
        fallback_reason = error.whole
    provenance = {
        "provider": requested if fallback_reason is None else "codecarbon",
        "requested": requested,
        "fallback_reason": fallback_reason,
        **facts,
    }
    return add_mix_intensity(countries, sources), provenance


def _from_codecarbon(
    _settings: Mapping[str, Any], _snapshots: Path, _service: electricity_maps.Service
) -> tuple[pd.DataFrame, dict[str, Any]]:
    origin = f"CodeCarbon {version('codecarbon')}"
    return load_countries(), _facts(origin, MIX_FILE, mix_path())


def _from_user_table(
    settings: Mapping[str, Any], _snapshots: Path, _service: electricity_maps.Service
) -> tuple[pd.DataFrame, dict[str, Any]]:
    path = home_expanded(settings["path"])
    notes = read_notes(path)
    facts = _facts(notes.get("origin", str(path)), str(path), path)
    return read_user_table(path), {**facts, "retrieved_on": notes.get("retrieved_on")}


def _from_electricity_maps(
    settings: Mapping[str, Any], snapshots: Path, service: electricity_maps.Service
) -> tuple[pd.DataFrame, dict[str, Any]]:
    path = electricity_maps.find_snapshot(snapshots)
    known = known_countries(None)
    if path is None:
        path = electricity_maps.take_snapshot(
            snapshots, known["country_iso3"], settings["token_variable"], service
        )
    countries, times = electricity_maps.read_snapshot(path, known)
    return countries, {**_facts("Electricity Maps", str(path), path), **times}


_PROVIDERS = {
    "codecarbon": _from_codecarbon,
    "csv": _from_user_table,
    "electricity_maps": _from_electricity_maps,
}


def _facts(origin: str, shown: str, path: Path) -> dict[str, Any]:
    return {
        "origin": origin,
        "file": shown,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "retrieved_on": None,
        "first_hour": None,
        "last_hour": None,
    }
