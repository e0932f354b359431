"""A study's configuration: read, checked, completed, and what the rules take from it.

The JSON Schema `workflow/schemas/config.schema.yaml` is the only source of checks, defaults and
documentation. What a schema cannot say (a size against the data set's own, say) is checked by
`contradictions`. Run as a program, this module writes the schema's table into `config/README.md`,
or checks a file before Snakemake reads it, or prints which study it is.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ecosobriety import datasets, imported
from ecosobriety.datasets import Intake
from ecosobriety.electricity.editions import default_provider
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.languages import REPORT_FILES
from ecosobriety.study_config import files as study_files
from ecosobriety.study_config.budget import budget_contradictions
from ecosobriety.study_config.contradictions import (
    CLASSES_OF_OUR_LOOP,
    NETWORK_NAMES,
    contradictions,
    input_contradictions,
    is_command,
    is_import,
    network_of,
    own_classes,
)
from ecosobriety.study_config.metric import complete_metric
from ecosobriety.study_config.plan import complete_plan
from ecosobriety.study_config.schema import (
    complete_value,
    document,
    fault,
    list_names,
    read_schema,
    show,
)
from ecosobriety.study_config.sizes import size_contradictions
from ecosobriety.units import epochs_to_steps
from ecosobriety.user_code import commands
from ecosobriety.user_code.behind import digests
from ecosobriety.user_code.classes import ClassSpec

TakeIn = Callable[[Mapping[str, Any]], Intake | None]
"""Looks at the data of the section `dataset`, to which `task` is added; None: it does not look."""
CheckClasses = Callable[[Sequence[ClassSpec]], Sequence[str | None]]
"""Says of each of the user's classes what is wrong with it, in one sentence, or None."""

SHORT = {"metric": "name", "plan": "mode"}
"""Sections that may be a text instead, and the key that it stands for."""

EPOCHS = "epochs"
"""A key of `training`, and a placeholder of commands."""

_ADJUSTMENTS = ("baseline_s", "calibration")
"""Keys of `metering` that train nothing again."""
_NOT_OF_A_TRAINING = {
    *("metering.pue", "training.process"),
    *(f"metering.{name}" for name in _ADJUSTMENTS),
}

_TABLE_BEGIN = "<!-- keys: begin, written by `make docs` -->"
_TABLE_END = "<!-- keys: end -->"


def load(
    path: Path,
    *,
    schema_path: Path,
    countries: Collection[str],
    sources: Collection[str],
    take_in: TakeIn,
    check_classes: CheckClasses,
) -> dict[str, Any]:
    """Read a study's configuration and complete it; see `read` and `complete`.

    Raises:
        ConfigError: the file cannot be read or its content is wrong.
    """
    return complete(
        read(path),
        schema_path=schema_path,
        file=str(path),
        countries=countries,
        sources=sources,
        take_in=take_in,
        check_classes=check_classes,
    )


def read(path: Path) -> dict[str, Any]:
    """The content of a study's file; as `study_files.read`.

    Raises:
        ConfigError: the file cannot be read as it is meant.
    """
    return study_files.read(path).content


def complete(
    config: Mapping[str, Any],
    *,
    schema_path: Path,
    file: str,
    countries: Collection[str],
    sources: Collection[str],
    take_in: TakeIn,
    check_classes: CheckClasses,
) -> dict[str, Any]:
    """Check a configuration and fill in the defaults.

    Args:
        config: what the user wrote.
        schema_path: the JSON Schema, in YAML.
        file: name of the configuration's file, for the messages.
        countries: the known countries, ISO 3166 alpha-3.
        sources: the known energy sources.
        take_in: as `readers.take_in`, which reads the user's own files.
        check_classes: as `classes.check_apart`, which imports the user's own classes.

    Returns:
        A new dictionary with every key of the schema; where the schema says `number`, a float.

    Raises:
        ConfigError: one sentence with the file, the key, the value and what is allowed.
    """
    names = {"country": sorted(countries), "source": sorted(sources), "language": [*REPORT_FILES]}
    if isinstance(config, Mapping):
        # A section may be written as its most important key alone.
        short = {name: key for name, key in SHORT.items() if isinstance(config.get(name), str)}
        config = {**config, **{name: {key: config[name]} for name, key in short.items()}}
    completed: dict[str, Any] = complete_value(read_schema(schema_path, names), config, file)
    completed.setdefault("title", completed["study"])
    if completed["country_data"]["provider"] is None:
        completed["country_data"]["provider"] = default_provider(completed["factors"])
    about = completed["dataset"]["name"] in datasets.POSTER_DATASETS
    sober = completed["plan"]["mode"] == "sober"
    completed.setdefault("claims", "poster" if about and not sober else "none")
    for key, text in (*contradictions(completed), *complete_metric(completed, config)):
        raise fault(file, key, text)
    if (country := completed["metering"]["country"]) not in countries:
        allowed = f"one that the country data have: {list_names(sorted(countries))}"
        raise fault(file, "metering.country", f"is {country}, but must be {allowed}")
    try:
        intake = take_in({**completed["dataset"], "task": completed["task"]})
    except DataError as error:
        key = next((k for k in ("class_path", "labels") if completed["dataset"][k]), "path")
        shown = show(completed["dataset"][key])
        named = completed["dataset"][key]
        said = f"{named}: " if key == "labels" else f"dataset.{key}: {named} "
        why = str(error).removeprefix(said)
        raise fault(file, f"dataset.{key}", f"is {shown}, but {why}") from error
    for key, text in input_contradictions(completed, intake):
        raise fault(file, key, text)
    for key, text in complete_plan(completed, config, intake):
        raise fault(file, key, text)
    for key, text in budget_contradictions(completed):
        raise fault(file, key, text)
    for key, text in size_contradictions(completed, reference_n_train(completed), intake):
        raise fault(file, key, text)
    used = own_classes(completed)
    for (key, spec), reason in zip(used.items(), check_classes([*used.values()]), strict=True):
        if reason is not None:
            raise fault(file, key, f"is {show(spec.class_path)}, but {reason}")
    return completed


