"""Plain text as LaTeX shows it, letter by letter."""

import re

_COMMANDS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "`": r"\char96{}",
    "\0": "{}",
    "\N{NO-BREAK SPACE}": "~",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
    "\N{MINUS SIGN}": r"\ensuremath{-}",
    "\N{MULTIPLICATION SIGN}": r"\ensuremath{\times}",
    "\N{SUBSCRIPT TWO}": r"\textsubscript{2}",
    "\N{MICRO SIGN}": r"\ensuremath{\mu}",
    "\N{EN DASH}": "--",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
    "\N{SUPERSCRIPT MINUS}": r"\textsuperscript{-}",
    **{sign: rf"\textsuperscript{{{i}}}" for i, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}
_TABLE = str.maketrans(_COMMANDS)
_LIGATURE = re.compile(r"-(?=-)|,(?=,)|'(?=')|[?!](?=`)")
"""Letters that TeX would draw as one with the next; `\\0` is what parts them."""


def escape(text: str) -> str:
    """Text for the body of a document: no letter of it is a command or starts a comment.

    Letters of other scripts stay as they are: XeLaTeX and LuaLaTeX have them.
    """
    line = " ".join(text.splitlines()).replace("\0", "")
    return _LIGATURE.sub("\\g<0>\0", line).translate(_TABLE)


def comment(text: str) -> str:
    """Text as a comment of one line."""
    return f"% {' '.join(text.splitlines())}"
