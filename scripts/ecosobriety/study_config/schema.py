"""What a JSON Schema says in words: one sentence for an error, one table for the documentation.

Knows no key of a study. Beyond JSON Schema it reads the annotations `x-allowed` (what is allowed,
where the keywords alone would not read well), `x-default` (a default that depends on other keys),
`x-reruns` (what a change of the key makes again), `x-former` (keys of former versions, and what to
write instead) and `x-hint: country` (a wrong text is looked up among the countries' names).
"""

import difflib
import json
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from ecosobriety.electricity.country_names import country_hint
from ecosobriety.errors import ConfigError, shorten

MAX_DEPTH = 8
"""Deeper than any key of a study; ends a mapping that holds itself through a YAML alias."""
MAX_WHOLE_NUMBER = 2**53
"""Up to here every reader of JSON keeps whole numbers exact."""
MAX_LISTED = 20
"""More names than this are not listed in a message."""
MAX_KEY = 120
"""Characters of a key in a message."""
MAX_LIST = 160
"""Characters of a list of names in a message."""

_LIKENESS = 0.6
"""From here on a text is a misspelt name; `de` is half of `en`, and no misspelling of it."""


class KeyFaultError(ConfigError):
    """A fault of one key, so that who knows the files can say which of them set it."""

    def __init__(self, file: str, key: str, text: str) -> None:
        super().__init__(f"{_end(file)}: {_end(key) or 'the whole file'} {text}")
        self.key, self.text = key, text


class _Foreign:
    """A value that JSON cannot hold; of no JSON type, so that the schema refuses it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def read_schema(path: Path, names: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """Read a schema, with every `$ref` replaced by what it refers to.

    Args:
        path: the JSON Schema, in YAML; its `$ref` point into its own `$defs`.
        names: the allowed texts of a definition in `$defs`, by its name.
    """
    schema = _parsed(path.read_text(encoding="utf-8"))
    definitions = dict(schema["$defs"])
    for definition, allowed in (names or {}).items():
        definitions[definition] = {**definitions[definition], "enum": list(allowed)}
    expanded: dict[str, Any] = _expand({**schema, "$defs": definitions}, definitions)
    return expanded


@lru_cache(maxsize=2)
def _parsed(text: str) -> Any:
    """A schema's text as it stands, which nobody changes; a plan reads it more than once."""
    # The fast parser, where PyYAML has it: every job of a workflow reads the schema.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def complete_value(schema: Mapping[str, Any], value: Any, file: str) -> Any:
    """Check a value and fill in the defaults.

    Args:
        schema: what `read_schema` gave; each part has a type, an enum, a const or an anyOf.
        value: what the user wrote.
        file: name of the file that holds it, for the messages.

    Returns:
        A deep copy with every default; where the schema says `number`, a float.

    Raises:
        ConfigError: one sentence with the file, the key, the value and what is allowed.
    """
    # Here, as most steps have only messages' words from this module.
    from ecosobriety.study_config.validating import first_error, validator

    plain = _plain(value, "", file)
    errors = list(validator(schema).iter_errors(plain))
    # A value that is wrong itself comes before another one that it asks for.
    errors = [error for error in errors if error.validator != "dependentRequired"] or errors
    if errors:
        raise _explain(_of_item(first_error(errors)), file)
    return _fill(schema, plain)


def document(schema: Mapping[str, Any]) -> str:
    """A schema as a Markdown table with one row per key, in the schema's order."""
    rows = [["key", "meaning", "allowed", "default", "runs again from"], ["---"] * 5]
    for key, part, required in _keys(schema):
        default = part.get("x-default", "")
        # A section's default is that of its keys.
        if "default" in part and "properties" not in part:
            default = f"`{json.dumps(part['default'])}`"
        meaning, allowed = part["description"], _allowed(part)
        rows.append(
            [f"`{key}`", meaning, allowed, "required" if required else default, part["x-reruns"]]
        )
    escaped = ([cell.replace("|", r"\|") for cell in row] for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)


def fault(file: str, key: str, text: str) -> KeyFaultError:
    """An error of one line, whatever the file's name, the keys and the values hold."""
    return KeyFaultError(file, key, text)


def show(value: Any) -> str:
    """A value as a message shows it: JSON, shortened."""
    if isinstance(value, _Foreign):
        return value.text
    return shorten(json.dumps(value, ensure_ascii=False, default=repr))


def list_names(names: Collection[Any]) -> str:
    """Names with commas between them, shortened."""
    listed, length = [], 0
    for name in map(str, list(names)[:MAX_LISTED]):
        listed.append(shorten(name))
        length += len(listed[-1]) + 2
        if length > MAX_LIST:
            break
    return ", ".join(listed) + (", …" if len(names) > len(listed) else "")


