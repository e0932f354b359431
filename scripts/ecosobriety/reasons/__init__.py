"""Why a value is missing, estimated or to be taken with care: every such sentence, in one place.

Records and tables hold the sentence in English; `recognise` gives its id and values back, from
which a report makes a sentence in its own language. Each id has its words in the catalogues.
"""

import re
from functools import cache
from typing import Any

from ecosobriety.reasons.derived import ALIKE, COUNTRIES, METHODS, SERVICE
from ecosobriety.reasons.imported import IMPORTED
from ecosobriety.reasons.trained import COMMAND, EPOCHS, FLOP, METER, TRAINING

REASONS = (
    METER | FLOP | EPOCHS | TRAINING | ALIKE | COMMAND | IMPORTED | METHODS | COUNTRIES | SERVICE
)
FILL = ", filled in with the mean power of the rest"


def reason(id_: str, **values: Any) -> str:
    """The sentence of an id with its values."""
    return REASONS[id_].format(fill=FILL, **values)


def recognise(sentence: str) -> tuple[str, dict[str, str]] | None:
    """The id and the values of a sentence of `reason`; None: it is none of them."""
    for id_, pattern in _patterns().items():
        if found := pattern.fullmatch(sentence):
            return id_, found.groupdict()
    return None


def recognise_all(sentences: str) -> list[tuple[str, dict[str, str]]] | None:
    """As `recognise`, of several that `; ` joins; None: one of them is unknown."""
    parts, known = sentences.split("; "), []
    while parts:
        # The shortest first: a value may hold anything, and a sentence a semicolon of its own.
        for end in range(1, len(parts) + 1):
            if found := recognise("; ".join(parts[:end])):
                known.append(found)
                parts = parts[end:]
                break
        else:
            return None
    return known


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """What each sentence looks like, whatever its values."""
    escaped = {
        id_: re.escape(sentence.replace("{fill}", FILL)) for id_, sentence in REASONS.items()
    }
    named = {
        id_: re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", sentence) for id_, sentence in escaped.items()
    }
    return {id_: re.compile(pattern) for id_, pattern in named.items()}
