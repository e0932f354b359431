"""A small study, and what the tests of the configuration do with it."""

import copy
import csv
from pathlib import Path

import pytest

from ecosobriety import readers
from ecosobriety.errors import MAX_MESSAGE, ConfigError
from ecosobriety.study_config import config as study_config
from ecosobriety.user_code.classes import check_apart

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"

COUNTRIES = (
    *("AUS", "AUT", "BEL", "BRA", "CAN", "CHE", "CHN", "CZE", "DEU", "DNK", "ESP", "FIN"),
    *("FRA", "FRO", "GAB", "GBR", "IND", "ITA", "JPN", "NOR", "POL", "PRT", "SWE", "UKR", "USA"),
)
with (ROOT / "config/factors/poster/source_intensity.csv").open(encoding="utf-8") as factors:
    SOURCES = tuple(row["source"] for row in csv.DictReader(factors))
KNOWN = {
    "schema_path": SCHEMA,
    "countries": COUNTRIES,
    "sources": SOURCES,
    "take_in": readers.take_in,
    "check_classes": check_apart,
}

SMALLEST = {
    "study": "small",
    "dataset": {"name": "digits"},
    "models": [{"name": "mlp"}],
    "grid": {"n_train": [200, 400]},
}


def complete(config):
    return study_config.complete(config, file="config/x.yaml", **KNOWN)


def put(key, value, base=SMALLEST):
    """A copy of a config with one value put in place; `key` like ("grid", "n_train", 0)."""
    changed = copy.deepcopy(base)
    node = changed
    for part in key[:-1]:
        node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
    node[key[-1]] = value
    return changed


def refusal(config):
    with pytest.raises(ConfigError) as caught:
        complete(config)
    return sentence(caught.value)


def outcome(function, argument):
    """What a function gives, and the message with which it refuses: one of the two."""
    try:
        return function(argument), ""
    except ConfigError as error:
        return None, sentence(error)


def sentence(error):
    """An error's message, which is one line of at most 300 characters that a terminal can show."""
    message = str(error)
    assert message.isprintable()
    assert 0 < len(message) <= MAX_MESSAGE
    return message
