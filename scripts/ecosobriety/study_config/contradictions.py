"""What is wrong with a configuration though each of its values is valid: one contradicts another.

What the schema cannot say. Each fault is a key and the end of a sentence, such as `is 300, but must
be ...`, that `schema.fault` completes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from ecosobriety import datasets
from ecosobriety.datasets.inputs import image_shape
from ecosobriety.datasets.intake import Intake
from ecosobriety.errors import DataError
from ecosobriety.study_config.calibration import calibration_contradictions
from ecosobriety.study_config.hardware import hardware_contradictions, water_contradictions
from ecosobriety.study_config.money import currency_contradictions, price_contradictions
from ecosobriety.study_config.schema import list_names, nearest, show
from ecosobriety.user_code import commands
from ecosobriety.user_code.classes import ClassSpec

NETWORK_NAMES = ("linear", "mlp", "cnn")
"""Names of the networks that come along; `training.networks` builds them."""
COMMAND = "command"
"""Stands for the network of a model that is trained by a command."""
IMPORT = "runs"
"""Stands for the network of a model whose runs exist already."""
CLASSES_OF_OUR_LOOP: tuple[Literal["optimizer"], Literal["lr_scheduler"]] = (
    "optimizer",
    "lr_scheduler",
)
"""Keys of `training` that name classes."""
OF_OUR_LOOP = frozenset(
    {"learning_rate", *CLASSES_OF_OUR_LOOP, "gradient_clip_val", "accumulate_grad_batches"}
)
"""Keys of `models[].training` that say nothing to a module that trains itself."""
TEST_SHARE = 0.2
"""The schema's default of `dataset.test_share`."""
MAX_CONVOLUTIONS_ON_DIGITS = 3
"""Each convolution halves the image: 8 pixels a side become 1 after three."""


