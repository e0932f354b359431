"""Columns of a table that number its rows, or things, and measure nothing."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ecosobriety.checks.mistakes import is_dense
from ecosobriety.datasets.findings import Finding, short
from ecosobriety.errors import DataError

ROUNDED = 0.01
"""Of a step, which rounding may change."""
INDEX_NAME = re.compile(r"Unnamed: \d+(\.\d+)*|__index_level_\d+__")
"""What programs call a column that numbers the rows."""
FIRST_ROWS, MIN_COUNTED_ROWS = 1000, 5
"""Of fewer rows, a column can be 0, 1, … by chance."""
MOST_PIECES, MIN_PIECE = 10, 20
"""Files whose rows were numbered, and how many of each on average: more are persons or series."""
NUMBERING = re.compile(
    r"(.*[-_ .])?(index|idx|id|nr|no|num|number|row|case|obs|record|sample|example|nummer|num[ée]ro"
    r"|n°|#)([-_ .]?(id|nr|no|num|number))?",
    re.IGNORECASE,
)
"""What begins again in columns of other names may be days or years."""
_IDENTIFIER = re.compile(
    r"(?i:(.*[-_ .])?(id|uid|uuid|guid|identifier|subject|patient|participant|respondent|specimen)"
    r"([-_ .]?(no|nr|nbr|num|number))?"
    r"|(.*[-_ .])?(sample|case|record|patient|customer|client|employee|student|account|order|user"
    r"|invoice|ticket|member|policy|serial|transaction|passenger|loan)([-_ .]?code)?"
    r"[-_ .]?(id|no|nr|nbr|num|number)|(.*[-_ .])?key|nr|record"
    r"|row[-_ .]?(id|no|num|number)|(rec|line|entry|batch)[-_ .]?no"
    r"|lfd[-_ .]?nr|objectid|fid|gid|pk|idx|barcode|sku|mrn|hash|checksum|matricule)"
    r"|.*[a-z](Id|ID)|[Nn]o"
)
"""Names of columns that say which thing a row is of, in whatever numbers; NO is a gas."""
_LONG = re.compile(r"ean|vin|imei|passport|mobile|fax|phone", re.IGNORECASE)
"""Whose numbers have seven digits or more; shorter ones are visits by phone, or volts."""
_NO = re.compile(r"[Nn]o")
"""May be the gas as well, of which hours have the same."""
FEWEST_THINGS, SINGLE, NEARLY_SINGLE = 20, 0.5, 0.95
"""Different ones, and which share of the rows they are, or of a doubtful name; else they are
groups."""
_RANK = re.compile(r"(.*[-_ .])?[Rr]ank(s|ing)?([-_ .].*)?|.*[a-z]Rank(ing)?|RANK")
"""Of a rank, each number stands once."""


def examine(
    name: str,
    values: np.ndarray,
    column: pa.ChunkedArray,
    *,
    is_index: bool,
    asked_for: bool,
    columns: int,
) -> list[Finding]:
    """Refuse a row number that nobody asked for; name what looks like one of `columns` columns."""
    named = is_index or INDEX_NAME.fullmatch(name) is not None
    # Only what spans as many whole numbers as there are rows can number them.
    spans = len(values) >= MIN_COUNTED_ROWS and values.max() - values.min() == len(values) - 1
    steps = np.diff(values) if spans else values[:0]
    counts = spans and bool((steps == steps[0]).all())
    numbered = counts and values.min() in (0, 1) and _is_whole(column)
    if named or numbered:
        if not asked_for:
            what = "numbers the rows" if numbered or not is_index else "is the index of the rows"
            raise DataError(
                f'the column "{short(name)}" {what}: leave it out of the file, or name the columns '
                "to learn from in dataset.features, with this one if it is meant"
            )
        return [Finding("index_like_feature", True, {"feature": short(name)})]
    permuted = _are_steps(values)
    permuted = permuted or (NUMBERING.fullmatch(name) is not None and _counts_again(values))
    once = permuted or is_dense(values, columns)
    once = (once and _RANK.fullmatch(name) is None) or _grows_steadily(values, columns)
    share = SINGLE if _NO.fullmatch(name) is None else NEARLY_SINGLE
    thing = _IDENTIFIER.fullmatch(name) or (_LONG.fullmatch(name) and np.median(values) >= 10**6)
    if once or (thing and _are_things(values, share)):
        return [Finding("index_like_feature", True, {"feature": short(name)})]
    return []


def _are_things(values: np.ndarray, share: float) -> bool:
    """Whether they are whole numbers, as many different ones as this share of the rows."""
    distinct = len(np.unique(values))
    whole = bool((values == np.round(values)).all())
    return whole and distinct >= max(FEWEST_THINGS, share * len(values))


def _are_steps(values: np.ndarray) -> bool:
    """Whether they are whole numbers in equal steps, each once, in any order."""
    if len(values) < MIN_COUNTED_ROWS:
        return False
    low = values.min()
    step = (values.max() - low) / (len(values) - 1)
    if step < 1 or step != np.round(step):
        return False
    # Most columns do not even begin so.
    for part in (values[:FIRST_ROWS], values):
        if (np.mod(part - low, step) != 0).any() or len(np.unique(part)) < len(part):
            return False
    return bool(low == np.round(low))


def _grows_steadily(values: np.ndarray, columns: int) -> bool:
    """Whether they grow in equal steps, as 10, 20 and 30 or a clock's 0, 0.5 and 1.

    A feature that is the only one may have been chosen so, but for whole numbers.
    """
    # Most columns do not even begin so.
    for part in (values[:MIN_COUNTED_ROWS], values):
        if len(part) < MIN_COUNTED_ROWS:
            return False
        step = (part[-1] - part[0]) / (len(part) - 1)
        apart = np.abs(part - part[0] - step * np.arange(len(part)))
        if step == 0 or (apart > ROUNDED * abs(step)).any():
            return False
    return columns > 1 or bool((values[:2] == np.round(values[:2])).all())


def _counts_again(values: np.ndarray) -> bool:
    """Whether they count from 0 or 1, and begin again a few times, as rows of several files do."""
    if len(values) < MIN_PIECE or values[0] not in (0, 1):
        return False
    steps = np.diff(values)
    begins = steps != 1
    pieces = 1 + np.count_nonzero(begins)
    again = bool((values[1:][begins] == values[0]).all())
    return bool(again and pieces <= MOST_PIECES and len(values) >= MIN_PIECE * pieces)


def _is_whole(column: pa.ChunkedArray) -> bool:
    if pa.types.is_string(column.type):
        return bool(pc.all(pc.match_substring_regex(column, r"^\s*[+-]?[0-9]+\s*$")).as_py())
    return bool(pa.types.is_integer(column.type))
