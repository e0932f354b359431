"""Which formats a user's own files may have."""

from collections.abc import Mapping
from typing import Any

TABLES = ("csv", "parquet")
FORMATS = ("npz", "image-folder", *TABLES)


def format_of(spec: Mapping[str, Any]) -> str | None:
    """The format of a user's own files; None: the data set has none, but a name or a class."""
    if spec.get("class_path") is not None:
        return None
    written = spec.get("format")
    if written is not None:
        return str(written)
    return spec["name"] if spec["name"] in FORMATS else None
