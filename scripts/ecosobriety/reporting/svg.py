"""Putting a figure's SVG into a page, where several of them share one space of ids."""

import re
from xml.etree import ElementTree

from markupsafe import Markup

_REFERENCE = re.compile(r"(url\(|^)#")


def inline_svg(svg: str, prefix: str, title: str) -> Markup:
    """Make a figure's SVG part of an HTML page.

    Ids get a prefix, so that the figures of a page do not take each other's clips and letters. The
    file's metadata and its rule for all elements go. Inside HTML an SVG needs no namespaces.

    Args:
        svg: an SVG file's text, as Matplotlib writes it.
        prefix: unique in the page.
        title: the figure's name, for screen readers; its caption says what it shows.
    """
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {
            _local(name): _REFERENCE.sub(rf"\g<1>#{prefix}-", value)
            for name, value in element.attrib.items()
        }
        if "id" in element.attrib:
            element.attrib["id"] = f"{prefix}-{element.attrib['id']}"
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


def _local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]