def contradictions(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key and the fault of each valid value that contradicts another one."""
    dataset, training, cost = config["dataset"], config["training"], config["cost"]
    if isinstance(title := config["title"], Mapping):
        for language in config["languages"]:
            if language not in title:
                what = f"one line of text: languages holds {language}"
                yield f"title.{language}", f"is missing, but must be {what}"
    yield from _dataset_contradictions(dataset)
    yield from _task_contradictions(config)
    yield from _model_contradictions(config["models"], dataset)
    texts = [model["command"] for model in config["models"] if is_command(model)]
    if dataset["labels"] and not any("subset" in commands.placeholders(text) for text in texts):
        shown = show(dataset["labels"])
        yield "dataset.labels", f"is {shown}, but must be null: no command holds {{subset}}"
    for key, section in _trainings(config).items():
        optimizer = section.get("optimizer", training.get("optimizer")) or {}
        if (
            key != "training"
            and "learning_rate" in section
            and "lr" in optimizer.get("init_args", {})
        ):
            allowed = "left out: the optimizer has an lr of its own, which comes before it"
            yield f"{key}.learning_rate", f"is {section['learning_rate']:g}, but must be {allowed}"
        if training["accelerator"] == "cpu" and section.get("precision") == "16-mixed":
            # Lightning would train in bf16-mixed instead and only warn.
            allowed = "32-true or bf16-mixed with the accelerator cpu"
            yield f"{key}.precision", f'is "16-mixed", but must be {allowed}'
    yield from _process_contradictions(config)
    yield from calibration_contradictions(config["metering"]["calibration"])
    if config["metering"]["calibration"] and all(map(is_import, config["models"])):
        shown = show(config["metering"]["calibration"])
        yield (
            "metering.calibration",
            f"is {shown}, but must be null: runs that exist already have energies of their own",
        )
    yield from hardware_contradictions(config["hardware"])
    yield from water_contradictions(config["water"])
    yield from _country_data_contradictions(config["country_data"])
    shown, shares = config["figures"]["heat_map_coverage"], config["grid"]["coverage"]
    if shown is not None and shown not in shares:
        allowed = f"null or one of grid.coverage: {list_names(shares)}"
        yield "figures.heat_map_coverage", f"is {shown}, but must be {allowed}"
    if cost["currency"] == "USD" and cost["usd_per_unit"] != 1:
        yield "cost.usd_per_unit", f"is {cost['usd_per_unit']}, but must be 1 with the currency USD"
    yield from price_contradictions(cost)
    if cost["currency"] not in ("EUR", "USD"):
        yield from currency_contradictions(cost["currency"])


def is_command(model: Mapping[str, Any]) -> bool:
    """Whether a model is trained by a command of the user's."""
    return model.get("command") is not None


def is_import(model: Mapping[str, Any]) -> bool:
    """Whether a model's runs exist already."""
    return model.get("runs") is not None


def network_of(model: Mapping[str, Any]) -> str:
    """The network of a model: a name of `NETWORK_NAMES`, a class path, or `command` or `runs`."""
    if is_command(model):
        return COMMAND
    if is_import(model):
        return IMPORT
    return str(model["class_path"] or model["name"])


def training_of(config: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a model's trainings: the study's, but for its own."""
    return {**config["training"], **model.get("training", {})}


def _trainings(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The study's section `training`, and those of models, by their keys."""
    own = {f"models[{i}].training": m.get("training", {}) for i, m in enumerate(config["models"])}
    return {"training": config["training"], **own}


def own_classes(config: Mapping[str, Any]) -> dict[str, ClassSpec]:
    """The user's own classes, by the key that names them."""
    dataset = config["dataset"]
    used = {
        f"models[{i}].class_path": ClassSpec(
            "network",
            network_of(model),
            model["init_args"],
            of_our_loop=tuple(sorted(model.get("training", {}).keys() & OF_OUR_LOOP)),
        )
        for i, model in enumerate(config["models"])
        if network_of(model) not in (*NETWORK_NAMES, COMMAND, IMPORT)
    }
    for key, training in _trainings(config).items():
        for kind in CLASSES_OF_OUR_LOOP:
            if (written := training.get(kind)) is not None:
                path, arguments = written["class_path"], written.get("init_args", {})
                used[f"{key}.{kind}.class_path"] = ClassSpec(kind, path, arguments)
    if dataset["class_path"] is not None:
        used["dataset.class_path"] = ClassSpec("data", dataset["class_path"], dataset["init_args"])
    return used


def _process_contradictions(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A process that is shared, where a class may leave something in it: counts, frozen layers."""
    if config["training"]["process"] == "run":
        return
    for key, written in own_classes(config).items():
        if written.kind != "data" and not written.class_path.startswith("torch."):
            shown = show(written.class_path)
            yield (
                "training.process",
                f'is "size", but must be "run" with {key} {shown}: what it leaves in a process '
                "would reach the next seed",
            )
            return


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
    elif own is None and name not in named and not datasets.is_declared(dataset):
        allowed = f"one of {list_names(named)}, or any name with format, class_path or n_examples"
        yield "dataset.name", f"is {show(name)}, but must be {allowed}{nearest(name, named)}"
    if own is not None and (name in datasets.TRAIN_SIZES or (name in named and name != own)):
        yield "dataset.name", f"is {show(name)}, but must be another name with the format {own}"
    if name in datasets.BUNDLED and path is not None:
        yield "dataset.path", f"is {show(path)}, but must be null: {name} comes with scikit-learn"
    if own is not None and path is None:
        what = "folder" if own == "image-folder" else "file"
        yield "dataset.path", f"is null, but must be the path of a {what} with the format {own}"
    yield from _declared_contradictions(dataset)
    if own is None and not datasets.is_declared(dataset) and dataset["test_share"] != TEST_SHARE:
        allowed = f"left out: {name} has its own test part"
        yield "dataset.test_share", f"is {dataset['test_share']:g}, but must be {allowed}"
    if own in datasets.TABLES and dataset["label"] is None:
        yield "dataset.label", f"is null, but must be the name of a column with the format {own}"
    if dataset["normalise"] == "channel" and dataset["channels"] is None:
        yield "dataset.channels", "is null, but must be first or last with the normalise channel"
    if dataset["channels"] is not None and class_path is None and own in (None, *datasets.TABLES):
        what = own or name
        yield "dataset.channels", f"is {dataset['channels']}, but must be null: {what} has none"
    for key in ("label", "features"):
        columns = own in datasets.TABLES or (key == "label" and dataset["labels"] is not None)
        if not columns and dataset[key] is not None:
            allowed = f"null: only {' and '.join(datasets.TABLES)} have columns"
            yield f"dataset.{key}", f"is {show(dataset[key])}, but must be {allowed}"
    if dataset["label"] is not None and dataset["label"] in (dataset["features"] or ()):
        i = dataset["features"].index(dataset["label"])
        yield f"dataset.features[{i}]", f"is {show(dataset['label'])}, but dataset.label is that"


def _declared_contradictions(dataset: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What cannot stand beside `n_examples`, or not without it."""
    if not datasets.is_declared(dataset):
        for key in ("labels", "test_examples", "unit"):
            if dataset[key] is not None:
                yield (
                    f"dataset.{key}",
                    f"is {show(dataset[key])}, but must be null without n_examples",
                )
        return
    if dataset["name"] in (*datasets.TRAIN_SIZES, *datasets.FORMATS):
        shown = show(dataset["name"])
        yield "dataset.name", f"is {shown}, but must be a name of your own with n_examples"
    for key, default in (
        *((key, None) for key in ("path", "format", "class_path", "channels")),
        ("normalise", "auto"),
        ("test_share", TEST_SHARE),
        ("test_shifted", False),
    ):
        if dataset[key] != default:
            yield (
                f"dataset.{key}",
                f"is {show(dataset[key])}, but must be {show(default)} with n_examples: the study "
                "prepares no data",
            )


def _task_contradictions(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    task, dataset = config["task"], config["dataset"]
    name = dataset["name"]
    named_task = "regression" if name in datasets.REGRESSIONS else "classification"
    if name in datasets.TRAIN_SIZES and task != named_task:
        yield "task", f"is {task}, but must be {named_task} with the data set {name}"
    if dataset["labels"] is not None and task == "regression":
        shown = show(dataset["labels"])
        yield "dataset.labels", f"is {shown}, but must be null: a regression has no classes"
    if datasets.format_of(dataset) == "image-folder" and task == "regression":
        yield "task", "is regression, but must be classification: the folders are classes"


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
                f"is {show(names[i])}, the same as models[{first}].name",
            )
        name, network = model["name"], network_of(model)
        yield from _command_contradictions(f"models[{i}]", model, dataset)
        yield from _import_contradictions(f"models[{i}]", model)
        if network in (COMMAND, IMPORT):
            continue
        if datasets.is_declared(dataset):
            yield (
                f"models[{i}].name",
                f"is {show(name)}, but must have a command or runs: dataset.n_examples is for data "
                "that the study does not read",
            )
        if name in NETWORK_NAMES and name != network:
            yield f"models[{i}].name", f"is {show(name)}, but its class_path is {show(network)}"
        if network not in NETWORK_NAMES and "." not in network:
            allowed = f"one of {list_names(NETWORK_NAMES)}, or any name with a class_path"
            yield (
                f"models[{i}].name",
                f"is {show(name)}, but must be {allowed}{nearest(name, NETWORK_NAMES)}",
            )
        channels = model["init_args"].get("channels", ()) if network == "cnn" else ()
        rows = dataset["name"] if dataset["name"] == "diabetes" else datasets.format_of(dataset)
        if channels and rows in ("diabetes", *datasets.TABLES):
            allowed = f"another model with the data {rows}"
            yield f"models[{i}].name", f"is {show(name)}, but must be {allowed}: a row is no image"
        if dataset["name"] == "digits" and len(channels) > MAX_CONVOLUTIONS_ON_DIGITS:
            allowed = f"at most {MAX_CONVOLUTIONS_ON_DIGITS} layers for digits"
            yield f"models[{i}].init_args.channels", f"is {show(channels)}, but must be {allowed}"


def _command_contradictions(
    key: str, model: Mapping[str, Any], dataset: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    if not is_command(model):
        asked = dict.fromkeys(("shell", "accelerator", "time_limit_s"), "a command")
        if network_of(model) in (*NETWORK_NAMES, IMPORT):
            asked["watch"] = "a command or a class of your own"
        for name in model.keys() & asked.keys():
            shown = show(model[name])
            yield f"{key}.{name}", f"is {shown}, but must be left out without {asked[name]}"
        return
    if model["class_path"] is not None:
        yield (
            f"{key}.class_path",
            f"is {show(model['class_path'])}, but must be null: it has a command",
        )
    if model["name"] in NETWORK_NAMES:
        yield f"{key}.name", f"is {show(model['name'])}, but a command needs a name of its own"
    for name in ("init_args", "training"):
        if model.get(name):
            shown = show(model[name])
            yield f"{key}.{name}", f"is {shown}, but must be empty: write it into the command"
    if (text := commands.fault(model["command"])) is not None:
        yield f"{key}.command", text
    elif datasets.is_declared(dataset) and "data" in commands.placeholders(model["command"]):
        yield (
            f"{key}.command",
            "holds {data}, but must find its data by itself: with dataset.n_examples none is "
            "prepared",
        )


def _import_contradictions(key: str, model: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not is_import(model):
        for name in model.keys() & {"emissions", "columns", "max_power_w"}:
            yield f"{key}.{name}", f"is {show(model[name])}, but must be left out without runs"
        return
    if model["name"] in NETWORK_NAMES:
        yield f"{key}.name", f"is {show(model['name'])}, but imported runs need a name of their own"
    for name in ("class_path", "init_args", "training", "command"):
        if model.get(name):
            shown = show(model[name])
            yield f"{key}.{name}", f"is {shown}, but must be left out: its runs exist already"


def input_contradictions(
    config: Mapping[str, Any], intake: Intake | None
) -> Iterator[tuple[str, str]]:
    """As `contradictions`, of the networks that cannot learn from such inputs.

    Args:
        config: the completed configuration.
        intake: what is known of the data; None: nothing.
    """
    if intake is None:
        return
    for i, model in enumerate(config["models"]):
        network = network_of(model)
        if network in NETWORK_NAMES and intake.whole_numbers:
            yield (
                f"models[{i}].name",
                f"is {show(model['name'])}, but the inputs are whole numbers, which it cannot take "
                "as they are: if they measure something, dataset.normalise must be global, feature "
                "or channel",
            )
        if network == "cnn" and intake.input_shape is not None:
            try:
                image_shape(intake.input_shape, config["dataset"]["channels"])
            except DataError as error:
                yield f"models[{i}].name", f"is {show(model['name'])}, but {error}"
