import copy
import csv
import math
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ecosobriety import config as study_config
from ecosobriety.errors import ConfigError
from ecosobriety.schema import document, read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
README = ROOT / "config/README.md"
STUDIES = sorted((ROOT / "config").glob("*.yaml"))

COUNTRIES = (
    *("AUS", "AUT", "BEL", "BRA", "CAN", "CHE", "CHN", "CZE", "DEU", "DNK", "ESP", "FIN"),
    *("FRA", "FRO", "GBR", "IND", "ITA", "JPN", "NOR", "POL", "PRT", "SWE", "UKR", "USA"),
)
with (ROOT / "config/factors/source_intensity.csv").open(encoding="utf-8") as factors:
    SOURCES = tuple(row["source"] for row in csv.DictReader(factors))
KNOWN = {
    "schema_path": SCHEMA,
    "countries": COUNTRIES,
    "sources": SOURCES,
    "train_sizes": {"digits": 1400, "mnist": 60_000, "fashion-mnist": 60_000},
}

SMALLEST = {
    "study": "small",
    "dataset": {"name": "digits"},
    "models": [{"name": "mlp"}],
    "grid": {"n_train": [200, 400]},
}


def complete(config):
    return study_config.complete(config, file="config/x.yaml", **KNOWN)


def put(key, value, base=SMALLEST):
    """A copy of a config with one value put in place; `key` like ("grid", "n_train", 0)."""
    changed = copy.deepcopy(base)
    node = changed
    for part in key[:-1]:
        node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
    node[key[-1]] = value
    return changed


def refusal(config):
    with pytest.raises(ConfigError) as caught:
        complete(config)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def outcome(function, argument):
    """What a function gives, and the message with which it refuses: one of the two."""
    try:
        return function(argument), ""
    except ConfigError as error:
        return None, str(error)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.name)
def test_shipped_studies_are_valid(path):
    loaded = study_config.load(path, **KNOWN)
    assert loaded["study"] == yaml.safe_load(path.read_text(encoding="utf-8"))["study"]


def test_default_sources_are_those_of_the_factor_table():
    assert tuple(complete(SMALLEST)["grid"]["sources"]) == SOURCES


def test_defaults_are_filled():
    assert complete(SMALLEST) == {
        "study": "small",
        "title": "small",
        "languages": ["en"],
        "dataset": {"name": "digits", "path": None},
        "models": [{"name": "mlp", "init_args": {"hidden": [256]}}],
        "grid": {
            "n_train": [200, 400],
            "seeds": [1, 2, 3, 4, 5],
            "countries": "all",
            "sources": list(SOURCES),
            "coverage": [0.5, 1.0],
        },
        "training": {
            "epochs": 10,
            "batch_size": 128,
            "learning_rate": 0.001,
            "budget": "epochs",
            "accelerator": "auto",
            "precision": "32-true",
        },
        "metering": {
            "country": "FRA",
            "interval_s": 1.0,
            "cpu_power_w": None,
            "ram_power_w": None,
            "pue": 1.0,
        },
        "analysis": {
            "reference_n_train": "max",
            "margin": 0.01,
            "confidence": 0.95,
            "target_accuracy": None,
        },
        "cost": {"currency": "EUR", "usd_per_unit": 1.142, "grid_price_per_kwh": {}},
    }


def test_completing_changes_neither_the_input_nor_the_next_result():
    given_config = copy.deepcopy(SMALLEST)
    first = complete(given_config)
    first["grid"]["seeds"].append(99)
    first["dataset"]["name"] = "mnist"
    assert given_config == SMALLEST
    assert complete(given_config)["grid"]["seeds"] == [1, 2, 3, 4, 5]


def test_completing_twice_is_completing_once():
    once = complete(SMALLEST)
    assert complete(once) == once


def test_default_channels_are_filled_for_a_cnn():
    models = complete(put(("models", 0), {"name": "cnn"}))["models"]
    assert models == [{"name": "cnn", "init_args": {"channels": [16, 32]}}]


