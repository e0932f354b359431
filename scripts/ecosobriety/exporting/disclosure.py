"""The forms in which a study discloses what it measured, and how each of them is made.

A module of this folder adds a form by declaring `DISCLOSURE`, a function from `Disclosed` to the
files that it makes. What a form asks for and the study does not know is left out of it, never
guessed or 0, and listed in the same file with the reason.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup

from ecosobriety.discovery import declared
from ecosobriety.errors import one_line
from ecosobriety.exporting.amounts import ModelAmounts, model_amounts
from ecosobriety.records.adjusted import factor_in
from ecosobriety.records.record import RunRecord
from ecosobriety.reporting.growth import growth_answer
from ecosobriety.reporting.headline import headline
from ecosobriety.reporting.levers import levers_answer
from ecosobriety.reporting.remarks import remark
from ecosobriety.study.levers_view import LeversView
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import country_name, study_title, trainings
from ecosobriety.texts import Texts

FOLDER = "disclosures"
LEAST_MASS_G = 1e-3
"""Below it, prose gives a bound: what a scale in a laboratory still weighs."""


@dataclass(frozen=True)
class Disclosed:
    """What the forms are filled in from.

    Attributes:
        study: the study.
        records: its records.
        provenance: as `provenance.describe` gives it.
        software: the content of CITATION.cff.
        texts: those of the study's languages, the first one first.
    """

    study: Study
    records: Sequence[RunRecord]
    provenance: Mapping[str, Any]
    software: Mapping[str, Any]
    texts: Sequence[Texts]

    @cached_property
    def models(self) -> list[ModelAmounts]:
        """What the trainings of each model took."""
        return model_amounts(self.study, self.records)

    @property
    def software_name(self) -> str:
        """The software and its version, without what it is for."""
        return f"{str(self.software['title']).partition(':')[0]} {self.software['version']}"

    def title(self, text: Texts) -> str:
        """The study's title in a language, on one line."""
        return one_line(study_title(self.study.config, text.language))


Disclose = Callable[[Disclosed], Mapping[str, str]]
"""Makes the files of a form: their content by their name."""


@dataclass(frozen=True)
class LeftOut:
    """A field that a form asks for and the study does not know.

    Attributes:
        field: its name in the form.
        reason: why, in the reader's language.
    """

    field: str
    reason: str


def disclose(disclosed: Disclosed) -> dict[str, str]:
    """The content of every form's files, by their name."""
    forms: list[Disclose] = declared("ecosobriety.exporting", "DISCLOSURE")
    return {name: content for form in forms for name, content in form(disclosed).items()}


def plain(markup: Markup) -> str:
    """A sentence of the report without its marks."""
    return html.unescape(re.sub(r"<[^>]*>", "", str(markup)))


def answer(case: Case, text: Texts) -> str:
    """The study's answer for a model, as the report's first screen begins."""
    sentences = [
        *growth_answer(case, text)[:1],
        *([] if case.decision.stopped else headline(case, text)[:1]),
    ]
    return " ".join(map(plain, sentences))


def levers(study: Study, text: Texts) -> list[str]:
    """What the levers of a study save together, in a sentence; none where it has no levers."""
    view = LeversView.of(study)
    return [] if view is None else [levers_answer(view, text)]


def left_out(
    models: Sequence[ModelAmounts], asked: Mapping[str, str], text: Texts
) -> list[LeftOut]:
    """What of all that a form asks for is not known of some models.

    Args:
        models: the models; a reason that several share is given once, with their names.
        asked: the form's own name of each field, by what it asks for, a key of `_UNKNOWN`.
        text: the language.
    """
    named: dict[tuple[str, str], list[str]] = {}
    for model in models:
        for topic, field in asked.items():
            if (reason := _UNKNOWN[topic](model, text)) is not None:
                named.setdefault((field, reason), []).append(model.case.model)
    return [
        LeftOut(field, text("disclosure.of_model", model=", ".join(names), reason=reason))
        for (field, reason), names in named.items()
    ]


def untrained(disclosed: Disclosed, field: str, text: Texts) -> list[LeftOut]:
    """The models that a budget had no training for: a form knows nothing of them.

    Args:
        disclosed: the study.
        field: where the form lacks them.
        text: the language.
    """
    return [
        LeftOut(field, text("figure.untrained", model=model)) for model in disclosed.study.untrained
    ]


