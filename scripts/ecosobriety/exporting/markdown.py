"""Sheets in Markdown: headings and lists of plain sentences, in which nothing is markup."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecosobriety.exporting.disclosure import LeftOut
from ecosobriety.texts import Texts

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!$])")
_AT_START = re.compile(r"^(\s*\d*)([-+=:.)])")


@dataclass(frozen=True)
class Section:
    """A part of a sheet: its heading, and its sentences in plain text."""

    heading: str
    lines: Sequence[str]


def sheet(title: str, scope: str, sections: Iterable[Section]) -> str:
    """A sheet: title, what it is, and its sections with each sentence as an item of a list."""
    parts = [f"# {escape(title)}", escape(scope)]
    for section in sections:
        items = "\n".join(f"- {_item(line)}" for line in section.lines)
        parts.append(f"## {escape(section.heading)}\n\n{items}")
    return "\n\n".join(parts) + "\n"


def left_out_section(left_out: Sequence[LeftOut], text: Texts) -> Section:
    """What a sheet leaves out, and why."""
    lines = [
        text("disclosure.left_out.line", field=item.field, reason=item.reason) for item in left_out
    ]
    return Section(text("disclosure.left_out.heading"), lines or [text("disclosure.nothing")])


def escape(sentence: str) -> str:
    """A sentence as Markdown shows it, letter by letter.

    CommonMark takes a backslash before any punctuation mark for the mark itself.
    """
    return _MARKUP.sub(r"\\\1", " ".join(sentence.split("\n")))


def _item(sentence: str) -> str:
    """A sentence as an item of a list, which a mark at its start would make a list of its own."""
    return _AT_START.sub(r"\1\\\2", escape(sentence))
