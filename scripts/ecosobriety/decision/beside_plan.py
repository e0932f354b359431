"""Trainings that a study has paid for and that its plan no longer asks for.

With a wider margin a study that grows stops earlier, and a grid may lose sizes and seeds. What was
trained before is not part of the answer then, but of what the study has cost.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.errors import RecordError
from ecosobriety.records.adjusted import factor_in
from ecosobriety.records.collecting import Asked, read_own
from ecosobriety.records.record import RUN_KEY, RunKey

COLUMNS = ("dataset", "model", "n_train", "trainings", "energy_kwh", "lost_energy_kwh")


def read_beside_plan(
    results: Path,
    keys: Iterable[Sequence[Any]],
    asked: Asked,
    runs: pd.DataFrame,
) -> pd.DataFrame:
    """What trainings beside the plan have taken, a row for each that took any energy.

    Only those count that the study would train just so today, or for other epochs where its
    decisions say for how many; and attempts that died. Of models that it no longer has, all do.

    Args:
        results: the study's folder of results.
        keys: data set, model, size and seed of each, as `leftovers.find_beside_plan` gives them.
        asked: what the study's trainings are.
        runs: the table `runs`, of the trainings that it asks for; these may have been done for
            other epochs before. All energies are scaled as they are there.

    Returns:
        `COLUMNS`: `trainings` is 1 where the training was completed, else 0; energies in kWh.
    """
    rows = []
    for key in map(_as_key, keys):
        place, ever = _place(key), asked.identities_ever(key)
        try:
            record = read_own(Path(results, "runs", f"{place}.json"), key, *ever)
        except RecordError:
            # Seldom needed, and a meter takes long to import.
            from ecosobriety.metering.ledger import lost_energy_kwh

            own = asked.identities(key)[0]
            lost_kwh = lost_energy_kwh(Path(results, "attempts", place), own)
            rows.append((*key[:3], 0, 0.0, lost_kwh))
        else:
            own = record.identity
            rows.append((*key[:3], 1, record.energy_kwh, record.lost_energy_kwh))
        rows += _of_other_epochs(results, key, {*ever} - {own})
    for key in map(_as_key, runs[list(RUN_KEY)].itertuples(index=False)):
        rows += _of_other_epochs(
            results, key, {*asked.identities_ever(key)} - {asked.identity(key)}
        )
    rows += _of_other_models(results, {key[:2] for key in map(tuple, runs[list(RUN_KEY)].values)})
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table[["energy_kwh", "lost_energy_kwh"]] *= factor_in(runs)
    return table[table["energy_kwh"] + table["lost_energy_kwh"] > 0].reset_index(drop=True)


def _as_key(key: Sequence[Any]) -> RunKey:
    dataset, model, n_train, seed = key
    return dataset, model, int(n_train), int(seed)


def _place(key: RunKey) -> str:
    dataset, model, n_train, seed = key
    return f"{dataset}/{model}/n{n_train}/seed{seed}"


def _of_other_models(results: Path, known: Collection[tuple[str, str]]) -> list[Any]:
    """A row for each attempted training of a data set and model that are not known."""
    rows = []
    for place in sorted(results.glob("attempts/*/*/n*/seed*")):
        dataset, model, n_train = place.parts[-4:-1]
        if (dataset, model) in known:
            continue
        from ecosobriety.metering.ledger import spent_kwh

        completed, lost_kwh = spent_kwh(place)
        size = int(n_train.removeprefix("n"))
        rows += [(dataset, model, size, 1, kwh, 0.0) for kwh in completed]
        rows.append((dataset, model, size, 0, 0.0, lost_kwh))
    return rows


def _of_other_epochs(results: Path, key: RunKey, identities: Collection[str]) -> list[Any]:
    """A row for each completed attempt at one of these trainings."""
    if not identities:
        return []
    from ecosobriety.metering.ledger import completed_energies_kwh

    found = completed_energies_kwh(Path(results, "attempts", _place(key)), identities)
    return [(*key[:3], 1, kwh, 0.0) for kwh in found]
