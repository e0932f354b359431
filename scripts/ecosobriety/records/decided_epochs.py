"""For how many epochs a study that grows trains a size: its decisions say it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class DecidedEpochs:
    """Which decisions say for how many epochs a size is trained.

    Attributes:
        folder: the decisions of the data set, `{model}/n{n_train}.json`.
        decided_at: for each size that may be trained for fewer epochs the size whose decision says
            it; `plan.epochs_decided_at`.
        all_epochs: those of each model where no decision gives fewer; `plan.all_epochs`.
    """

    folder: Path
    decided_at: Mapping[int, int]
    all_epochs: Mapping[str, int | None]

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> "DecidedEpochs":
        """From its attributes as JSON has them; without any, each size has all epochs."""
        if not settings:
            return cls(Path(), {}, {})
        at = {int(size): int(before) for size, before in settings["decided_at"].items()}
        return cls(Path(settings["folder"]), at, settings["all_epochs"])

    def of(self, model: str, n_train: int) -> int | None:
        """The epochs of a model's trainings on a size; None: all, also where it is not decided."""
        path = self._path(model, n_train)
        if path is None or not path.exists():
            return None
        epochs = json.loads(path.read_text(encoding="utf-8")).get("epochs")
        return None if epochs is None or epochs["next"] == epochs["all"] else int(epochs["next"])

    def possible(self, model: str, n_train: int) -> list[int | None]:
        """As `of`: more than one only where that is still to be decided."""
        path = self._path(model, n_train)
        if path is None or path.exists():
            return [self.of(model, n_train)]
        return self.ever(model, n_train)

    def ever(self, model: str, n_train: int) -> list[int | None]:
        """As `of`: all that any decision could have said."""
        if n_train not in self.decided_at:
            return [None]
        return [None, *range(1, self.all_epochs[model] or 1)]

    def shortened_sizes(self, model: str) -> list[int]:
        """The sizes that a model is trained on for fewer than all epochs."""
        return [size for size in self.decided_at if self.of(model, size) is not None]

    def _path(self, model: str, n_train: int) -> Path | None:
        before = self.decided_at.get(n_train)
        return None if before is None else self.folder / model / f"n{before}.json"


def shortened(network: Mapping[str, Any], epochs: int | None) -> Mapping[str, Any]:
    """What decides a model whose trainings have so many epochs; None: as many as it has.

    Args:
        network: `config.model_parameters`.
        epochs: as `DecidedEpochs.of` gives them.
    """
    if epochs is None:
        return network
    if "command" in network:
        return {**network, "epochs": epochs}
    return {**network, "training": {**network["training"], "training.epochs": epochs}}
