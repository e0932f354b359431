"""Class names: read as they are written, and reported where two of them look like one.

Names are brought to one Unicode form (NFC) and lose the blanks and invisible characters at their
ends. What then differs by capitals, blanks, hyphens, accents or look-alikes alone stays apart and
is named.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks.label_words import (
    SAME_WORDS,
    find_abbreviated,
    find_coded,
    find_combined,
)
from ecosobriety.checks.look_alikes import skeleton
from ecosobriety.checks.placeholders import CODES, FAR_CODES, NUMBER, find_placeholders
from ecosobriety.checks.respelt import find_dates, find_numbers, find_respelt
from ecosobriety.datasets.findings import Finding, short
from ecosobriety.errors import DataError

RARE_SHARE = 0.1
"""-1 may be an answer beside 0 and 1, and is hardly one in fewer rows than this."""
MOST_COUNTED = 100_000
"""Classes: more are no count."""
_WHOLE = re.compile(r"-?[0-9]{1,20}")
MIN_SPELT, TIMES_RARER, MOST_SPELT = 5, 10, 2000
"""A name of so many characters, so many times rarer than one that differs by a letter, may be a
slip; more names than this are no few that somebody typed."""
MOST_SLIPS, TIMES_OF_MANY = 10, 50
"""A slip is hardly made more often; what is has to be so many times rarer: skirts beside shirts."""
LONGER, FEW_ROWS, TIMES_RARER_AT_ENDS = 6, 3, 20
"""The same of a slip in the first or the last letter, which may make another word (typical,
atypical), and the most rows that it is in."""
TOTALS = frozenset(
    {
        *("total", "totals", "grand total", "subtotal", "sum", "mean", "average", "avg", "median"),
        *("count", "min", "max", "std", "total général", "somme", "moyenne", "médiane", "effectif"),
        *("summe", "gesamt", "gesamtergebnis", "mittelwert", "suma", "promedio", "media"),
    }
)
"""What people call the last rows of a table; a class of so few rows is one."""
MOST_TOTALS = 2
MAX_NAMED = 5
"""More classes than this are not listed in a message."""


@dataclass(frozen=True, eq=False)
class Coded:
    """Labels as distinct values and the index of each example's.

    Attributes:
        values: Distinct text, or distinct whole numbers.
        index: (n,) places in `values`.
    """

    values: Sequence[str] | Sequence[int]
    index: NDArray[np.int64]


def encode(
    parts: Sequence[NDArray[Any] | Coded], names: Sequence[str]
) -> tuple[tuple[str, ...], list[NDArray[np.int64]], list[Finding]]:
    """Class names in their order (numbers by value, text by letters), and indices of them.

    Args:
        parts: the labels of each part: whole numbers, truth values, text or UTF-8 as bytes.
        names: what each part is called in a message.

    Returns:
        The classes; for each part (n,) indices of them; what is to be reported about the names.

    Raises:
        DataError: labels are missing, no labels, or of one class alone.
    """
    coded = [
        y if isinstance(y, Coded) else code(y, name) for y, name in zip(parts, names, strict=True)
    ]
    kinds = {type(value) for part in coded for value in part.values}
    if len(kinds) > 1:
        raise DataError(f"the labels of {' and '.join(names)} are numbers and text, not one kind")
    written: dict[str, int] = defaultdict(int)
    for part in coded:
        for value, count in zip(part.values, _counts(part), strict=True):
            written[str(value)] += int(count)
    counts: dict[str, int] = defaultdict(int)
    for name, count in written.items():
        counts[normalised(name)] += count
    for part, name in zip(coded, names, strict=True):
        _require_names(part, name)
    classes, equal = _ordered(counts)
    if len(classes) < 2:
        shown = short(classes[0]) if classes else ""
        raise DataError(
            f'the labels hold the one class "{shown}" alone, but must hold at least two'
        )
    place = {name: i for i, name in enumerate(classes)}
    labels = []
    for part in coded:
        order = np.array([place[normalised(str(value))] for value in part.values], np.int64)
        labels.append(order[part.index])
    found = [*equal, *_trimmed(written), *_alike(counts), *find_placeholders(counts)]
    found += [*_like_totals(counts), *_outside(counts), *_misspelt(counts)]
    # Two answers in all their spellings, or else single ones.
    found += _same_words(counts) or [*find_abbreviated(counts)]
    found += find_coded(counts)
    found += [*find_combined(counts), *find_respelt(counts, skeleton)]
    found += [*find_dates(counts), *find_numbers(counts)]
    return classes, labels, found


def code(y: NDArray[Any], name: str) -> Coded:
    """Labels as whole numbers or as text.

    Raises:
        DataError: they are something else, or more than one a row.
    """
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise DataError(f"the labels of {name} have the shape {y.shape}, but must be one a row")
    if y.dtype.kind not in "buifUS":
        raise DataError(f"the labels of {name} are {kind(y)}, but must be whole numbers or text")
    if y.dtype.kind == "f":
        whole = np.isfinite(y) & (y == np.round(y))
        if not whole.all():
            raise DataError(
                f"the labels of {name} hold {y[~whole][0]}, but must be whole numbers or text"
            )
    distinct, index = np.unique(y, return_inverse=True)
    values: Any
    if y.dtype.kind == "S":
        values = [_decoded(value, name) for value in distinct.tolist()]
    elif y.dtype.kind in "bU":
        values = [str(value) for value in distinct.tolist()]
    else:
        # Python's integers have no end: 2**64 - 1 stays what it is.
        values = [int(value) for value in distinct]
    return Coded(values, index.reshape(-1).astype(np.int64))


def normalised(name: str) -> str:
    """A name in Unicode's form NFC, without blanks and invisible characters at its ends."""
    name = unicodedata.normalize("NFC", name)
    first, last = 0, len(name)
    while first < last and _invisible(name[first]):
        first += 1
    while last > first and _invisible(name[last - 1]):
        last -= 1
    return name[first:last]


