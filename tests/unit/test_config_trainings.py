"""A model's own training: checked, part of its identity, and named in the report."""

import pytest
from config_cases import KNOWN, ROOT, SMALLEST, complete, outcome, put, refusal

from ecosobriety.errors import ConfigError
from ecosobriety.records.collecting import identity_of
from ecosobriety.reporting.measurement import _own_training
from ecosobriety.study_config import config as study_config
from ecosobriety.texts import Texts
from ecosobriety.training import settings_from

COMMAND = {"name": "mine", "command": "python t.py {subset} {result}"}
OWN = {"epochs": 3, "batch_size": 16, "learning_rate": 0.5, "precision": "bf16-mixed"}


def test_a_network_may_come_twice_with_trainings_of_its_own():
    models = [{"name": "mlp"}, {"name": "longer", "class_path": "mlp", "training": OWN}]
    config = complete(put(("models",), models))
    shared = study_config.training_parameters(config)
    assert shared == study_config.training_parameters(complete(SMALLEST))
    plain, own = (study_config.model_parameters(config, name, ROOT) for name in ("mlp", "longer"))
    assert plain["training"] == {}
    assert own == {**plain, "training": {f"training.{key}": OWN[key] for key in OWN}}
    identities = {identity_of("", "m", network, 200, 1, shared, "") for network in (plain, own)}
    assert len(identities) == 2
    settings = settings_from(shared, own["training"])
    assert {key: getattr(settings, key) for key in OWN} == OWN
    assert settings_from(shared, plain["training"]) == settings_from(shared)


def test_a_budget_of_steps_is_that_of_the_models_own_batches():
    config = complete(put(("training",), {"budget": "steps", "epochs": 2, "batch_size": 100}))
    shared = study_config.training_parameters(config)
    assert settings_from(shared).max_steps == 8
    assert settings_from(shared, {"training.batch_size": 50}).max_steps == 16


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"precison": "32-true"}, "models[0].training.precison"),
        ({"epochs": 0}, "models[0].training.epochs is 0, but must be"),
        ({"budget": "steps"}, "models[0].training.budget"),
        ({}, "models[0].training is {}"),
    ],
)
def test_a_wrong_training_of_a_model_is_named(own, said):
    assert said in refusal(put(("models", 0, "training"), own))


def test_a_models_precision_that_no_processor_has_is_refused():
    config = put(("training", "accelerator"), "cpu")
    said = refusal(put(("models", 0, "training"), {"precision": "16-mixed"}, config))
    assert 'models[0].training.precision is "16-mixed", but must be 32-true or bf16-mixed' in said


@pytest.mark.slow
def test_a_learning_rate_that_a_whole_module_would_not_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests/unit"))
    init_args = {"learning_rate": 0.1}
    model = {"name": "mine", "class_path": "user_classes.Whole", "init_args": init_args}
    complete(put(("models", 0), {**model, "training": {"epochs": 2}}))
    said = refusal(put(("models", 0), {**model, "training": {"learning_rate": 0.1}}))
    assert "its training.learning_rate would have no effect" in said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "longer is trained otherwise: 3 epochs, batches of 16, learning rate 0.5, precision "
            "bf16-mixed.",
        ),
        (
            "fr",
            "longer est entraîné autrement : 3 époques, lots de 16, taux d’apprentissage 0,5, "
            "précision bf16-mixed.",
        ),
    ],
)
def test_the_report_says_what_differs(language, said):
    text = Texts.load(language, ROOT / "workflow/report/locale")
    assert _own_training("longer", OWN, text).replace("\u202f", " ").replace("\xa0", " ") == said


def test_what_a_class_of_ones_own_reads_may_be_watched(tmp_path):
    (tmp_path / "w.pt").write_text("1")
    given = {"in_features": 64, "out_features": 10}
    own = {"name": "mine", "class_path": "torch.nn.Linear", "init_args": given}

    def decided(**keys):
        config = complete(put(("models",), [{**own, **keys}]))
        return study_config.model_parameters(config, "mine", tmp_path)

    before = decided(watch=["w.pt"])
    assert before == {**decided(), "watched": before["watched"]}
    (tmp_path / "w.pt").write_text("2")
    assert decided(watch=["w.pt"]) != before
    for model in ({"name": "mlp"}, {"name": "mine", "runs": "runs.csv"}):
        said = refusal(put(("models",), [{**model, "watch": ["w.pt"]}]))
        assert "models[0].watch is" in said
        assert "must be left out without a command or a class of your own" in said


MINE = {"name": "mine", "class_path": "user_classes.Perceptron"}
ADAM, SLOW = {"class_path": "torch.optim.Adam"}, {"class_path": "resumed_states.Slow"}


@pytest.mark.parametrize(
    ("models", "training", "key"),
    [
        ([MINE], {}, 'models[0].class_path "user_classes.Perceptron"'),
        (
            [{"name": "mlp"}],
            {"optimizer": SLOW},
            'training.optimizer.class_path "resumed_states.Slow"',
        ),
        (
            [{"name": "mlp", "training": {"optimizer": SLOW}}],
            {"optimizer": ADAM},
            'models[0].training.optimizer.class_path "resumed_states.Slow"',
        ),
    ],
)
def test_a_class_that_is_not_ours_has_its_processes_to_itself(models, training, key):
    """It may leave a count, a frozen layer, an open file to what follows in its process."""
    changed = {**put(("models",), models), "training": {**training, "process": "size"}}
    assert f'training.process is "size", but must be "run" with {key}' in refusal(changed)
    # Whether these can be imported is looked at later.
    _, said = outcome(complete, {**changed, "training": {**training, "process": "run"}})
    assert "training.process" not in said


@pytest.mark.parametrize(
    "models", [[{"name": "mlp"}], [{"name": "few", "class_path": "mlp"}], [COMMAND]]
)
def test_seeds_of_what_leaves_nothing_may_share_a_process(models):
    complete({**put(("models",), models), "training": {"optimizer": ADAM, "process": "size"}})


def test_the_country_of_the_trainings_is_one_of_the_country_data():
    alone = {**KNOWN, "countries": ("DEU",)}
    study = put(("grid", "countries"), ["DEU"])
    with pytest.raises(
        ConfigError, match=r"metering\.country is FRA, but must be one that the cou"
    ):
        study_config.complete(study, file="x.yaml", **alone)
    study["metering"] = {"country": "DEU"}
    assert study_config.complete(study, file="x.yaml", **alone)["metering"]["country"] == "DEU"
