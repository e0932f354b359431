"""One cell of size x country x source, which is asked for by its path."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from ecosobriety.electricity.country_names import country_hint
from ecosobriety.errors import ConfigError
from ecosobriety.study_config.config import TakeIn
from ecosobriety.study_config.contradictions import is_import
from ecosobriety.study_config.schema import list_names, nearest, show

NAME = "n{n_train}/{country}/{source}"
_PARTS = re.compile(r"n([0-9]+)/([^/]+)/([^/]+)")
_EXAMPLE = "n600/FRA/hydro"


def cell_runs(
    config: Mapping[str, Any],
    name: str,
    *,
    countries: Collection[str],
    sources: Collection[str],
    take_in: TakeIn,
) -> list[tuple[str, str, int, int]]:
    """The trainings behind one cell: every seed of the study's first model at one size.

    Neither the size nor the country nor the source need be among those of the study.

    Args:
        config: a completed configuration.
        name: the cell's path in the folder of cells, without its suffix.
        countries: the codes that the country data know.
        sources: the energy sources that are known, the country's own mix among them.
        take_in: looks at the data.

    Raises:
        ConfigError: the name is none, the country or the source is unknown, or the data set has no
            so many training examples.
        DataError: the user's own data cannot be read.
    """
    parts = _PARTS.fullmatch(name)
    if not parts:
        raise ConfigError(
            f"{show(name)} is no cell, but must be {NAME}, such as {_EXAMPLE}: a size, a country's "
            "ISO 3166 alpha-3 code and an energy source, or grid"
        )
    n_train, country, source = int(parts[1]), parts[2], parts[3]
    if country not in countries:
        raise ConfigError(
            f"the cell's country is {show(country)}, but must be an ISO 3166 alpha-3 code of the "
            f"country data{country_hint(country, countries)}"
        )
    if source not in sources:
        raise ConfigError(
            f"the cell's source is {show(source)}, but must be one of "
            f"{list_names(sorted(sources))}{nearest(source, sorted(sources))}"
        )
    _require_size(config, n_train, take_in)
    dataset, model = config["dataset"]["name"], config["models"][0]["name"]
    return [(dataset, model, n_train, seed) for seed in config["grid"]["seeds"]]


def _require_size(config: Mapping[str, Any], n_train: int, take_in: TakeIn) -> None:
    dataset, model = config["dataset"]["name"], config["models"][0]
    intake = take_in({**config["dataset"], "task": config["task"]})
    largest = (intake and intake.train_examples) or n_train
    if not 0 < n_train <= largest:
        raise ConfigError(
            f"the cell's size is {n_train}, but must be from 1 to {largest}, the number of "
            f"training examples of {dataset}"
        )
    if is_import(model) and n_train not in config["grid"]["n_train"]:
        raise ConfigError(
            f"the cell's size is {n_train}, but must be one of grid.n_train: {model['name']} has "
            "runs that exist already"
        )
