"""What the name of a column says, where it is no name of what the study's file takes it for."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from ecosobriety.errors import quote, shorten
from ecosobriety.imported.roles import Columns
from ecosobriety.imported.sheet import is_number
from ecosobriety.metric_names import HIGHER, LOWER, higher_by_name, words
from ecosobriety.metrics import Metric

_UNITS = {
    "energy_kwh": (
        {"kwh"},
        {
            *("wh", "mwh", "j", "kj", "mj", "joule", "joules", "w", "watt", "watts", "power"),
            *("kg", "g", "emissions", "co2", "co2e", "co2eq", "carbon", "cost", "btu"),
        },
    ),
    "duration_s": (
        {"s", "sec", "secs", "second", "seconds"},
        {
            *("ms", "us", "ns", "millis", "milliseconds", "min", "mins", "minute", "minutes"),
            *("h", "hr", "hrs", "hour", "hours", "day", "days", "timestamp", "step", "steps"),
        },
    ),
    "power_w": ({"w", "watt", "watts"}, {"kw", "mw", "kwh", "wh", "j", "energy"}),
}
"""Words that say the unit of a role, and words of other units or quantities."""
_ENERGY_WORDS = {"energy", "electricity"}
_CARBON_WORDS = {"emissions", "co2", "co2e", "co2eq", "carbon"}
"""CodeCarbon's own file is called emissions: `emissions.energy` is one."""
_DEVICES = {"cpu", "gpu", "ram", "dram", "pkg", "package"}
_PIECES = {
    *("per", "eval", "evaluation", "inference", "test", "idle", "std", "stderr"),
    *("val", "valid", "validation"),
}
_NOT_WHOLE = {
    "energy_kwh": _PIECES,
    "duration_s": {
        *(*_PIECES, "epoch", "step", "it", "iter", "iteration", "batch", "queue", "queued", "wait"),
        *("waiting", "compile", "compilation", "cpu", "gpu", "user", "cputime", "limit", "eta"),
        "timelimit",
    },
    "power_w": {*_PIECES, "max", "peak", "min", "tdp", "limit"},
}
"""Words of what is a part of a run, or a bound of it, in any unit."""
_RUNS = {"run", "training", "train", "fit", "job", "experiment"}
_ALL = {"total", "all", "wall"}
_WITHOUT = {"no", "without", "excl", "excluding", "not"}
"""What may be said per run; words of a whole run; and before what an energy does not hold."""
_NOT_TRAINED = {"test", "val", "valid", "validation", "batch", "batches", "step", "steps"}
"""Words of a number that is not that of the training examples."""
_TESTS = {"test", "eval", "evaluation", "holdout", "tested"}
_OTHER_PARTS = {"train", "training", "val", "valid", "validation", "dev", "cv", "oob"}
_BEST = {"best", "max", "min", "highest", "lowest"}
_OTHER_KINDS = {
    *("balanced", "std", "stderr", "sem", "var", "variance", "step", "steps", "epoch", "count"),
    *("ci", "smoothed", "top", "top2", "top3", "top5", "top10", "acc5", "acc10"),
}
"""Words that make another number of a score."""
_AMONG = {"at", "hit", "hits", "top"}
"""Words before how many answers the right one is to be among."""
_FULL_NAMES = {
    "rmse": ({"root", "squared", "error"}, {"root", "square", "error"}),
    "mae": ({"absolute", "error"},),
    "balanced_accuracy": ({"macro", "recall"},),
    "r2": ({"r", "squared"}, {"r", "square"}),
}
"""Words of the full names of metrics, or of what is the same number."""
_RELATED = {
    "macro_f1": {"weighted", "micro", "binary", "precision", "recall", "f2"},
    "roc_auc": {"pr", "auprc", "aucpr", "prauc", "ap", "gini"},
    "rmse": {"rmsle", "nrmse", "norm", "normalized", "scaled", "relative", "pct", "log", "crps"},
    "mae": {"smape", "mase", "medae", "median", "nmae", "norm", "normalized", "scaled", "relative"},
    "r2": {"adj", "adjusted", "r", "corr", "nse"},
}
"""Words of other numbers than a metric that are called alike."""
_AT = re.compile(r"@(?!1(\D|$))\d")
"""Among how many answers the right one is to be, as in acc@5."""
_TIME_WORDS = {"time", "duration", "runtime"}
_PARTS = {"split", "part", "subset"}


def find_misnamed(columns: Columns, metric: Metric) -> Iterator[str]:
    """Say of which columns the name is that of something else, in sentences.

    Args:
        columns: of the table, as they are taken.
        metric: the study's.
    """
    path = columns.sheet.path
    for role, (own, others) in _UNITS.items():
        column = columns.get(role)
        if column is None or column.name == role:
            continue
        found = [*words(column.name)]
        odd = [word for word in found if word in others]
        if _ENERGY_WORDS & {*found}:
            odd = [word for word in odd if word not in _CARBON_WORDS]
        if odd and not own & {*found}:
            yield f"{path}: {quote(column.name)} is taken for {role}: is it in that unit?"
        elif _is_of_a_part(role, found):
            yield f"{path}: {quote(column.name)} is taken for {role}: is it that of the whole run?"
        elif role == "energy_kwh" and {"pue", "facility"} & {*found} and not _WITHOUT & {*found}:
            yield f"{path}: {quote(column.name)} is taken for {role}: is it without a PUE?"
    column = columns.get("n_train")
    if column is not None and _NOT_TRAINED & {*words(column.name)} and column.name != "n_train":
        yield f"{path}: {quote(column.name)} is taken for n_train: does it count training examples?"
    column = columns.scores[metric.name]
    if column.name not in (metric.name, f"test_{metric.name}") and (
        why := _other_score(column.name, metric)
    ):
        yield f"{path}: {quote(column.name)} is taken for {metric.name}: {why}"


