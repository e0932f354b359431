"""Sheets in Markdown: headings and lists of plain sentences, in which nothing is markup."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ecosobriety.exporting.disclosure import Disclosed, LeftOut
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


def sheets(
    file: str,
    form: str,
    disclosed: Disclosed,
    sections_of: Callable[[Disclosed, Texts], Sequence[Section]],
) -> dict[str, str]:
    """A form's sheet in each of the study's languages.

    Args:
        file: its name, with `{language}`.
        form: its name among the texts (`disclosure.{form}`), which have its title and its scope.
        disclosed: the study.
        sections_of: writes its sections in a language.
    """
    written = {}
    for language in disclosed.texts:
        text = language.of(disclosed.study.metric)
        title = text(f"disclosure.{form}.title", title=disclosed.title(text))
        scope = text(f"disclosure.{form}.scope")
        name = file.format(language=text.language)
        written[name] = sheet(title, scope, sections_of(disclosed, text))
    return written


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
