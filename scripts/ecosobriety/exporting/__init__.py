"""A study for others to use: BoAmps records, disclosures, an RO-Crate around all, a citation."""

from ecosobriety.exporting.boamps import boamps_report
from ecosobriety.exporting.citation import citation
from ecosobriety.exporting.crate import write_crate
from ecosobriety.exporting.disclosure import FOLDER, Disclosed, disclose
from ecosobriety.exporting.records import boamps_records

__all__ = [
    "FOLDER",
    "Disclosed",
    "boamps_records",
    "boamps_report",
    "citation",
    "disclose",
    "write_crate",
]