def test_a_whole_number_becomes_a_float_where_the_unit_is_continuous():
    # 1 and 1.0 must not differ for Snakemake, or an edit of style would train again.
    completed = complete(put(("metering", "interval_s"), 1))
    assert isinstance(completed["metering"]["interval_s"], float)
    priced = complete(put(("cost", "grid_price_per_kwh"), {"FRA": 1}))
    assert isinstance(priced["cost"]["grid_price_per_kwh"]["FRA"], float)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (("study",), "a/b", 'study is "a/b", but must be text'),
        (("study",), "..", 'study is "..", but must be text'),
        (("study",), "a\n", r'study is "a\n", but must be text'),
        (("study",), 2022, "study is 2022, but must be text (in quotes if it is a number)"),
        (("title",), "  ", 'title is "  ", but must be one line of text of up to 200 characters'),
        (("languages",), ["de"], 'languages[0] is "de", but must be one of en, fr'),
        (("languages",), [], "languages is [], but must be a list of 1 or more different items"),
        (("dataset",), None, "dataset is null, but must be a mapping with keys among name, path"),
        (
            ("dataset", "name"),
            "fashion_mnist",
            'dataset.name is "fashion_mnist", but must be one of digits, mnist, fashion-mnist '
            "(the nearest is fashion-mnist)",
        ),
        (
            ("models", 0, "init_args"),
            {"hiden": [8]},
            "models[0].init_args.hiden is not a known key, but must be one of hidden "
            "(the nearest is hidden)",
        ),
        (
            ("models", 0),
            {"name": "linear", "init_args": {"hidden": [8]}},
            "models[0].init_args.hidden is not a known key, but must be left out",
        ),
        (
            ("models", 0, "init_args"),
            {"hidden": [8, 0]},
            "models[0].init_args.hidden[1] is 0, but must be a whole number from 1 to 65536",
        ),
        (
            ("grid", "n_train"),
            [200, 400, -5],
            "grid.n_train[2] is -5, but must be a whole number from 1 to 1000000000",
        ),
        (("grid", "n_train"), [200, 300.0], "grid.n_train[1] is 300.0, but must be a whole number"),
        (("grid", "n_train"), [200, True], "grid.n_train[1] is true, but must be a whole number"),
        (
            ("grid", "n_train"),
            [200, 300, 200],
            "grid.n_train[2] is 200, but grid.n_train[0] is that already",
        ),
        (
            ("grid", "seeds"),
            [7],
            "grid.seeds is [7], but must be a list of 2 to 1000 different items, each a whole "
            "number from 0 to 4294967295",
        ),
        (
            ("grid", "seeds"),
            [1, 2**64],
            "grid.seeds[1] is a whole number of 65 bits, but must be a whole number from 0",
        ),
        (
            ("grid", "countries"),
            "France",
            'grid.countries is "France", but must be all or a list of 1 or more different items, '
            "each a country's ISO 3166 alpha-3 code",
        ),
        (
            ("grid", "countries"),
            ["DEU", "FR"],
            'grid.countries[1] is "FR", but must be a country\'s ISO 3166 alpha-3 code, such as '
            "FRA (the nearest is FRA)",
        ),
        (
            ("grid", "sources"),
            ["wind_offshor"],
            'grid.sources[0] is "wind_offshor", but must be one of biomass, coal, gas, geothermal, '
            "hydro, nuclear, oil, solar_csp, solar_pv_rooftop, solar_pv_utility, wind_offshore, "
            "wind_onshore (the nearest is wind_offshore)",
        ),
        (("grid", "coverage"), [0], "grid.coverage[0] is 0, but must be a number above 0 and at"),
        (("grid", "coverage"), [math.nan], "grid.coverage[0] is nan, but must be a number above 0"),
        (("training",), None, "training is null, but must be a mapping with keys among epochs"),
        (
            ("training", "epoch"),
            3,
            "training.epoch is not a known key, but must be one of epochs, batch_size, "
            "learning_rate, budget, accelerator, precision (the nearest is epochs)",
        ),
        (
            ("training", "learning_rate"),
            "1e-3",
            'training.learning_rate is "1e-3", but must be a number above 0 and at most 100 '
            "(YAML reads this as text: write 0.001 without quotes)",
        ),
        (("metering", "pue"), 0.9, "metering.pue is 0.9, but must be a number from 1 to 10"),
        (
            ("metering", "cpu_power_w"),
            0,
            "metering.cpu_power_w is 0, but must be a number above 0 and at most 100000, or null",
        ),
        (("metering", "country"), "DE", 'metering.country is "DE", but must be a country'),
        (("analysis", "margin"), 1, "analysis.margin is 1, but must be a number above 0 and below"),
        (
            ("analysis", "confidence"),
            0.5,
            "analysis.confidence is 0.5, but must be a number above 0.5 and below 1",
        ),
        (
            ("analysis", "reference_n_train"),
            "maximum",
            'analysis.reference_n_train is "maximum", but must be max or one of the sizes',
        ),
        (
            ("cost",),
            {"currency": "eur", "usd_per_unit": 1},
            'cost.currency is "eur", but must be three capital letters, such as EUR',
        ),
        (
            ("cost", "grid_price_per_kwh"),
            {"FRX": 0.2},
            "cost.grid_price_per_kwh.FRX is not a known key, but must be a country's ISO 3166 "
            "alpha-3 code, such as FRA (the nearest is FRA)",
        ),
        (
            ("cost", "grid_price_per_kwh"),
            {"FRA": -0.1},
            "cost.grid_price_per_kwh.FRA is -0.1, but must be a number from 0 to 1000000",
        ),
        # What a schema cannot say.
        (
            ("grid", "n_train"),
            [200, 1401],
            "grid.n_train[1] is 1401, but must be at most 1400, the number of training images of "
            "digits",
        ),
        (
            ("analysis", "reference_n_train"),
            300,
            "analysis.reference_n_train is 300, but must be max or one of grid.n_train: 200, 400 "
            "(the nearest is 200)",
        ),
        (
            ("models",),
            [{"name": "mlp"}, {"name": "mlp", "init_args": {"hidden": [8]}}],
            'models[1].name is "mlp", but models[0].name is that already',
        ),
        (
            ("models",),
            [{"name": "cnn", "init_args": {"channels": [4, 4, 4, 4]}}],
            "models[0].init_args.channels is [4, 4, 4, 4], but must be at most 3 layers for digits",
        ),
        (("dataset", "path"), "data", 'dataset.path is "data", but must be null'),
        (
            ("training",),
            {"precision": "16-mixed", "accelerator": "cpu"},
            'training.precision is "16-mixed", but must be 32-true or bf16-mixed',
        ),
        (
            ("cost",),
            {"currency": "USD", "usd_per_unit": 1.1},
            "cost.usd_per_unit is 1.1, but must be 1 with the currency USD",
        ),
        (("cost",), {"currency": "GBP"}, "cost.usd_per_unit is missing, but must be a number"),
    ],
)
def test_message_names_file_key_value_and_what_is_allowed(key, value, expected):
    assert refusal(put(key, value)).startswith(f"config/x.yaml: {expected}")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, "study is missing, but must be text"),
        ([], "the whole file is [], but must be a mapping with keys among study, title"),
        (
            {**SMALLEST, 5: 6},
            "the whole file has the key 5, but a key must be text",
        ),
        # The misspelt key explains the missing one, so it is the one to name.
        (
            {"stduy": "x", **{k: v for k, v in SMALLEST.items() if k != "study"}},
            "stduy is not a known key, but must be one of study, title, languages, dataset, "
            "models, grid, training, metering, analysis, cost (the nearest is study)",
        ),
        (
            {**SMALLEST, "grid": {"seeds": [1, 2]}},
            "grid.n_train is missing, but must be a list of 1 to 1000 different items",
        ),
    ],
)
def test_message_on_whole_mappings(config, expected):
    assert refusal(config).startswith(f"config/x.yaml: {expected}")


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    message = refusal(put(("training", "epochs"), endless))
    assert "is nested too deeply: at most 8 levels are allowed" in message


