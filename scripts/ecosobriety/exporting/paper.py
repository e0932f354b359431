"""A paragraph for a paper, in plain text and in LaTeX, in each of the study's languages."""

from ecosobriety.exporting import latex
from ecosobriety.exporting.amounts import ModelAmounts
from ecosobriety.exporting.disclosure import (
    Disclosed,
    answer,
    duration,
    emissions,
    hardware,
    how,
    left_out,
    levers,
    of_study,
    untrained,
)
from ecosobriety.study.wording import country_name
from ecosobriety.texts import Texts

ASKED = dict.fromkeys(
    ("duration", "hardware", "intensity", "contract", "embodied", "failed", "sufficient"), ""
)


def disclose(disclosed: Disclosed) -> dict[str, str]:
    """Both files, with a paragraph for each language and below it what it leaves out."""
    plain, typeset = [], []
    for text in disclosed.texts:
        own = text.of(disclosed.study.metric)
        sentences = [*_sentences(disclosed, own), *levers(disclosed.study, own)]
        missing = [*untrained(disclosed, "", own), *left_out(disclosed.models, ASKED, own)]
        unknown = [item.reason for item in missing]
        heading = own("disclosure.left_out.heading")
        plain.append("\n".join([" ".join(sentences), "", heading, *map("- {}".format, unknown)]))
        typeset.append(
            "\n".join(
                [
                    latex.comment(own("disclosure.paper.comment", title=disclosed.title(own))),
                    latex.escape(" ".join(sentences)),
                    latex.comment(heading),
                    *map(latex.comment, unknown),
                ]
            )
        )
    return {"paper.txt": "\n\n".join(plain) + "\n", "paper.tex": "\n\n".join(typeset) + "\n"}


def _sentences(disclosed: Disclosed, text: Texts) -> list[str]:
    return [
        sentence for model in disclosed.models for sentence in _of_model(disclosed, model, text)
    ]


def _of_model(disclosed: Disclosed, model: ModelAmounts, text: Texts) -> list[str]:
    reference, electricity = model.reference, model.electricity
    values = {
        "model": model.case.model,
        "dataset": model.case.dataset,
        "n_train": text.integer(reference.n_train),
        "energy": text.energy(reference.energy_kwh),
        "seeds": text.integer(reference.seeds),
    }
    sentences = [text("disclosure.paper.training", **values)]
    if reference.duration_s is not None:
        written = duration(reference.duration_s, text)
        sentences.append(text("disclosure.paper.duration", duration=written))
    if (used := hardware(model)) is not None:
        sentences.append(text("disclosure.paper.hardware", hardware=used))
    meter = ", ".join(model.meters)
    key = "disclosure.paper.metered" if meter else "disclosure.paper.unmetered"
    sentences += [text(key, meter=meter, software=disclosed.software_name), how(model, text)]
    if (emitted := emissions(model, reference.energy_kwh, text)) is not None:
        sentences.append(
            text(
                "disclosure.paper.emissions",
                emissions=emitted,
                country=country_name(model.case, text),
                intensity=text.number(electricity.g_per_kwh),
                year=str(electricity.year or text("missing")),
                pue=text.exact(electricity.pue),
            )
        )
    sentences.append(answer(model.case, text))
    if (sufficient := model.sufficient) is not None:
        energy, n_train = text.energy(sufficient.energy_kwh), text.integer(sufficient.n_train)
        sentences.append(text("disclosure.paper.sufficient", energy=energy, n_train=n_train))
    return [*sentences, of_study(model, text)]


DISCLOSURE = disclose
