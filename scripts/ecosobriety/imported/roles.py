"""Which column of a table of runs means what: by its name, or as the study's file says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ecosobriety.errors import quote
from ecosobriety.imported.sheet import MAX_WHOLE, Column, RunsError, Sheet, alike, is_number, listed
from ecosobriety.metrics import METRICS, Metric

MAX_OPERATIONS = 10**30
"""The largest trainings of 2025 took some 10^26."""
WHOLE = {
    **dict.fromkeys(("steps", "batch_size", "threads"), (1, MAX_WHOLE)),
    **dict.fromkeys(("flop_forward", "flop_train"), (0, MAX_OPERATIONS)),
}
"""Optional whole numbers, as the table `runs` has them; the smallest and largest of each."""
NUMBERS = ("epochs", "test_loss", "eval_energy_kwh", "peak_memory_mb")
"""Optional numbers, as the table `runs` has them."""
PARTS = ("energy_cpu_kwh", "energy_gpu_kwh", "energy_ram_kwh")
"""The energy by component."""
TEXTS = ("device", "accelerator", "energy_source")
ACCELERATORS = {"cpu": "cpu", "cuda": "cuda", "gpu": "cuda"}
"""What the column `accelerator` may hold, in any case, and what that is."""
TIMES = ("started_at", "ended_at")
JOINS = ("run_id", "experiment_id")
"""What a table of runs and CodeCarbon's file are joined on, the first where both are there."""
FINISHED = frozenset({"finished", "complete", "completed", "success", "succeeded", "done", "ok"})
UNFINISHED = frozenset(
    {
        *("failed", "crashed", "killed", "running", "scheduled", "pending", "preempted"),
        *("preempting", "canceled", "cancelled", "error", "queued", "aborted", "stopped"),
        *("timeout", "out_of_memory", "node_fail", "boot_fail", "deadline", "pruned"),
    }
)
"""States of runs, as MLflow, Weights & Biases, Slurm and Optuna write them, in lower case."""
_QUANTITIES = ("n_train", "seed", "energy_kwh", "duration_s", "power_w")
"""What no two can be in one column, nor one and the score."""
_OTHER_NAMES = {
    "duration_s": ("train_duration_s",),
    "state": ("status", "State", "Status"),
}
"""Further names under which a column is found."""
ROLES = (
    *("n_train", "seed", "energy_kwh", "duration_s", "power_w", "lost_energy_kwh"),
    *("state", "model", "dataset", "epoch", *JOINS, *WHOLE, *NUMBERS, *PARTS, *TEXTS, *TIMES),
)
"""What a column may mean, besides a score."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table that are used.

    Attributes:
        sheet: the table.
        by_role: by what they mean.
        scores: by the metric's name; the study's own among them.
    """

    sheet: Sheet
    by_role: Mapping[str, Column]
    scores: Mapping[str, Column]

    def get(self, role: str) -> Column | None:
        """The column of a role; None: there is none."""
        return self.by_role.get(role)


def find_columns(sheet: Sheet, mapping: Mapping[str, str | None], metric: Metric) -> Columns:
    """Find the columns of a table of runs.

    Args:
        sheet: the table.
        mapping: the name of a column by what it means; None: there is none, whatever the names.
        metric: the study's.

    Raises:
        RunsError: the mapping names what does not exist, a size, a seed or a score has no column,
            or two quantities have the same.
    """
    own, keys = {_role(key): name for key, name in mapping.items()}, dict[str, str]()
    for key, name in mapping.items():
        _check_mapping(sheet, key, name, metric)
        if (other := keys.setdefault(_role(key), key)) != key:
            raise RunsError(f"columns.{key}", f"means what columns.{other} means: leave one out")
    named = {role: sheet.column(name) for role, name in own.items() if name is not None}
    found = {role: column for role in ROLES if (column := _found(sheet, role, own))}
    scores = {
        name: column
        for name in dict.fromkeys([metric.name, *METRICS, *_tested(sheet)])
        if (column := _found(sheet, name, own, (f"test_{name}",)))
    }
    for role, column in named.items():
        (found if role in ROLES else scores)[role] = column
    for role in ("n_train", "seed"):
        if role not in found:
            raise _missing(sheet, role)
    if metric.name not in scores:
        raise _missing(sheet, metric.name)
    for role in (*WHOLE, *NUMBERS, *TEXTS, *TIMES):
        if role in found:
            found[role] = replace(found[role], optional=role)
    for name in scores.keys() - {metric.name}:
        scores[name] = replace(scores[name], optional=f"test_{name}")
    columns = Columns(sheet, found, scores)
    _require_apart(columns, metric)
    return columns


def _require_apart(columns: Columns, metric: Metric) -> None:
    held: dict[str, str] = {}
    used = {role: column for role in _QUANTITIES if (column := columns.get(role))}
    for role, column in (used | {metric.name: columns.scores[metric.name]}).items():
        other = held.setdefault(column.name, role)
        if other != role:
            raise columns.sheet.fault(
                f"{quote(column.name)} is its column of both {other} and {role}: name that of each "
                "with columns"
            )


def _role(key: str) -> str:
    """What a key of the mapping stands for, which may be a column's name in the table `runs`."""
    if key == "train_duration_s":
        return "duration_s"
    return key if key in ROLES else key.removeprefix("test_")


def _check_mapping(sheet: Sheet, key: str, name: str | None, metric: Metric) -> None:
    known = (*ROLES, metric.name, *METRICS)
    if _role(key) not in known and not key.startswith("test_"):
        most = ", ".join(("n_train", "seed", metric.name, "energy_kwh", "duration_s", "power_w"))
        raise RunsError(
            f"columns.{key}",
            f"is no column that is read{alike(key, known)}: they are {most}, and those of the "
            "table runs",
        )
    if name is not None and name not in sheet.names:
        raise RunsError(
            f"columns.{key}",
            f"is {quote(name)}, but {sheet.path} has no such column{alike(name, sheet.names)}; it "
            f"has {listed(sheet.names)}",
        )


def _found(
    sheet: Sheet, role: str, own: Mapping[str, str | None], others: tuple[str, ...] = ()
) -> Column | None:
    """The column whose name says what it is; None: there is none, or the mapping has its own."""
    if role in own:
        return None
    names = [name for name in (role, *_OTHER_NAMES.get(role, ()), *others) if name in sheet.names]
    if len(names) > 1:
        raise sheet.fault(
            f"has the columns {listed(names)}: say with columns.{role} which of them counts"
        )
    return sheet.column(names[0]) if names else None


def _tested(sheet: Sheet) -> list[str]:
    """Further scores, by their names in the table `runs`; a column without a number is none."""
    tested = [name for name in sheet.names if name.startswith("test_") and name not in ROLES]
    return [name.removeprefix("test_") for name in tested if any(map(is_number, sheet.cells[name]))]


def _missing(sheet: Sheet, role: str) -> RunsError:
    return sheet.fault(
        f"has no column {quote(role)}: name one with columns.{role}{alike(role, sheet.names)}; it "
        f"has {listed(sheet.names)}"
    )
