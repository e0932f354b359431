"""Reads a study's file as it is written, or refuses it in one sentence with its line.

Snakemake reads the same file by itself, and leniently: a key may stand twice, `0200` is 128, `NO`
is false, an alias may grow without end, and `__use_yte__: true` makes it run Python. So each file
is read here too, if possible before; what Snakemake would take otherwise than it looks is refused.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from ecosobriety.errors import quote, shorten
from ecosobriety.files import UnreadableError, read_text
from ecosobriety.study_config.schema import fault, join

MAX_BYTES = 8 * 2**20
"""A hundred thousand names of columns fit."""
MAX_LEVELS = 20
"""Levels of nesting; a study's keys need half of it, and a parser's own stack ends far above."""
MAX_VALUES = 1_000_000
"""Values once every alias is written out; a hundred thousand names of columns fit."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NULL, BOOL, INT, FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
MISREAD = re.compile(r"[-+]?(0[0-7_]*[0-7]|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)")
"""Numbers that YAML 1.1 reads otherwise than they look: 0200 is octal, 1:30 are ninety."""
_THOUSANDS = re.compile(r"[0-9]{3}")
_ARGUMENT = re.compile(r"(^|\.)init_args\b")
_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_NUMBERS_AS_TEXT = re.compile(
    rf"\(?\s*{_NUMBER}(?:\s*(?:/|\*\*?|\^|,|\s)\s*{_NUMBER})*\s*,?\s*\)?%?|[-+]?(?i:inf(?:inity)?|nan)"
)
"""One or several, a computation with them, or a tuple as Python writes it."""
_FREE_TEXT = re.compile(r"title(\..*)?|dataset\.(label|features.*)|.*\.columns\..*|(.*\.)?unit")
"""Keys whose text may have any words: what YAML ends too early is text there all the same."""
_NUMBERED = re.compile(r"\s+(#[0-9]\S*)")
"""Behind a value: to YAML a comment, but whoever comments sets a blank behind the #."""
_RUNS_PYTHON = "__use_yte__"
_SCRIPT = re.compile(r"</script|<!--", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where a key is in a file, and its value as it is written there."""

    line: int | None
    written: str | None
    """Of a value without quotes, its characters; None for text in quotes, lists and mappings."""
    end: tuple[int, int] | None = None
    """Where these end: their last line, counted from 0, and the column behind them."""


@dataclass(frozen=True)
class StudyFile:
    """A file as it was read: its content, and where each key of it stands."""

    name: str
    content: dict[str, Any]
    places: Mapping[str, Place]


def read(path: Path) -> StudyFile:
    """Read a file of YAML or JSON that holds one mapping.

    Raises:
        ConfigError: there is no such file, it is no regular file, is empty, too large, not UTF-8,
            neither YAML nor JSON, has a key twice, holds something else than a mapping, or a value
            that YAML reads otherwise than it looks. Nothing of it is ever run.
    """
    file = str(path)
    text = _read_text(path, file)
    loaded = _load_json(text, file)
    places: dict[str, Place] = {}
    if loaded is None:
        root = _compose(text, file)
        if root is None:
            raise fault(file, "", "is empty, but must hold a study's keys, such as study: poster")
        _require_mapping(isinstance(root, yaml.MappingNode), root.tag.rpartition(":")[2], file)
        places = dict(_walk(root, "", file))
        loaded = _construct(root, file)
        _require_no_tags(text, file)
        _require_uncut(text, places, file)
    _require_mapping(isinstance(loaded, dict), type(loaded).__name__, file)
    if _RUNS_PYTHON in loaded:
        raise fault(file, _RUNS_PYTHON, "would run Python in this file, but must be left out")
    return StudyFile(file, loaded, places or dict.fromkeys(keys_of(loaded), Place(None, None)))


def keys_of(value: Any, key: str = "") -> Iterator[str]:
    """Yield the key of each part of a value, and its own."""
    if key:
        yield key
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from keys_of(item, join(key, str(name)))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from keys_of(item, f"{key}[{i}]")


def _read_text(path: Path, file: str) -> str:
    try:
        text = read_text(path, MAX_BYTES)
    except UnreadableError as error:
        raise fault(file, f"line {error.line}" if error.line else "", error.reason) from error
    if found := _SCRIPT.search(text):
        line = text[: found.start()].count("\n") + 1
        problem = f"holds {found[0]}, which would run or hide parts of Snakemake's report"
        raise fault(file, f"line {line}", problem)
    return text


def _load_json(text: str, file: str) -> Any:
    """The content of a file of JSON; None where it is none, and may be YAML."""
    if not text.lstrip().startswith("{"):
        return None

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise fault(file, "", f"is not valid JSON: the key {quote(twice)} occurs twice")
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unique)
    except RecursionError as error:
        raise fault(file, "", f"is nested too deeply: at most {MAX_LEVELS} levels") from error
    except ValueError as error:
        if file.endswith(".json"):
            what = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
            where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
            raise fault(file, where, f"is not valid JSON: {what}") from error
        return None


def _compose(text: str, file: str) -> yaml.Node | None:
    """The tree of the file's only document."""
    level = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                level += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                level -= 1
            if level > MAX_LEVELS:
                mark = event.start_mark
                where = f"line {mark.line + 1}" if mark else ""
                raise fault(file, where, f"is nested too deeply: at most {MAX_LEVELS} levels")
        root: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = "another document begins: one is allowed" if "single doc" in str(error) else None
        if problem is None and mark and _character(text, mark) == "\t":
            problem = "a tab stands where YAML allows blanks only"
        raise fault(file, place, f"is not valid YAML: {problem or error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise fault(file, "", f"is not valid YAML: {' '.join(str(error).split())}") from error
    if root is not None:
        _require_small(root, file)
    return root


def _character(text: str, mark: yaml.Mark) -> str:
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    return line[mark.column : mark.column + 1]


def _require_small(root: yaml.Node, file: str) -> None:
    """Refuse a file whose aliases, once written out, are many values, or never end."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node) -> int:
        if id(node) in open_nodes:
            where = f"line {node.start_mark.line + 1}"
            raise fault(file, where, "is repeated inside itself by an alias, which has no end")
        if id(node) not in sizes:
            open_nodes.add(id(node))
            sizes[id(node)] = 1 + sum(size(child) for child in _children(node))
            open_nodes.remove(id(node))
        return sizes[id(node)]

    if size(root) > MAX_VALUES:
        raise fault(file, "", f"has more than {MAX_VALUES} values once its aliases are written out")


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _walk(node: yaml.Node, key: str, file: str) -> Iterator[tuple[str, Place]]:
    """Yield each key below a node and where it stands; refuse what YAML reads as something else."""
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        yield key, Place(line, None)
        seen: set[str] = set()
        for i, (name, item) in enumerate(node.value):
            if i:
                _require_no_comma(node.value[i - 1][1], name, key, file)
            written = _key_name(name, key, file)
            if written in seen:
                mark = name.start_mark
                place = f"line {mark.line + 1}, column {mark.column + 1}"
                raise fault(file, place, f"is not valid YAML: the key {written} occurs twice")
            seen.add(written)
            # What a merge brings is reported at its own place.
            below = key if name.tag == _MERGE else join(key, written)
            yield from _walk(item, below, file)
    elif isinstance(node, yaml.SequenceNode):
        yield key, Place(line, None)
        unsure = _may_hold_thousands(node)
        for i, item in enumerate(node.value):
            # 000 is no number of its own, and nor is 400 in [200, 1,400].
            thousands = unsure and _THOUSANDS.fullmatch(str(item.value))
            if i and (thousands or MISREAD.fullmatch(str(item.value))):
                _require_no_comma(node.value[i - 1], item, key, file)
            yield from _walk(item, f"{key}[{i}]", file)
    elif isinstance(node, yaml.ScalarNode):
        plain = not node.style
        if plain:
            _require_as_it_looks(node, key, f"{file}, line {line}")
        end = (node.end_mark.line, node.end_mark.column)
        yield key, Place(line, node.value, end) if plain else Place(line, None)


def _require_as_it_looks(node: yaml.ScalarNode, key: str, where: str) -> None:
    """Refuse a value without quotes that YAML reads as something else.

    Keys of a study have types, and what does not fit is reported with them; a class's arguments may
    have none.
    """
    written = shorten(node.value)
    if node.tag in (INT, FLOAT) and MISREAD.fullmatch(node.value):
        read_as = yaml.safe_load(node.value)
        problem = f"is {written}, which YAML reads as {read_as}: write it without zeros or colons,"
        raise fault(where, key, f"{problem} or as text in quotes")
    if not _ARGUMENT.search(key):
        return
    if node.tag == BOOL and node.value.lower() not in ("true", "false"):
        read_as = say_scalar(node.value, node.tag)
        problem = f"is {written}, which YAML reads as {read_as}: write {read_as}, or text in quotes"
        raise fault(where, key, problem)
    if node.tag != TEXT:
        return
    how = "nothing is written as null" if node.value == "None" else ""
    if _NUMBERS_AS_TEXT.fullmatch(node.value):
        how = "a number is written as 1.0e-3, -0.5 or .inf, several as [1, 2]"
    if how:
        problem = f"is {written}, which YAML reads as text: {how}, text in quotes"
        raise fault(where, key, problem)


def _may_hold_thousands(node: yaml.SequenceNode) -> bool:
    """Whether a list of numbers does not rise, and sets some apart by more than a comma."""
    items = node.value
    if not all(item.tag == INT and item.value.isdigit() for item in items):
        return False
    spaced = any(b.start_mark.index > a.end_mark.index + 1 for a, b in pairwise(items))
    return spaced and any(int(b.value) <= int(a.value) for a, b in pairwise(items))


def _require_no_comma(before: yaml.Node, after: yaml.Node, key: str, file: str) -> None:
    """Refuse a number with a comma in it, which between brackets ends at the comma."""
    numbers = all(
        isinstance(node, yaml.ScalarNode) and node.tag in (INT, FLOAT) and not node.style
        for node in (before, after)
    )
    if numbers and after.start_mark.index == before.end_mark.index + 1:
        line, shown = before.start_mark.line + 1, shorten(f"{before.value},{after.value}")
        problem = f"holds {shown}, where YAML ends the number at the comma"
        how = "decimals have a point, thousands no mark"
        raise fault(f"{file}, line {line}", key, f"{problem}: {how}")


def _key_name(node: yaml.Node, key: str, file: str) -> str:
    """A key's text; refuses a key that is none."""
    where = f"{file}, line {node.start_mark.line + 1}"
    if not isinstance(node, yaml.ScalarNode):
        raise fault(where, key, "has a list or a mapping as a key, but a key must be text")
    if node.tag not in (TEXT, _MERGE):
        read_as = say_scalar(node.value, node.tag)
        problem = f"has the key {shorten(node.value)}, which YAML reads as {read_as}: "
        raise fault(where, key, f'{problem}write "{shorten(node.value)}" in quotes if it is meant')
    return str(node.value)


def say_scalar(written: str, tag: str) -> str:
    """What YAML makes of text without quotes, in words."""
    kind = tag.rpartition(":")[2]
    if kind == "bool":
        return "true" if written.lower() in ("yes", "true", "on") else "false"
    words = {"null": "null", "int": "a number", "float": "a number", "timestamp": "a date"}
    return words.get(kind, quote(tag))


def _construct(root: yaml.Node, file: str) -> Any:
    loader = _LOADER("")
    try:
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise fault(file, place, f"is not valid YAML: {error.problem}") from error
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        # PyYAML lets Python's own errors through, of 2022-02-30 or !!int "": of which scalar?
        bad = next(node for node in _scalars(root) if not _constructs(node))
        where = f"line {bad.start_mark.line + 1}"
        kind = "date" if bad.tag.endswith(":timestamp") else "number"
        problem = f"holds {quote(bad.value)}, which YAML takes for a {kind} and cannot read"
        raise fault(file, where, f"{problem}: if text is meant, write it in quotes") from error
    finally:
        loader.dispose()


def _require_no_tags(text: str, file: str) -> None:
    """Refuse types that are written before values, which make them other values: !!int '0200'."""
    for event in yaml.parse(text, Loader=_LOADER):
        tag = getattr(event, "tag", None)
        if tag not in (None, "!", TEXT):
            where = f"line {event.start_mark.line + 1}" if event.start_mark else ""
            shown = shorten(tag.replace("tag:yaml.org,2002:", "!!"))
            problem = f"has the tag {shown}, which can change a value: write the value without it"
            raise fault(file, where, problem)


def _require_uncut(text: str, places: Mapping[str, Place], file: str) -> None:
    """Refuse text without quotes that ends before a number sign, as Study does in Study #3."""
    lines = text.splitlines()
    for key, place in places.items():
        if place.end is None or not _FREE_TEXT.fullmatch(key):
            continue
        line, column = place.end
        if cut := _NUMBERED.match(lines[line][column:] if line < len(lines) else ""):
            problem = f"ends before {shorten(cut[1])}, which YAML reads as a comment: put the text"
            where = f"{file}, line {line + 1}"
            raise fault(where, key, f"{problem} in quotes, or a blank behind # if it is one")


def _scalars(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    for child in _children(node):
        yield from _scalars(child)


def _constructs(node: yaml.Node) -> bool:
    loader = yaml.SafeLoader("")
    try:
        loader.construct_document(node)
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, OverflowError):
        return False
    return True


def _require_mapping(good: bool, kind: str, file: str) -> None:
    if not good:
        words = {"seq": "a list", "str": "text", "list": "a list", "int": "a number"}
        problem = f"holds {words.get(kind, 'a single value')}, but must hold a mapping of keys"
        raise fault(file, "", problem)
