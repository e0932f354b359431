"""A study's configuration: read, checked, completed, and what the rules take from it.

The JSON Schema `workflow/schemas/config.schema.yaml` is the only source of checks, defaults and
documentation. What a schema cannot say (a size against the data set's own, say) is checked here.
Run as a program, this module writes the schema's table into `config/README.md`, or tells why a file
cannot be read, where Snakemake would end with a traceback.
"""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ecosobriety import datasets
from ecosobriety.classes import ClassSpec
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.fingerprint import class_fingerprint
from ecosobriety.metrics import TASK_METRICS
from ecosobriety.schema import (
    complete_value,
    document,
    fault,
    list_names,
    nearest,
    read_schema,
    show,
)

NETWORKS = ("linear", "mlp", "cnn")
"""The networks that come along; `models` has them."""
MAX_CONVOLUTIONS_ON_DIGITS = 3
"""Each convolution halves the image: 8 pixels a side become 1 after three."""

TrainingSize = Callable[[Mapping[str, Any]], int | None]
"""Gives the number of training examples of the section `dataset`; None where it is not known."""
CheckClasses = Callable[[Sequence[ClassSpec]], Sequence[str | None]]
"""Says of each of the user's classes what is wrong with it, in one sentence, or None."""

_NOT_OF_A_TRAINING = {"metering.pue", "training.runs_per_job"}

_TABLE_BEGIN = "<!-- keys: begin, written by `make docs` -->"
_TABLE_END = "<!-- keys: end -->"


def load(
    path: Path,
    *,
    schema_path: Path,
    countries: Collection[str],
    sources: Collection[str],
    training_size: TrainingSize,
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
        training_size=training_size,
        check_classes=check_classes,
    )


