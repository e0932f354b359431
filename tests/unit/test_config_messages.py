import math

import pytest
from config_cases import KNOWN, SMALLEST, put, refusal

from ecosobriety.errors import MAX_MESSAGE, ConfigError
from ecosobriety.study_config import config as study_config
from ecosobriety.study_config.schema import complete_value

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (("study",), "a/b", 'study is "a/b", but must be text'),
        (("study",), "..", 'study is "..", but must be text'),
        (("study",), "a\n", r'study is "a\n", but must be text'),
        (("study",), 2022, "study is 2022, but must be text (in quotes if it is a number)"),
        (("title",), "  ", 'title is "  ", but must be one line of text of up to 200 characters'),
        (
            ("title",),
            {},
            "title is {}, but must be one line of text of up to 200 characters, or one",
        ),
        (("title",), {"en": "a\n", "fr": "b"}, 'title.en is "a\\n", but must be one line of text'),
        (
            ("title",),
            {"en": "a", "de": "b"},
            "title.de is not a known key, but must be one of en, fr",
        ),
        (
            ("title",),
            {"fr": "b"},
            "title.en is missing, but must be one line of text: languages holds",
        ),
        (("languages",), ["de"], 'languages[0] is "de", but must be one of en, fr'),
        (("languages",), [], "languages is [], but must be a list of 1 or more different items"),
        (("dataset",), None, "dataset is null, but must be a mapping with keys among name, path"),
        (
            ("dataset", "name"),
            "fashion_mnist",
            'dataset.name is "fashion_mnist", but must be one of digits, fashion-mnist, mnist, '
            "diabetes, npz, image-folder, csv, parquet, or any name with format, class_path or "
            "n_examples (the nearest is fashion-mnist)",
        ),
        (
            ("training", "runs_per_job"),
            5,
            "training.runs_per_job is no longer a key: write `process: size` to train all seeds",
        ),
        (
            ("methods", "tool_sizes"),
            [200],
            "methods.tool_sizes is no longer a key: write `tracker_sizes`",
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
            "grid.n_train[2] is 200, the same as grid.n_train[0]",
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
            "FRA (France is FRA)",
        ),
        (
            ("grid", "sources"),
            ["wind_offshor"],
            'grid.sources[0] is "wind_offshor", but must be one of biomass, coal, gas, geothermal, '
            "hydro, nuclear, oil, solar_csp, solar_pv_rooftop, solar_pv_utility, wind_offshore, "
            "wind_onshore (the nearest is wind_offshore)",
        ),
        (("grid", "coverage"), [0], "grid.coverage[0] is 0, but must be a number from 1e-06 to 1"),
        (
            ("grid", "coverage"),
            [math.nan],
            "grid.coverage[0] is nan, but must be a number from 1e-06",
        ),
        (("training",), None, "training is null, but must be a mapping with keys among epochs"),
        (
            ("training", "epoch"),
            3,
            "training.epoch is not a known key, but must be one of epochs, batch_size, "
            "learning_rate, optimizer, lr_scheduler, gradient_clip_val, accumulate_grad_batches, "
            "budget, accelerator, precision, checkpoint, score_epochs, … (the nearest is epochs)",
        ),
        (
            ("training", "learning_rate"),
            "1e-3",
            'training.learning_rate is "1e-3", but must be a number above 1e-10 and at most 100 '
            "(YAML reads this as text: write 0.001 without quotes)",
        ),
        (("metering", "pue"), 0.9, "metering.pue is 0.9, but must be a number from 1 to 10"),
        (
            # Of a processor of 65 W, in kW.
            ("metering", "cpu_power_w"),
            0.065,
            "metering.cpu_power_w is 0.065, but must be a number from 1 to 10000, or null",
        ),
        (("metering", "country"), "DE", 'metering.country is "DE", but must be a country'),
        (
            ("analysis", "margin"),
            1,
            "analysis.margin is 1, but must be a number at least 1e-06 and below",
        ),
        (
            ("analysis", "confidence"),
            0.5,
            "analysis.confidence is 0.5, but must be a number above 0.5 and at most 0.999999",
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
            {"FR": 0.2},
            "cost.grid_price_per_kwh.FR is not a known key, but must be a country's ISO 3166 "
            "alpha-3 code, such as FRA (France is FRA)",
        ),
        (
            ("cost", "grid_price_per_kwh"),
            {"FRA": -0.1},
            "cost.grid_price_per_kwh.FRA is -0.1, but must be 0, "
            "or a number from 0.000001 to 1000000",
        ),
        (
            ("country_data", "provider"),
            "electricitymaps",
            'country_data.provider is "electricitymaps", but must be one of ember, codecarbon, '
            "csv, electricity_maps, null (the nearest is electricity_maps)",
        ),
        (
            ("country_data", "token_variable"),
            "my token",
            'country_data.token_variable is "my token", but must be the name of an environment',
        ),
        # What a schema cannot say.
        (
            ("figures", "heat_map_coverage"),
            0.75,
            "figures.heat_map_coverage is 0.75, but must be null or one of grid.coverage: 0.5, 1.0",
        ),
        (
            ("country_data",),
            {"provider": "csv"},
            "country_data.path is null, but must be the path of a CSV file with the provider csv",
        ),
        (
            ("country_data", "path"),
            "countries.csv",
            'country_data.path is "countries.csv", but must be null with the provider ember',
        ),
        (
            ("grid", "n_train"),
            [200, 1401],
            "grid.n_train[1] is 1401, but must be at most 1400, the number of training examples of "
            "digits",
        ),
        (
            ("analysis", "reference_n_train"),
            300,
            "analysis.reference_n_train is 300, but must be max or one of grid.n_train: 200, 400 "
            "(the nearest is 200)",
        ),
        (
            ("methods",),
            {"tracker_sizes": [400, 300]},
            "methods.tracker_sizes[1] is 300, but must be one of grid.n_train: 200, 400",
        ),
        (
            ("models",),
            [{"name": "mlp"}, {"name": "mlp", "init_args": {"hidden": [8]}}],
            'models[1].name is "mlp", the same as models[0].name',
        ),
        (
            ("models",),
            [{"name": "cnn", "init_args": {"channels": [4, 4, 4, 4]}}],
            "models[0].init_args.channels is [4, 4, 4, 4], but must be at most 3 layers for digits",
        ),
        (("dataset",), {"name": "csv"}, "dataset.path is null, but must be the path of a file"),
        (
            ("dataset",),
            {"name": "csv", "path": "a.csv"},
            "dataset.label is null, but must be the name of a column with the format csv",
        ),
        (
            ("dataset",),
            {"name": "mine", "format": "cvs", "path": "a.csv"},
            'dataset.format is "cvs", but must be one of npz, image-folder, csv, parquet, null '
            "(the nearest is csv)",
        ),
        (
            ("dataset",),
            {"name": "digits", "format": "csv", "path": "a.csv", "label": "y"},
            'dataset.name is "digits", but must be another name with the format csv',
        ),
        (
            ("dataset",),
            {"name": "npz", "path": "a.npz", "label": "y"},
            'dataset.label is "y", but must be null: only csv and parquet have columns',
        ),
        (
            ("dataset",),
            {"name": "csv", "path": "a.csv", "label": "y", "features": ["x", "y"]},
            'dataset.features[1] is "y", but dataset.label is that',
        ),
        (
            ("dataset",),
            {"name": "csv", "path": "nowhere/a.csv", "label": "y"},
            'dataset.path is "nowhere/a.csv", but nowhere/a.csv: cannot be read: No such file',
        ),
        (
            ("dataset",),
            {"name": "mnist", "path": "nowhere"},
            'dataset.path is "nowhere", but does not hold mnist: there is no such folder',
        ),
        (
            ("dataset",),
            {"name": "digits", "class_path": "my.Data"},
            'dataset.name is "digits", but must be another name with a class_path',
        ),
        (
            ("dataset",),
            {"name": "mine", "class_path": "my.Data", "path": "a.csv"},
            'dataset.path is "a.csv", but must be null with a class_path',
        ),
        (
            ("dataset", "init_args"),
            {"a": 1},
            'dataset.init_args is {"a": 1}, but must be empty without a class_path',
        ),
        (
            ("dataset",),
            {"name": "mine", "class_path": "no_such_module.Data"},
            'dataset.class_path is "no_such_module.Data", but no_such_module.Data cannot be '
            "imported: ModuleNotFoundError: \"No module named 'no_such_module'\"",
        ),
        (
            ("models", 0, "name"),
            "mpl",
            'models[0].name is "mpl", but must be one of linear, mlp, cnn, or any name with a '
            "class_path (the nearest is mlp)",
        ),
        (
            ("models", 0),
            {"name": "cnn", "class_path": "my.Net"},
            'models[0].name is "cnn", but its class_path is "my.Net"',
        ),
        (
            ("models", 0),
            {"name": "mine", "class_path": "torch.nn.functional"},
            'models[0].class_path is "torch.nn.functional", but torch.nn.functional is no '
            "torch.nn.Module",
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
        (
            {"stduy": "x", **{k: v for k, v in SMALLEST.items() if k != "study"}},
            "stduy is not a known key, but must be one of study, title, claims, compare_with, "
            "studies, languages, task, metric, dataset, models, grid, plan, training, metering, "
            "analysis, methods, factors, country_data, … (the nearest is study)",
        ),
        (
            {**SMALLEST, "grid": {"seeds": [1, 2]}},
            "grid.n_train is missing, but must be a list of 1 to 1000 different items",
        ),
    ],
)
def test_message_on_whole_mappings(config, expected):
    assert refusal(config).startswith(f"config/x.yaml: {expected}")


