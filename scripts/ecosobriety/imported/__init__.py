"""Runs that exist already: read from tables, checked, and kept as records."""

from ecosobriety.imported.reading import read_imports
from ecosobriety.imported.recording import Origin, content_digest, imported_records
from ecosobriety.imported.runs import Imports, ImportSpec
from ecosobriety.imported.sharing import require_own_rows
from ecosobriety.imported.sheet import RunsError

__all__ = [
    "ImportSpec",
    "Imports",
    "Origin",
    "RunsError",
    "content_digest",
    "imported_records",
    "read_imports",
    "require_own_rows",
]
