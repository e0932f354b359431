"""Data as users bring them: found, read as they are meant, or refused.

`obtain` finds a data set and checks its identity, `take_in` and `foresee_module` say before a run
what can be known of it (`is_read_early`: all that decides), `read_declared` reads the labels of
data that the study does not prepare, and `stamp` says whether a user's files have changed.
"""

from ecosobriety.readers.declaration import read_declared
from ecosobriety.readers.foreseen import foresee_module
from ecosobriety.readers.obtaining import is_read_early, obtain, take_in
from ecosobriety.readers.user_files import input_files, stamp

__all__ = [
    "foresee_module",
    "input_files",
    "is_read_early",
    "obtain",
    "read_declared",
    "stamp",
    "take_in",
]
