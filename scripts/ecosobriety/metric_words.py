"""What texts call the study's metric, in the reader's language: name, unit, what its margin is.

The catalogue has the forms of each metric's name after `metric`, those of a user's own metric after
`metric.own`. `[bon|bonne]` agrees with its gender.
"""

import re
from collections.abc import Mapping

from ecosobriety.metrics import Metric

METRIC_WORDS = (
    *("metric", "Metric", "a_metric", "the_metric", "The_metric", "of_metric", "definition"),
    *("in_unit", "in_points", "axis_unit", "axis_points", "target_unit"),
    *("of_reference", "of_its", "of_margin", "as_share", "times_reference", "share_tested"),
)
"""What every text may ask for without being given it; a word that does not apply is empty."""

_AGREES = re.compile(r"\[([^|\[\]]*)\|([^|\[\]]*)\]")


def agreeing(entry: str, catalogue: Mapping[str, str], metric: Metric) -> str:
    """A text in which what is in square brackets agrees with the metric's gender."""
    place = 2 if _form("gender", catalogue, metric) == "f" else 1
    return _AGREES.sub(lambda found: found[place], entry)


def metric_words(catalogue: Mapping[str, str], metric: Metric) -> dict[str, str]:
    """The words of `METRIC_WORDS`, as a catalogue of texts has them."""
    forms = {form: _form(form, catalogue, metric) for form in ("name", "a", "the", "of")}
    words = dict.fromkeys(METRIC_WORDS, "") | {
        "metric": forms["name"],
        "Metric": _capital(forms["name"]),
        "a_metric": forms["a"],
        "the_metric": forms["the"],
        "The_metric": _capital(forms["the"]),
        "of_metric": forms["of"],
        "definition": _form("definition", catalogue, metric),
    }
    found: dict[str, str] = {}
    for group in _groups(metric):
        entries = ((word, catalogue.get(f"{group}.{word}")) for word in METRIC_WORDS)
        found |= {word: entry for word, entry in entries if entry is not None}
    if metric.relative_margin:
        better = "higher" if metric.higher_is_better else "lower"
        found["share_tested"] = catalogue.get(f"metric_relative.share_tested.{better}", "")
    else:
        found["of_margin"] = found.get("in_points", "")
    values = {**words, "unit": metric.unit}
    return words | {
        word: agreeing(entry, catalogue, metric).format(**values) for word, entry in found.items()
    }


def _groups(metric: Metric) -> list[str]:
    """Where the words are that depend on how it is shown and on its margin."""
    shown = None
    if metric.percent:
        shown = "percent"
    elif metric.unit:
        shown = "unit"
    elif metric.task == "regression" and metric.highest is None:
        shown = "target"
    groups = [] if shown is None else [f"metric_shown.{shown}"]
    return [*groups, "metric_relative"] if metric.relative_margin else groups


def _form(form: str, catalogue: Mapping[str, str], metric: Metric) -> str:
    """A form of the metric's name; of the user's own metric, with the name that it has."""
    known = catalogue.get(f"metric.{metric.name}.{form}")
    own = catalogue.get(f"metric.own.{form}", "").replace("{name}", metric.name)
    return own if known is None else known


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
