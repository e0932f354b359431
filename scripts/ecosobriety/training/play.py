"""What is rehearsed of a user's network, and what its stage needs of that."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from ecosobriety.training.batches import Slices
from ecosobriety.training.fitting import Batch, TrainingSettings
from ecosobriety.training.tasks import Task

FEW = 8
"""Examples on which operations are counted and the test is tried."""
SHOWN = 3
"""Labels in a sentence."""
_WHOLE = re.compile("-?[0-9]+")
OTHERS, OTHER_BYTES = 24, 2**24
"""Further batches at most, for what the first one may not hold or choose: an expert, a class."""


@dataclass(frozen=True)
class Play:
    """What is rehearsed.

    Attributes:
        class_path, init_args: the user's network.
        task: what it is trained for.
        settings: the hyper-parameters.
        seed: that of the training.
        threads: CPU threads for PyTorch.
        n_train: examples of the training.
        classes: names of the classes; none for a regression.
    """

    class_path: str
    init_args: Mapping[str, Any]
    task: Task
    settings: TrainingSettings
    seed: int
    threads: int
    n_train: int
    classes: tuple[str, ...] = ()


def content_of(play: Play, batches: Slices, test_batches: Slices) -> dict[str, Any]:
    """What a `Stage` needs, in plain types."""
    size = play.settings.batch_size
    each, (x_test, _) = iter(batches), next(iter(test_batches))
    x, y = next(each)
    acts: list[Batch] = [(x, y)]
    others = list(islice(each, min(OTHERS, OTHER_BYTES // x.nbytes)))
    # The last batch of an epoch, on which statistics over a batch may fail.
    if play.n_train > size and play.n_train % size:
        acts.append((x[: play.n_train % size], y[: play.n_train % size]))
    return {
        **{
            name: getattr(play, name)
            for name in ("class_path", "seed", "threads", "n_train", "classes")
        },
        "init_args": json.dumps(dict(play.init_args)),
        "settings": asdict(play.settings),
        "deviation": getattr(play.task, "deviation", None),
        "outputs": play.task.outputs,
        "acts": acts,
        "others": others,
        "y": batches.targets,
        "x_test": x_test[:FEW],
        "length": len(batches),
    }


def renumbered(classes: Sequence[str]) -> dict[str, str] | None:
    """Labels that are whole numbers, and those that a network gets instead of them, if it does.

    Returns:
        Both as text: `given` and `taken`; None: they are the same, or text.
    """
    if not classes or not all(map(_WHOLE.fullmatch, classes)):
        return None
    taken = [*map(str, range(len(classes)))]
    changed = [pair for pair in zip(classes, taken, strict=True) if pair[0] != pair[1]]
    if not changed:
        return None
    texts = (
        ", ".join([*names[:SHOWN], *(["…"] if len(names) > SHOWN else [])])
        for names in zip(*changed, strict=True)
    )
    return dict(zip(("given", "taken"), texts, strict=True))
