"""The section `metric` of a study's file: what is taken, what is filled in, what is refused."""

import pytest
from config_cases import SMALLEST, complete, put, refusal

from ecosobriety.metrics import ACCURACY, MAE, METRICS, R2, RESERVED, Metric, metric_from, spec_of
from ecosobriety.study_config.metric import wide_margin
from ecosobriety.tables import table_schema

REGRESSION = {
    **SMALLEST,
    "task": "regression",
    "dataset": {"name": "diabetes"},
    "grid": {"n_train": [100, 200]},
}
BLEU = Metric("bleu", True)


def completed(metric, base=SMALLEST, **analysis):
    return complete({**base, "metric": metric, "analysis": analysis})["metric"]


def test_each_task_has_its_own_metric_and_a_name_alone_is_one():
    assert complete(SMALLEST)["metric"] == spec_of(ACCURACY)
    assert complete(REGRESSION)["metric"] == {
        **{"name": "rmse", "better": "lower"},
        **{"margin": "relative", "unit": None},
    }
    assert completed("macro_f1") == completed({"name": "macro_f1"})
    assert completed("macro_f1")["better"] == "higher"


@pytest.mark.parametrize("name", METRICS)
def test_a_completed_section_is_the_metric_again(name):
    known = METRICS[name]
    base = SMALLEST if known.task == "classification" else REGRESSION
    assert metric_from(completed(name, base)) == known


@pytest.mark.parametrize(
    ("metric", "margin", "said"),
    [
        ("accuracy", 0.5, "a loss of 50 points of accuracy still counts as no worse (0.005 would "),
        ({"name": "accuracy", "margin": "relative"}, 0.1, "10 % of the reference's accuracy"),
        ("accuracy", 0.05, None),
    ],
)
def test_a_wide_margin_is_said_in_words(metric, margin, said):
    found = wide_margin(complete({**SMALLEST, "metric": metric, "analysis": {"margin": margin}}))
    assert (found is None) if said is None else said in found


def test_the_margin_of_a_known_metric_may_be_of_either_kind():
    assert metric_from(completed({"name": "accuracy", "margin": "relative"})).relative_margin
    own = metric_from(
        completed({"name": "mae", "margin": "absolute", "unit": "mg/L"}, REGRESSION, margin=5)
    )
    assert (own.relative_margin, own.unit, own.name) == (False, "mg/L", MAE.name)
    assert own.threshold(50.0, 5.0) == 55.0


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        ("f1", 'metric.name is "f1", but must be one of accuracy, balanced_accuracy, macro_f1, '),
        ("macrof1", "with a classification (the nearest is macro_f1)"),
        ("rmse", 'metric.name is "rmse", but must be one of accuracy'),
        ({"name": "accuracy", "better": "lower"}, "metric.better is lower, but must be higher"),
        ({"name": "accuracy", "unit": "mg"}, 'metric.unit is "mg", but must be null: accuracy is'),
        ({"name": "roc_auc", "unit": "mg"}, 'metric.unit is "mg", but must be null: roc_auc has'),
        ({"name": "x y"}, 'metric.name is "x y", but must be a name of up to 64 characters'),
        ({"direction": "higher"}, "metric.direction is not a known key"),
        (7, "metric is 7, but must be a metric's name, or a mapping with keys among name"),
    ],
)
def test_a_metric_that_cannot_be_is_refused_in_one_sentence(metric, told):
    assert told in refusal(put(("metric",), metric))


@pytest.mark.parametrize(
    ("analysis", "metric", "told"),
    [
        (
            {"target": 1.5},
            "accuracy",
            "target is 1.5, but must be above 0 and below 1, as it is of",
        ),
        (
            {"margin": 1.5},
            "accuracy",
            "margin is 1.5, but must be a number at least 1e-06 and below 1",
        ),
        ({"margin": 0}, "accuracy", "margin is 0, but must be a number at least 1e-06 and below 1"),
        (
            {"target_accuracy": 0.9},
            "accuracy",
            "target_accuracy is no longer a key: write `target`",
        ),
        ({"target_rmse": 50}, "accuracy", "target_rmse is no longer a key: write `target`"),
    ],
)
def test_numbers_that_the_metric_cannot_have_are_refused(analysis, metric, told):
    assert f"analysis.{told}" in refusal({**SMALLEST, "metric": metric, "analysis": analysis})


def test_an_absolute_margin_of_a_metric_in_a_unit_has_no_default():
    metric = {"name": "rmse", "margin": "absolute"}
    told = refusal({**REGRESSION, "metric": metric})
    assert "analysis.margin is missing, but must be a number above 0: the loss of rmse" in told
    assert complete({**REGRESSION, "metric": metric, "analysis": {"margin": 25}})
    told = refusal({**REGRESSION, "analysis": {"margin": 5}})
    assert "below 1: it is a share of the rmse (or write metric.margin: absolute)" in told
    told = refusal({**REGRESSION, "analysis": {"target": 0}})
    assert "analysis.target is 0, but must be above 0, as it is of rmse" in told
    told = refusal({**REGRESSION, "metric": "r2", "analysis": {"target": 1}})
    assert "analysis.target is 1, but must be below 1, as it is of r2" in told


def test_a_metric_without_a_score_on_the_test_part_is_refused_before_any_training(tmp_path):
    rows = ["a,b,kind"] + [f"{i},{-i},{'x' if i % 2 else 'y'}" for i in range(60)] + ["1,2,z"]
    (tmp_path / "rare.csv").write_text("\n".join(rows))
    base = {
        **SMALLEST,
        "dataset": {"name": "csv", "path": str(tmp_path / "rare.csv"), "label": "kind"},
        "grid": {"n_train": [20, 40]},
        "analysis": {"margin": 0.1},
    }
    assert complete(base)
    told = refusal({**base, "metric": "roc_auc"})
    assert 'metric.name is "roc_auc", but must be another metric: a class has no test' in told


def test_a_metric_of_ones_own_is_described_by_its_direction_alone():
    assert metric_from({"name": "bleu", "better": "higher"}) == BLEU
    assert BLEU.ends == (-float("inf"), float("inf"))
    assert not BLEU.has_error
    assert Metric("perplexity", False).has_error
    assert (BLEU.threshold(-2.0, 0.5), R2.span) == (-2.5, None)


@pytest.mark.parametrize("name", RESERVED)
def test_a_name_that_columns_have_already_is_refused(name):
    assert "metric.name" in refusal(put(("metric",), name))


def test_no_column_of_any_other_metric_is_named_twice():
    """A metric's columns beside the fixed ones: every clash is a reserved name."""
    for table in ("runs", "curve"):
        fixed = {*table_schema(table, BLEU).columns} - {
            column for column in table_schema(table, BLEU).columns if "bleu" in column
        }
        for column in table_schema(table, BLEU).columns:
            if "bleu" not in column:
                continue
            start, _, end = column.partition("bleu")
            clashes = {
                other[len(start) : len(other) - len(end)]
                for other in fixed
                if other.startswith(start) and other.endswith(end) and len(other) > len(start + end)
            }
            assert {name for name in clashes if name[0].isalpha()} <= {*RESERVED}, column
