import copy

import pytest
import yaml
from config_cases import KNOWN, ROOT, SCHEMA, SMALLEST, SOURCES, complete, put, refusal

from ecosobriety.errors import ConfigError
from ecosobriety.languages import REPORT_FILES
from ecosobriety.study_config import config as study_config
from ecosobriety.study_config.schema import document, read_schema
from warm import run_warm

README = ROOT / "config/README.md"
STUDIES = sorted(set((ROOT / "config").glob("*.yaml")) - {ROOT / "config/claims.yaml"})


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
        "claims": "none",
        "compare_with": [],
        "studies": [],
        "languages": ["en"],
        "task": "classification",
        "metric": {"name": "accuracy", "better": "higher", "margin": "absolute", "unit": None},
        "dataset": {
            "name": "digits",
            "path": None,
            "format": None,
            "label": None,
            "features": None,
            "test_share": 0.2,
            "test_shifted": False,
            "normalise": "auto",
            "channels": None,
            "n_examples": None,
            "labels": None,
            "test_examples": None,
            "unit": None,
            "class_path": None,
            "init_args": {},
        },
        "models": [{"name": "mlp", "class_path": None, "init_args": {"hidden": [256]}}],
        "grid": {
            "n_train": [200, 400],
            "seeds": [1, 2, 3, 4, 5],
            "countries": "all",
            "sources": list(SOURCES),
            "coverage": [0.5, 1.0],
        },
        "plan": {
            **{"mode": "exhaustive", "full_n_train": "max", "seeds": "adaptive"},
            **{"epochs": "all", "z": None},
        },
        "training": {
            "epochs": 10,
            "batch_size": 128,
            "learning_rate": 0.001,
            "optimizer": None,
            "lr_scheduler": None,
            "gradient_clip_val": None,
            "accumulate_grad_batches": 1,
            "budget": "epochs",
            "accelerator": "auto",
            "precision": "32-true",
            "checkpoint": False,
            "score_epochs": "auto",
            "process": "run",
        },
        "metering": {
            "country": "FRA",
            "interval_s": 1.0,
            "cpu_power_w": None,
            "ram_power_w": None,
            "pue": 1.0,
            "baseline_s": None,
            "calibration": None,
        },
        "analysis": {
            "reference_n_train": "max",
            "margin": 0.01,
            "confidence": 0.95,
            "target": None,
        },
        "methods": {"usage": 1.0, "pragmatic_scaling_factor": 1.0, "tracker_sizes": []},
        "factors": "latest",
        "country_data": {
            "provider": "ember",
            "path": None,
            "token_variable": "ELECTRICITY_MAPS_TOKEN",
            "fallback": False,
        },
        "cost": {
            "currency": "EUR",
            "usd_per_unit": 1.142,
            "grid_price_per_kwh": {},
            "machine_price_per_hour": None,
            "consumer_prices": None,
        },
        "budget": {"energy_kwh": None},
        "usage": {"trainings_per_year": None, "energy_per_training_kwh": None},
        "hardware": {
            "parts": dict.fromkeys(("server", "gpu", "gpu_large", "desktop", "laptop")),
            "embodied_kg": None,
            "lifetime_years": None,
            "utilisation": None,
        },
        "water": {"site_l_per_kwh": None, "source_l_per_kwh": None},
        "figures": {"heat_map_coverage": None},
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
    (model,) = complete(put(("models", 0), {"name": "cnn"}))["models"]
    assert model == {"name": "cnn", "class_path": None, "init_args": {"channels": [16, 32]}}


def test_a_network_may_come_twice_under_different_names():
    models = [
        {"name": "mlp"},
        {"name": "wide", "class_path": "mlp", "init_args": {"hidden": [512]}},
    ]
    config = complete(put(("models",), models))
    assert config["models"][1]["init_args"] == {"hidden": [512]}
    assert study_config.model_parameters(config, "wide", ROOT) == {
        "class_path": "mlp",
        "init_args": {"hidden": [512]},
        "source": None,
        "training": {},
    }
    unfilled = complete(put(("models", 0), {"name": "wide", "class_path": "mlp"}))
    assert unfilled["models"][0]["init_args"] == {"hidden": [256]}