def _no_intensity(model: ModelAmounts, text: Texts) -> str:
    return text("disclosure.unknown.intensity", country=country_name(model.case, text))


def _no_sufficient(model: ModelAmounts, text: Texts) -> str:
    return text(f"disclosure.unknown.sufficient.{model.no_sufficient}")


def _unrecorded(model: ModelAmounts, column: str, text: Texts) -> str:
    """What is missing, with the records' own reason."""
    given = model.why_missing(column)
    reason = text("disclosure.unknown.unrecorded")
    if given is not None:
        reason = remark(given, text) or one_line(given)
    return text(f"disclosure.unknown.{column}", reason=reason)


def _no_embodied(model: ModelAmounts, text: Texts) -> str | None:
    """Of hardware that the study knows, the trainings' time may be missing."""
    if model.whole.duration_s is None and model.embodied_g(1.0) is not None:
        return _unrecorded(model, "train_duration_s", text)
    return _unless(model.embodied_g(model.whole.duration_s) is not None, "embodied", text)


def _unless(known: bool, name: str, text: Texts) -> str | None:
    return None if known else text(f"disclosure.unknown.{name}")


_UNKNOWN: Mapping[str, Callable[[ModelAmounts, Texts], str | None]] = {
    "intensity": lambda m, t: None if m.electricity.g_per_kwh is not None else _no_intensity(m, t),
    "contract": lambda m, t: _unless(m.electricity.contract is not None, "contract", t),
    "embodied": _no_embodied,
    "failed": lambda m, t: _unless(m.whole.failed_kwh is not None, "failed", t),
    "evaluation": lambda m, t: (
        None if m.whole.evaluation_kwh is not None else _unrecorded(m, "eval_energy_kwh", t)
    ),
    "flop": lambda m, t: None if m.whole.flop is not None else _unrecorded(m, "flop_train", t),
    "duration": lambda m, t: (
        None if m.whole.duration_s is not None else _unrecorded(m, "train_duration_s", t)
    ),
    "hardware": lambda m, t: _unless(bool(m.hardware), "hardware", t),
    "place": lambda m, t: _unless(not m.imported, "place", t),
    "weights": lambda m, t: _unless(m.from_random_weights, "weights", t),
    "sufficient": lambda m, t: None if m.no_sufficient is None else _no_sufficient(m, t),
}
"""Why something is not known of a model, by what it is; None: it is known."""


def how(model: ModelAmounts, text: Texts) -> str:
    """How the energies of a model were obtained, and by what a reading scales them."""
    said = text(f"disclosure.how.{model.case.energy_quality}")
    if model.imported or (factor := factor_in(model.case.runs)) == 1:
        return said
    return f"{said} {text('disclosure.calibrated', factor=text.number(factor))}"


def duration(seconds: float, text: Texts) -> str:
    """A duration in a readable unit."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{text.number(seconds / size)}\N{NO-BREAK SPACE}{unit}"
    return f"{text.number(seconds)}\N{NO-BREAK SPACE}s"


def hardware(model: ModelAmounts) -> str | None:
    """What a model was trained on, with the threads where they are known."""
    return ", ".join(map(one_line, model.hardware)) or None


def emissions(model: ModelAmounts, energy_kwh: float, text: Texts) -> str | None:
    """Location-based emissions of trainings of this energy, of as many as give a gram or more."""
    batch = model.case.emissions_batch
    emitted_g = model.electricity.emissions_g(energy_kwh * batch)
    if emitted_g is None:
        return None
    written = text.mass(max(emitted_g, LEAST_MASS_G))
    if emitted_g < LEAST_MASS_G:
        written = text("disclosure.below", amount=written)
    return text("disclosure.emitted", trainings=trainings(batch, text), emissions=written)


def of_study(model: ModelAmounts, text: Texts) -> str:
    """What the whole study took for a model, with its failed attempts where they are known."""
    whole, full = model.whole, model.cost
    kind = "all" if whole.failed_kwh is not None else "imported"
    return text(
        f"disclosure.study.{kind}",
        model=model.case.model,
        trainings=trainings(whole.trainings, text),
        energy=text.energy(whole.energy_kwh),
        failed=text.energy(whole.failed_kwh),
        full=text.integer(full["full_n_train"]),
        times=text.number(full["full_trainings"], 2),
    )