def test_a_long_value_is_shortened():
    assert len(refusal(put(("study",), "x" * 10_000))) < 300


def bad_numbers(low, high):
    """Values that are no number from `low` to `high`: out of range, not finite, of another type."""
    return st.one_of(
        st.floats(max_value=low, exclude_max=True),
        st.floats(min_value=high, exclude_min=True),
        st.integers(min_value=math.floor(high) + 1),
        st.integers(0, 9).map(lambda digit: 10**5000 + digit),
        st.integers(max_value=math.ceil(low) - 1),
        st.sampled_from([math.nan, math.inf, -math.inf, True, False, "1", "", [], {}, [1]]),
    )


def bad_whole_numbers(low, high):
    return bad_numbers(low, high) | st.floats(min_value=low, max_value=min(high, 1e6))


HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(["..", "../x", "a/b", "/", "~", "a\n", "\u2028", "\ud800", "{study}", "$(x)"]),
    st.text(st.characters(categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1),
)
NOT_TEXT = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.text()))
# None of the valid names is longer than 40 characters.
BAD_NAMES = NOT_TEXT | HOSTILE.map(lambda text: f"{text}/{'x' * 40}") | st.just("")
NOT_LISTS = st.one_of(st.none(), st.integers(), st.dictionaries(st.text(), st.integers()))
NOT_MAPPINGS = st.one_of(st.none(), st.text(), st.integers(), st.lists(st.integers()))


