"""Real learning curves as arrays: LCDB 1.0 (Mohr, Viering, Loog and van Rijn, ECML PKDD 2022)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SMALLEST_FULL = 4096
"""Curves that end below this are not asked: there is little to save."""
SMALLEST_SIZE = 60
FEWEST_SEEDS = 10
"""Seeds that a curve must have at all sizes of its ladder, so that draws of ten are possible."""

COLUMNS = ("openmlid", "learner", "size_train", "outer_seed", "inner_seed", "traintime")
SCORE = "score_test"

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curves:
    """C doubling ladders of at most K sizes, aligned at their ends; NaN in front.

    Attributes:
        openmlid: (C,) the data set.
        learner: (C,) the learner's name.
        sizes: (C, K) training examples; the last one is all there are.
        truth: (C, K) mean score over all seeds, 0 to 1.
        seconds: (C, K) mean training time in s.
        scores: per curve (K, S) the score by seed.
    """

    openmlid: NDArray[np.int64]
    learner: NDArray[np.str_]
    sizes: Floats
    truth: Floats
    seconds: Floats
    scores: list[Floats]

    @property
    def full(self) -> Floats:
        """(C,) the largest size."""
        return self.sizes[:, -1]

    def draw(self, seeds: int, draws: int, generator: np.random.Generator) -> Floats:
        """Scores of some seeds of each curve, drawn without repetition: (draws, C, K, seeds)."""
        return np.stack(
            [
                np.stack(
                    [
                        scores[:, generator.choice(scores.shape[1], seeds, replace=False)]
                        for scores in self.scores
                    ]
                )
                for _ in range(draws)
            ]
        )

    def take(self, chosen: NDArray[np.bool_]) -> Self:
        """Some of the curves."""
        return type(self)(
            self.openmlid[chosen],
            self.learner[chosen],
            self.sizes[chosen],
            self.truth[chosen],
            self.seconds[chosen],
            [scores for scores, taken in zip(self.scores, chosen, strict=True) if taken],
        )


def ladder(sizes: NDArray[np.int64]) -> list[int]:
    """The doublings below the largest size, ascending; LCDB's sizes are powers of the root of 2.

    The largest size is seldom such a power, so that the last step is a doubling as nearly as the
    sizes allow.
    """
    found = [int(sizes[-1])]
    below = np.log2(sizes[:-1])
    half = np.log2(sizes[-1]) - 1
    while len(below):
        nearest = int(np.abs(below - half).argmin())
        if len(found) > 1 and abs(below[nearest] - half) > 0.1:
            break
        found.append(int(sizes[nearest]))
        half = below[nearest] - 1
        below = below[:nearest]
    return found[::-1]


def read(database: Path) -> Curves:
    """Read `database-accuracy.csv` of the package lcdb."""
    table = pd.read_csv(database, usecols=[*COLUMNS, SCORE], engine="pyarrow")
    table = table[table["size_train"] >= SMALLEST_SIZE]
    full = table.groupby(["openmlid", "learner"], sort=False)["size_train"].transform("max")
    return from_table(table[full >= SMALLEST_FULL])


def from_table(table: pd.DataFrame) -> Curves:
    """Make curves of a table with `COLUMNS` and the score, where there are enough seeds."""
    table = table.assign(seed=table["outer_seed"] * 1000 + table["inner_seed"])
    keys, scores, sizes, seconds = [], [], [], []
    for key, rows in table.groupby(["openmlid", "learner"], sort=True):
        steps = ladder(np.sort(rows["size_train"].unique()))
        rows = rows[rows["size_train"].isin(steps)].drop_duplicates(["size_train", "seed"])
        by_seed = rows.pivot(index="size_train", columns="seed", values=SCORE).dropna(axis=1)
        if by_seed.shape[1] < FEWEST_SEEDS or len(by_seed) < len(steps):
            continue
        keys.append(key)
        sizes.append(np.array(steps, float))
        scores.append(by_seed.to_numpy())
        seconds.append(rows.groupby("size_train")["traintime"].mean().to_numpy())
    longest = max(map(len, sizes))
    scores = [_aligned(of_seeds, longest) for of_seeds in scores]
    ids, learners = zip(*keys, strict=True)
    return Curves(
        np.array(ids),
        np.array([name.rpartition(".")[2] for name in learners]),
        np.stack([_aligned(of_sizes, longest) for of_sizes in sizes]),
        np.stack([of_seeds.mean(axis=1) for of_seeds in scores]),
        np.stack([_aligned(of_sizes, longest) for of_sizes in seconds]),
        scores,
    )


def _aligned(values: Floats, length: int) -> Floats:
    """Put NaN in front of the first axis."""
    empty = np.full((length - len(values), *values.shape[1:]), np.nan)
    return np.concatenate([empty, values])