def kind(array: NDArray[Any]) -> str:
    """What an array holds, in words."""
    kinds = {"U": "text", "S": "bytes", "O": "Python objects", "c": "complex numbers"}
    return kinds.get(array.dtype.kind, str(array.dtype))


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc", "Cf")


def _decoded(value: bytes, name: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"the labels of {name} hold {short(repr(value))}, but bytes must be text in UTF-8"
        ) from error


def _counts(part: Coded) -> NDArray[np.int64]:
    return np.bincount(part.index, minlength=len(part.values))


def _require_names(part: Coded, name: str) -> None:
    for i, value in enumerate(part.values):
        if not normalised(str(value)):
            first = int((part.index == i).argmax())
            raise DataError(f"a label of {name} is empty, in row {first + 1} (counted from 1)")


def _ordered(counts: Mapping[str, int]) -> tuple[tuple[str, ...], list[Finding]]:
    """Names by their value where all are numbers; reported where two are one number."""
    if not all(NUMBER.fullmatch(name) for name in counts):
        return tuple(sorted(counts)), []
    by_value: dict[Decimal, list[str]] = defaultdict(list)
    rounded: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        by_value[Decimal(name)].append(name)
        # 0.1 + 0.2 is 0.30000000000000004.
        rounded[f"{float(name):.12g}" if "." in name else str(Decimal(name))].append(name)
    groups = _groups([*by_value.values()], counts) or _groups(rounded.values(), counts)
    found = [Finding("classes_equal_as_numbers", True, {"groups": groups})] if groups else []
    return tuple(name for value in sorted(by_value) for name in sorted(by_value[value])), found


def _trimmed(written: Mapping[str, int]) -> list[Finding]:
    changed: dict[str, int] = defaultdict(int)
    for name, count in written.items():
        if normalised(name) != name:
            changed[short(normalised(name))] += count
    if not changed:
        return []
    values = {"number": sum(changed.values()), "names": dict(changed)}
    return [Finding("names_normalised", False, values)]


def _alike(counts: Mapping[str, int]) -> list[Finding]:
    """Classes that differ by capitals alone, or by what is not seen or looks the same."""
    together: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        together[skeleton(name)].append(name)
    several = [names for names in together.values() if len(names) > 1]
    if len(several) > 1 and max(map(len, counts)) == 1:
        # Letters as they are written by hand, say: of these, both are meant.
        several = [names for names in several if len({name.lower() for name in names}) > 1]
    # Not casefold, which also writes ß as ss.
    by_case = [names for names in several if len({name.lower() for name in names}) == 1]
    others = [names for names in several if len({name.lower() for name in names}) > 1]
    return [
        Finding(id, True, {"groups": _groups(groups, counts)})
        for id, groups in (("classes_differ_by_case", by_case), ("classes_look_alike", others))
        if groups
    ]


def listed_beside(names: Sequence[str], trained: Iterable[str]) -> str:
    """Classes in a message, each with one of the training part that looks like it, if any does."""
    seen = {skeleton(other): other for other in trained}
    alike = {name: seen[skeleton(name)] for name in names if skeleton(name) in seen}
    listed = ", ".join(
        f'"{short(name)}"'
        + (f' ("{short(alike[name])}" in the training part)' if name in alike else "")
        for name in names[:MAX_NAMED]
    )
    more = ", …" if len(names) > MAX_NAMED else ""
    return f"the {'class' if len(names) == 1 else 'classes'} {listed}{more}"


def _groups(groups: Iterable[Sequence[str]], counts: Mapping[str, int]) -> list[dict[str, int]]:
    return [
        {short(name): counts[name] for name in sorted(names)} for names in groups if len(names) > 1
    ]


