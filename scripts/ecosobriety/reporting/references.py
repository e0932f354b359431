"""The references of the report: the poster's, the methods', and those of the factors in use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from ecosobriety.electricity.factor_tables import is_web_address
from ecosobriety.study.study import Study
from ecosobriety.texts import Texts


@dataclass(frozen=True)
class Reference:
    """One reference; `number` is the poster's, `section` the one of the report that uses it."""

    reference: str
    year: int
    url: str | None
    number: int | None = None
    section: str | None = None


@dataclass(frozen=True)
class Group:
    """References under one heading."""

    title: str
    references: list[Reference]


def load_references(path: Path) -> Mapping[str, Any]:
    """Read the references that are no factor's, in lists by group."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def references_section(study: Study, known: Mapping[str, Any], text: Texts) -> list[Group]:
    """Every reference that a reader may want to follow, each once in its group.

    Args:
        study: its factors carry their own references.
        known: as `load_references` gives it.
        text: the language.
    """
    groups = [
        Group(text(f"references.{name}"), [Reference(**entry) for entry in entries])
        for name, entries in known.items()
    ]
    sources = study.config["grid"]["sources"]
    tables = {
        "intensity": study.sources[study.sources["source"].isin(sources)],
        "cost": study.costs[study.costs["source"].isin(sources)],
        "price": study.consumer_prices,
        "equivalents": study.equivalents,
    }
    for name, table in tables.items():
        if table is not None:
            groups.append(Group(text(f"references.{name}"), _of_factors(table)))
    return [group for group in groups if group.references]


def _of_factors(table: pd.DataFrame) -> list[Reference]:
    distinct = table[["reference", "year", "url"]].drop_duplicates()
    return [
        Reference(
            str(row["reference"]),
            int(row["year"]),
            str(row["url"]) if is_web_address(row["url"]) else None,
        )
        for row in distinct.sort_values(["reference", "year"]).to_dict("records")
    ]