def join(key: str, part: str | int) -> str:
    """The key of a part: of a mapping by name, of a list by number."""
    if isinstance(part, int):
        return f"{key}[{part}]"
    return f"{key}.{shorten(part)}" if key else shorten(part)


def _expand(node: Any, definitions: Mapping[str, Any]) -> Any:
    """Replace each `$ref` by its definition; keywords beside a `$ref` stay."""
    if isinstance(node, dict):
        target = definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else {}
        merged = {**target, **{name: part for name, part in node.items() if name != "$ref"}}
        return {name: _expand(part, definitions) for name, part in merged.items()}
    if isinstance(node, list):
        return [_expand(part, definitions) for part in node]
    return node


def _plain(value: Any, key: str, file: str, depth: int = 0) -> Any:
    """Copy into plain dictionaries and lists; mark what JSON cannot hold."""
    if depth > MAX_DEPTH:
        raise fault(file, key, f"is nested too deeply: at most {MAX_DEPTH} levels are allowed")
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                shown = show(_plain(name, key, file, depth + 1))
                raise fault(file, key, f"has the key {shown}, but a key must be text")
        return {
            name: _plain(item, join(key, name), file, depth + 1) for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(item, join(key, i), file, depth + 1) for i, item in enumerate(value)]
    if isinstance(value, str) and "\0" in value:
        raise fault(file, key, f"is {show(value)}, but no text may hold a NUL character")
    if value is None or isinstance(value, bool | str):
        return value
    if _is_json(value):
        return value
    # Python writes no whole number of thousands of digits.
    whole = isinstance(value, int)
    shown = f"a whole number of {value.bit_length()} bits" if whole else shorten(str(value))
    if "init_args" in key:
        # No schema looks at it.
        raise fault(file, key, f"is {shown}, but must be text, a number, true, false or null")
    return _Foreign(shown)


def _is_json(value: Any) -> bool:
    """Whether a number, or what YAML made of a date or a set, can be handed on as JSON."""
    if isinstance(value, int):
        return abs(value) <= MAX_WHOLE_NUMBER
    return isinstance(value, float) and math.isfinite(value)


