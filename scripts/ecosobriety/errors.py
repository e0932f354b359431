"""The errors that a user can cause and mend: each message is one clear sentence.

Whatever names and values a message holds, it is one line of at most `MAX_MESSAGE` characters that a
terminal can show: `EcosobrietyError` sees to it, so that nobody who raises one can forget it.
"""

import json
import re
from functools import partial

MAX_MESSAGE = 300
"""Characters of a message."""
MAX_SHOWN = 80
"""Characters of a value or a name in a message."""
# The beginning says where, the end what is allowed: of a long message both stay.
_BEGINNING = 170
_SHOWN_AT_MOST = (80, 60, 40, 24)
"""Characters of each foreign value in a message that is too long, until it is not."""
_FOREIGN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]{25,}')
"""What is in quotes, and what is longer than a word."""
_ESCAPE = "\\"


def one_line(sentence: str) -> str:
    """A sentence on one line, whatever the names and values in it hold.

    Line breaks, control characters and those that turn the direction of writing are escaped.
    """
    if sentence.isprintable():
        return sentence
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in sentence)


def shorten(text: str, most: int = MAX_SHOWN) -> str:
    """A text on one line of at most so many characters, its end replaced by an ellipsis.

    Escaped before it is cut: control characters, once escaped, would make it longer again.
    """
    # What is cut anyway need not be escaped.
    shown = one_line(text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def quote(text: object) -> str:
    """Foreign text as a message shows it: in quotes, escaped, shortened."""
    # The quotes stand around what was cut, so that its end is seen.
    written = json.dumps(one_line(shorten(str(text))), ensure_ascii=False)
    return written.replace("\\\\", "\\")


def row(place: int) -> str:
    """The place of a table's row, counted from 0, in a user's words."""
    return f"row {place + 1} (counted from 1, without the header)"


class EcosobrietyError(Exception):
    """Base of all errors whose message is meant for the user, without a traceback.

    `whole` is the message before it was cut.
    """

    def __init__(self, message: str = "") -> None:
        self.whole = one_line(message)
        super().__init__(_cut(self.whole))


class ConfigError(EcosobrietyError):
    """A study's configuration is wrong: names the file, the key, the value and what is allowed."""


class DataError(EcosobrietyError):
    """A data set or a factor table cannot be had or is not what it should be."""


class MeteringError(EcosobrietyError):
    """The energy meter gave no usable number."""


class RecordError(EcosobrietyError):
    """A run record or a table does not follow the contract."""


def _cut(sentence: str) -> str:
    """A sentence of bearable length: the foreign values in it are cut, then its middle."""
    for most in _SHOWN_AT_MOST:
        if len(sentence) <= MAX_MESSAGE:
            return sentence
        sentence = _FOREIGN.sub(partial(_shown, most=most), sentence)
    if len(sentence) <= MAX_MESSAGE:
        return sentence
    return f"{sentence[:_BEGINNING]} … {sentence[len(sentence) - MAX_MESSAGE + _BEGINNING + 3 :]}"


def _shown(found: re.Match[str], most: int) -> str:
    """A value in quotes by its beginning, a path or the name of a class by both ends."""
    value = found[0]
    if len(value) <= most:
        return value
    if value.startswith('"'):
        return f'{value[: most - 2].rstrip(_ESCAPE)}…"'
    return f"{value[: most // 3]}…{value[most // 3 + 1 - most :]}"
