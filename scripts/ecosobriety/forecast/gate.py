"""Before each training: may it begin? It may, unless its study has a budget that it would exceed.

A budget needs a forecast. Where a model's batches are not measured yet, or were measured for other
trainings, they are now, in processes of their own: a training is to find its process as it would
without a budget.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from ecosobriety.errors import EcosobrietyError, shorten
from ecosobriety.files import take_lock
from ecosobriety.forecast import kept
from ecosobriety.forecast.budget import Budget, Key, ranked
from ecosobriety.forecast.turns import measure_model
from ecosobriety.records.collecting import Asked


class Gate:
    """Lets trainings begin.

    Args:
        settings: JSON of null, or of a budget: `energy_kwh`, `results` (the study's folder),
            `dataset`, `sizes`, `seeds` and `models` of the study, `ranked` as of `Budget`,
            `by_size` likewise, `networks` (what decides each model of our own loop), `parameters`
            of the trainings, `code`, the fingerprint of what trains, and `asked`, as
            `collecting.Asked` reads it.
        data: the data set's file.
        sha256: its digest.
        threads: that a training may use.
    """

    def __init__(self, settings: str, data: Path, sha256: str, threads: int) -> None:
        self._settings: Mapping[str, Any] | None = json.loads(settings)
        self._data, self._sha256, self._threads = data, sha256, threads

    @contextmanager
    def room_for(self, key: Key, attempt: str) -> Iterator[bool]:
        """As `Budget.room_for`; without a budget, each training may begin."""
        if self._settings is None:
            yield True
            return
        with self._budget.room_for(key, attempt) as granted:
            yield granted

    @cached_property
    def _budget(self) -> Budget:
        assert self._settings is not None
        asked = self._settings
        trainings = Asked(self._sha256, **json.loads(asked["asked"]))
        return Budget(
            energy_kwh=asked["energy_kwh"],
            results=Path(asked["results"]).absolute(),
            dataset=asked["dataset"],
            order=ranked(asked["sizes"], asked["models"], asked["seeds"]),
            ranked=asked["ranked"],
            pilots={
                name: self._pilot(name, network, asked)
                for name, network in asked["networks"].items()
            },
            by_size=asked["by_size"],
            identities=lambda key: trainings.identities((asked["dataset"], *key)),
        )

    def _pilot(
        self, model: str, network: Mapping[str, Any], asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The measured batches of a model; one process measures, others wait for it."""
        results = Path(asked["results"]).absolute()
        path = kept.pilot_path(results, asked["dataset"], model)
        about = {
            "data": str(self._data.absolute()),
            "sha256": self._sha256,
            "model": model,
            "network": network,
            "sizes": kept.ends_of(asked),
            "seed": asked["seeds"][0],
            "parameters": asked["parameters"],
            "code": asked["code"],
            "threads": self._threads,
            "attempts": str(kept.attempts_path(results, asked["dataset"], model)),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with take_lock(path.with_suffix(".lock"), on_wait=lambda _: None):
            found = kept.read_batches(asked, self._sha256, model)
            if found is not None:
                return found
            try:
                measure_model(about, path)
            except EcosobrietyError as error:
                text = shorten(str(error), 200)
                raise EcosobrietyError(f"budget: the batches of {model}: {text}") from error
        return dict(json.loads(path.read_bytes()))
