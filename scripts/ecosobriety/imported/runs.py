"""A model's runs that exist already: where its files are, and what was read of each run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecosobriety.imported.emissions import Metered
from ecosobriety.imported.energies import MAX_W, Energy
from ecosobriety.records.record import EpochRecord

Key = tuple[int, int]
"""Size and seed."""


@dataclass(frozen=True)
class ImportSpec:
    """A model whose runs exist already, as the study's file has it.

    Attributes:
        model: its name.
        dataset: the study's data set.
        runs: the path of the table.
        emissions: the path of CodeCarbon's file; None: the table has the energies.
        columns: names of columns by what they mean; None: there is none.
        max_power_w: no run's mean power may be more.
        country: the study's metering country, ISO 3166 alpha-3; None: not compared.
        margin: the study's margin, where it is absolute; None: not compared.
        test_examples: how many the scores rest on; None: not known.
    """

    model: str
    dataset: str
    runs: str
    emissions: str | None = None
    columns: Mapping[str, str | None] | None = None
    max_power_w: float = MAX_W
    country: str | None = None
    margin: float | None = None
    test_examples: int | None = None

    @classmethod
    def of(
        cls, model: Mapping[str, Any], dataset: str, country: str | None = None, **compared: Any
    ) -> "ImportSpec":
        """From a model of the completed configuration; `compared` are further attributes."""
        given = {key: model[key] for key in ("emissions", "columns", "max_power_w") if key in model}
        return cls(model["name"], dataset, model["runs"], country=country, **given, **compared)


@dataclass(frozen=True)
class ImportedRun:
    """One run of a table.

    Attributes:
        place: its row, from 0.
        scores: by the metric's name; None: the cell is empty.
        energy: what it took.
        lost_kwh: what its runs that did not finish took, as far as the table says.
        further: other columns of the table `runs`.
        metered: CodeCarbon's row, where there is one.
        epochs: what it had reached and taken after each epoch, of a run with several rows.
    """

    place: int
    scores: Mapping[str, float | None]
    energy: Energy
    lost_kwh: float
    further: Mapping[str, Any]
    metered: Metered | None
    epochs: Sequence[EpochRecord] = ()


@dataclass(frozen=True)
class Imports:
    """The runs of a model, by size and seed; and what of its files is not used, in sentences."""

    runs: Mapping[Key, ImportedRun]
    notes: Sequence[str]