def _like_totals(counts: Mapping[str, int]) -> list[Finding]:
    """Rows that sum the others up, such as a table's last one."""
    named = {
        short(name): number
        for name, number in counts.items()
        if number <= MOST_TOTALS and name.casefold().rstrip(": ") in TOTALS
    }
    # Where all classes are rare, it may be one of them.
    if not named or sorted(counts.values())[len(counts) // 2] <= MOST_TOTALS:
        return []
    return [Finding("classes_like_totals", True, {"names": named})]


def _same_words(counts: Mapping[str, int]) -> list[Finding]:
    """Two answers in more than two spellings, such as yes, Y, no and N."""
    words = {name: name.strip().casefold() for name in counts}
    for pair in SAME_WORDS:
        if len({*words.values()}) > len(pair) and {*words.values()} <= frozenset().union(*pair):
            groups = [[name for name, word in words.items() if word in same] for same in pair]
            return [Finding("classes_same_word", True, {"groups": _groups(groups, counts)})]
    return []


def _outside(counts: Mapping[str, int]) -> list[Finding]:
    """A class such as -1 or 99 beside classes that are counted from 0 or 1, or far from others."""
    if not 3 <= len(counts) <= MOST_COUNTED or not all(map(_WHOLE.fullmatch, counts)):
        return []
    for name in counts.keys() & (CODES | FAR_CODES):
        others = sorted(int(other) for other in counts if other != name)
        first, last, gap = others[0], others[-1], max(int(name) - others[-1], others[0] - int(name))
        counted = first in (0, 1) and last - first == len(others) - 1 and gap > int(int(name) > 0)
        # -1, 0 and 1 may be three answers.
        answer = name == "-1" and len(others) == 2
        # And 9 may be one of ten digits, of which there are 0 and 1 as well.
        digit = name == "9" and first == 0
        if (answer or digit) and counts[name] > RARE_SHARE * sum(counts.values()):
            continue
        if counted or (name in FAR_CODES and gap > 3 * (last - first)):
            values = {"names": {name: counts[name]}, "first": first, "last": last}
            return [Finding("class_outside_count", not answer, values)]
    return []


def _misspelt(counts: Mapping[str, int]) -> list[Finding]:
    """Rare names that differ from a common one by one letter, or by two that changed places."""
    if len(counts) > MOST_SPELT:
        return []
    common: dict[str, set[str]] = defaultdict(set)
    for name in counts:
        for form in _with_one_less(name):
            common[form].add(name)
    groups = []
    for name, number in counts.items():
        near = set().union(*(common[form] for form in _with_one_less(name))) - {name}
        meant = [
            other
            for other in near
            if counts[other] >= (TIMES_RARER if number <= MOST_SLIPS else TIMES_OF_MANY) * number
            and _is_slip(name, other, rare=_is_rare(number, counts[other]))
        ]
        if meant:
            best = max(meant, key=lambda other: counts[other])
            groups.append({short(best): counts[best], short(name): number})
    return [Finding("classes_misspelt", True, {"groups": groups})] if groups else []


def _with_one_less(name: str) -> set[str]:
    return {name, *(name[:i] + name[i + 1 :] for i in range(len(name)))}


def _is_rare(number: int, other: int) -> bool:
    return number <= FEW_ROWS and other >= TIMES_RARER_AT_ENDS * number


def _is_slip(written: str, meant: str, *, rare: bool) -> bool:
    """Whether one of two names is the other with a letter more, less, changed or out of place.

    A difference of digits, of a word of one or two characters (type I, type II), and, unless the
    first is `rare`, of the first letter (typical, atypical) or of the last one (glas, glass;
    series, serie) may be meant.
    """
    if max(len(written), len(meant)) < MIN_SPELT or skeleton(written) == skeleton(meant):
        return False
    first = next((i for i, (a, b) in enumerate(zip(written, meant, strict=False)) if a != b), None)
    if first is None:
        first = min(len(written), len(meant))
    ends = [*zip(reversed(written[first:]), reversed(meant[first:]), strict=False)]
    last = next((i for i, (a, b) in enumerate(ends) if a != b), len(ends))
    parts = [name[first : max(first, len(name) - last)] for name in (written, meant)]
    swapped = len(parts[0]) == 2 and parts[0] == parts[1][::-1]
    if not (swapped or max(map(len, parts)) <= 1) or not "".join(parts).isalpha():
        return False
    at_ends = rare and "".join(parts).islower() and max(len(written), len(meant)) >= LONGER
    if (first == 0 or last == 0) and not (swapped or at_ends):
        return False
    words = [
        re.split(r"[^\w]|_", name[:first])[-1] + re.split(r"[^\w]|_", name[first:])[0]
        for name in (written, meant)
    ]
    return min(map(len, words)) > 2