def bad_lists(good, bad_items):
    """Values that are no list of different good items: empty, one bad item, one item twice."""
    return st.one_of(
        NOT_LISTS, st.just([]), bad_items.map(lambda bad: [*good, bad]), st.just([*good, good[0]])
    )


SEED_LIMIT = 2**32 - 1
BAD_VALUES = {
    ("study",): BAD_NAMES,
    ("title",): NOT_TEXT | st.sampled_from(["", " ", "a\nb", "a\n", "x" * 201, "\ud800"]),
    ("languages",): bad_lists(["en"], BAD_NAMES),
    ("dataset",): NOT_MAPPINGS,
    ("dataset", "name"): BAD_NAMES,
    ("dataset", "path"): st.integers() | st.sampled_from(["", "a\0b", "a\n", "\ud800", "x" * 4097]),
    ("models",): bad_lists([{"name": "mlp"}], NOT_MAPPINGS),
    ("models", 0, "name"): BAD_NAMES,
    ("models", 0, "init_args"): NOT_MAPPINGS,
    ("models", 0, "init_args", "hidden"): NOT_LISTS
    | bad_whole_numbers(1, 65536).map(lambda n: [n]),
    ("grid",): NOT_MAPPINGS,
    ("grid", "n_train"): bad_lists([100, 200], bad_whole_numbers(1, 1400)),
    ("grid", "seeds"): bad_lists([1, 2], bad_whole_numbers(0, SEED_LIMIT)) | st.just([1]),
    ("grid", "countries"): bad_lists(["FRA"], BAD_NAMES),
    ("grid", "sources"): bad_lists(["coal"], BAD_NAMES),
    ("grid", "coverage"): bad_lists([0.5, 1.0], bad_numbers(0, 1) | st.just(0)),
    ("training",): NOT_MAPPINGS,
    ("training", "epochs"): bad_whole_numbers(1, 100_000),
    ("training", "batch_size"): bad_whole_numbers(1, 1_000_000),
    ("training", "learning_rate"): bad_numbers(0, 100) | st.just(0),
    ("training", "budget"): BAD_NAMES,
    ("training", "accelerator"): BAD_NAMES,
    ("training", "precision"): BAD_NAMES,
    ("metering",): NOT_MAPPINGS,
    ("metering", "country"): BAD_NAMES,
    ("metering", "interval_s"): bad_numbers(0, 3600) | st.just(0),
    ("metering", "cpu_power_w"): bad_numbers(0, 100_000) | st.just(0),
    ("metering", "ram_power_w"): bad_numbers(0, 100_000) | st.just(0),
    ("metering", "pue"): bad_numbers(1, 10),
    ("analysis",): NOT_MAPPINGS,
    ("analysis", "reference_n_train"): BAD_NAMES | bad_whole_numbers(1, 1400),
    ("analysis", "margin"): bad_numbers(0, 1) | st.sampled_from([0, 1]),
    ("analysis", "confidence"): bad_numbers(0.5, 1) | st.sampled_from([0.5, 1]),
    ("analysis", "target_accuracy"): bad_numbers(0, 1) | st.sampled_from([0, 1]),
    ("cost",): NOT_MAPPINGS,
    ("cost", "currency"): BAD_NAMES,
    ("cost", "usd_per_unit"): bad_numbers(0, 1_000_000) | st.just(0),
    ("cost", "grid_price_per_kwh"): NOT_MAPPINGS
    | BAD_NAMES.filter(lambda name: isinstance(name, str)).map(lambda name: {name: 1})
    | bad_numbers(0, 1_000_000).map(lambda price: {"FRA": price}),
}
SECTIONS = [(), ("dataset",), ("models", 0), ("grid",), ("training",), ("metering",), ("analysis",)]


