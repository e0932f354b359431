"""What the table `methods` says as a whole: how far off each method is, and how it ranks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecosobriety.methods.comparison import HARMONISED, REFERENCE
from ecosobriety.methods.registry import method_ids
from ecosobriety.records.record import RUN_KEY
from ecosobriety.units import kwh_to_joules

FLOP_PER_GIGAFLOP = 1e9


@dataclass(frozen=True)
class Spread:
    """Median, smallest and largest of a ratio over trainings."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Summary:
    """One method over all trainings that it was applied to.

    `own` is the ratio of its emissions to CodeCarbon's, each with its own PUE and intensity;
    `harmonised` the same with the study's PUE and intensity for both, which leaves the models of
    energy. `reasons` say why something is missing, each with the number of its trainings;
    `ignores` is what it leaves out.
    """

    method: str
    trainings: int
    applied: int
    own: Spread | None
    harmonised: Spread | None
    reasons: dict[str, int]
    ignores: tuple[str, ...]


def summarise(table: pd.DataFrame) -> list[Summary]:
    """Summarise the methods that a table `methods` holds, in the report's order."""
    rows = _rows(table)
    return [_summary(rows, method) for method in _present(rows)]


def rank_correlations(table: pd.DataFrame) -> dict[str, float | None]:
    """Kendall's tau-b between each method's ranking of the trainings and CodeCarbon's.

    Args:
        table: the table `methods`.

    Returns:
        By method: 1, they agree on which of any two trainings is greener; None, it cannot order two
        of them apart.
    """
    rows = _rows(table)
    return {method: _tau(rows[method], rows[REFERENCE]) for method in _present(rows)}


def _rows(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each method and of each harmonised one, by training."""
    trainings = table.set_index(list(RUN_KEY))
    return {str(method): rows for method, rows in trainings.groupby("method", sort=False)}


def _present(rows: Mapping[str, pd.DataFrame]) -> list[str]:
    return [method for method in method_ids() if method in rows]


def _summary(rows: Mapping[str, pd.DataFrame], method: str) -> Summary:
    own, harmonised = rows[method], rows.get(method + HARMONISED)
    reasons = own["reason"].value_counts()
    return Summary(
        method=method,
        trainings=len(own),
        applied=int(own["applies"].sum()),
        own=_spread(own["emissions_g"] / rows[REFERENCE]["emissions_g"]),
        harmonised=None if harmonised is None else _spread(harmonised["ratio_to_codecarbon"]),
        reasons={str(reason): int(count) for reason, count in reasons.items()},
        ignores=tuple(str(own["ignores"].iloc[0]).split(", ")),
    )


def _spread(ratios: pd.Series) -> Spread | None:
    known = ratios.dropna()
    if known.empty:
        return None
    return Spread(float(known.median()), float(known.min()), float(known.max()))


def _tau(own: pd.DataFrame, measured: pd.DataFrame) -> float | None:
    """Kendall's tau-b of what a method states (energy, else its own quantity) against CodeCarbon's.

    Source: Kendall 1945, The treatment of ties in ranking problems, Biometrika 33.
    """
    stated = own["energy_kwh"].where(own["energy_kwh"].notna(), own["quantity"]).dropna()
    if len(stated) < 2:
        return None
    # Imported where it is needed: it takes half a second, and most steps only read its results.
    from scipy.stats import kendalltau

    tau = kendalltau(stated, measured["energy_kwh"].reindex(stated.index)).statistic
    return None if np.isnan(tau) else float(tau)


def operations(runs: pd.DataFrame) -> pd.DataFrame:
    """Green AI's E, D and H beside the measured energy, for every model and size.

    Args:
        runs: the table `runs`.

    Returns:
        dataset, model, n_train; flop_per_example (E: forward and backward as counted),
        examples_seen (D: size x epochs), gigaflop (E x D); energy_kwh (mean over seeds);
        joules_per_gigaflop. Sizes without a count are left out. H, the number of trainings, is
        that of the rows of `runs`.
    """
    counted = runs[runs["flop_train"].notna()]
    examples = counted["n_train"] * counted["epochs"]
    flop = counted["flop_train"].astype("float64")
    table = counted[["dataset", "model", "n_train", "energy_kwh"]].assign(
        flop_per_example=flop / examples,
        examples_seen=examples,
        gigaflop=flop / FLOP_PER_GIGAFLOP,
    )
    means = table.groupby(["dataset", "model", "n_train"], as_index=False).mean()
    joules = kwh_to_joules(means["energy_kwh"].to_numpy())
    return means.assign(joules_per_gigaflop=joules / means["gigaflop"])
