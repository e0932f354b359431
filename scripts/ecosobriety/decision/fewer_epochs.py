"""How many epochs a study that grows gives to its next size, and what that may lose.

With `plan.epochs` adaptive, a size is trained for as many epochs as sufficed one size below. Let E
be all epochs, t those of a size, and s(k) its mean score after k epochs, the higher the better:

- What ending at k instead of t loses there, as far as it was seen, is the most that any later epoch
  has above it: the maximum over k' > k of s(k') - s(k).
- What all epochs still to come could bring where t < E: as in `growth`, every doubling as much as
  the last one, log2(E / t) * max(0, s(t) - s(h)) / log2(t / h), where h is the last tested epoch
  that lies half a doubling or more below t.
- A size's loss, 0 where t = E, is the larger one of that and of what was lost where t was chosen.
  It is part of the decision's bound.

The next size is trained for the smallest k whose loss is at most `MARGIN_SHARE` of the margin, and
which the last epoch falls below by no more; where a size's own loss turns out larger, for all E
again. So it is supposed that fewer epochs lose no more on more data, and each size checks it. Where
scores fall as a network learns its examples by heart, that does not hold: with more of them, they
fall less. LCDB, on whose curves the bound was tested, has no epochs: of this, simulated studies
alone say how often it errs.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

MARGIN_SHARE = 0.1
"""Of the margin, what fewer epochs may lose; the rest is for fewer examples. With a twentieth and a
quarter, simulated studies took 4 and 3 % more energy."""
_HALF_A_DOUBLING = 2**0.5


@dataclass(frozen=True, eq=False)
class EpochScores:
    """The scores of a growing study after the epochs that were tested.

    Args:
        scores: for each size, ascending, a row for each seed and a column for each epoch,
            ascending; the higher the better, NaN where it was not tested. The last one ends the
            trainings.
        all_epochs: those of a training that is not shortened.
        shortened: the sizes that were given fewer. A module that ends its trainings by itself was
            given all the same.
    """

    scores: Mapping[int, pd.DataFrame]
    all_epochs: int
    shortened: Collection[int]

    @classmethod
    def of(
        cls,
        epochs: pd.DataFrame,
        test_column: str,
        sign: int,
        all_epochs: int,
        shortened: Collection[int],
    ) -> "EpochScores":
        """From the rows of the table `epochs` of one data set and model."""
        gains = epochs.assign(gain=sign * epochs[test_column])
        return cls(
            {
                int(str(size)): rows.pivot(index="seed", columns="epoch", values="gain")
                for size, rows in gains.groupby("n_train")
            },
            all_epochs,
            shortened,
        )

    def trained(self, n_train: int) -> float:
        """The epochs that a size was trained for; of one that is not shortened, all."""
        if n_train not in self.shortened:
            return float(self.all_epochs)
        return float(self.scores[n_train].columns[-1])

    def means(self, n_train: int) -> dict[float, float]:
        """The mean score after each epoch that was tested with every seed of a size."""
        tested = self.scores[n_train].dropna(axis="columns")
        return {float(str(epoch)): float(mean) for epoch, mean in tested.mean().items()}

    def seen_loss(self, n_train: int, epoch: float) -> float | None:
        """What ending at an epoch lost at a size; None: it was not tested there."""
        means = self.means(n_train)
        if epoch not in means:
            return None
        return max(score - means[epoch] for k, score in means.items() if k >= epoch)

    def still_to_come(self, n_train: int) -> float | None:
        """What the epochs that a size did without could bring; None: its own tests do not say."""
        means, trained = self.means(n_train), self.trained(n_train)
        before = [k for k in means if k * _HALF_A_DOUBLING <= trained]
        if not before or trained not in means:
            return None
        rise = (means[trained] - means[before[-1]]) / math.log2(trained / before[-1])
        return math.log2(self.all_epochs / trained) * max(rise, 0.0)

    @cached_property
    def losses(self) -> dict[int, float | None]:
        """For each size what its epochs may lose against all of them; None: not known."""
        found: dict[int, float | None] = {}
        before: int | None = None
        for size in self.scores:
            found[size] = self._loss(size, before, None if before is None else found[before])
            before = size
        return found

    def _loss(self, n_train: int, before: int | None, lost_before: float | None) -> float | None:
        trained = self.trained(n_train)
        if n_train not in self.shortened:
            return 0.0
        seen = None if before is None else self.seen_loss(before, trained)
        to_come = self.still_to_come(n_train)
        if seen is None or to_come is None or lost_before is None:
            return None
        return max(lost_before + seen, to_come)

    def next_epochs(self, allowed_loss: float) -> int:
        """How many epochs the next size is trained for.

        Args:
            allowed_loss: the margin, in the metric's unit.
        """
        size = [*self.scores][-1]
        lost, share = self.losses[size], MARGIN_SHARE * allowed_loss
        if lost is None or lost > share:
            return self.all_epochs
        means = self.means(size)
        for epoch, score in means.items():
            seen = self.seen_loss(size, epoch)
            falls = score - [*means.values()][-1] > share
            # Without a test before it, the next size could not check itself.
            checked = any(k * _HALF_A_DOUBLING <= epoch for k in means)
            if checked and not falls and seen is not None and lost + seen <= share:
                return min(int(epoch), self.all_epochs)
        return self.all_epochs

    def at_equal_epochs(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Scores as if neighbouring sizes had the same epochs, so that their gain is that of data.

        Where a size was trained for fewer epochs than the one below, all sizes below are moved by
        what that one had lost with so few. Where it was trained for more, the gain stays too large:
        it then stops no study too early.

        Args:
            scores: a row for each size, a column for each seed, the higher the better.

        Returns:
            The same, moved.
        """
        moved = scores.copy()
        sizes = [int(size) for size in scores.index]
        for below, size in pairwise(sizes):
            own, trained = self.scores[below], self.trained(size)
            if size not in self.shortened or trained not in own:
                continue
            lost = own[trained] - own[own.columns[-1]]
            shift = lost.reindex(moved.columns).to_numpy(np.float64)
            # Seeds that a module ends at different epochs have no common last one.
            if np.isfinite(shift[moved.loc[below].notna().to_numpy()]).all():
                moved.loc[:below] += shift
        return moved

    def describe(self, allowed_loss: float, why_not: str | None) -> dict[str, Any]:
        """What a decision says of epochs.

        Args:
            allowed_loss: the margin, in the metric's unit.
            why_not: why no epoch but the last was tested; None: others were.
        """
        size = [*self.scores][-1]
        return {
            "all": self.all_epochs,
            "trained": self.trained(size),
            "loss": self.losses[size],
            "next": self.next_epochs(allowed_loss),
            "reason": why_not,
        }
