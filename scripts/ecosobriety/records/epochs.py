"""The table `epochs`: what each training would have reached and taken, had it ended earlier."""

from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING, Any

from ecosobriety.metrics import Metric
from ecosobriety.reasons import reason
from ecosobriety.records.record import RUN_KEY, EpochTest, RunRecord

if TYPE_CHECKING:
    import pandas as pd


def epoch_table(
    runs: "pd.DataFrame", records: Sequence[RunRecord], metric: Metric
) -> "pd.DataFrame":
    """A row for each epoch of each training whose weights were tested, the last one's always.

    Energies and durations are those of a training that ends there, tests apart: of the epochs up to
    it, and of what the training took after its last one. The last row is that of `runs`.

    Args:
        runs: the table `runs` of the records, whose energies may be scaled.
        records: of all trainings, in any order.
        metric: what the study judges by.
    """
    # Imported where it is needed: a training imports a neighbour, and waits for no pandas.
    import pandas as pd

    by_key = {tuple(row[name] for name in RUN_KEY): row for row in runs.to_dict("records")}
    rows = []
    for record in records:
        key = {name: getattr(record, name) for name in RUN_KEY}
        run = by_key[tuple(key.values())]
        rows += [{**key, **row} for row in _rows(record, run, metric)]
    scores = [str(name) for name in runs if str(name).startswith("test_")]
    further = [name for name in scores if name not in (metric.test_column, "test_loss")]
    columns = [
        *(*RUN_KEY, "epoch", metric.test_column, "test_loss", "train_duration_s", "energy_kwh"),
        *("evaluation_energy_kwh", "reason", "only_last_reason", *further),
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values([*RUN_KEY, "epoch"], ignore_index=True)


def earlier_tests_kwh(epochs: "pd.DataFrame | None", model: str | None = None) -> float:
    """The energy of the tests of all epochs but the last of each training, as far as it is known.

    `eval_energy_kwh` of `runs` is that of the last ones.

    Args:
        epochs: the table; None: there is none.
        model: whose trainings; None: all.
    """
    if epochs is None:
        return 0.0
    rows = epochs if model is None else epochs[epochs["model"] == model]
    # It grows from row to row; the last row of a training has the test at its end as well.
    earlier = rows[rows.duplicated(list(RUN_KEY), keep="last")]
    return float(earlier.groupby(list(RUN_KEY))["evaluation_energy_kwh"].max().sum())


def _rows(record: RunRecord, run: Mapping[Any, Any], metric: Metric) -> Iterator[dict[str, Any]]:
    scale = run["energy_kwh"] / record.energy_kwh
    energy_kwh = record.energy_kwh - fsum(epoch.energy_kwh or 0.0 for epoch in record.epoch_log)
    duration_s = record.train_duration_s
    for epoch in record.epoch_log:
        duration_s = _sum(duration_s, None if epoch.duration_s is None else -epoch.duration_s)
    tests_kwh: float | None = 0.0
    scored, unscored = 0, None
    for epoch in record.epoch_log:
        energy_kwh += epoch.energy_kwh or 0.0
        duration_s = _sum(duration_s, epoch.duration_s)
        test = epoch.tested
        if test is None:
            continue
        scored += test.scores.get(metric.name) is not None
        unscored = unscored or test.missing.get(metric.test_column)
        tests_kwh = _sum(tests_kwh, test.energy_kwh)
        yield {
            "epoch": float(epoch.epoch + 1),
            **{f"test_{name}": score for name, score in test.scores.items()},
            "test_loss": test.loss,
            "train_duration_s": duration_s,
            # The next epoch's reading holds what was not read at the end of this one.
            "energy_kwh": None if epoch.energy_kwh is None else energy_kwh * scale,
            "evaluation_energy_kwh": None if tests_kwh is None else tests_kwh * scale,
            "reason": _why(test, epoch.reason, tests_kwh, metric),
        }
    tests_kwh = _sum(tests_kwh, record.eval_energy_kwh)
    missing = (record.missing.get(name) for name in ("epochs", "test_loss", "eval_energy_kwh"))
    yield {
        **{name: value for name, value in run.items() if str(name).startswith("test_")},
        "epoch": run["epochs"],
        "train_duration_s": run["train_duration_s"],
        "energy_kwh": run["energy_kwh"],
        "evaluation_energy_kwh": None if tests_kwh is None else tests_kwh * scale,
        "reason": _joined(missing),
        "only_last_reason": None if scored else unscored or _only_last(record),
    }


def _only_last(record: RunRecord) -> str:
    return record.missing.get("epoch_log") or reason("not_reported")


def _why(
    test: EpochTest, energy: str | None, tests_kwh: float | None, metric: Metric
) -> str | None:
    """Why a row lacks a value."""
    whys = [energy, *(test.missing.get(name) for name in (metric.test_column, "test_loss"))]
    if tests_kwh is None:
        whys.append(test.missing.get("energy_kwh", reason("no_energy")))
    return _joined(whys)


def _joined(whys: Any) -> str | None:
    return "; ".join(dict.fromkeys(why for why in whys if why)) or None


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
