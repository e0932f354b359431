"""Make the study's table of countries with the provider that its configuration names."""

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.discovery import declared
from ecosobriety.electricity import codecarbon_table
from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.countries import add_mix_intensity
from ecosobriety.electricity.provider import Provider
from ecosobriety.errors import DataError

logger = logging.getLogger(__name__)


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
    section = country_data if isinstance(country_data, Mapping) else {}
    provider = _providers().get(str(section.get("provider")))
    known = provider.known(section) if provider is not None and provider.known else None
    table = load_countries() if known is None else known
    return table[["country_iso3", "country_name"]]


def prepare(
    settings: Mapping[str, Any],
    sources: pd.DataFrame,
    snapshots: Path,
    **options: Any,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Make the table of countries, and say where it comes from.

    Args:
        settings: the completed section `country_data` of the configuration.
        sources: as `sources.load_sources` gives it.
        snapshots: folder in which the answers of a service are kept and looked for.
        options: the provider's own, such as the `service` that Electricity Maps is.

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
    provider = _providers()[requested]
    try:
        countries, facts = provider.provide(settings, snapshots, **options)
    except DataError as error:
        if not provider.may_fall_back:
            raise
        if not settings["fallback"]:
            raise DataError(
                f"{error}; with country_data.fallback true, CodeCarbon's table is used instead"
            ) from error
        countries, facts = codecarbon_table.provide(settings, snapshots)
        fallback_reason = error.whole
        logger.warning("CodeCarbon's table is used: %s", fallback_reason)
    provenance = {
        "provider": requested if fallback_reason is None else "codecarbon",
        "requested": requested,
        "fallback_reason": fallback_reason,
        **facts,
    }
    return add_mix_intensity(countries, sources), provenance


@cache
def _providers() -> dict[str, Provider]:
    """All providers by name; found when they are first asked for."""
    return {found.name: found for found in declared("ecosobriety.electricity", "PROVIDER")}
