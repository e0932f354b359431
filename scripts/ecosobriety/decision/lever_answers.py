"""What each lever alone saves, and what all of them do together: the answers of `levers`."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ecosobriety.decision.intervals import finite_or_none
from ecosobriety.decision.levers import COMBINED, EPOCHS
from ecosobriety.study_config.levers import REFERENCE

_SAVED = {
    "energy_kwh": "energy_kwh_mean",
    "emissions_g": "emissions_g_mean",
    "duration_s": "duration_s_mean",
    "cost_grid": "cost_grid",
    "cost_cheapest": "cost_cheapest",
    "cost_dearest": "cost_dearest",
}


def add_levers(
    recommendation: Mapping[str, Any], levers: pd.DataFrame, epochs: pd.DataFrame
) -> dict[str, Any]:
    """Add to a recommendation what its levers save.

    Args:
        recommendation: as `decision.recommend` gives it.
        levers: the table `levers`.
        epochs: the table `epochs`; it says why the reference was scored after its last one alone.

    Returns:
        A copy with `levers`, plain JSON without NaN: for each data set::

            {dataset, reference: {model, n_train, epochs},
             recommended: ANSWER or null, by_lever: [ANSWER]}
            ANSWER: {lever, setting: {model, n_train, epochs}, diff: {mean, lower, confidence},
                     saved: {share: {mean, ci_low, ci_high}, energy_kwh, emissions_g, duration_s,
                             cost_grid, cost_cheapest, cost_dearest, currency}, reason}

        `recommended` is the cheapest setting of all that is shown to be not worse, null where none
        is that takes less energy. `by_lever` has an answer for each lever of the study, `combined`
        last: the cheapest of its settings that is not worse and takes less; without one,
        `setting`, `diff` and `saved` are null and
        `reason` says why the first in its sequence is not: `inferior`, `inconclusive`, or the
        table's `verdict_reason`; of `epochs`, where none before the last was scored, the text of
        `only_last_reason`. `diff` is how much better the setting is than the reference.
    """
    answers = []
    for dataset, table in levers.groupby("dataset", sort=True):
        reference = table[table["lever"] == REFERENCE].iloc[0]
        names = [name for name in table["lever"].unique() if name != REFERENCE]
        passed = _passed(table)
        by_lever = [
            _best(table[table["lever"] == name], reference)
            for name in sorted(names, key=lambda name: name == COMBINED)
        ]
        if EPOCHS not in names:
            by_lever.insert(0, _nothing(EPOCHS, _only_last(reference, epochs)))
        answers.append(
            {
                "dataset": str(dataset),
                "reference": _setting(reference),
                "recommended": _answer(passed.iloc[-1], reference) if len(passed) else None,
                "by_lever": by_lever,
            }
        )
    return {**recommendation, "levers": answers}


def _passed(table: pd.DataFrame) -> pd.DataFrame:
    """The settings that are not worse and take less energy, the cheapest last."""
    return table[(table["verdict"] == "non_inferior") & ~(table["saved_share"] <= 0)]


def _best(own: pd.DataFrame, reference: pd.Series) -> dict[str, Any]:
    passed = _passed(own)
    if len(passed):
        return _answer(passed.iloc[-1], reference)
    if (own["verdict"] == "non_inferior").any():
        return _nothing(str(own["lever"].iloc[0]), "saves_nothing")
    tested = own[own["verdict"].notna()]
    reason = tested["verdict"].iloc[0] if len(tested) else own["verdict_reason"].iloc[-1]
    return _nothing(str(own["lever"].iloc[0]), str(reason))


def _nothing(lever: str, reason: str | None) -> dict[str, Any]:
    return {"lever": lever, **dict.fromkeys(("setting", "diff", "saved")), "reason": reason}


def _only_last(reference: pd.Series, epochs: pd.DataFrame) -> str | None:
    """Why no epoch before the last was scored; None: there is none."""
    key = ["dataset", "model", "n_train"]
    own = epochs[(epochs[key] == reference[key]).all(axis=1)]
    whys = own["only_last_reason"].dropna()
    return str(whys.iloc[0]) if len(whys) else None


def _answer(row: pd.Series, reference: pd.Series) -> dict[str, Any]:
    return {
        "lever": str(row["lever"]),
        "setting": _setting(row),
        "diff": {
            "mean": finite_or_none(row["diff_mean"]),
            "lower": finite_or_none(row["diff_lower"]),
            "confidence": finite_or_none(row["confidence"]),
        },
        "saved": {
            "share": {
                "mean": finite_or_none(row["saved_share"]),
                "ci_low": finite_or_none(row["saved_share_ci_low"]),
                "ci_high": finite_or_none(row["saved_share_ci_high"]),
            },
            **{name: finite_or_none(reference[col] - row[col]) for name, col in _SAVED.items()},
            "currency": str(row["currency"]),
        },
        "reason": None,
    }


def _setting(row: pd.Series) -> dict[str, Any]:
    return {
        "model": str(row["model"]),
        "n_train": int(row["n_train"]),
        "epochs": finite_or_none(row["epochs"]),
    }
