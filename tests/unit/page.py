"""A report's page as a browser reads it."""

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input", "source", "area", "base", "col", "wbr"}
FETCHING = {
    *("src", "srcset", "href", "xlink:href", "action", "formaction", "data", "poster", "ping"),
    *("background", "cite", "manifest", "archive", "codebase", "usemap", "longdesc", "profile"),
}


class Page(HTMLParser):
    """A page read strictly: every element that is opened is closed, in order."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.data, self._open, self._text = [], [], [], ""
        self.headings = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in {tag}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        self._text = ""
        if tag == "data":
            self.data.append(dict(attrs)["value"])

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self._text += data

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, f"{tag} closes something else"
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append((int(tag[1]), self._text.strip()))