def test_a_misspelt_key_comes_before_the_key_that_it_should_have_been():
    schema = {"type": "object", "required": ["size"], "additionalProperties": False}
    schema["properties"] = {"size": {"type": "integer", "minimum": 0, "maximum": 9}}
    with pytest.raises(ConfigError, match="siez is not a known key"):
        complete_value(schema, {"siez": 1}, "x.yaml")


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    message = refusal(put(("training", "epochs"), endless))
    assert "is nested too deeply: at most 8 levels are allowed" in message


def test_a_long_value_is_shortened():
    assert len(refusal(put(("study",), "x" * 10_000))) <= MAX_MESSAGE


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the whole file is empty, but must hold a study's keys, such as study: poster"),
        (b"# only a comment\n", "the whole file is empty"),
        (b"- a\n", "the whole file holds a list, but must hold a mapping of keys"),
        (b"study: a\n  b: c\n", "line 2, column 4 is not valid YAML: mapping values are not"),
        (
            b"study: a\ngrid:\n  seeds: [1]\n  seeds: [2]\n",
            "line 4, column 3 is not valid YAML: the key seeds occurs twice",
        ),
        (
            b"study: a\ntitle: \xff\n",
            "line 2 is not UTF-8 (byte 0xff, in latin-1 ÿ): save the file as",
        ),
        (b"study: 2022-02-30\n", 'line 1 holds "2022-02-30", which YAML takes for a date and'),
        (b"study: !!int ''\n", 'line 1 holds "", which YAML takes for a number and cannot read'),
        (b"study: !!python/name:os.system\n", "line 1, column 8 is not valid YAML"),
        (b"[" * 1000, "line 1 is nested too deeply: at most 20 levels"),
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
    with pytest.raises(ConfigError) as caught:
        study_config.load(tmp_path / "none.yaml", **KNOWN)
    why = "the whole file cannot be read: No such file or directory"
    assert str(caught.value) == f"{tmp_path}/none.yaml: {why}"
