"""The runs that a study asks for, read from a table; or one sentence on what is wrong with it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ecosobriety.errors import quote, row, shorten
from ecosobriety.imported import roles
from ecosobriety.imported.by_epoch import (
    EPOCH,
    EpochRow,
    by_epoch,
    epoch_log,
    require_declared,
    require_no_log,
)
from ecosobriety.imported.emissions import Emissions, Metered, join
from ecosobriety.imported.energies import Energy, stated_energy
from ecosobriety.imported.misnamed import find_misnamed, find_said
from ecosobriety.imported.oddities import find_odd
from ecosobriety.imported.roles import FINISHED, UNFINISHED, Columns, find_columns
from ecosobriety.imported.runs import ImportedRun, Imports, ImportSpec, Key
from ecosobriety.imported.sheet import Column, RunsError, read_sheet
from ecosobriety.imported.steps import find_coarse
from ecosobriety.imported.times import check_window, stated_s, time_of
from ecosobriety.imported.unlike import find_unlike
from ecosobriety.metrics import METRICS, Metric


def read_imports(
    spec: ImportSpec, sizes: Sequence[int], seeds: Sequence[int], metric: Metric, folder: Path
) -> Imports:
    """Read the runs of a model, all that a study asks for and no others.

    Args:
        spec: where they are.
        sizes: numbers of training examples that the study asks for.
        seeds: its seeds.
        metric: what it judges by.
        folder: where relative paths begin.

    Raises:
        RunsError: a file cannot be read, a run is missing or there twice, or a value cannot be.
    """
    mapping = spec.columns or {}
    columns = find_columns(read_sheet("runs", spec.runs, folder), mapping, metric)
    emissions = None
    if spec.emissions is not None:
        sheet = read_sheet("emissions", spec.emissions, folder)
        emissions = join(columns, sheet, mapping, spec.max_power_w)
    elif not _has_energies(columns):
        raise columns.sheet.fault(
            "has no column energy_kwh, nor duration_s and power_w: name them in columns, or "
            "CodeCarbon's file with emissions"
        )
    reader = _Reader(spec, columns, emissions, metric)
    return reader.read([(size, seed) for size in sizes for seed in seeds])


def _has_energies(columns: Columns) -> bool:
    timed = columns.get("duration_s") or all(columns.get(name) for name in roles.TIMES)
    return bool(columns.get("energy_kwh") or (timed and columns.get("power_w")))


@dataclass(frozen=True)
class _Reader:
    spec: ImportSpec
    columns: Columns
    emissions: Emissions | None
    metric: Metric

    def read(self, wanted: Sequence[Key]) -> Imports:
        places = self._own_places()
        finished = [place for place in places if self._finished(place)]
        keys = {place: key for place in finished if (key := self._key(place)) is not None}
        asked, of_finished = set(wanted), set(finished)
        others = [key for key in keys.values() if key not in asked]
        epochs = self._by_epoch(keys, wanted)
        by_key = {key: of_run[-1].place for key, of_run in epochs.items()}
        unfinished = [place for place in places if place not in of_finished]
        lost = self._lost(unfinished, epochs)
        self._require_all(wanted, by_key, unfinished)
        runs = {
            key: replace(
                self._run(by_key[key]),
                lost_kwh=self._lost_before(by_key[key], key, lost),
                epochs=epoch_log(
                    self.columns, epochs[key], lambda at: self._energy(at)[0], self._scores
                ),
            )
            for key in wanted
        }
        self._require_own_energies(
            [*by_key.values(), *(p for p in unfinished if self._key_if_any(p) in by_key)]
        )
        return Imports(
            runs,
            [
                *self._notes(places, others, unfinished, len(finished) - len(keys)),
                *self._emission_notes(runs),
                *self._untimed_notes(runs),
                *self._end_notes(epochs),
                *find_misnamed(self.columns, self.metric),
                *find_said(self.columns, (run.place for run in runs.values()), self.metric),
                *find_odd(self.columns.sheet.path, runs, self.metric),
                *find_unlike(self.columns, runs),
                *find_coarse(self.columns, runs, self.metric, self.spec),
            ],
        )

    def _by_epoch(
        self, keys: Mapping[int, Key], wanted: Sequence[Key]
    ) -> dict[Key, list[EpochRow]]:
        """The rows of each run that is asked for, in the order of their epochs."""
        rows = defaultdict[Key, list[int]](list)
        for place, key in keys.items():
            rows[key].append(place)
        own = {key: rows[key] for key in wanted if key in rows}
        apart = any(len(of_run) > 1 for of_run in own.values())
        if apart:
            require_declared(self.columns, own, declared=self._declared)
        found = {
            key: by_epoch(self.columns, of_run, _name(key), told_apart=apart)
            for key, of_run in own.items()
        }
        several = [of_run for of_run in found.values() if len(of_run) > 1]
        if several and self.emissions is not None:
            one, other, *_ = several[0]
            raise self.columns.sheet.fault(
                f"rows {one.place + 1} and {other.place + 1} are of one run at two epochs, but "
                "emissions has one energy for each run: name energy_kwh in columns instead"
            )
        return found

    @property
    def _declared(self) -> bool:
        return bool((self.spec.columns or {}).get(EPOCH))

    def _whose(self) -> tuple[tuple[str, str], ...]:
        """Roles that say of which model and data set a row is, and what they must hold."""
        return ("model", self.spec.model), ("dataset", self.spec.dataset)

    def _own_places(self) -> list[int]:
        """The rows of this model and data set."""
        places = list(range(self.columns.sheet.rows))
        for role, name in self._whose():
            column = self.columns.get(role)
            if column is None:
                continue
            own = [place for place in places if column.text(place) == name]
            if not own:
                held = dict.fromkeys(column.text(place) or "" for place in places)
                raise self.columns.sheet.fault(
                    f"has no row whose {quote(column.name)} is {quote(name)}: it holds "
                    f"{', '.join(quote(shorten(value, 24)) for value in [*held][:5])} "
                    f"(columns.{role}: null takes all rows)"
                )
            places = own
        return places

    def _finished(self, place: int) -> bool:
        column = self.columns.get("state")
        if column is None:
            return True
        # Slurm says by whom a run was cancelled.
        state = (column.text(place) or "").casefold().partition(" by ")[0]
        if state not in FINISHED | UNFINISHED:
            column.refuse(
                place,
                "must be a word that docs/how-to/own-runs.md lists, such as finished or failed "
                "(columns.state: null takes all rows)",
            )
        return state in FINISHED

    def _key(self, place: int) -> Key | None:
        """The size and the seed of a run; None: it lacks one, as one that only holds others."""
        n_train, seed = (self.columns.by_role[role].whole(place, 0) for role in ("n_train", "seed"))
        return None if n_train is None or seed is None else (n_train, seed)

    def _require_all(
        self, wanted: Sequence[Key], by_key: Collection[Key], unfinished: Sequence[int]
    ) -> None:
        missing = [key for key in wanted if key not in by_key]
        if not missing:
            return
        more = f", and lacks {len(missing) - 1} more" if len(missing) > 1 else ""
        state, ended = self.columns.get("state"), ""
        for place in range(self.columns.sheet.rows):
            if self._key_if_any(place) != missing[0]:
                continue
            for role, name in self._whose():
                column = self.columns.get(role)
                if column is not None and column.text(place) != name:
                    held = quote(shorten(column.text(place) or "", 24))
                    ended = f": in {row(place)} {quote(column.name)} is {held}, not {quote(name)}"
            if state is not None and place in unfinished:
                ended = f": {row(place)} is {quote(state.text(place))}"
        what = "finished run" if state else "run"
        raise self.columns.sheet.fault(
            f"has no {what} with {_name(missing[0])}, which grid asks for{ended}{more}"
        )

    def _require_own_energies(self, used: Sequence[int]) -> None:
        """Refuse two rows of one CodeCarbon run, whose energy would count twice."""
        if self.emissions is None:
            return
        first: dict[str, int] = {}
        for place in sorted(used):
            own = self.emissions.ids.text(place)
            if own is not None and own in first:
                raise self.columns.sheet.fault(
                    f"rows {first[own] + 1} and {place + 1} both have the {self.emissions.join} "
                    f"{quote(own)}: the energy of one run counts once"
                )
            first[own or ""] = place

    def _key_if_any(self, place: int) -> Key | None:
        try:
            return self._key(place)
        except RunsError:
            return None

    def _lost(
        self, unfinished: Sequence[int], epochs: Mapping[Key, Sequence[EpochRow]]
    ) -> dict[Key, float]:
        """The energy of runs that did not finish, as far as it is known."""
        if self._declared:
            keys = ((place, self._key_if_any(place)) for place in unfinished)
            ended = {place: epochs[key] for place, key in keys if key is not None and key in epochs}
            require_no_log(self.columns, ended)
        several = any(len(rows) > 1 for rows in epochs.values())
        lost = defaultdict[Key, float](float)
        for place in unfinished:
            key = self._key_if_any(place)
            if key is None:
                continue
            if key in lost and several:
                self.columns.by_role["state"].refuse(
                    place,
                    "must be left out, with its energy in lost_energy_kwh: which epochs of runs "
                    "that did not finish are of one run, is not known",
                )
            if self.emissions is None and not self._states_energy(place):
                continue
            # CodeCarbon may not have written anything of a run that died early.
            with nullcontext() if self.emissions is None else suppress(RunsError):
                lost[key] += self._energy(place)[0].kwh
        return lost

    def _states_energy(self, place: int) -> bool:
        """Whether the table has an energy above 0 for a run that did not finish."""
        kwh, power_w, duration_s = (
            column and column.number(place)
            for column in map(self.columns.get, ("energy_kwh", "power_w", "duration_s"))
        )
        return bool(kwh or (power_w and (duration_s or stated_s(self.columns, place))))

    def _lost_before(self, place: int, key: Key, lost: Mapping[Key, float]) -> float:
        column = self.columns.get("lost_energy_kwh")
        stated = None if column is None else column.number(place)
        if column is not None and (stated or 0.0) < 0:
            column.refuse(place, "must be 0 or more")
        return (stated or 0.0) + lost.get(key, 0.0)

    def _energy(self, place: int) -> tuple[Energy, Metered | None]:
        if self.emissions is None:
            window_s = stated_s(self.columns, place)
            return stated_energy(self.columns, place, self.spec.max_power_w, window_s), None
        metered = self.emissions.of(place)
        return metered.energy, metered

    def _run(self, place: int) -> ImportedRun:
        energy, metered = self._energy(place)
        further = self._further(place, energy)
        scores = self._scores(place)
        if scores[self.metric.name] is None:
            self.columns.scores[self.metric.name].refuse(place, "must be a number")
        return ImportedRun(place, scores, energy, 0.0, further, metered)

    def _scores(self, place: int) -> dict[str, float | None]:
        return {name: self._score(name, place) for name in self.columns.scores}

    def _score(self, name: str, place: int) -> float | None:
        column = self.columns.scores[name]
        value = column.number(place)
        known = self.metric if name == self.metric.name else METRICS.get(name)
        if value is not None and known is not None and (why := known.impossible(value)):
            column.refuse(place, why)
        return value

    def _further(self, place: int, energy: Energy) -> dict[str, Any]:
        """Other columns of the table `runs`; what the table has not is left out."""
        found: dict[str, Any] = {}
        for name, (least, most) in roles.WHOLE.items():
            if column := self.columns.get(name):
                found[name] = column.whole(place, least, most)
        for name in roles.NUMBERS:
            if column := self.columns.get(name):
                value = column.number(place)
                above = name in ("epochs", "peak_memory_mb")
                signed = name == "test_loss"
                if value is not None and not signed and (value < 0 or (above and value == 0)):
                    column.refuse(place, f"must be {'above 0' if above else '0 or more'}")
                found[name] = value
        for name in roles.TEXTS:
            if column := self.columns.get(name):
                found[name] = column.given(place)
        column = self.columns.get("accelerator")
        if column and (kind := found["accelerator"]):
            if kind.casefold() not in roles.ACCELERATORS:
                column.refuse(place, "must be cpu or cuda")
            found["accelerator"] = roles.ACCELERATORS[kind.casefold()]
        times = {name: time_of(self.columns, name, place) for name in roles.TIMES}
        found |= {name: time and time.isoformat() for name, time in times.items()}
        check_window(self.columns, place, energy)
        return {name: value for name, value in found.items() if value is not None}

    def _notes(
        self, places: Sequence[int], others: Sequence[Key], unfinished: Sequence[int], unnamed: int
    ) -> Iterator[str]:
        """Which rows are not used, and why."""
        sheet, reasons = self.columns.sheet, []
        if not_own := sheet.rows - len(places):
            reasons.append(f"{not_own} of another model or data set")
        if others:
            shown = "; ".join(_name(key) for key in others[:2])
            reasons.append(f"{len(others)} that grid does not ask for, as {shown}")
        if unnamed:
            reasons.append(f"{unnamed} without a size or a seed")
        if unfinished:
            state: Column | None = self.columns.get("state")
            assert state is not None
            states = ", ".join(dict.fromkeys(state.text(place) or "" for place in unfinished))
            reasons.append(f"{len(unfinished)} not finished ({shorten(states, 40)})")
        if reasons:
            count = not_own + len(others) + len(unfinished) + unnamed
            yield f"{sheet.path}: {count} of {sheet.rows} rows are not used: {', '.join(reasons)}"

    def _untimed_notes(self, runs: Mapping[Key, ImportedRun]) -> Iterator[str]:
        untimed = sum(run.energy.duration_s is None for run in runs.values())
        if untimed:
            yield (
                f"{self.columns.sheet.path}: the energies of {untimed} of {len(runs)} runs cannot "
                "be checked against a power, as the table does not say how long they took "
                "(duration_s, or started_at and ended_at): make sure that they are in kWh"
            )

    def _end_notes(self, epochs: Mapping[Key, Sequence[EpochRow]]) -> Iterator[str]:
        ends = {key: of_run[-1].epoch for key, of_run in epochs.items()}
        first = min(ends, key=ends.__getitem__)
        least, most = ends[first], max(ends.values())
        if least < most:
            yield (
                f"{self.columns.sheet.path}: the runs end after {least} to {most} epochs, as that "
                f"with {_name(first)} after {least}: the last row of each is taken as its end"
            )

    def _emission_notes(self, runs: Mapping[Key, ImportedRun]) -> Iterator[str]:
        if self.emissions is None:
            return
        sheet = self.emissions.sheet
        unused = sheet.rows - len(runs)
        if unused:
            yield f"{sheet.path}: {unused} of {sheet.rows} rows are of no run that is used"
        countries = {run.metered.facts["country_iso_code"] for run in runs.values() if run.metered}
        elsewhere = sorted(countries - {None, self.spec.country})
        if self.spec.country is not None and elsewhere:
            yield (
                f"{sheet.path}: its runs were metered in {', '.join(elsewhere)}, but "
                f"metering.country is {self.spec.country}: emissions are those of the latter"
            )


def _name(key: Key) -> str:
    return f"n_train {key[0]} and seed {key[1]}"
