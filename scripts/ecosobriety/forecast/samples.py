"""What was measured of short trainings, and what it says of whole ones on the same size."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ecosobriety.errors import MeteringError
from ecosobriety.units import kwh_to_joules


@dataclass(frozen=True)
class Sample:
    """What was measured of the trainings on one size; durations in s.

    Attributes:
        n_train: examples.
        batches: of a whole epoch.
        counted_batches: of each epoch that was measured.
        counted_epochs: how many epochs were measured, the first not among them.
        epoch_s: duration of a whole epoch.
        fixed_s: duration of a training beyond its epochs.
        power_w: mean power of CPU, GPU and memory.
    """

    n_train: int
    batches: int
    counted_batches: int
    counted_epochs: int
    epoch_s: float
    fixed_s: float
    power_w: float


@dataclass
class Fit:
    """A short training as it is measured; durations in s, without validations.

    Attributes:
        batches: of each epoch.
        epochs: how long each took.
        steps: batches between two moments of the epochs, and how long they took.
        window_s: from the training's begin to its end.
        energy_kwh: in that window; None: it is too short to be known.
    """

    batches: int
    epochs: list[float] = field(default_factory=list)
    steps: list[tuple[int, float]] = field(default_factory=list)
    window_s: float = 0.0
    energy_kwh: float | None = None

    @property
    def counted(self) -> list[float]:
        """The epochs without the first, which takes longer; of a single one, that one."""
        return self.epochs[1:] or self.epochs

    @property
    def mean_s(self) -> float:
        """The mean duration of those."""
        return math.fsum(self.counted) / len(self.counted)


@dataclass
class Turn:
    """What one process measured.

    Attributes:
        cold: the training that warmed it up, on the smallest size.
        fits: one training on each size, by its examples.
        startup_s: from the process's begin to its first training, in s.
        epochs: of a whole training.
        max_steps: of a whole training; None: no limit.
        batch_size: examples.
        device: the processor's or the GPU's name.
    """

    cold: Fit
    fits: dict[int, Fit]
    startup_s: float
    epochs: int
    max_steps: int | None
    batch_size: int
    device: str

    def as_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Turn":
        """From what `as_json` gave."""
        fits = {int(n_train): Fit(**fit) for n_train, fit in found["fits"].items()}
        return cls(**{**found, "cold": Fit(**found["cold"]), "fits": fits})


def sample_of(fits: Sequence[Fit], n_train: int, batches: int) -> Sample:
    """What short trainings say of others on their size.

    Args:
        fits: with as many batches an epoch, all of them.
        n_train: examples.
        batches: of a whole epoch.

    Raises:
        MeteringError: their energy is not known.
    """
    metered = [fit for fit in fits if fit.energy_kwh]
    if not metered:
        raise MeteringError(
            f"the forecast measured batches of {n_train} examples for "
            f"{math.fsum(fit.window_s for fit in fits):.2g} s, and the meter gave no energy for "
            "them"
        )
    # Each counts alike: a fast one has more epochs in its time, and would weigh more.
    mean_s = math.fsum(fit.mean_s for fit in fits) / len(fits)
    beyond_s = math.fsum(fit.window_s - fit.mean_s * len(fit.epochs) for fit in fits)
    used_kwh = math.fsum(fit.energy_kwh or 0.0 for fit in metered)
    return Sample(
        n_train=n_train,
        batches=batches,
        counted_batches=fits[0].batches,
        counted_epochs=sum(len(fit.counted) for fit in fits),
        epoch_s=mean_s + (batches - fits[0].batches) * step_of(fits),
        fixed_s=max(beyond_s / len(fits), 0.0),
        power_w=kwh_to_joules(used_kwh) / math.fsum(fit.window_s for fit in metered),
    )


def step_of(fits: Sequence[Fit]) -> float:
    """What one more batch takes in short trainings, in s."""
    paces = []
    for fit in fits:
        counted = fit.steps[1:] or fit.steps
        batches = sum(number for number, _ in counted)
        if batches:
            paces.append(math.fsum(s for _, s in counted) / batches)
    return math.fsum(paces) / len(paces) if paces else _epochs_step(fits)


def _epochs_step(fits: Sequence[Fit]) -> float:
    """The same of epochs in which no moment was noted, such as those of a single batch."""
    return math.fsum(fit.mean_s for fit in fits) / sum(fit.batches for fit in fits)
