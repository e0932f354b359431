"""What a command wrote last, which says why it failed."""

import re
from pathlib import Path

from ecosobriety.errors import shorten

LAST_LINES, MOST = 3, 120
_OUR_LINES = re.compile(r"[0-9-]{10} [0-9:,]{12} [A-Z]+ (ecosobriety|py\.warnings|codecarbon)\b")
"""What the measurement writes into the log that it shares with the command."""


def last_words(log: Path, began_at: int) -> str:
    """The last lines of a command's output, as many as a message has room for; "" for none.

    Of what is too long the end is kept, where a traceback has its cause: the last line always.

    Args:
        log: the file that it was written to.
        began_at: where in it the command's output begins, in bytes.
    """
    with log.open("rb") as file:
        file.seek(began_at)
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    own = [line for line in lines if line.strip("^~ ") and not _OUR_LINES.match(line)]
    if not own:
        return ""
    said = own[-1]
    if len(said) > MOST:
        # The kind of the error, and what it names last.
        half = MOST // 2
        return f"{shorten(said, half)} {said[-half:]}"
    for line in reversed(own[-LAST_LINES:-1]):
        if len(line) + len(" / ") + len(said) > MOST:
            break
        said = f"{line} / {said}"
    return said
