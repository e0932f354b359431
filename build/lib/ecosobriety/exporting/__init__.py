"""A study for others to use: BoAmps records, an RO-Crate around all files, and how to cite it."""

from ecosobriety.exporting.boamps import boamps_report
from ecosobriety.exporting.citation import citation
from ecosobriety.exporting.crate import write_crate

__all__ = ["boamps_report", "citation", "write_crate"]
