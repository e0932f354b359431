"""Remarks of records and tables in the reader's language."""

import re
from collections.abc import Mapping

from ecosobriety.reasons import recognise, recognise_all
from ecosobriety.texts import Texts

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
_NAMES = {"model", "device", "tracker", "counter", "country", "zone", "name", "variable", "status"}
_NAMES |= {"year", "known_year"}
"""Values that stay as they are, though one looks like a number."""


def remark(sentence: str, text: Texts) -> str | None:
    """A remark in the reader's language.

    Args:
        sentence: as `reasons.reason` made it, or several joined by `; `.
        text: the language.

    Returns:
        None where it is none of ours: the user's own words, or those of another version.
    """
    if (found := recognise_all(sentence)) is None:
        return None
    return "; ".join(_tell(id_, values, text) for id_, values in found)


def _tell(id_: str, values: Mapping[str, str], text: Texts) -> str:
    return text(
        f"reason.{id_}", **{name: _value(name, value, text) for name, value in values.items()}
    )


def _value(name: str, value: str, text: Texts) -> str:
    """A value as the language writes it; one that is a remark itself is written as one."""
    if name in _NAMES:
        return value
    if name == "day":
        return text.day(value)
    if found := recognise(value):
        return _tell(*found, text)
    if _NUMBER.fullmatch(value):
        return text.exact(float(value))
    if value.endswith("%") and _NUMBER.fullmatch(value[:-1]):
        return text.share(float(value[:-1]) / 100, len(value.partition(".")[2][:-1]))
    return value
