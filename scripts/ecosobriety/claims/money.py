"""Does a smaller training set save money, and is it as good? `saving_and_non_inferiority`."""

import pandas as pd

from ecosobriety.claims.accuracy import compare_accuracy, no_accuracy
from ecosobriety.claims.finding import Claim, Finding, Verdict, Written, verdict_below
from ecosobriety.claims.sizes import (
    Sizes,
    compared_sizes,
    nothing_to_compare,
    seeds,
    too_few_pairs,
)
from ecosobriety.claims.sources import full_contracts
from ecosobriety.decision.intervals import (
    by_size_and_seed,
    linearised_ratio,
    mean_interval,
)
from ecosobriety.metrics import ACCURACY
from ecosobriety.study.study import Case
from ecosobriety.units import readable_batch


def check_money(claim: Claim, case: Case) -> Finding:
    """Test both parts of the claim: it saves money with every source, and it is as good.

    The value is the saved share of a training's energy: the mean over seeds of what is saved, over
    the mean energy at the larger size, paired by seed, with its two-sided Student t interval. A
    training's cost is its energy times a price, so that this is the saved share of its cost with
    every source. The first part holds where the whole interval is above 0, the second where the
    smaller size is non-inferior. The claim is `supported` where both hold, `not_supported` where
    one is refuted, else `inconclusive`. The amounts are differences of `scenarios` at a coverage
    of 1.
    """
    if case.metric != ACCURACY:
        return no_accuracy()
    sizes = compared_sizes(claim, case)
    if sizes is None:
        return nothing_to_compare(case)
    contracts = full_contracts(case)
    if contracts.empty:
        return Finding("inconclusive", ["basis", "no_full_contract"])
    saved = _saved_money(case, contracts, sizes)
    if saved.isna().all():
        return Finding("inconclusive", ["basis", "no_price"])
    energy_kwh = by_size_and_seed(case.runs, "energy_kwh")
    full_kwh, stop_kwh = energy_kwh.loc[[sizes.full, sizes.stop]].dropna(axis="columns").to_numpy()
    if len(full_kwh) < 2:
        return too_few_pairs(sizes)
    shares = linearised_ratio(full_kwh - stop_kwh, full_kwh)
    share, low, high = mean_interval(shares, case.decision.confidence, highest=1.0)
    saving = verdict_below(-high, -low, 0)
    accuracy = compare_accuracy(case, sizes)
    batch = readable_batch(float(saved.abs().max()))
    applicable = {
        "saves": share > 0,
        "saves_nothing": share <= 0,
        "unclear": saving == "inconclusive",
        "amounts": True,
        "a_lot": True,
        "second_part": True,
    }
    return Finding(
        _both(saving, accuracy.verdict),
        [
            *("basis", *sizes.sentences),
            *(key for key, applies in applicable.items() if applies),
            *(*accuracy.sentences, "both"),
        ],
        {
            **sizes.values,
            **accuracy.values,
            **_amounts(saved, batch, case.electricity.currency),
            "seeds": seeds(len(shares)),
            "share": lambda t: t.share(share, 1),
            "low": lambda t: t.share(low, 1),
            "high": lambda t: t.share(high, 1),
        },
        measured=share,
        low=low,
        high=high,
    )


def _both(*parts: Verdict) -> Verdict:
    """A claim of several parts: refuted with any of them, supported only with all."""
    if "not_supported" in parts:
        return "not_supported"
    return "supported" if set(parts) == {"supported"} else "inconclusive"


def _saved_money(case: Case, contracts: pd.DataFrame, sizes: Sizes) -> pd.Series:
    """Money saved per training by source, in the study's currency; null without a known price."""
    cost = contracts.pivot(index="source", columns="n_train", values="cost")
    saved: pd.Series = cost[sizes.full] - cost[sizes.stop]
    return saved


def _amounts(saved: pd.Series, batch: int, currency: str) -> dict[str, Written]:
    """The lowest and highest saving of the sources, for so many trainings that it can be read."""
    low, high = float(saved.min()), float(saved.max())
    return {
        "trainings": lambda t: t.plural("unit.trainings", batch, count=t.integer(batch)),
        "low_amount": lambda t: t.money(low * batch, currency),
        "high_amount": lambda t: t.money(high * batch, currency),
        "priced": lambda t: t.integer(saved.count()),
        "sources": lambda t: t.integer(len(saved)),
    }