def read(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    Raises:
        ConfigError: there is no such file, it is empty, is not YAML, has a key twice, or holds
            something else than a mapping.
    """
    file = str(path)
    try:
        content = yaml.load(path.read_bytes(), Loader=_UniqueKeyLoader)
    except OSError as error:
        raise fault(file, "", f"cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise fault(file, place, f"is not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        # PyYAML lets Python's own errors through for values such as 2022-02-30 or !!int "".
        raise fault(file, "", f"is not valid YAML: {' '.join(str(error).split())}") from error
    if content is None:
        raise fault(file, "", "is empty, but must hold a study's keys, such as study: poster")
    if not isinstance(content, dict):
        raise fault(file, "", f"holds a {type(content).__name__}, but must hold a mapping of keys")
    return content


def complete(
    config: Mapping[str, Any],
    *,
    schema_path: Path,
    file: str,
    countries: Collection[str],
    sources: Collection[str],
    training_size: TrainingSize,
    check_classes: CheckClasses,
) -> dict[str, Any]:
    """Check a configuration and fill in the defaults.

    Args:
        config: what the user wrote.
        schema_path: the JSON Schema, in YAML.
        file: name of the configuration's file, for the messages.
        countries: the known countries, ISO 3166 alpha-3.
        sources: the known energy sources.
        training_size: as `datasets.training_size`, which reads the user's own files.
        check_classes: as `classes.check_apart`, which imports the user's own classes.

    Returns:
        A new dictionary with every key of the schema; where the schema says `number`, a float.

    Raises:
        ConfigError: one sentence with the file, the key, the value and what is allowed.
    """
    names = {"country": sorted(countries), "source": sorted(sources)}
    completed: dict[str, Any] = complete_value(read_schema(schema_path, names), config, file)
    completed.setdefault("title", completed["study"])
    for key, text in _contradictions(completed):
        raise fault(file, key, text)
    try:
        largest = training_size(completed["dataset"])
    except DataError as error:
        shown = show(completed["dataset"]["path"])
        raise fault(file, "dataset.path", f"is {shown}, but {error}") from error
    for key, text in _size_contradictions(completed, largest):
        raise fault(file, key, text)
    used = _own_classes(completed)
    for (key, spec), reason in zip(used.items(), check_classes([*used.values()]), strict=True):
        if reason is not None:
            raise fault(file, key, f"is {show(spec.class_path)}, but {reason}")
    return completed


def reference_n_train(config: Mapping[str, Any]) -> int:
    """The training-set size, in examples, against which the others are judged."""
    size = config["analysis"]["reference_n_train"]
    return int(max(config["grid"]["n_train"]) if size == "max" else size)


def scenario_countries(config: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """The countries to derive scenarios for: those of the grid, and the one of the metering.

    The report tells what the trainings emitted where they were measured, so that country is always
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
    """The trainings of a study, as (data set, model, training-set size, seed)."""
    return [
        (config["dataset"]["name"], model["name"], n_train, seed)
        for model in config["models"]
        for n_train in config["grid"]["n_train"]
        for seed in config["grid"]["seeds"]
    ]


def shared_sizes(config: Mapping[str, Any]) -> list[list[int]]:
    """The sizes of which one process trains all seeds, in ascending order, process by process.

    There are none where `training.runs_per_job` takes in all seeds of one size at most.
    """
    together = config["training"]["runs_per_job"] // len(config["grid"]["seeds"])
    sizes = sorted(config["grid"]["n_train"])
    starts = range(0, len(sizes), together) if together > 1 else ()
    return [sizes[start : start + together] for start in starts]


def cell_runs(
    config: Mapping[str, Any], n_train: int, training_size: TrainingSize
) -> list[tuple[str, str, int, int]]:
    """The trainings behind one cell: every seed of the study's first model at one size.

    The size need not be among those of the study.

    Raises:
        ConfigError: the data set has no so many training examples.
        DataError: the user's own data cannot be read.
    """
    dataset = config["dataset"]["name"]
    largest = training_size(config["dataset"]) or n_train
    if not 0 < n_train <= largest:
        raise ConfigError(
            f"the cell's size is {n_train}, but must be from 1 to {largest}, the number of "
            f"training examples of {dataset}"
        )
    model = config["models"][0]["name"]
    return [(dataset, model, n_train, seed) for seed in config["grid"]["seeds"]]


def training_parameters(config: Mapping[str, Any]) -> dict[str, str | float | None]:
    """What decides every training and its measurement: the leaves of training and metering.

    Without `metering.pue`, which multiplies the energy afterwards, and without the number of
    trainings that share a process. With the budget `steps` a training also depends on the reference
    size. Hand it to Snakemake as ONE parameter: it compares
    sorted values without their names, so that among separate parameters a swap goes unnoticed.

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


def model_parameters(config: Mapping[str, Any], name: str, folder: Path) -> dict[str, Any]:
    """What decides a model besides its name.

    Args:
        config: the completed configuration.
        name: the model's name.
        folder: the working directory, where the user's own classes are looked for first.

    Returns:
        `class_path` (of a network that comes along, its name), `init_args`, and `source`, the
        fingerprint of the user's code (None for a network that comes along).
    """
    (model,) = (model for model in config["models"] if model["name"] == name)
    class_path = _network(model)
    source = None if class_path in NETWORKS else class_fingerprint(class_path, folder)
    return {"class_path": class_path, "init_args": model["init_args"], "source": source}


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


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML's safe loader, which refuses a key that stands twice in a mapping."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {key.value} stands twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return node


def _contradictions(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each valid value that contradicts another one."""
    dataset, training, cost = config["dataset"], config["training"], config["cost"]
    yield from _dataset_contradictions(dataset)
    yield from _task_contradictions(config)
    yield from _model_contradictions(config["models"], dataset)
    if (training["precision"], training["accelerator"]) == ("16-mixed", "cpu"):
        # Lightning would train in bf16-mixed instead and only warn.
        allowed = "32-true or bf16-mixed with the accelerator cpu"
        yield "training.precision", f'is "16-mixed", but must be {allowed}'
    yield from _country_data_contradictions(config["country_data"])
    shown, shares = config["figures"]["heat_map_coverage"], config["grid"]["coverage"]
    if shown is not None and shown not in shares:
        allowed = f"null or one of grid.coverage: {list_names(shares)}"
        yield "figures.heat_map_coverage", f"is {shown}, but must be {allowed}"
    if cost["currency"] == "USD" and cost["usd_per_unit"] != 1:
        yield "cost.usd_per_unit", f"is {cost['usd_per_unit']}, but must be 1 with the currency USD"


def _network(model: Mapping[str, Any]) -> str:
    """The network of a model: a name of `NETWORKS`, or the path of the user's own class."""
    return str(model["class_path"] or model["name"])


def _own_classes(config: Mapping[str, Any]) -> dict[str, ClassSpec]:
    """The user's own classes, by the key that names them."""
    dataset = config["dataset"]
    used = {
        f"models[{i}].class_path": ClassSpec("network", _network(model), model["init_args"])
        for i, model in enumerate(config["models"])
        if _network(model) not in NETWORKS
    }
    if dataset["class_path"] is not None:
        used["dataset.class_path"] = ClassSpec("data", dataset["class_path"], dataset["init_args"])
    return used


def _dataset_contradictions(dataset: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name, path, own = dataset["name"], dataset["path"], datasets.format_of(dataset)
    named = [*datasets.TRAIN_SIZES, *datasets.FORMATS]
    class_path = dataset["class_path"]
    if class_path is not None:
        if name in named:
            yield "dataset.name", f"is {show(name)}, but must be another name with a class_path"
        for key in ("path", "format"):
            if dataset[key] is not None:
                shown = show(dataset[key])
                yield f"dataset.{key}", f"is {shown}, but must be null with a class_path"
    elif dataset["init_args"]:
        shown = show(dataset["init_args"])
        yield "dataset.init_args", f"is {shown}, but must be empty without a class_path"
    elif own is None and name not in named:
        allowed = f"one of {list_names(named)}, or any name with a format or a class_path"
        yield "dataset.name", f"is {show(name)}, but must be {allowed}{nearest(name, named)}"
    if own is not None and (name in datasets.TRAIN_SIZES or (name in named and name != own)):
        yield "dataset.name", f"is {show(name)}, but must be another name with the format {own}"
    if name in datasets.BUNDLED and path is not None:
        yield "dataset.path", f"is {show(path)}, but must be null: {name} comes with scikit-learn"
    if own is not None and path is None:
        what = "folder" if own == "image-folder" else "file"
        yield "dataset.path", f"is null, but must be the path of a {what} with the format {own}"
    if own in datasets.TABLES and dataset["label"] is None:
        yield "dataset.label", f"is null, but must be the name of a column with the format {own}"
    for key in ("label", "features"):
        if own not in datasets.TABLES and dataset[key] is not None:
            allowed = f"null: only {' and '.join(datasets.TABLES)} have columns"
            yield f"dataset.{key}", f"is {show(dataset[key])}, but must be {allowed}"
    if dataset["label"] is not None and dataset["label"] in (dataset["features"] or ()):
        i = dataset["features"].index(dataset["label"])
        yield f"dataset.features[{i}]", f"is {show(dataset['label'])}, but dataset.label is that"


def _task_contradictions(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    task, dataset, analysis = config["task"], config["dataset"], config["analysis"]
    name = dataset["name"]
    named_task = "regression" if name in datasets.REGRESSIONS else "classification"
    if name in datasets.TRAIN_SIZES and task != named_task:
        yield "task", f"is {task}, but must be {named_task} with the data set {name}"
    if datasets.format_of(dataset) == "image-folder" and task == "regression":
        yield "task", "is regression, but must be classification: the folders are classes"
    for other, metric in TASK_METRICS.items():
        key = metric.target_key
        if other != task and analysis[key] is not None:
            yield f"analysis.{key}", f"is {show(analysis[key])}, but must be null with a {task}"


def _country_data_contradictions(country_data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    provider, path = country_data["provider"], country_data["path"]
    if provider == "csv" and path is None:
        yield (
            "country_data.path",
            "is null, but must be the path of a CSV file with the provider csv",
        )
    if provider != "csv" and path is not None:
        allowed = f"null with the provider {provider}"
        yield "country_data.path", f"is {show(path)}, but must be {allowed}"


def _model_contradictions(
    models: Sequence[Mapping[str, Any]], dataset: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    names = [model["name"] for model in models]
    for i, model in enumerate(models):
        first = names.index(model["name"])
        if first < i:
            yield (
                f"models[{i}].name",
                f"is {show(names[i])}, but models[{first}].name is that already",
            )
        name, network = model["name"], _network(model)
        if name in NETWORKS and name != network:
            yield f"models[{i}].name", f"is {show(name)}, but its class_path is {show(network)}"
        if network not in NETWORKS and "." not in network:
            allowed = f"one of {list_names(NETWORKS)}, or any name with a class_path"
            yield (
                f"models[{i}].name",
                f"is {show(name)}, but must be {allowed}{nearest(name, NETWORKS)}",
            )
        channels = model["init_args"].get("channels", ()) if network == "cnn" else ()
        rows = dataset["name"] if dataset["name"] == "diabetes" else datasets.format_of(dataset)
        if channels and rows in ("diabetes", *datasets.TABLES):
            allowed = f"another model with the data {rows}"
            yield f"models[{i}].name", f"is {show(name)}, but must be {allowed}: a row is no image"
        if dataset["name"] == "digits" and len(channels) > MAX_CONVOLUTIONS_ON_DIGITS:
            allowed = f"at most {MAX_CONVOLUTIONS_ON_DIGITS} layers for digits"
            yield f"models[{i}].init_args.channels", f"is {show(channels)}, but must be {allowed}"


def _size_contradictions(
    config: Mapping[str, Any], largest: int | None
) -> Iterator[tuple[str, str]]:
    sizes, reference = config["grid"]["n_train"], reference_n_train(config)
    for i, size in enumerate(sizes):
        if largest is not None and size > largest:
            name = config["dataset"]["name"]
            limit = f"at most {largest}, the number of training examples of {name}"
            yield f"grid.n_train[{i}]", f"is {size}, but must be {limit}"
    if reference not in sizes:
        nearest = min(sizes, key=lambda size: abs(size - reference))
        allowed = f"max or one of grid.n_train: {list_names(sizes)} (the nearest is {nearest})"
        yield "analysis.reference_n_train", f"is {reference}, but must be {allowed}"
    for i, size in enumerate(config["methods"]["tool_sizes"]):
        if size not in sizes:
            allowed = f"one of grid.n_train: {list_names(sizes)}"
            yield f"methods.tool_sizes[{i}]", f"is {size}, but must be {allowed}"


def _main() -> None:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description="Write the table of keys into config/README.md.")
    parser.add_argument("readme", type=Path, nargs="?", default=root / "config/README.md")
    parser.add_argument("--read", type=Path, help="only tell whether this file can be read")
    parser.add_argument("--schema", type=Path, default=root / "workflow/schemas/config.schema.yaml")
    arguments = parser.parse_args()
    if arguments.read:
        try:
            read(arguments.read)
        except ConfigError as error:
            sys.exit(f"error: {error}")
        return
    text = arguments.readme.read_text(encoding="utf-8")
    table = document(read_schema(arguments.schema))
    arguments.readme.write_text(insert_table(text, table), encoding="utf-8")


if __name__ == "__main__":
    _main()
