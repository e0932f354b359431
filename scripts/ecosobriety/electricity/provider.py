"""What a provider of countries' carbon intensities is: a module of this folder may declare one.

It is declared as `PROVIDER`, and allowed by its name in `country_data.provider` of the schema.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

Settings = Mapping[str, Any]
"""The completed section `country_data` of the configuration."""

Provided = tuple[pd.DataFrame, dict[str, Any]]
"""What `countries.finish_countries` gives, and where it comes from: as `facts` has it."""


@dataclass(frozen=True)
class Provider:
    """One provider.

    Attributes:
        name: in the configuration; the report's texts have it as `countries.provider.{name}`.
        provide: makes the table from the settings; the folder is for what it keeps.
        known: the countries that a configuration may name, before it is checked and without any
            network; None: CodeCarbon's.
        may_fall_back: whether its data may be out of reach, so that `country_data.fallback` counts.
    """

    name: str
    provide: Callable[..., Provided]
    known: Callable[[Settings], pd.DataFrame | None] | None = None
    may_fall_back: bool = False


def facts(origin: str, shown: str, path: Path) -> dict[str, Any]:
    """Where a table comes from: origin in words, file and its sha256; no times."""
    return {
        "origin": origin,
        "file": shown,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "retrieved_on": None,
        "first_hour": None,
        "last_hour": None,
    }
