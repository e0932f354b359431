"""A badge for a README: the study's answer on one line, as an SVG without scripts or fonts."""

from xml.sax.saxutils import escape, quoteattr

from ecosobriety.study.study import Case
from ecosobriety.texts import Texts

HEIGHT, _PAD, _SIZE = 20, 7, 11
_LABEL, _FOUND, _NOTHING = "#555555", "#1b7a4b", "#6b6b6b"
"""Backgrounds on which white letters keep a contrast of 4.5 and more (WCAG AA)."""


def badge_answer(case: Case, text: Texts) -> tuple[str, bool]:
    """What the badge says, and whether it is an answer."""
    decision = case.decision
    sizes = {"n_train": text.integer(decision.sufficient), "all": text.integer(decision.reference)}
    if decision.stopped:
        stopped = text.integer(decision.rule_stop)
        return text("badge.stopped", n_train=stopped, all=text.integer(decision.full)), True
    if decision.no_recommendation:
        return text(f"badge.no_answer.{decision.no_recommendation}"), False
    if decision.smaller_suffices:
        return text("badge.enough", **sizes), True
    one = decision.stop is None
    return text("badge.one_size" if one else "badge.none_smaller", **sizes), False


def badge_label(case: Case, text: Texts) -> str:
    """What the badge is about; of a study with several models, which one."""
    several = len(case.study.cases()) > 1
    return text("badge.label." + ("several" if several else "one"), model=case.model)


def badge(label: str, answer: str, found: bool) -> str:
    """The badge: what it is about on the left, the answer on the right.

    Args:
        label: on the left.
        answer: on the right.
        found: whether it is an answer; without one it is grey.
    """
    left, right = (_width(words) + 2 * _PAD for words in (label, answer))
    whole = left + right
    colour = _FOUND if found else _NOTHING
    spoken = quoteattr(f"{label}: {answer}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT}" '
        f'viewBox="0 0 {whole} {HEIGHT}" role="img" aria-label={spoken}>\n'
        f"<title>{escape(f'{label}: {answer}')}</title>\n"
        f'<clipPath id="r"><rect width="{whole}" height="{HEIGHT}" rx="3"/></clipPath>\n'
        f'<g clip-path="url(#r)"><rect width="{left}" height="{HEIGHT}" fill="{_LABEL}"/>'
        f'<rect x="{left}" width="{right}" height="{HEIGHT}" fill="{colour}"/></g>\n'
        '<g fill="#ffffff" font-family="DejaVu Sans,Verdana,Geneva,sans-serif" '
        f'font-size="{_SIZE}">\n'
        # Another font is squeezed to the width of the one that was measured.
        f"{_words(label, _PAD, left)}\n{_words(answer, left + _PAD, right)}\n</g>\n</svg>\n"
    )


def _words(words: str, x: int, width: int) -> str:
    length = f'textLength="{width - 2 * _PAD}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x}" y="14" {length}>{escape(words)}</text>'


def _width(words: str) -> int:
    """How wide words are in DejaVu Sans, in pixels."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    # A dollar sign begins no formula here.
    font = FontProperties(family="DejaVu Sans", size=_SIZE)
    width, _, _ = TextToPath().get_text_width_height_descent(words, font, ismath=False)
    return max(1, round(float(width)))
