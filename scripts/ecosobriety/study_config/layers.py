"""A study's configuration in layers: files that go before one another, and `--config` before all.

Snakemake merges them, so that a wrong key could be anyone's: `blame` says whose it is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from ecosobriety.electricity.country_names import code_of_name, country_name
from ecosobriety.errors import quote, shorten
from ecosobriety.study_config.files import (
    FLOAT,
    INT,
    MISREAD,
    NULL,
    TEXT,
    Place,
    StudyFile,
    keys_of,
    say_scalar,
)
from ecosobriety.study_config.schema import KeyFaultError, fault, join

_TAGS = {
    "boolean": "tag:yaml.org,2002:bool",
    "integer": INT,
    "number": FLOAT,
    "null": NULL,
    "array": "tag:yaml.org,2002:seq",
    "object": "tag:yaml.org,2002:map",
}
_WORDS = (_TAGS["boolean"], NULL, "tag:yaml.org,2002:timestamp")
_NUMBERS = (INT, FLOAT)


def blame(error: Exception, files: Sequence[StudyFile], command_line: Mapping[str, Any]) -> str:
    """An error's message with the file that set the wrong key, its line, and how YAML read it.

    Args:
        error: what was raised; anything but a `KeyFaultError` is reported as it is.
        files: the files of the study; a later one goes before an earlier one, key by key.
        command_line: what `--config` gave, which goes before all files.
    """
    if not isinstance(error, KeyFaultError):
        return str(error)
    given = StudyFile("--config", {}, dict.fromkeys(keys_of(command_line), Place(None, None)))
    layers = [*files, *([given] if command_line else [])]
    key = error.key
    while key:
        for layer in reversed(layers):
            if key in layer.places:
                place = layer.places[key] if key == error.key else Place(None, None)
                line = f", line {place.line}" if place.line else ""
                hint = _reading_hint(place.written, error.text)
                return str(fault(f"{layer.name}{line}", error.key, error.text + hint))
        key = re.sub(r"(\.|^)[^.\[\]]*$|\[\d+\]$", "", key)
    return str(fault(" and ".join(layer.name for layer in layers), error.key, error.text))


def read_command_line(schema: Mapping[str, Any], value: Any, key: str = "") -> Any:
    """What `--config` gave, read by the schema.

    Snakemake passes on everything in brackets in `--config` as text: in
    `grid={"n_train": [100]}` the 100 too. Where the schema knows no text, a number is meant.

    Args:
        schema: what `schema.read_schema` gave, or the part of it that is about `value`.
        value: what Snakemake made of `--config`.
        key: the key of `value`; empty for all of `--config`.

    Raises:
        ConfigError: it is an argument of a class, of which nobody knows whether it is a number.
    """
    if isinstance(value, Mapping):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        if key.endswith("init_args"):
            _require_no_numbers(value, key)
            return value
        return {
            name: read_command_line(properties.get(name, others) or {}, item, join(key, str(name)))
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        items: Mapping[str, Any] = next(
            (s["items"] for s in _alternatives(schema) if "items" in s), {}
        )
        return [read_command_line(items, item, f"{key}[{i}]") for i, item in enumerate(value)]
    parts = _alternatives(schema)
    types = {name for part in parts for name in _types(part)}
    names = [name for part in parts for name in part.get("enum", ())]
    if not isinstance(value, str) or value in names or MISREAD.fullmatch(value):
        return value
    tag = _resolve(value)
    # Where a word may stand too, as in max, a number is none.
    number = tag in _NUMBERS and not {"integer", "number"}.isdisjoint(types)
    if "string" in types and not number:
        if "null" in types and tag == NULL:
            raise _only_in_a_file(value, key)
        return value
    meant = any(tag == _TAGS.get(name) for name in types) or (tag == NULL and None in names)
    return yaml.safe_load(value) if meant or ("number" in types and tag == INT) else value


def _only_in_a_file(value: str, key: str) -> KeyFaultError:
    why = "which Snakemake hands on as text: write it in a file"
    return fault("--config", key, f"is {quote(value)}, {why}")


def _require_no_numbers(value: Any, key: str) -> None:
    if isinstance(value, Mapping):
        for name, item in value.items():
            _require_no_numbers(item, join(key, str(name)))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            _require_no_numbers(item, f"{key}[{i}]")
    elif isinstance(value, str) and _resolve(value) != TEXT:
        raise _only_in_a_file(value, key)


def _alternatives(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [schema, *(inner for part in schema.get("anyOf", ()) for inner in _alternatives(part))]


def _types(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type", [])
    if "const" in schema:
        return ["string"] if isinstance(schema["const"], str) and not types else []
    return [types] if isinstance(types, str) else list(types)


def _resolve(value: str) -> str:
    """The tag that YAML gives a text without quotes."""
    resolver = yaml.resolver.Resolver()
    return str(resolver.resolve(yaml.ScalarNode, value, (True, False)))  # type: ignore[no-untyped-call]


def _reading_hint(written: str | None, text: str) -> str:
    """What YAML made of a value that does not look like it, and how to write what was meant."""
    why = text.startswith("is ") and not text.startswith("is not a known")
    if not written or not why or "YAML" in text:
        return ""
    wants_text = re.search(r"must be .*\b(text|name|code|path)\b", text)
    as_read = written in ("true", "false", "null")
    if _resolve(written) in _WORDS and (wants_text or not as_read):
        read_as = say_scalar(written, _resolve(written))
        meant = code_of_name(written) if "alpha-3" in text else ""
        country = f"; {country_name(meant)} is {meant}" if meant else ""
        reads = "" if written == read_as else f"YAML reads {shorten(written)} as {read_as}: "
        return f" ({reads}put text in quotes{country})"
    if _resolve(written) in _NUMBERS and wants_text and not re.search("alpha-3|in quotes", text):
        return f" (YAML reads {shorten(written)} as a number: put text in quotes)"
    return "" if shorten(written, 40) in text else f" (written {shorten(written)})"
