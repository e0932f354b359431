"""A study's configuration: read, checked, completed, and what the rules take from it.

The JSON Schema `workflow/schemas/config.schema.yaml` is the only source of checks, defaults and
documentation. What a schema cannot say (a size against the data set's own, say) is checked here.
Run as a program, this module writes the schema's table into `config/README.md`.
"""

import argparse
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ecosobriety.errors import ConfigError
from ecosobriety.schema import complete_value, document, fault, list_names, read_schema, show

MAX_CONVOLUTIONS_ON_DIGITS = 3
"""Each convolution halves the image: 8 pixels a side become 1 after three."""

_NOT_OF_A_TRAINING = {"metering.pue", "training.runs_per_job"}

_TABLE_BEGIN = "<!-- keys: begin, written by `make docs` -->"
_TABLE_END = "<!-- keys: end -->"


def load(
    path: Path,
    *,
    schema_path: Path,
    countries: Collection[str],
    sources: Collection[str],
    train_sizes: Mapping[str, int],
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
        train_sizes=train_sizes,
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
    train_sizes: Mapping[str, int],
) -> dict[str, Any]:
    """Check a configuration and fill in the defaults.

    Args:
        config: what the user wrote.
        schema_path: the JSON Schema, in YAML.
        file: name of the configuration's file, for the messages.
        countries: the known countries, ISO 3166 alpha-3.
        sources: the known energy sources.
        train_sizes: number of training images of every data set that the schema allows.

    Returns:
        A new dictionary with every key of the schema; where the schema says `number`, a float.

    Raises:
        ConfigError: one sentence with the file, the key, the value and what is allowed.
    """
    names = {"country": sorted(countries), "source": sorted(sources)}
    completed: dict[str, Any] = complete_value(read_schema(schema_path, names), config, file)
    completed.setdefault("title", completed["study"])
    for key, text in _contradictions(completed, train_sizes):
        raise fault(file, key, text)
    return completed


def reference_n_train(config: Mapping[str, Any]) -> int:
    """The training-set size, in images, against which the others are judged."""
    size = config["analysis"]["reference_n_train"]
    return int(max(config["grid"]["n_train"]) if size == "max" else size)


def scenario_countries(config: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """The countries to derive scenarios for: those of the grid, and the one of the metering.

    The report tells what the trainings emitted where they were measured, so that country is always
    among them.
    """
    chosen = config["grid"]["countries"]
    return sorted({*(known if chosen == "all" else chosen), config["metering"]["country"]})


def run_grid(config: Mapping[str, Any]) -> list[tuple[str, str, int, int]]:
    """The trainings of a study, as (data set, model, training-set size, seed)."""
    return [
        (config["dataset"]["name"], model["name"], n_train, seed)
        for model in config["models"]
        for n_train in config["grid"]["n_train"]
        for seed in config["grid"]["seeds"]
    ]


def cell_runs(
    config: Mapping[str, Any], n_train: int, train_sizes: Mapping[str, int]
) -> list[tuple[str, str, int, int]]:
    """The trainings behind one cell: every seed of the study's first model at one size.

    The size need not be among those of the study.

    Raises:
        ConfigError: the data set has no so many training images.
    """
    dataset = config["dataset"]["name"]
    if not 0 < n_train <= train_sizes[dataset]:
        raise ConfigError(
            f"the cell's size is {n_train}, but must be from 1 to {train_sizes[dataset]}, the "
            f"number of training images of {dataset}"
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


def model_parameters(config: Mapping[str, Any], name: str) -> dict[str, str]:
    """What decides a model besides its name: its arguments, as JSON text with sorted keys."""
    (model,) = (model for model in config["models"] if model["name"] == name)
    return {"init_args": json.dumps(model["init_args"], sort_keys=True, separators=(",", ":"))}


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


def _contradictions(
    config: Mapping[str, Any], train_sizes: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each valid value that contradicts another one."""
    dataset, training, cost = config["dataset"], config["training"], config["cost"]
    if dataset["name"] == "digits" and dataset["path"] is not None:
        shown = show(dataset["path"])
        yield "dataset.path", f"is {shown}, but must be null: digits comes with scikit-learn"
    yield from _model_contradictions(config["models"], dataset["name"])
    yield from _size_contradictions(config, train_sizes[dataset["name"]])
    if (training["precision"], training["accelerator"]) == ("16-mixed", "cpu"):
        # Lightning would train in bf16-mixed instead and only warn.
        allowed = "32-true or bf16-mixed with the accelerator cpu"
        yield "training.precision", f'is "16-mixed", but must be {allowed}'
    yield from _country_data_contradictions(config["country_data"])
    if cost["currency"] == "USD" and cost["usd_per_unit"] != 1:
        yield "cost.usd_per_unit", f"is {cost['usd_per_unit']}, but must be 1 with the currency USD"


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
    models: Sequence[Mapping[str, Any]], dataset: str
) -> Iterator[tuple[str, str]]:
    names = [model["name"] for model in models]
    for i, model in enumerate(models):
        first = names.index(model["name"])
        if first < i:
            yield (
                f"models[{i}].name",
                f"is {show(names[i])}, but models[{first}].name is that already",
            )
        channels = model["init_args"].get("channels", ())
        if dataset == "digits" and len(channels) > MAX_CONVOLUTIONS_ON_DIGITS:
            allowed = f"at most {MAX_CONVOLUTIONS_ON_DIGITS} layers for digits"
            yield f"models[{i}].init_args.channels", f"is {show(channels)}, but must be {allowed}"


def _size_contradictions(config: Mapping[str, Any], largest: int) -> Iterator[tuple[str, str]]:
    sizes, reference = config["grid"]["n_train"], reference_n_train(config)
    for i, size in enumerate(sizes):
        if size > largest:
            limit = (
                f"at most {largest}, the number of training images of {config['dataset']['name']}"
            )
            yield f"grid.n_train[{i}]", f"is {size}, but must be {limit}"
    if reference not in sizes:
        nearest = min(sizes, key=lambda size: abs(size - reference))
        allowed = f"max or one of grid.n_train: {list_names(sizes)} (the nearest is {nearest})"
        yield "analysis.reference_n_train", f"is {reference}, but must be {allowed}"


def _main() -> None:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description="Write the table of keys into config/README.md.")
    parser.add_argument("readme", type=Path, nargs="?", default=root / "config/README.md")
    parser.add_argument("--schema", type=Path, default=root / "workflow/schemas/config.schema.yaml")
    arguments = parser.parse_args()
    text = arguments.readme.read_text(encoding="utf-8")
    table = document(read_schema(arguments.schema))
    arguments.readme.write_text(insert_table(text, table), encoding="utf-8")


if __name__ == "__main__":
    _main()
