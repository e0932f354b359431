"""Trainings that a study has paid for and that its plan no longer asks for.

With a wider margin a study that grows stops earlier, and a grid may lose sizes and seeds. What was
trained before is not part of the answer then, but of what the study has cost.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.errors import RecordError
from ecosobriety.records.collecting import Asked, read_own

COLUMNS = ("dataset", "model", "n_train", "trainings", "energy_kwh", "lost_energy_kwh")


def read_beside_plan(
    results: Path, keys: Iterable[Sequence[Any]], asked: Asked, factor: float = 1.0
) -> pd.DataFrame:
    """What trainings beside the plan have taken, a row for each that took any energy.

    Only those count that the study would train just so today, and attempts that died.

    Args:
        results: the study's folder of results.
        keys: data set, model, size and seed of each, as `leftovers.find_beside_plan` gives them.
        asked: what the study's trainings are.
        factor: by what their energies are scaled, as those of the table `runs` are.

    Returns:
        `COLUMNS`: `trainings` is 1 where the training was completed, else 0; energies in kWh.
    """
    rows = []
    for dataset, model, n_train, seed in keys:
        key = dataset, model, n_train, seed
        place, identities = f"{dataset}/{model}/n{n_train}/seed{seed}", asked.identities(key)
        try:
            record = read_own(Path(results, "runs", f"{place}.json"), key, *identities)
        except RecordError:
            # Seldom needed, and a meter takes long to import.
            from ecosobriety.metering.ledger import lost_energy_kwh

            lost_kwh = lost_energy_kwh(Path(results, "attempts", place), identities[0])
            rows.append((dataset, model, n_train, 0, 0.0, lost_kwh))
        else:
            rows.append((dataset, model, n_train, 1, record.energy_kwh, record.lost_energy_kwh))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table[["energy_kwh", "lost_energy_kwh"]] *= factor
    return table[table["energy_kwh"] + table["lost_energy_kwh"] > 0].reset_index(drop=True)