def _fill(schema: Mapping[str, Any], value: Any) -> Any:
    """Fill the defaults of a valid value; whole numbers become floats where the type is number."""
    if isinstance(value, list):
        return [_fill(schema.get("items", {}), item) for item in value]
    if isinstance(value, dict):
        return _fill_mapping(schema, value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole and "number" in _types(schema) else value


def _is_valid(schema: Mapping[str, Any], value: Any) -> bool:
    from ecosobriety.study_config.validating import validator

    return bool(validator(schema).is_valid(value))


def _fill_mapping(schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties") or {}
    filled = {name: _fill(properties.get(name, others), item) for name, item in value.items()}
    for name, part in properties.items():
        if name not in filled and "default" in part:
            filled[name] = _fill(part, deepcopy(part["default"]))
    for rule in schema.get("allOf", ()):
        if _is_valid(rule["if"], filled):
            filled = _fill_mapping(rule["then"], filled)
    return filled


def _of_item(error: Any) -> Any:
    """Of a list with a wrong item, the item's error, although something else than a list may do."""
    if error.validator == "anyOf" and isinstance(error.instance, list):
        inside = [other for other in error.context if other.relative_path]
        return min(inside, key=lambda other: len(other.relative_path), default=error)
    return error


def _explain(error: Any, file: str) -> ConfigError:
    """Say an error of jsonschema as one sentence."""
    value, schema = error.instance, error.schema
    key = ""
    for part in error.absolute_path:
        key = join(key, part)
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        name = next(name for name in value if name not in known)
        if name in schema.get("x-former", {}):
            return fault(file, join(key, name), schema["x-former"][name])
        allowed = f"one of {list_names(known)}" if known else "left out: no key is allowed here"
        text = f"is not a known key, but must be {allowed}{nearest(name, known)}"
        return fault(file, join(key, name), text)
    if "propertyNames" in error.absolute_schema_path:
        text = f"is not a known key, but must be {_allowed(schema)}"
        return fault(file, join(key, value), text + _hint(value, schema))
    if error.validator in ("required", "dependentRequired"):
        name = _missing(error.validator_value, value)
        part = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        message = f"is missing, but must be {_allowed(part)}"
        if error.validator == "dependentRequired":
            asks = next(o for o, others in error.validator_value.items() if name in others)
            message += f", as {join(key, asks)} is {show(value[asks])}"
        return fault(file, join(key, name), message)
    if error.validator == "uniqueItems":
        i = next(i for i, item in enumerate(value) if item in value[:i])
        first = join(key, value.index(value[i]))
        return fault(file, join(key, i), f"is {show(value[i])}, the same as {first}")
    text = f"is {show(value)}, but must be {_allowed(schema)}{_hint(value, schema)}"
    return fault(file, key, text)


def _missing(required: Any, value: Mapping[str, Any]) -> str:
    """The first missing key of the keywords `required` and `dependentRequired`."""
    if isinstance(required, Mapping):
        required = [other for name, others in required.items() if name in value for other in others]
    return str(next(name for name in required if name not in value))


def nearest(value: Any, known: Sequence[str | int | None]) -> str:
    """A hint in brackets at the known name that a text comes nearest to; empty if none does."""
    if not isinstance(value, str):
        return ""
    text = shorten(value).casefold()

    def likeness(name: str) -> float:
        return difflib.SequenceMatcher(None, text, name.casefold()).ratio()

    best = max((str(name) for name in known if name), key=likeness, default="")
    return f" (the nearest is {best})" if best and likeness(best) >= _LIKENESS else ""


def _hint(value: Any, schema: Mapping[str, Any]) -> str:
    """What was probably meant, in brackets; empty where nobody knows."""
    if whole := _whole_hint(value, schema):
        return whole
    countries = next((part for part in _parts(schema) if part.get("x-hint") == "country"), None)
    if countries is not None:
        return country_hint(value, countries["enum"])
    return _number_hint(value, schema) or nearest(value, schema.get("enum", ()))


def _whole_hint(value: Any, schema: Mapping[str, Any]) -> str:
    """How to write one item where a list of items must be, or a name where a mapping must be."""
    for part in (schema, *schema.get("anyOf", ())):
        for meant in ([value], *({name: value} for name in part.get("required", ()))):
            valid = [_is_valid(part, this) for this in (value, meant)]
            if _types(part) and valid == [False, True]:
                return f" (write {_flow(meant)})"
    return ""


def _flow(value: Any) -> str:
    """A list or a mapping as YAML writes it in a line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=math.inf)
    return shorten(text.strip())


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema, its alternatives, and the items of its lists."""
    yield schema
    for part in (*schema.get("anyOf", ()), schema.get("items", {})):
        if part:
            yield from _parts(part)


def _number_hint(value: Any, schema: Mapping[str, Any]) -> str:
    """What to write instead of a number in quotes, or of 1e-3, which YAML takes for text."""
    among = value in map(str, schema.get("enum", ()))
    if not isinstance(value, str) or not among | bool({"number", "integer"} & {*_types(schema)}):
        return ""
    if re.fullmatch(r"\s*[-+]?[0-9]+,[0-9]+\s*", value):
        return f" (decimals have a point: write {value.strip().replace(',', '.')})"
    try:
        number = float(value)
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    return f" (YAML reads this as text: write {number:.15g} without quotes)"


def _types(schema: Mapping[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _allowed(schema: Mapping[str, Any]) -> str:
    """What a schema allows, in words."""
    if 0 < len(schema.get("enum", ())) <= MAX_LISTED:
        names = ["null" if name is None else name for name in schema["enum"]]
        return f"one of {list_names(names)}"
    if "x-allowed" in schema:
        return str(schema["x-allowed"])
    if "anyOf" in schema:
        return " or ".join(_allowed(part) for part in schema["anyOf"])
    if "const" in schema:
        return str(schema["const"])
    return ", or ".join(_allowed_type(schema, name) for name in _types(schema))


def _allowed_type(schema: Mapping[str, Any], name: str) -> str:
    if name == "array":
        most = f"to {schema['maxItems']}" if "maxItems" in schema else "or more"
        different = "different " if schema.get("uniqueItems") else ""
        item = _allowed(schema["items"])
        return f"a list of {schema.get('minItems', 0)} {most} {different}items, each {item}"
    if name == "object":
        known = schema.get("properties")
        return f"a mapping with keys among {list_names(known)}" if known else "a mapping"
    if name in ("integer", "number"):
        return f"a {'whole ' if name == 'integer' else ''}number {_bounds(schema)}"
    return "true or false" if name == "boolean" else name


def _bounds(schema: Mapping[str, Any]) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f"from {schema['minimum']} to {schema['maximum']}"
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    return " and ".join(f"{word} {schema[name]}" for name, word in words.items() if name in schema)


def _keys(
    schema: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield each described key, its schema and whether it is required, sections first."""
    for name, part in schema.get("properties", {}).items():
        key = join(prefix, name)
        if "description" in part:
            yield key, part, name in schema.get("required", ())
        yield from _keys(part, key)
        yield from _keys(part.get("items", {}), f"{key}[]")
    for rule in schema.get("allOf", ()):
        yield from _keys(rule["then"], prefix)


def _end(text: str) -> str:
    """The end of a long key or path, which says most of it."""
    return text if len(text) <= MAX_KEY else f"…{text[-MAX_KEY:]}"
