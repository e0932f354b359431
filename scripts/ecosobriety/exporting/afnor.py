"""An evidence sheet for AFNOR SPEC 2314 on frugal AI: need, practices, limits.

The need for the data is what a sufficient size shows. The SPEC (June 2024) is AFNOR's: practices
are described in our words, and not by their numbers there.
"""

from ecosobriety.exporting.disclosure import (
    Disclosed,
    answer,
    left_out,
    levers,
    of_study,
    untrained,
)
from ecosobriety.exporting.markdown import Section, left_out_section, sheets
from ecosobriety.texts import Texts

FILE = "afnor_spec_2314.{language}.md"
ASKED = {
    **{"sufficient": "need", "failed": "practices", "evaluation": "practices"},
    **{"contract": "limits", "embodied": "limits"},
}
"""The part of the sheet that lacks it."""


def disclose(disclosed: Disclosed) -> dict[str, str]:
    """The sheet in each of the study's languages."""
    return sheets(FILE, "afnor", disclosed, _sections)


def _sections(disclosed: Disclosed, text: Texts) -> list[Section]:
    asked = {topic: text(f"disclosure.afnor.{part}") for topic, part in ASKED.items()}
    unknown = [
        *untrained(disclosed, asked["sufficient"], text),
        *left_out(disclosed.models, asked, text),
    ]
    return [
        Section(text("disclosure.afnor.need"), _need(disclosed, text)),
        Section(text("disclosure.afnor.practices"), _practices(disclosed, text)),
        Section(text("disclosure.afnor.limits"), _limits(disclosed, text)),
        left_out_section(unknown, text),
    ]


def _need(disclosed: Disclosed, text: Texts) -> list[str]:
    """What the study answers of each model, and what that shows of the need for its data."""
    lines = []
    for model in disclosed.models:
        lines.append(answer(model.case, text))
        kind = model.no_sufficient or "sufficient"
        values = {
            "model": model.case.model,
            "reference": text.integer(model.reference.n_train),
            "n_train": text.integer(model.sufficient.n_train if model.sufficient else None),
        }
        lines.append(text(f"disclosure.afnor.shows.{kind}", **values))
    return lines


def _practices(disclosed: Disclosed, text: Texts) -> list[str]:
    study, dataset = disclosed.study, disclosed.provenance["dataset"]
    runs = study.runs
    here = runs[runs["energy_quality"] != "imported"]
    names = ", ".join(model.case.model for model in disclosed.models)
    of_each_size = runs.groupby(["model", "n_train"])["seed"].nunique()
    sizes = {"sizes": runs["n_train"].nunique(), "seeds": of_each_size.min()}
    lines = [
        *([text("disclosure.afnor.metered", number=text.integer(len(here)))] if len(here) else []),
        text("disclosure.afnor.sizes", **{name: text.integer(n) for name, n in sizes.items()}),
        *([text("disclosure.afnor.models", models=names)] if len(disclosed.models) > 1 else []),
        *(of_study(model, text) for model in disclosed.models),
        *levers(study, text),
        text(
            "disclosure.afnor.countries",
            number=text.integer(study.scenarios["country_iso3"].nunique()),
        ),
        text("disclosure.afnor." + ("declared" if dataset["declared"] else "open")),
    ]
    if any(model.case.decision.grows for model in disclosed.models):
        lines.append(text("disclosure.afnor.grows"))
    return lines


def _limits(disclosed: Disclosed, text: Texts) -> list[str]:
    qualities = sorted({model.case.energy_quality for model in disclosed.models})
    lines = [text("disclosure.afnor.scope_of_study"), text("disclosure.afnor.this_data")]
    lines += [text(f"disclosure.how.{quality}") for quality in qualities]
    if any(model.embodied_g(model.whole.duration_s) is None for model in disclosed.models):
        lines.append(text("disclosure.afnor.electricity_alone"))
    return lines


DISCLOSURE = disclose
