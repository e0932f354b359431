"""One sentence for a step that can say none itself: it was killed, or a user's code ended it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ecosobriety.errors import EcosobrietyError

# It waits for a line, which the step writes at its end, or for the end of the step itself.
_WATCH = 'IFS= read -r line || { printf "%s\\n" "$1" >&2; printf "%s\\n" "$1" >> "$2"; }'


@contextmanager
def told_if_it_dies(what: str, log: str | Path) -> Iterator[None]:
    """Have another process say so if this one ends within the block, without a word.

    Args:
        what: What the block works on, such as a class with its key.
        log: The step's log, to which the sentence is added.
    """
    sentence = EcosobrietyError(
        f"{what}: its process ended without a word: it was killed, as where memory is full, or its "
        "code ended it (os._exit)"
    )
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", _WATCH, "sh", f"error: {sentence}", str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # What ends all of the step's group is to leave it.
        start_new_session=True,
    )
    assert watcher.stdin is not None
    try:
        yield
    finally:
        with suppress(OSError):
            watcher.stdin.write(b"\n")
            watcher.stdin.close()
        watcher.wait()
