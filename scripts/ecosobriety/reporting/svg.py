"""Putting a figure's SVG into a page, where several of them share one space of ids."""

import hashlib
import re
from xml.etree import ElementTree

from markupsafe import Markup

_REFERENCE = re.compile(r"(url\(|^)#([^\")]+)")
_PLACES = {"d", "transform", "x", "y", "cx", "cy", "points", "width", "height"}
_LONG = re.compile(r"-?\d+\.\d{3,}")


def inline_svg(svg: str, prefix: str, title: str) -> Markup:
    """Make a figure's SVG part of an HTML page.

    Ids are the figure's own, so that the figures of a page do not take each other's clips and
    letters. The file's metadata and its rule for all elements go. Inside HTML an SVG needs no
    namespaces. What no eye sees goes too, a quarter of the page: ids that nothing refers to, blanks
    between elements, digits below a hundredth of a point.

    Args:
        svg: an SVG file's text, as Matplotlib writes it.
        prefix: unique in the page.
        title: the figure's name, for screen readers; its caption says what it shows.
    """
    root = ElementTree.fromstring(svg)
    # A letter is used thousands of times: short names of their own save a tenth of the page.
    own = hashlib.blake2s(prefix.encode(), digest_size=3).hexdigest()
    referred = set(re.findall(r"#([^\"')]+)", svg))
    names = [name for element in root.iter() if (name := element.get("id")) in referred]
    ids = {name: f"i{own}-{number}" for number, name in enumerate(names)}

    def renamed(match: re.Match[str]) -> str:
        return f"{match[1]}#{ids.get(match[2], match[2])}"

    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {
            _local(name): _REFERENCE.sub(renamed, value) for name, value in element.attrib.items()
        }
        if (name := element.attrib.pop("id", None)) in ids:
            element.attrib["id"] = ids[name]
        for place in _PLACES & element.attrib.keys():
            element.attrib[place] = _LONG.sub(_rounded, element.attrib[place])
        element.text, element.tail = map(_without_blanks, (element.text, element.tail))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in ("metadata", "style"):
                parent.remove(child)
    element = ElementTree.Element("title", {"id": f"{prefix}-title"})
    element.text = title
    root.insert(0, element)
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": f"{prefix}-title",
        "aria-describedby": f"{prefix}-caption",
        # What the removed rule said.
        "stroke-linejoin": "round",
        "stroke-linecap": "butt",
    }
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _without_blanks(text: str | None) -> str | None:
    return text if text and text.strip() else None


def _rounded(number: re.Match[str]) -> str:
    if abs(float(number[0])) < 1:  # perhaps a scale
        return number[0]
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]