def reference_n_train(config: Mapping[str, Any]) -> int:
    """The training-set size, in examples, against which the others are judged."""
    size = config["analysis"]["reference_n_train"]
    return int(max(config["grid"]["n_train"]) if size == "max" else size)


def epochs_of_sizes(config: Mapping[str, Any], training: Mapping[str, Any]) -> list[int]:
    """Each number of epochs that a size takes; with a budget of steps, small ones take more.

    Args:
        config: of the study.
        training: the settings of a model.
    """
    epochs, batch_size = training["epochs"], training["batch_size"]
    if training["budget"] == "epochs":
        return [epochs]
    steps = epochs_to_steps(epochs, reference_n_train(config), batch_size)
    batches = (epochs_to_steps(1, size, batch_size) for size in config["grid"]["n_train"])
    return sorted({math.ceil(steps / of_size) for of_size in batches})


def scenario_countries(config: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """The countries to derive scenarios for: those of the grid, and the one of the metering.

    The report says what the trainings emitted where they were measured, so that country is always
    among them.
    """
    chosen = config["grid"]["countries"]
    return sorted({*(known if chosen == "all" else chosen), config["metering"]["country"]})


def scenario_rows(config: Mapping[str, Any], known: Collection[str]) -> int:
    """How many rows the tables `scenarios` and `savings` have.

    One for each model and size in each country, on each source at each coverage and on the grid.
    """
    grid = config["grid"]
    electricity = len(grid["sources"]) * len(grid["coverage"]) + 1
    places = len(scenario_countries(config, known))
    return len(config["models"]) * len(grid["n_train"]) * places * electricity


def run_grid(config: Mapping[str, Any]) -> list[tuple[str, str, int, int]]:
    """The trainings that a study may do, as (data set, model, training-set size, seed).

    One that grows does those up to where it stops.
    """
    return [
        (config["dataset"]["name"], model["name"], n_train, seed)
        for model in config["models"]
        for n_train in config["grid"]["n_train"]
        for seed in config["grid"]["seeds"]
    ]


def training_parameters(config: Mapping[str, Any]) -> dict[str, str | float | None]:
    """What decides every training and its measurement: the leaves of training and metering.

    A model may have settings of its own before these; see `model_parameters`.

    Without `metering.pue` and `calibration`, which multiply the energy afterwards, without
    `baseline_s`, which is measured beside trainings, and without which trainings share a process.
    With the budget `steps` a training also depends on the reference size. Hand it to Snakemake as
    ONE parameter: it compares sorted values without their names, so that among separate parameters
    a swap goes unnoticed.

    Returns:
        Values by dotted key, sorted by key; a list is JSON text.
    """
    leaves = {
        f"{section}.{name}": json.dumps(value) if isinstance(value, list) else value
        for section in ("training", "metering")
        for name, value in config[section].items()
        if f"{section}.{name}" not in _NOT_OF_A_TRAINING
    }
    if config["training"]["budget"] == "steps":
        leaves["analysis.reference_n_train"] = reference_n_train(config)
    return dict(sorted(leaves.items()))


def adjustments(config: Mapping[str, Any]) -> dict[str, Any]:
    """What is derived from the measured energies, as `records.adjusted.adjust` takes it."""
    return {name: config["metering"][name] for name in _ADJUSTMENTS}


def metering_parameters(config: Mapping[str, Any]) -> dict[str, str | float | None]:
    """Those of `training_parameters` that decide the measurement: all that reaches a command."""
    leaves = training_parameters(config).items()
    return {key: value for key, value in leaves if key.startswith("metering.")}


def model_parameters(config: Mapping[str, Any], name: str, folder: Path) -> dict[str, Any]:
    """What decides a model besides its name.

    Args:
        config: the completed configuration.
        name: the model's name.
        folder: the working directory, where the user's own classes are looked for first.

    Returns:
        `class_path` (of a network that comes along, its name), `init_args`, `source`, the
        fingerprint of the user's code (None for a network that comes along), and `training`, its
        own settings by dotted key, which come before those of `training_parameters`; with
        `classes`, the fingerprints of the optimiser and the scheduler, where they are named, and
        `watched`, the digest of the files that it watches, where there are any. Of a
        command, `command`, `shell`, as `source` the digest of the files that it watches, `epochs`
        where it holds that placeholder, and `accelerator` where it names one. Of imported runs,
        `runs`, what else names them, and as `source` the digest of their files.

    Raises:
        ConfigError: a watched file cannot be read; the end of a sentence.
        RunsError: a file of imported runs cannot be read.
    """
    (model,) = (model for model in config["models"] if model["name"] == name)
    if is_command(model):
        shell = model.get("shell", commands.SHELLS[0])
        watched = commands.watched_digest(model.get("watch", ()), folder)
        own = {"command": model["command"], "shell": shell, "source": watched}
        if EPOCHS in commands.placeholders(model["command"]):
            own[EPOCHS] = config["training"][EPOCHS]
        if "accelerator" in model:
            own["accelerator"] = model["accelerator"]
        return own
    if is_import(model):
        named = {key: model[key] for key in ("emissions", "columns", "max_power_w") if key in model}
        digest = imported.content_digest(import_spec(config, model), folder)
        return {"runs": model["runs"], **named, "source": digest}
    class_path, files = network_of(model), model_files(config, name)
    own = {f"training.{name}": value for name, value in model.get("training", {}).items()}
    return {
        "class_path": class_path,
        "init_args": model["init_args"],
        "training": own,
        **digests(None if class_path in NETWORK_NAMES else class_path, **files, folder=folder),
    }


def model_files(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The user's own files that decide a model besides its class.

    Returns:
        `classes`, the class paths of the optimiser and the scheduler, where they are named, and
        `watch`, files and folders; None where there are none.
    """
    (model,) = (model for model in config["models"] if model["name"] == name)
    training = config["training"] | model.get("training", {})
    paths = [training[kind]["class_path"] for kind in CLASSES_OF_OUR_LOOP if training.get(kind)]
    return {"classes": paths, "watch": model.get("watch")}


def import_spec(config: Mapping[str, Any], model: Mapping[str, Any]) -> imported.ImportSpec:
    """Where the runs of a model are that exist already."""
    place = config["dataset"]["name"], config["metering"]["country"]
    absolute = config["metric"]["margin"] == "absolute"
    return imported.ImportSpec.of(
        model,
        *place,
        margin=config["analysis"]["margin"] if absolute else None,
        test_examples=config["dataset"]["test_examples"],
    )


def insert_table(text: str, table: str) -> str:
    """Put a table between the markers of a Markdown text.

    Raises:
        ConfigError: the text lacks a marker.
    """
    before, found_begin, rest = text.partition(_TABLE_BEGIN)
    _, found_end, after = rest.partition(_TABLE_END)
    if not (found_begin and found_end):
        raise ConfigError(f"the text must hold the lines {_TABLE_BEGIN} and {_TABLE_END}")
    return f"{before}{_TABLE_BEGIN}\n\n{table}\n\n{_TABLE_END}{after}"


def _study_name(content: Mapping[str, Any], file: str, schema: Mapping[str, Any]) -> str:
    """The name of a file's study, which is safe as the name of a folder."""
    part = {"type": "object", "required": ["study"], "properties": {}}
    part["properties"] = {"study": schema["properties"]["study"]}
    return str(complete_value(part, content, file)["study"])


def _main() -> None:
    root = Path(__file__).resolve().parents[3]
    parser = argparse.ArgumentParser(description="Write the table of keys into config/README.md.")
    parser.add_argument("readme", type=Path, nargs="?", default=root / "config/README.md")
    parser.add_argument("--read", type=Path, help="only read this file; its keys are not checked")
    parser.add_argument("--study", type=Path, help="only print the name of the study of this file")
    parser.add_argument("--schema", type=Path, default=root / "workflow/schemas/config.schema.yaml")
    arguments = parser.parse_args()
    if arguments.read or arguments.study:
        try:
            content = read(arguments.read or arguments.study)
            if arguments.study:
                print(_study_name(content, str(arguments.study), read_schema(arguments.schema)))
        except ConfigError as error:
            sys.exit(f"error: {error}")
        return
    text = arguments.readme.read_text(encoding="utf-8")
    table = document(read_schema(arguments.schema, {"language": [*REPORT_FILES]}))
    arguments.readme.write_text(insert_table(text, table), encoding="utf-8")


if __name__ == "__main__":
    _main()
