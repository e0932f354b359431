"""How the templates of pages are read."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


@cache
def environment(report_dir: Path) -> Environment:
    """The templates of a folder; values are escaped, and one that lacks is an error."""
    return Environment(
        loader=FileSystemLoader(report_dir),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
