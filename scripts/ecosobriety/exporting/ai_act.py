"""A sheet for Annex XI of the EU AI Act: section 1, point 2 (c) to (e).

That is the data, the computational resources and the training time, and the energy that is known or
estimated: https://eur-lex.europa.eu/eli/reg/2024/1689/oj.
"""

from ecosobriety.exporting.addresses import is_address
from ecosobriety.exporting.amounts import ModelAmounts, Training
from ecosobriety.exporting.disclosure import (
    Disclosed,
    LeftOut,
    duration,
    emissions,
    hardware,
    how,
    left_out,
    of_study,
    untrained,
)
from ecosobriety.exporting.markdown import Section, left_out_section, sheets
from ecosobriety.texts import Texts

FILE = "ai_act_annex_xi.{language}.md"
ASKED = {
    **{"sufficient": "data", "flop": "compute", "duration": "compute", "hardware": "compute"},
    **{"evaluation": "energy", "failed": "energy", "intensity": "energy"},
    **{"contract": "energy", "embodied": "energy"},
}
"""The part of the sheet that lacks it."""


def disclose(disclosed: Disclosed) -> dict[str, str]:
    """The sheet in each of the study's languages."""
    return sheets(FILE, "ai_act", disclosed, _sections)


def _sections(disclosed: Disclosed, text: Texts) -> list[Section]:
    models = disclosed.models
    asked = {topic: text(f"disclosure.ai_act.{part}") for topic, part in ASKED.items()}
    return [
        Section(text("disclosure.ai_act.data"), _data(disclosed, text)),
        Section(
            text("disclosure.ai_act.compute"),
            [line for model in models for line in _compute(model, text)],
        ),
        Section(
            text("disclosure.ai_act.energy"),
            [line for model in models for line in _energy(model, text)],
        ),
        left_out_section(
            [
                *untrained(disclosed, text("disclosure.ai_act.data"), text),
                *_data_left_out(disclosed, text),
                *left_out(models, asked, text),
            ],
            text,
        ),
    ]


def _data(disclosed: Disclosed, text: Texts) -> list[str]:
    dataset = disclosed.provenance["dataset"]
    if dataset["declared"]:
        lines = [text("disclosure.ai_act.declared", dataset=dataset["name"])]
    else:
        named = {"dataset": dataset["name"], "sha256": dataset["sha256"]}
        lines = [text("disclosure.ai_act.name", **named)]
    if is_address(dataset["origin"]):
        lines.append(text("disclosure.ai_act.origin", origin=dataset["origin"]))
    train, test = dataset["training_examples"], dataset["test_examples"]
    lines.append(text("disclosure.ai_act.points", train=text.integer(train)))
    if test is not None:
        lines.append(text("disclosure.ai_act.test", test=text.integer(test)))
    if findings := dataset.get("findings"):
        number = len(findings)
        key = "disclosure.ai_act.findings"
        lines.append(text.plural(key, number, number=text.integer(number)))
    for model in disclosed.models:
        lines += [
            text(
                f"disclosure.ai_act.used.{kind}",
                model=model.case.model,
                n_train=text.integer(training.n_train),
            )
            for kind, training in _trainings(model)
        ]
    return lines


def _data_left_out(disclosed: Disclosed, text: Texts) -> list[LeftOut]:
    dataset = disclosed.provenance["dataset"]
    part = text("disclosure.ai_act.data")
    found = [LeftOut(part, text("disclosure.unknown.curation"))]
    if dataset["test_examples"] is None:
        found.append(LeftOut(part, text("disclosure.unknown.test_examples")))
    if not is_address(dataset["origin"]):
        found.append(LeftOut(part, text("disclosure.unknown.origin")))
    return found


def _trainings(model: ModelAmounts) -> list[tuple[str, Training]]:
    """What is stated of a model, by its kind: one training at the reference, and what suffices."""
    found = [("reference", model.reference)]
    return found if model.sufficient is None else [*found, ("sufficient", model.sufficient)]


def _compute(model: ModelAmounts, text: Texts) -> list[str]:
    lines = []
    for _, training in _trainings(model):
        of = {"model": model.case.model, "n_train": text.integer(training.n_train)}
        if training.flop is not None:
            flop = text.integer(training.flop)
            lines.append(text("disclosure.ai_act.flop", flop=flop, **of))
        if training.duration_s is not None:
            written = duration(training.duration_s, text)
            seeds = text.integer(training.seeds)
            lines.append(text("disclosure.ai_act.time", duration=written, seeds=seeds, **of))
    whole, model_name = model.whole, model.case.model
    if whole.flop is not None:
        flop = text.integer(whole.flop)
        lines.append(text("disclosure.ai_act.study_flop", flop=flop, model=model_name))
    if whole.duration_s is not None:
        written = duration(whole.duration_s, text)
        lines.append(text("disclosure.ai_act.study_time", duration=written, model=model_name))
    if (used := hardware(model)) is not None:
        lines.append(text("disclosure.ai_act.hardware", hardware=used, model=model_name))
    return lines


def _energy(model: ModelAmounts, text: Texts) -> list[str]:
    lines = []
    for _, training in _trainings(model):
        of = {"model": model.case.model, "n_train": text.integer(training.n_train)}
        energy = text.energy(training.energy_kwh)
        lines.append(text("disclosure.ai_act.training_energy", energy=energy, **of))
        if (emitted := emissions(model, training.energy_kwh, text)) is not None:
            lines.append(text("disclosure.ai_act.training_emissions", emissions=emitted, **of))
    lines.append(of_study(model, text))
    sources = sorted(set(model.case.runs["energy_source"]))
    shown = ", ".join(sources) if not model.imported else ""
    key = "disclosure.ai_act.obtained" + ("" if shown else "_imported")
    lines.append(text(key, model=model.case.model, how=how(model, text), sources=shown))
    return lines


DISCLOSURE = disclose