def _is_of_a_part(role: str, found: Sequence[str]) -> bool:
    """Whether the words of a name are of a part of a run, or of one of the machine, as gpu0 is."""
    kinds = {word.rstrip("0123456789") for word in found}
    if role != "duration_s" and len(_DEVICES & kinds) == 1:
        return True
    whole = {before for before, after in pairwise(found) if before == "per" and after in _RUNS}
    # The time of all epochs is that of the run.
    return bool(_NOT_WHOLE[role] & {*found} - whole) and not _ALL & {*found}


def find_said(columns: Columns, places: Iterable[int], metric: Metric) -> Iterator[str]:
    """Say which columns that are not read say something else of all runs, in sentences.

    Args:
        columns: of the table, as they are taken.
        places: the rows of the runs, from 0.
        metric: the study's.
    """
    sheet, rows = columns.sheet, [*places]
    used = {column.name for column in (*columns.by_role.values(), *columns.scores.values())}
    for name in sheet.names:
        if name in used or sheet.names.count(name) > 1:
            continue
        column = sheet.column(name)
        held = {column.text(place) for place in rows}
        # Of what differs, the runs were not made alike.
        if len(held) != 1 or not (value := held.pop()):
            continue
        if why := _other_unit(name, value, columns) or _other_thing(name, value, metric):
            yield f"{sheet.path}: all runs have {quote(shorten(value, 24))} as {quote(name)}: {why}"


def _other_unit(name: str, value: str, columns: Columns) -> str | None:
    """What a column and its one value ask about the unit of another column; None: nothing."""
    *of, last = words(name) or [""]
    if last not in ("unit", "units"):
        return None
    if _TIME_WORDS & {*of}:
        role = "duration_s"
    elif "power" in of:
        role = "power_w"
    # An emissions_unit or a price_unit says nothing of the energies.
    elif {*of} <= _ENERGY_WORDS:
        role = "energy_kwh"
    else:
        return None
    (own, others), said = _UNITS[role], {*words(value)}
    is_other = bool(said & others) and not said & own
    return f"is {role} in that unit?" if is_other and columns.get(role) else None


def _other_thing(name: str, value: str, metric: Metric) -> str | None:
    """What a column and its one value ask about energies or scores; None: nothing."""
    of, said = words(name), {*words(value)}
    if of[-1:] == ["pue"]:
        is_other = is_number(value) and float(value) > 1
        return "is it in the energies, which are to be without one?" if is_other else None
    if of[-1:] == ["component"]:
        return "is the energy that of the whole run?" if said & _DEVICES else None
    if of[-1:] == ["metric"] or of[-2:] == ["metric", "name"]:
        return _other_score(value, metric)
    if of and of[-1] in _PARTS:
        others = _OTHER_PARTS - ({"train", "training"} if not _TESTS & {*of} else set())
        is_other = bool(said & others) and not said & _TESTS
        return "is it the score on the test data?" if is_other else None
    return None


def _other_score(name: str, metric: Metric) -> str | None:
    """What a column's name asks about its score; None: nothing."""
    own, found = {*words(metric.name)}, words(name)
    if _OTHER_PARTS & {*found} and not ({*_TESTS, "after"} & {*found}):
        return "is it the score on the test data?"
    pairs = {*pairwise(found)}
    top_one = ("top", "1") in pairs
    # Of one answer for each example, the precision is the accuracy.
    if ("precision", "1") in pairs and own & {"acc", "accuracy"}:
        return None
    among = {after for before, after in pairs if before in _AMONG and after.isdigit()} - {"1"}
    if among or _AT.search(name):
        return "is it that number?"
    if _BEST & {*found} and not _OTHER_PARTS & {*found}:
        return "is it the best of several by the test data, and not that of the end?"
    kinds = {*found} & _OTHER_KINDS - own - ({"top"} if top_one else set())
    kinds -= {"epoch", "step"} if {"last", "final"} & {*found} else set()
    if kinds:
        return "is it that number?"
    better = higher_by_name(name)
    if better is not None and better != metric.higher_is_better:
        return f"is a {'higher' if metric.higher_is_better else 'lower'} one better?"
    if any(full <= {*found} for full in _FULL_NAMES.get(metric.name, ())):
        return None
    if _RELATED.get(metric.name, set()) & {*found}:
        return "is it that number?"
    if metric.name == "balanced_accuracy" and not {"balanced", "bal", "mean"} & {*found}:
        own -= {"accuracy"}
    same = own | ({"acc", "accuracy"} if own & {"acc", "accuracy"} else set())
    same |= {"auc", "auroc"} if own & {"auc", "auroc"} else set()
    if {*found} & (HIGHER | LOWER) and not {*found} & same:
        return "is it that number?"
    return None
