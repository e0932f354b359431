"""Where a step's messages go: everything into its log, and one clear sentence to the user."""

import logging
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ecosobriety.errors import EcosobrietyError
from ecosobriety.startup import keep_imports
from ecosobriety.steps.orphans import end_with_run
from ecosobriety.steps.seals import seal, unseal


@contextmanager
def logged_to(path: str | Path, sealed: Sequence[str | Path] = ()) -> Iterator[None]:
    """Send log messages and warnings of the block, which is a step's work, to a file.

    An error that a user can mend ends the program with its one sentence on the standard error; any
    other goes on, and its traceback is in the file too. A step that has lost its run ends.

    Args:
        path: The log.
        sealed: What the block writes and nobody else should: an edit by hand is noticed later on.
    """
    keep_imports()
    Path(path).write_bytes(b"")
    logging.basicConfig(
        filename=path,
        # Behind what a command of the user's writes into it.
        filemode="a",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )
    logging.captureWarnings(True)
    # Some libraries print their messages by themselves, over Snakemake's progress.
    for name in logging.root.manager.loggerDict:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    try:
        end_with_run()
        unseal(sealed)
        yield
        seal(sealed)
    except EcosobrietyError as error:
        logging.error("%s", error)
        sys.exit(f"error: {error}")
    except BaseException as error:
        logging.error("%s", traceback.format_exc())
        if is_out_of_memory(error):
            sys.exit(
                "error: the memory that this process may use is full; raise its limit "
                "(`ulimit -v`, a container's, a cluster's), use fewer examples or a smaller network"
            )
        raise


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that no memory is left; PyTorch says so in a RuntimeError's text."""
    text = str(error)
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and any(words in text for words in ("can't allocate memory", "out of memory"))
    )
