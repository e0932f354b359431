"""What a reader sees of a name: what is equal in it may be one class in two spellings."""

import html
import re
import unicodedata
from contextlib import suppress
from urllib.parse import unquote

MIN_ACCENTED = 3
"""Characters of a name from which on it may be written without its accents; a letter is not."""
_AROUND = re.compile(
    r"(?P<open>['\"`«“‘]?) ?(?P<name>[^\W\d_].{2,}?)(?(open) ?['\"`»”’]?)"
    r"(?:\.(?:jpe?g|png|bmp|tiff?|csv|txt|wav)| ?\[[0-9a-z?]\]| ?\([?!]\)|[*†‡]+)?",
    re.IGNORECASE,
)
"""Quotes around a name, the end of a file's name or a footnote after it."""
_WRAPPED = re.compile(
    r"(?:(?P<quote>['\"])(?=-?[\d.]+(?P=quote)$)|[bu](?=['\"])|=(?=\")|#(?=[^\W\d_])|\[(?=.*\]$)|(?:tensor|np\.\w+)?\((?=.*\)$)|\*{1,2}(?=.*\*$)|\{(?=.*\}$)|<(?P<tag>\w+)[^<>]*>)"
    r"(?P<inner>[^\[\](){}<>]+?)(?:</(?P=tag)>|[\])}]|\*{1,2}|(?P=quote))?"
)
"""What programs and pages write around a name: b'ash', ['ash'], (ash), #ash, *ash*,
tensor(1), <b>ash</b>, '1'."""
_VOWEL = re.compile(r"[aeiouy\u00c0-\u017e]", re.IGNORECASE)
"""Without one, letters are no word, and an s behind them says nothing: NNP and NNPS."""
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
"""A character as JSON writes it."""
_LOOK_ALIKES = str.maketrans(
    {
        **dict(zip("АВЕЅІЈКМНОРСТХаеосрхуіјѕ", "ABESIJKMHOPCTXaeocpxyijs", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
        **dict.fromkeys("‐‑‒–—−", "-"),
        **dict.fromkeys("’‘´`ʻʼʹ′", "'"),
        **{"×": "x", "⁄": "/"},
        **dict.fromkeys("™®©"),
    }
)
"""Letters of Cyrillic and Greek, dashes, quotes and signs that are printed as Latin ones, or that
are left out."""
_LEFT_OUT = str.maketrans(
    {
        **dict(zip("łŁøØđĐ", "lLoOdD", strict=True)),
        **{"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ە": "ه", "ٱ": "ا"},
        **dict.fromkeys("ـ\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0653\u0654\u0655"),
    }
)
"""Letters that some keyboards lack, or that are often written without their sign: of Polish, Danish
and Croatian, and of Arabic and Persian, where vowels and lengthening strokes are left out."""
_MARKS = re.compile(
    r"(?<=[A-Za-z])[\u0300-\u036f]+|(?<=[\u0391-\u03c9])[\u0301\u0308]+|(?<=[еЕeE])\u0308"
)
"""Accents of Latin and Greek letters and of ё, which many leave out; elsewhere they make other
letters."""


def skeleton(name: str) -> str:
    """What a reader sees of a name, whatever its capitals and its accents."""
    # Before NFKC, which makes other characters of some of them.
    seen = unicodedata.normalize("NFKC", _as_written(name).translate(_LOOK_ALIKES))
    seen = "".join(" " if c.isspace() else c for c in seen if not _hidden(c))
    # What joins two words, or ends them, differs from one program to the next; a sign does not.
    seen = re.sub(r"(?<=[^\W\d_])[-_ .]+(?=[^\W\d_])", " ", seen)
    seen = re.sub(r"(?<=[^\W\d_])[-_ .]+(?=\d)|(?<=\w)[.,;:!?]+$", "", seen)
    # One, or several of them.
    if _VOWEL.search(seen):
        seen = re.sub(r"(?<=[^\W\d_]{3})(?<![sS])[sS]$", "", seen)
    seen = re.sub(r"(?<=[^\W\d_]) (?=[^\W\d_])", "", seen)
    if len(seen) >= MIN_ACCENTED:
        seen = _MARKS.sub("", unicodedata.normalize("NFD", seen)).translate(_LEFT_OUT)
    seen = unicodedata.normalize("NFC", seen).translate(_LOOK_ALIKES)
    return " ".join(seen.casefold().split())


def _as_written(name: str) -> str:
    """A name before programs put it into quotes, escaped it, or read its UTF-8 as another code."""
    name = html.unescape(name) if "&" in name else name
    name = unquote(name) if "%" in name else name
    name = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name) if "\\u" in name else name
    while (found := _WRAPPED.fullmatch(name)) is not None:
        name = found["inner"]
    with suppress(UnicodeError):
        name = name if name.isascii() else name.encode("cp1252").decode()
    found = _AROUND.fullmatch(name)
    return found["name"] if found else name


def _hidden(character: str) -> bool:
    chosen = "\ufe00" <= character <= "\ufe0f"
    return chosen or (unicodedata.category(character) in ("Cc", "Cf") and not character.isspace())