def test_bad_values_are_generated_for_every_key():
    documented = {row.split("`")[1] for row in document(read_schema(SCHEMA)).splitlines()[2:]}
    generated = {".".join(str(part) for part in key).replace(".0", "[]") for key in BAD_VALUES} | {
        "models[].init_args.channels"
    }
    assert generated == documented


@given(
    st.sampled_from(sorted(BAD_VALUES, key=str)).flatmap(
        lambda key: st.tuples(st.just(key), BAD_VALUES[key])
    )
)
@settings(max_examples=100, deadline=None)
def test_every_bad_value_is_refused_in_one_line_that_names_the_key(bad):
    key, value = bad
    message = refusal(put(key, value))
    assert message.startswith("config/x.yaml: ")
    assert key[0] in message


@given(st.sampled_from(SECTIONS), HOSTILE.map(lambda text: f"{text}!"), NOT_TEXT)
@settings(max_examples=30, deadline=None)
def test_every_unknown_key_is_refused_in_one_line(section, name, value):
    assert "is not a known key" in refusal(put((*section, name), value))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["name", "hidden", "FRA"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(BAD_VALUES, key=str)), ANYTHING)
@settings(max_examples=80, deadline=None)
def test_anything_at_all_is_completed_or_refused(key, value):
    completed, message = outcome(complete, put(key, value))
    assert len(message.splitlines()) == 1 or complete(completed) == completed


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the whole file is empty, but must hold a study's keys, such as study: poster"),
        (b"# only a comment\n", "the whole file is empty"),
        (b"- a\n", "the whole file holds a list, but must hold a mapping of keys"),
        (b"study: a\n  b: c\n", "line 2, column 4 is not valid YAML: mapping values are not"),
        (
            b"study: a\ngrid:\n  seeds: [1]\n  seeds: [2]\n",
            "line 4, column 3 is not valid YAML: the key seeds stands twice",
        ),
        (b"study: \xff\n", "the whole file is not valid YAML: unacceptable character"),
        (b"study: 2022-02-30\n", "the whole file is not valid YAML: day"),
        (b"study: !!int ''\n", "the whole file is not valid YAML: string index out of range"),
        (b"study: !!python/name:os.system\n", "line 1, column 8 is not valid YAML"),
        (b"[" * 1000, "the whole file is not valid YAML: maximum recursion depth exceeded"),
    ],
)
def test_a_file_that_holds_no_study_is_refused(tmp_path, content, expected):
    path = tmp_path / "study.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        study_config.load(path, **KNOWN)
    assert str(caught.value).startswith(f"{path}: {expected}")
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "none.yaml"
    with pytest.raises(ConfigError) as caught:
        study_config.load(path, **KNOWN)
    assert str(caught.value) == (
        f"{path}: the whole file cannot be read: No such file or directory"
    )


@given(st.binary() | st.text().map(str.encode))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    content, message = outcome(study_config.read, path)
    assert len(message.splitlines()) == 1 or isinstance(content, dict)


def test_a_merge_key_may_be_overridden(tmp_path):
    path = tmp_path / "merge.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\n", encoding="utf-8")
    assert study_config.read(path)["b"] == {"x": 3, "y": 2}