def test_a_whole_number_becomes_a_float_where_the_unit_is_continuous():
    # 1 and 1.0 must not differ for Snakemake, or an edit of style would train again.
    completed = complete(put(("metering", "interval_s"), 1))
    assert isinstance(completed["metering"]["interval_s"], float)
    priced = complete(put(("cost", "grid_price_per_kwh"), {"FRA": 1}))
    assert isinstance(priced["cost"]["grid_price_per_kwh"]["FRA"], float)


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


def test_the_rows_of_scenarios_are_known_beforehand():
    config = complete(put(("grid", "countries"), ["DEU", "POL"]))
    config["grid"].update(n_train=[200, 400], sources=["coal", "gas", "oil"], coverage=[0.5, 1.0])
    # One model, 2 sizes, France (where it is metered) and 2 countries, 3 sources x 2 and the grid.
    assert study_config.scenario_rows(config, ["DEU", "FRA", "POL"]) == 1 * 2 * 3 * 7


def test_training_parameters_are_the_leaves_that_touch_a_training():
    parameters = study_config.training_parameters(complete(SMALLEST))
    assert list(parameters) == [
        "metering.country",
        "metering.cpu_power_w",
        "metering.interval_s",
        "metering.ram_power_w",
        "training.accelerator",
        "training.accumulate_grad_batches",
        "training.batch_size",
        "training.budget",
        "training.checkpoint",
        "training.epochs",
        "training.gradient_clip_val",
        "training.learning_rate",
        "training.lr_scheduler",
        "training.optimizer",
        "training.precision",
        "training.score_epochs",
    ]
    assert parameters["training.epochs"] == 10


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("metering", "pue"), 1.5),
        (("training", "process"), "size"),
        (("grid", "countries"), ["FRA"]),
        (("country_data",), {"provider": "electricity_maps"}),
        (("grid", "n_train"), [100, 200, 300]),
        (("analysis", "margin"), 0.02),
        (("methods", "usage"), 0.5),
        (("analysis", "reference_n_train"), 200),
        (("title",), "Another title"),
        (("title",), {"en": "Another title", "fr": "Un autre titre"}),
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


def test_a_networks_code_is_among_its_parameters(tmp_path):
    config = put(("models", 0), {"name": "mine", "class_path": "my_net.Net"}, complete(SMALLEST))
    config["models"][0]["init_args"] = {}
    sources = set()
    for code in ("class Net: width = 1", "class Net: width = 2", "class Net: width = 2  # Wide."):
        (tmp_path / "my_net.py").write_text(code)
        sources.add(study_config.model_parameters(config, "mine", tmp_path)["source"])
    assert len(sources) == 2


def described_parts(part):
    for child in part.get("properties", {}).values():
        if "description" in child:
            yield child
        yield from described_parts(child)
    yield from described_parts(part["items"]) if "items" in part else ()
    for rule in part.get("allOf", ()):
        yield from described_parts(rule["then"])


def test_every_key_says_what_a_change_runs_again():
    rules = (
        *("prepare_dataset", "train_model", "fit_curves", "derive_scenarios", "recommend_size"),
        *("decide_growth", "collect_runs", "run_command", "import_runs"),
        *(
            "prepare_countries",
            "compare_methods",
            "compare_studies",
            "run_trackers",
            "plot_figures",
            "build_report",
            "everything",
        ),
        "as its keys say",
    )
    parts = list(described_parts(read_schema(SCHEMA)))
    assert len(parts) == len(document(read_schema(SCHEMA)).splitlines()) - 2  # its two head lines
    for part in parts:
        assert part["x-reruns"].startswith(rules)


def test_every_mapping_of_the_schema_refuses_unknown_keys():
    mappings = [part for part in described_parts(read_schema(SCHEMA)) if "properties" in part]
    # metric, dataset, training and a model's own with their two classes, grid, plan, metering, its
    # calibration and that one's window, analysis, methods, country_data, cost, usage, hardware
    # and its parts, water, figures
    assert len(mappings) == 23
    assert all(part["additionalProperties"] is False for part in mappings)


