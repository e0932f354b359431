"""The entry `co2_eq_emissions` of a Hugging Face model card, one YAML document for each model.

Its fields are those of https://huggingface.co/docs/hub/model-cards-co2; emissions in grams. What
stands beside it, under `ecosobriety`, says what the number is of, and is no field of a card's.
"""

from typing import Any

import yaml

from ecosobriety.exporting.amounts import ModelAmounts
from ecosobriety.exporting.disclosure import Disclosed, hardware, left_out
from ecosobriety.study.wording import country_name
from ecosobriety.texts import Texts

FILE = "hf_co2.yaml"
ASKED = {
    **{"intensity": "emissions", "weights": "training_type", "place": "geographical_location"},
    **{"hardware": "hardware_used", "contract": "market_based_g", "sufficient": "sufficient"},
}
FROM_RANDOM_WEIGHTS = "pre-training"
"""The card knows this and `fine-tuning`."""


def disclose(disclosed: Disclosed) -> dict[str, str]:
    """The documents of all models, in the first language of the study."""
    text = disclosed.texts[0]
    documents = [_document(disclosed, model, text) for model in disclosed.models]
    return {FILE: yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False)}


def _document(disclosed: Disclosed, model: ModelAmounts, text: Texts) -> dict[str, Any]:
    electricity, reference = model.electricity, model.reference
    country = country_name(model.case, text)
    values = {
        "emissions": electricity.emissions_g(reference.energy_kwh),
        "source": _source(disclosed, model, country, text),
        "training_type": FROM_RANDOM_WEIGHTS if model.from_random_weights else None,
        # Where imported runs were trained is not known.
        "geographical_location": None if model.imported else country,
        "hardware_used": hardware(model),
    }
    unknown = left_out([model], ASKED, text)
    return {
        "co2_eq_emissions": {name: value for name, value in values.items() if value is not None},
        "ecosobriety": {
            "model": model.case.model,
            "dataset": model.case.dataset,
            "emissions_are_of": "reference",
            "trainings": _trainings(model),
            "left_out": [{"field": item.field, "reason": item.reason} for item in unknown],
        },
    }


def _source(disclosed: Disclosed, model: ModelAmounts, country: str, text: Texts) -> str:
    software, meter = disclosed.software_name, ", ".join(model.meters)
    if meter:
        software = text("disclosure.hugging_face.metered", software=software, meter=meter)
    return text(
        "disclosure.hugging_face.source",
        software=software,
        n_train=text.integer(model.reference.n_train),
        seeds=text.integer(model.reference.seeds),
        quality=text(f"disclosure.quality.{model.case.energy_quality}"),
        country=country,
        intensity=text.number(model.electricity.g_per_kwh),
        pue=text.exact(model.electricity.pue),
    )


def _trainings(model: ModelAmounts) -> dict[str, Any]:
    """What could stand in the card instead, by what was trained."""
    found: dict[str, Any] = {"reference": (model.reference.n_train, model.reference.energy_kwh)}
    if model.cost["full_n_train"] != model.reference.n_train:
        found["full"] = (int(model.cost["full_n_train"]), float(model.cost["full_training_kwh"]))
    if model.sufficient is not None:
        found["sufficient"] = (model.sufficient.n_train, model.sufficient.energy_kwh)
    entries: dict[str, Any] = {
        kind: {"n_train": n_train, **_amounts(model, energy_kwh)}
        for kind, (n_train, energy_kwh) in found.items()
    }
    if "full" in entries:
        entries["full"]["estimated"] = bool(model.cost["full_training_estimated"])
    study = {"trainings": model.whole.trainings, **_amounts(model, model.whole.energy_kwh)}
    return entries | {"study": study}


def _amounts(model: ModelAmounts, energy_kwh: float) -> dict[str, float]:
    emissions = {
        "emissions_g": model.electricity.emissions_g(energy_kwh),
        "market_based_g": model.electricity.market_g(energy_kwh),
    }
    known = {name: value for name, value in emissions.items() if value is not None}
    return {"energy_kwh": energy_kwh, **known}


DISCLOSURE = disclose