def test_run_grid_has_each_training_once():
    config = complete(
        put(("models",), [{"name": "mlp"}, {"name": "linear"}], put(("grid", "seeds"), [1, 2]))
    )
    assert study_config.run_grid(config) == [
        ("digits", "mlp", 200, 1),
        ("digits", "mlp", 200, 2),
        ("digits", "mlp", 400, 1),
        ("digits", "mlp", 400, 2),
        ("digits", "linear", 200, 1),
        ("digits", "linear", 200, 2),
        ("digits", "linear", 400, 1),
        ("digits", "linear", 400, 2),
    ]


def test_training_parameters_are_the_leaves_that_touch_a_training():
    parameters = study_config.training_parameters(complete(SMALLEST))
    assert list(parameters) == [
        "metering.country",
        "metering.cpu_power_w",
        "metering.interval_s",
        "metering.ram_power_w",
        "training.accelerator",
        "training.batch_size",
        "training.budget",
        "training.epochs",
        "training.learning_rate",
        "training.precision",
    ]
    assert parameters["training.epochs"] == 10


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("metering", "pue"), 1.5),
        (("grid", "countries"), ["FRA"]),
        (("grid", "n_train"), [100, 200, 300]),
        (("analysis", "margin"), 0.02),
        (("analysis", "reference_n_train"), 200),
        (("title",), "Another title"),
    ],
)
def test_what_touches_no_training_leaves_its_parameters_alone(key, value):
    before = study_config.training_parameters(complete(SMALLEST))
    assert study_config.training_parameters(complete(put(key, value))) == before


def test_with_a_budget_of_steps_the_reference_size_touches_trainings():
    steps = put(("training", "budget"), "steps")
    parameters = study_config.training_parameters(complete(steps))
    assert parameters["analysis.reference_n_train"] == 400
    smaller = complete(put(("analysis", "reference_n_train"), 200, steps))
    assert study_config.training_parameters(smaller)["analysis.reference_n_train"] == 200


def test_model_parameters_are_canonical_text():
    config = complete(put(("models", 0, "init_args"), {"hidden": [64, 32]}))
    assert study_config.model_parameters(config, "mlp") == {"init_args": '{"hidden":[64,32]}'}


def described_parts(part):
    for child in part.get("properties", {}).values():
        if "description" in child:
            yield child
        yield from described_parts(child)
    yield from described_parts(part["items"]) if "items" in part else ()
    for rule in part.get("allOf", ()):
        yield from described_parts(rule["then"])


def test_every_key_says_what_a_change_runs_again():
    rules = ("prepare_dataset", "train_model", "fit_curves", "derive_scenarios", "build_report")
    parts = list(described_parts(read_schema(SCHEMA)))
    assert len(parts) == len(BAD_VALUES) + 1  # and the channels of a cnn
    for part in parts:
        assert part["x-reruns"].startswith((*rules, "everything", "as its keys say"))


def test_every_mapping_of_the_schema_refuses_unknown_keys():
    mappings = [part for part in described_parts(read_schema(SCHEMA)) if "properties" in part]
    assert len(mappings) == 6  # dataset, grid, training, metering, analysis, cost
    assert all(part["additionalProperties"] is False for part in mappings)


def test_readme_has_the_table_of_the_schema():
    text = README.read_text(encoding="utf-8")
    assert study_config.insert_table(text, document(read_schema(SCHEMA))) == text, "run make docs"


def test_the_program_writes_the_table(tmp_path):
    text = README.read_text(encoding="utf-8")
    stale = tmp_path / "README.md"
    stale.write_text(study_config.insert_table(text, "an old table"), encoding="utf-8")
    command = [sys.executable, "-m", "ecosobriety.config", str(stale)]
    subprocess.run(command, check=True, cwd=ROOT / "scripts")
    assert stale.read_text(encoding="utf-8") == text


def test_a_text_without_markers_is_refused():
    with pytest.raises(ConfigError, match="must hold the lines"):
        study_config.insert_table("# Configuration\n", "a table")
