"""The section on how the energy was measured."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from ecosobriety.provenance import DISTURBED_FROM
from ecosobriety.records.adjusted import (
    BASELINE,
    FACTOR,
    NET,
    NET_REASON,
    factor_in,
    was_idle,
)
from ecosobriety.records.epochs import earlier_tests_kwh
from ecosobriety.reporting.tables import component_table
from ecosobriety.study.study import Study
from ecosobriety.study_config.plan import adapts_epochs
from ecosobriety.texts import Texts, exact_decimals
from ecosobriety.units import kwh_to_joules


def measurement(study: Study, provenance: Mapping[str, Any], text: Texts) -> dict[str, Any]:
    """How the energy was measured: sentences, and a table by component, None if none is known."""
    here = _of_here(study)
    timed = study.runs["short_window"].dropna()
    # How exactly others measured is said only where it is in doubt.
    timed = timed if timed.any() else here["short_window"].dropna()
    known = [parts for parts in provenance["components"] if parts]
    return {
        "sentences": [
            *(_trainings(study, here, provenance, text) if len(here) else []),
            *(
                _imported(study.runs[study.runs["model"] == model["name"]], model, text)
                for model in study.config["models"]
                if model.get("runs")
            ),
            _duplicates(provenance["dataset"], text),
            *_energy(study, text),
            *_idle(study, provenance, text),
            *_calibrated(study, text),
            *([_disturbance(here, provenance, text)] if len(here) else []),
            *(
                [
                    text.plural(
                        "measurement.short",
                        int(timed.sum()),
                        short=text.integer(int(timed.sum())),
                        trainings=text.integer(len(timed)),
                    )
                ]
                if len(timed)
                else []
            ),
            *(
                text(f"measurement.quality.{quality}", trainings=text.integer(number))
                for quality, number in sorted(study.runs["energy_quality"].value_counts().items())
            ),
            text(
                "measurement.pue" if len(here) else "measurement.pue_imported",
                pue=text.exact(float(study.config["metering"]["pue"])),
            ),
        ],
        "components": component_table(known, study, text) if known else None,
    }


def _of_here(study: Study) -> pd.DataFrame:
    """The trainings that were measured in this study, without those that are imported."""
    return study.runs[study.runs["energy_quality"] != "imported"]


def _imported(runs: pd.DataFrame, model: Mapping[str, Any], text: Texts) -> str:
    """Where the runs of a model come from, and what is not known of their energy."""
    kind = "codecarbon" if model.get("emissions") else "table"
    return text(
        f"measurement.imported.{kind}",
        model=model["name"],
        trainings=text.integer(len(runs)),
        runs=model["runs"],
        emissions=model.get("emissions") or "",
    )


_COUNTED = {"models": "model", "sizes": "n_train", "seeds": "seed"}


def _trainings(
    study: Study, runs: pd.DataFrame, provenance: Mapping[str, Any], text: Texts
) -> list[str]:
    training = study.config["training"]
    windows = {
        model: kind
        for model, kind in provenance["trainings"]["windows"].items()
        if kind != "imported"
    }
    counts = {name: runs[column].nunique() for name, column in _COUNTED.items()}
    each = math.prod(counts.values()) == len(runs)
    return [
        text(
            "measurement." + ("trainings" if each else "some_trainings"),
            trainings=text.integer(len(runs)),
            **{name: text.integer(count) for name, count in counts.items()},
            first=text.date(provenance["trainings"]["first_started_at"]),
            last=text.date(provenance["trainings"]["last_ended_at"]),
        ),
        *(
            [
                text(
                    f"measurement.budget.{_budget(study.config)}",
                    epochs=text.integer(training["epochs"]),
                    batch_size=text.integer(training["batch_size"]),
                )
            ]
            if "fit" in windows.values()
            else []
        ),
        *(
            [text("measurement.own_training.all", settings=_settings(updates, text))]
            if "fit" in windows.values() and (updates := _updates(training))
            else []
        ),
        *(
            _own_training(model["name"], model["training"], text)
            for model in study.config["models"]
            if model.get("training") and model["name"] not in study.untrained
        ),
        text(
            "measurement.device",
            devices=", ".join(sorted(runs["device"].dropna().unique())) or text("hardware.unknown"),
            threads=", ".join(
                text.integer(count) for count in sorted(runs["threads"].dropna().unique())
            ),
        ),
        *([text("measurement.window")] if "fit" in windows.values() else []),
        *(_command(study, model, kind, text) for model, kind in windows.items() if kind != "fit"),
    ]


def _class_name(written: Mapping[str, Any] | None, otherwise: str) -> str:
    return otherwise if written is None else str(written["class_path"]).rpartition(".")[2]


def _updates(training: Mapping[str, Any]) -> dict[str, Any]:
    """How the weights are updated where that is not AdamW at a constant rate, batch by batch."""
    usual = dict.fromkeys(("optimizer", "lr_scheduler", "gradient_clip_val"))
    usual |= {"accumulate_grad_batches": 1}
    return {name: training[name] for name in usual if training.get(name) not in (None, usual[name])}


def _budget(config: Mapping[str, Any]) -> str:
    """What all trainings have in common: epochs, steps, or as many epochs as were enough before."""
    return "adaptive" if adapts_epochs(config) else str(config["training"]["budget"])


def _own_training(model: str, own: Mapping[str, Any], text: Texts) -> str:
    """Which settings a model does not share with the others."""
    return text("measurement.own_training.model", model=model, settings=_settings(own, text))


def _settings(own: Mapping[str, Any], text: Texts) -> str:
    """Settings of a training in words."""
    written: Mapping[str, Callable[[Any], str]] = {
        "epochs": text.integer,
        "batch_size": text.integer,
        "learning_rate": lambda rate: text.fixed(rate, exact_decimals(rate)),
        "precision": str,
        "optimizer": lambda written: _class_name(written, "AdamW"),
        "lr_scheduler": lambda written: _class_name(written, "–"),
        "gradient_clip_val": lambda most: "∞" if most is None else text.number(most),
        "accumulate_grad_batches": text.integer,
    }
    return ", ".join(
        text(f"measurement.own_training.{name}", **{name: written[name](value)})
        for name, value in own.items()
    )


def _command(study: Study, model: str, kind: str, text: Texts) -> str:
    """What the energy of a command covers, and how much of it start-up can be at most."""
    if kind == "exact":
        return text("measurement.command.exact", model=model)
    (case,) = (case for case in study.cases() if case.model == model)
    means = case.decision.curve["energy_kwh_mean"]
    return text(
        "measurement.command.process",
        model=model,
        share=text.share(float(means.iloc[0] / means.iloc[-1])),
        smallest=text.integer(int(means.index[0])),
        largest=text.integer(int(means.index[-1])),
    )


def _disturbance(runs: pd.DataFrame, provenance: Mapping[str, Any], text: Texts) -> str:
    """Whether the measured energies include other work on the machine."""
    share, disturbed = text.share(DISTURBED_FROM), int(provenance["trainings"]["disturbed"])
    if disturbed == 0:
        return text("measurement.undisturbed", share=share)
    return text.plural(
        "measurement.disturbed",
        disturbed,
        disturbed=text.integer(disturbed),
        trainings=text.integer(len(runs)),
        share=share,
    )


def _duplicates(dataset: Mapping[str, Any], text: Texts) -> str:
    """How many test examples were there to be learnt by heart, or that nobody knows it."""
    if dataset["declared"]:
        unit = "" if dataset["unit"] is None else f" ({dataset['unit']})"
        return text("data.declared", number=text.integer(dataset["training_examples"]), unit=unit)
    duplicates, test = int(dataset["test_duplicates"]), int(dataset["test_examples"])
    if duplicates == 0:
        return text("data.no_duplicates", test=text.integer(test))
    counts = {"duplicates": text.integer(duplicates), "test": text.integer(test)}
    counts["share"] = text.share(duplicates / test, 2)
    if any(finding["id"] == "inputs_shared" for finding in dataset["findings"]):
        return text("data.inputs_shared", **counts)
    return text.plural("data.duplicates", duplicates, **counts)


def _idle(study: Study, provenance: Mapping[str, Any], text: Texts) -> list[str]:
    """What the idle machine takes, and what is left of a training's energy without it."""
    runs = study.runs
    if NET not in runs:
        return []
    measured = [meter[BASELINE] for meter in provenance["meters"] if BASELINE in meter]
    measured = [baseline for baseline in measured if was_idle(baseline)]
    sentences = []
    if measured:
        energy_kwh, duration_s = (
            math.fsum(baseline[name] for baseline in measured)
            for name in ("energy_kwh", "duration_s")
        )
        power_w = kwh_to_joules(energy_kwh) / duration_s * factor_in(runs)
        sentences.append(text("measurement.idle.power", power=text.number(power_w)))
    for case in study.cases():
        at = case.runs[case.runs["n_train"] == case.decision.reference].dropna(subset=NET)
        if len(at):
            net_kwh, all_kwh = float(at[NET].mean()), float(at["energy_kwh"].mean())
            sentences.append(
                text(
                    "measurement.idle.net",
                    model=case.model,
                    n_train=text.integer(case.decision.reference),
                    net=text.energy(net_kwh),
                    energy=text.energy(all_kwh),
                    share=text.share(net_kwh / all_kwh),
                )
            )
    reasons = runs[NET_REASON].dropna()
    return sentences + [
        text(f"measurement.idle.unknown.{reason}", number=text.integer(int(number)))
        for reason, number in reasons.value_counts(sort=False).sort_index().items()
    ]


def _calibrated(study: Study, text: Texts) -> list[str]:
    """By what the energies of a power model are scaled, and by which reading."""
    calibration = study.config["metering"].get("calibration")
    if FACTOR not in study.runs or calibration is None:
        return []
    window = calibration["window"]
    return [
        text(
            "measurement.calibrated",
            factor=text.number(factor_in(study.runs)),
            reading=text.energy(calibration["reading_kwh"]),
            start=text.date(window["start"]),
            end=text.date(window["end"]),
        )
    ]


def _energy(study: Study, text: Texts) -> list[str]:
    """What the study itself has used."""
    here = _of_here(study)
    imported = study.runs.drop(here.index)
    said = []
    if len(here):
        used = text.energy(float(here["energy_kwh"].sum()))
        if here["eval_energy_kwh"].isna().all():
            said.append(text("measurement.energy_in_all", energy=used))
        else:
            evaluated_kwh = here["eval_energy_kwh"].sum() + earlier_tests_kwh(study.epochs)
            evaluation = text.energy(evaluated_kwh)
            said.append(text("measurement.energy", energy=used, evaluation=evaluation))
    if len(imported):
        used = text.energy(float(imported["energy_kwh"].sum()))
        said.append(text("measurement.energy_imported", energy=used))
    return said
