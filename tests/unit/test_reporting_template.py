import re

import jinja2
import pytest
from synthetic import REPORT_DIR

from ecosobriety.reporting import STYLES
from ecosobriety.reporting.svg import inline_svg


def test_template_holds_no_text_of_its_own():
    for path in REPORT_DIR.rglob("*.j2"):
        tokens = jinja2.Environment().lex(path.read_text(encoding="utf-8"))
        markup = "".join(value for _, kind, value in tokens if kind == "data")
        outside_tags = re.sub(r"<[^>]*>", "", markup)
        spoken = re.findall(r'(?:aria-label|title|alt)="[^"]*\w', markup)

        assert not re.search(r"[^\W\d_]", outside_tags), (path.name, outside_tags)
        assert not spoken, (path.name, spoken)


def _colours(block):
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def _luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _scheme(scheme):
    """The colours of a scheme: those of the page, and those of its first page."""
    colours = {}
    for name in STYLES:
        style = (REPORT_DIR / name).read_text(encoding="utf-8")
        light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
        colours |= _colours(light if scheme == "light" else dark)
    return colours


def _contrast(colours, *names):
    low, high = sorted(_luminance(colours[name]) for name in names)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        *(("ink", "paper"), ("muted", "paper"), ("accent", "paper"), ("ink", "soft")),
        *(("muted", "soft"), ("ink", "answer"), ("muted", "answer"), ("enough", "paper")),
    ],
)
def test_contrast_is_enough_in_both_schemes(scheme, ink, paper):
    assert _contrast(_scheme(scheme), ink, paper) >= 4.5  # WCAG AA


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_two_tones_of_the_figures_hold_in_grey(scheme):
    """Told apart by their lightness alone, as far as WCAG asks of parts of a picture."""
    colours = _scheme(scheme)
    assert _contrast(colours, "all", "enough") >= 3
    assert _contrast(colours, "mark", "paper") >= 3


def test_inline_svg_keeps_figures_apart_and_names_them():
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'viewBox="0 0 2 1"><metadata>tool</metadata><defs><style>*{}</style>'
        '<clipPath id="c"><rect/></clipPath></defs>'
        '<g id="never" clip-path="url(#c)"> <use xlink:href="#c" style="fill: url(#c)"/>\n'
        '<path d="M 1.23456 -0.095 L 10 2.50001"/><title> a b</title></g></svg>'
    )
    inline, other = (inline_svg(svg, prefix, "A & B") for prefix in ("p", "q"))

    (own,) = re.findall(r'<clipPath id="([^"]+)">', inline)
    assert own not in other
    assert f'clip-path="url(#{own})"><use href="#{own}" style="fill: url(#{own})" />' in inline
    assert '<path d="M 1.23 -0.095 L 10 2.5" /><title> a b</title>' in inline
    assert "never" not in inline
    assert '<title id="p-title">A &amp; B</title>' in inline
    assert 'aria-describedby="p-caption"' in inline
    assert not re.search("metadata|style>|http", inline)
