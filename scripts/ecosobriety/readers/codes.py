"""Columns of a CSV file whose cells are codes that happen to be numbers: 01000, 12E4, +33612345678.

As a number, 01000 is 1000, 12E4 is 120,000, and neither measures anything.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

FIRST_ROWS = 1000
"""What does not hold in these need not be looked for in the others."""
FEW = 5
"""Numbers that a network may well tell apart."""
_CODE = r"^[ \t]*(0[0-9]+|[0-9]+E[0-9]+|\+[0-9]{7,})[ \t]*$"
"""Programs write a sign before an exponent, and people a small e, or a point."""
CLOCK, _TWO_DIGITS = 60, r"^[ \t]*[0-9]{2}[ \t]*$"


_NAMES = re.compile(
    r"(zip|postal|post|dial|area|fips|insee|country|airport|product|icd|naics|sic|isbn|ean|upc)"
    r"[-_ .]?codes?|(state|region|city|store|brand|category|occupation|job|soil|industry|sector)"
    r"[-_ .]?(code|id|fips)|(product|country|type|genre|airport)[-_ .]?id|naics|sic"
    r"|zip|plz|code[-_ .]?(postal|insee)|(phone|tel|fax|mobile|account|passport)"
    r"[-_ .]?(no|nr|num|number)|(tele)?phone|ssn|fips|isbn|upc",
    re.IGNORECASE,
)
"""Names of columns that hold codes, whatever these look like."""


def is_like_codes(name: str, column: pa.ChunkedArray, values: NDArray[np.float64]) -> bool:
    """Whether whole numbers are named as codes, or written with zeros before them or a letter.

    Args:
        name: of the column.
        column: the cells; text, as of a CSV file, or they are no codes.
        values: (n,) what was read of them.
    """
    first = values[:FIRST_ROWS]
    if (first != np.round(first)).any():
        return False
    if _NAMES.fullmatch(name.strip()) and len(np.unique(first)) > FEW:
        return True
    if not pa.types.is_string(column.type):
        return False
    if not any(map(_may_be_codes, column.chunks)):
        return False
    if not pc.any(pc.match_substring_regex(column, _CODE)).as_py():
        return False
    # Hours, minutes and months have two digits each.
    clock = values.max() < CLOCK and pc.all(pc.match_substring_regex(column, _TWO_DIGITS)).as_py()
    return not clock


def _may_be_codes(texts: pa.Array) -> bool:
    """Whether any text, none of which is empty, begins as a code or with a blank, or holds an E."""
    _, ends, letters = texts.buffers()
    places = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    written = np.frombuffer(letters, np.uint8)[places[0] : places[-1]]
    if (written == ord("E")).any():
        return True
    first, longer = written[places[:-1] - places[0]], np.diff(places) > 1
    begins = [first == ord(letter) for letter in " \t+"]
    return any(begun.any() for begun in begins) or bool((longer & (first == ord("0"))).any())