def test_readme_has_the_table_of_the_schema():
    text = README.read_text(encoding="utf-8")
    schema = read_schema(SCHEMA, {"language": [*REPORT_FILES]})
    assert study_config.insert_table(text, document(schema)) == text, "run make docs"


@pytest.mark.slow
def test_the_program_writes_the_table(tmp_path):
    text = README.read_text(encoding="utf-8")
    stale = tmp_path / "README.md"
    stale.write_text(study_config.insert_table(text, "an old table"), encoding="utf-8")
    program = ["-m", "ecosobriety.study_config.config"]
    assert run_warm([*program, str(stale)], cwd=ROOT / "scripts").returncode == 0
    assert stale.read_text(encoding="utf-8") == text


@pytest.mark.slow
@pytest.mark.parametrize(("content", "fault"), [("study: a\n", ""), ("study: [\n", "not valid")])
def test_the_program_tells_why_a_file_cannot_be_read(tmp_path, content, fault):
    (tmp_path / "a.yaml").write_text(content, encoding="utf-8")
    program = ["-m", "ecosobriety.study_config.config"]
    done = run_warm([*program, "--read", str(tmp_path / "a.yaml")], cwd=ROOT / "scripts")
    assert bool(done.returncode) == bool(fault)
    assert fault in done.stderr
    assert len(done.stderr.splitlines()) == bool(fault)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "code", "expected"),
    [
        (
            "study: small\ndataset: {name: digits}\nmodels: [{name: mlp}]\n"
            "grid: {n_train: [200, 400]}\n",
            0,
            "small\n",
        ),
        ('{"study": "small", "grid": {"n_train": [2, 3]}}', 0, "small\n"),
        ("study: '2022'  # of 2022\n", 0, "2022\n"),
        ("study: ../x\n", 1, 'study is "../x", but must be text'),
        ("title: x\n", 1, "study is missing, but must be text"),
        ("__use_yte__: true\nstudy: x\n", 1, "would run Python"),
    ],
)
def test_the_name_of_a_study_is_told_whatever_its_file_is(tmp_path, content, code, expected):
    (tmp_path / "s").write_text(content)
    program = ["-m", "ecosobriety.study_config.config"]
    done = run_warm([*program, "--study", str(tmp_path / "s")], cwd=ROOT / "scripts")
    assert done.returncode == code
    assert expected in (done.stderr if code else done.stdout)
    assert code == 0 or done.stderr.startswith("error: ")


def test_a_text_without_markers_is_refused():
    with pytest.raises(ConfigError, match="must hold the lines"):
        study_config.insert_table("# Configuration\n", "a table")


def test_the_posters_claims_belong_to_its_data_sets():
    about = [
        complete(put(("dataset", "name"), name))["claims"]
        for name in ("digits", "mnist", "fashion-mnist")
    ]
    assert about == ["none", "poster", "poster"]
    assert complete(put(("claims",), "poster"))["claims"] == "poster"


@pytest.mark.parametrize(
    "key",
    [
        *(("analysis", "margin"), ("training", "learning_rate"), ("cost", "usd_per_unit")),
        *(("metering", "interval_s"), ("metering", "ram_power_w"), ("methods", "usage")),
        ("cost", "grid_price_per_kwh", "FRA"),
    ],
)
def test_what_no_number_of_a_computer_resolves_is_refused(key):
    assert ".".join(key) in refusal(put(key, 1e-300))


def test_a_margin_that_the_test_part_cannot_resolve_is_refused_before_any_training():
    message = refusal(put(("analysis", "margin"), 0.0025))

    assert "analysis.margin is 0.0025, but must be at least 0.0026" in message
    assert "one of the 397 test examples" in message
    assert complete(put(("analysis", "margin"), 0.0026))


def test_an_error_has_no_smallest_step():
    diabetes = {"name": "diabetes"}
    config = put(("dataset",), diabetes, put(("task",), "regression"))
    config["grid"]["n_train"] = [100, 200]
    assert complete(put(("analysis", "margin"), 0.001, config))


def test_a_year_in_quotes_and_a_rate_of_dollars_are_said():
    assert "write 2025 without quotes)" in refusal(put(("factors",), "2025"))
    assert "from 1e-07 to 5 (1 for US dollars)" in refusal(put(("cost",), {"currency": "USD"}))
