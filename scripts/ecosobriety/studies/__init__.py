"""Several finished studies, side by side.

`finished` reads what a study left, `comparable` says which of its figures may be put beside
another's, and `comparing` makes one table of all of them.
"""

from ecosobriety.studies.comparing import compare
from ecosobriety.studies.finished import (
    Finished,
    names_to_compare,
    other_settings,
    read_finished,
    require_finished,
)

__all__ = [
    "Finished",
    "compare",
    "names_to_compare",
    "other_settings",
    "read_finished",
    "require_finished",
]
