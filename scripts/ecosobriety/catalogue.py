"""The files that a language's texts are kept in: nested keys, of which `a: {b: text}` is `a.b`."""

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ecosobriety.errors import EcosobrietyError

_POSSESSIVE = re.compile(r"\{(\w+)\}’s\b")


class TextError(EcosobrietyError):
    """A text is missing from a catalogue, or its placeholders are not those given."""


def load_catalogue(paths: Iterable[Path]) -> dict[str, str]:
    """Read a catalogue's files and flatten their keys with dots.

    Raises:
        TextError: an entry is neither a text nor a group of texts, or is in two files.
    """
    catalogue: dict[str, str] = {}
    for path in paths:
        entries = _entries(path.read_text(encoding="utf-8"), path)
        repeated = sorted(entries.keys() & catalogue.keys())
        if repeated:
            raise TextError(f"{path}: {repeated[0]} is in another file of the catalogue too")
        catalogue |= entries
    return catalogue


@cache
def _entries(text: str, path: Path) -> Mapping[str, str]:
    """A file's entries by their flattened keys; every language reads those of the complete one."""
    # As safe as PyYAML's own, and ten times as fast.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return dict(_flatten(yaml.load(text, loader), "", path))


def _flatten(content: Any, prefix: str, path: Path) -> Iterator[tuple[str, str]]:
    if isinstance(content, str):
        yield prefix, content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _flatten(value, f"{prefix}.{key}" if prefix else str(key), path)
    else:
        raise TextError(f"{path}: {prefix} is {content!r}; a text or a group of texts is expected")


def placeholders(text: str) -> set[str]:
    """The names between braces in a text."""
    parsed = string.Formatter().parse(text)
    return {name.partition("|")[0] for _, name, _, _ in parsed if name is not None}


def possessive(text: str, values: Mapping[str, object]) -> str:
    """A text with the English form of what belongs to a name in s: the Netherlands’ mix."""

    def of(found: re.Match[str]) -> str:
        ends = str(values.get(found[1], "")).endswith("s")
        return f"{{{found[1]}}}’" if ends else found[0]

    return _POSSESSIVE.sub(of, text)
