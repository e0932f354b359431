"""A study for others to use: records, disclosures, figures and badges, a crate around all."""

from ecosobriety.exporting.boamps import boamps_report
from ecosobriety.exporting.citation import citation
from ecosobriety.exporting.crate import write_crate
from ecosobriety.exporting.disclosure import FOLDER, Disclosed, disclose
from ecosobriety.exporting.embedding import (
    FIGURES,
    badges,
    draw_pdf,
    embedding,
    figure_tables,
    pictures_of,
)
from ecosobriety.exporting.records import boamps_records

__all__ = [
    "FIGURES",
    "FOLDER",
    "Disclosed",
    "badges",
    "boamps_records",
    "boamps_report",
    "citation",
    "disclose",
    "draw_pdf",
    "embedding",
    "figure_tables",
    "pictures_of",
    "write_crate",
]
