"""Several rows of one run, each at another epoch: the last is the run, the others lead to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ecosobriety.errors import quote
from ecosobriety.imported.energies import Energy
from ecosobriety.imported.roles import Columns
from ecosobriety.imported.runs import Key
from ecosobriety.imported.sheet import Column, is_number
from ecosobriety.reasons import reason
from ecosobriety.records.record import EpochRecord, EpochTest

EPOCH = "epoch"
"""What the column means that tells such rows apart."""
OF_RUNS = frozenset({"id", "name", "run", "runid", "runname", "trial", "trialid"})
"""What trackers call columns that differ from run to run, and not from epoch to epoch."""

LIVE = frozenset({"running", "scheduled", "pending", "queued"})
"""What a run may say of itself until it ends; what failed was another one."""


class EpochRow(NamedTuple):
    """A row of a table, from 0, and the number of epochs that were done by then."""

    epoch: int
    place: int


def by_epoch(
    columns: Columns, places: Sequence[int], name: str, *, told_apart: bool
) -> list[EpochRow]:
    """The rows of one run in the order of their epochs.

    Args:
        columns: of the table.
        places: the rows.
        name: of the run, for messages.
        told_apart: whether the column of the epochs tells rows apart, as `require_declared` allows
            it. Else there is one row, and its epoch is 0: not said.

    Raises:
        RunsError: two rows are of the same run and epoch.
    """
    column = columns.get(EPOCH)
    rows = []
    for place in places:
        if column is not None and not told_apart:
            _require_stated(columns, column, place)
        epoch = _epoch(column, place) if column is not None and told_apart else 0
        rows.append(EpochRow(epoch, place))
    rows.sort()
    for one, other in pairwise(rows):
        if one.epoch == other.epoch:
            raise columns.sheet.fault(
                f"rows {one.place + 1} and {other.place + 1} are both of {name}, epoch "
                f"{one.epoch}: keep the one that counts"
                f"{_difference(columns, one.place, other.place)}"
            )
    return rows


def _require_stated(columns: Columns, column: Column, place: int) -> None:
    """Refuse a number of epochs that a row of a whole run contradicts, as the most that were asked.

    An epoch may be counted from 0, and be 2.99 at the end of the third.
    """
    stated, done = columns.get("epochs"), column.given(place)
    if stated is None or done is None or not is_number(done):
        return
    most = stated.number(place)
    if most is not None and not 0 <= most - float(done) <= 1:
        stated.refuse(
            place,
            f"must agree with {quote(column.name)}, {done}: name the one of the epochs that were "
            "done with columns.epochs, and set columns.epoch to null",
        )


def _epoch(column: Column, place: int) -> int:
    """How many epochs were done, as a row says it."""
    if column.number(place) == 0:
        column.refuse(place, "must be at least 1: add 1 to all, where they are counted from 0")
    epoch = column.whole(place, 1)
    if epoch is None:
        column.refuse(place, "must be a whole number of at least 1")
    return epoch


def _difference(columns: Columns, one: int, other: int) -> str:
    """In which column that is not read two rows differ, by what stands in others as well."""
    read = {column.name for column in (*columns.by_role.values(), *columns.scores.values())}
    for name, cells in columns.sheet.cells.items():
        if name not in read and cells[one] != cells[other] and 2 * len({*cells}) <= len(cells):
            values = f"{quote(cells[one])} and {quote(cells[other])}"
            return f" (they differ in {quote(name)}: {values})"
    return ""


def require_declared(
    columns: Columns, runs: Mapping[Key, Sequence[int]], *, declared: bool
) -> None:
    """Refuse several rows of a run where nobody says that they are its epochs.

    A search for a learning rate, and a run that was tried again, have rows like these. Where a
    column says that they are runs by themselves, they are refused in any case.

    Args:
        columns: of the table.
        runs: the rows of each, several of one at least.
        declared: whether the study's file names the column of the epochs.

    Raises:
        RunsError: they may be several runs, of which one counts.
    """
    several = {key: rows for key, rows in runs.items() if len(rows) > 1}
    (n_train, seed), (one, other, *_) = next(iter(several.items()))
    both = f"rows {one + 1} and {other + 1} are both of n_train {n_train} and seed {seed}"
    if not declared:
        column = columns.get(EPOCH)
        say = f"say columns: {{epoch: {column.name}}}" if column else "name them in columns.epoch"
        raise columns.sheet.fault(
            f"{both}: keep the one that counts{_difference(columns, one, other)}; if they are one "
            f"run at several epochs, {say}"
        )
    places = [place for rows in several.values() for place in rows]
    for name, cells in columns.sheet.cells.items():
        called = "".join(filter(str.isalpha, name.casefold()))
        # A number may be that of the row, and a name that stands in several runs an epoch's.
        numbered = called == "id" and all(is_number(cells[place]) for place in places)
        unique = len({cells[place] for place in places}) == len(places)
        if called in OF_RUNS and unique and not numbered:
            raise columns.sheet.fault(
                f"{both}, and are two runs by {quote(name)} ({quote(cells[one])} and "
                f"{quote(cells[other])}): keep the one that counts, or leave that column out"
            )


def require_no_log(columns: Columns, unfinished: Mapping[int, Sequence[EpochRow]]) -> None:
    """Refuse rows that led to a finished one, as of a run that until then says that it runs.

    Args:
        columns: of the table, with a state and epochs that the study's file names.
        unfinished: rows of runs that did not finish; of each, those of its run that did.

    Raises:
        RunsError: one is of an epoch before all of those: its energy would count as lost.
    """
    column = columns.by_role[EPOCH]
    for place, finished in unfinished.items():
        if (columns.by_role["state"].text(place) or "").casefold() not in LIVE:
            continue
        done, *ends = (column.number(at) for at in (place, *(row.place for row in finished)))
        if done is not None and all(end is not None and done < end for end in ends):
            columns.by_role["state"].refuse(
                place,
                "must not be that of a finished run's earlier epoch, whose energy would count as "
                "lost (columns.state: null takes all rows)",
            )


def epoch_log(
    columns: Columns,
    rows: Sequence[EpochRow],
    energy_of: Callable[[int], Energy],
    scores_of: Callable[[int], Mapping[str, float | None]],
) -> list[EpochRecord]:
    """The epochs of a run's record; none, of a run whose rows are not told apart by epoch.

    Args:
        columns: of the table.
        rows: of the run, as `by_epoch` gives them.
        energy_of: the energy from the run's start to a row's epoch.
        scores_of: the scores in a row.

    Raises:
        RunsError: an energy or a duration is not above that of the epoch before, or the run says
            that it took another number of epochs.
    """
    last = rows[-1]
    if not last.epoch:
        return []
    stated = columns.get("epochs")
    if stated is not None and stated.number(last.place) not in (None, last.epoch):
        stated.refuse(
            last.place,
            f"must be {last.epoch}, the epoch of the run's last row",
        )
    energies = [energy_of(row.place) for row in rows]
    for place, (one, other) in enumerate(pairwise(energies), start=1):
        _require_growth(columns, rows[place], one, other)
    return list(_epochs(columns, rows, energies, scores_of))


def _epochs(
    columns: Columns,
    rows: Sequence[EpochRow],
    energies: Sequence[Energy],
    scores_of: Callable[[int], Mapping[str, float | None]],
) -> Iterator[EpochRecord]:
    loss, last = columns.get("test_loss"), rows[-1]
    before = Energy(0.0, {}, 0.0, "")
    for row, energy in zip(rows, energies, strict=True):
        times = (energy.duration_s, before.duration_s)
        scores = dict(scores_of(row.place))
        known = None if loss is None else loss.number(row.place)
        absent = ["energy_kwh", *(f"test_{name}" for name in scores if scores[name] is None)]
        absent += ["test_loss"] if known is None else []
        tested = EpochTest(
            scores=scores,
            loss=known,
            energy_kwh=None,
            missing=dict.fromkeys(absent, reason("not_in_table")),
        )
        yield EpochRecord(
            epoch=row.epoch - 1,
            duration_s=None if times[0] is None or times[1] is None else times[0] - times[1],
            energy_kwh=energy.kwh - before.kwh,
            metrics={},
            # Of the last one the run itself says what it reaches.
            tested=None if row is last else tested,
        )
        before = energy


def _require_growth(columns: Columns, row: EpochRow, one: Energy, other: Energy) -> None:
    for name, before, value in (
        ("energy_kwh", one.kwh, other.kwh),
        ("duration_s", one.duration_s, other.duration_s),
    ):
        if before is None or value is None or value > before:
            continue
        column = columns.get(name) or columns.by_role[EPOCH]
        column.refuse(
            row.place,
            f"must be above the {before:g} of the epoch before: {name} counts from the start of "
            "the training",
        )
