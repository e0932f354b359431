"""Which records count: those of the very trainings that a study asks for.

What lies in the place of a record and is none, was changed, or is of another training (other data,
settings, network or code) is never averaged in. It is set aside by name and trained again.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecosobriety.errors import RecordError, one_line, quote
from ecosobriety.metrics import ACCURACY, METRICS, Metric
from ecosobriety.records.adjusted import adjust
from ecosobriety.records.decided_epochs import DecidedEpochs, shortened
from ecosobriety.records.left_out import left_out
from ecosobriety.records.record import RUN_KEY, RunKey, RunRecord, read_record, run_columns

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

MAX_NAMED = 3
"""More models than these are not named one by one."""


def identity_of(
    dataset_sha256: str,
    model: str,
    network: Mapping[str, Any],
    n_train: int,
    seed: int,
    parameters: Mapping[str, Any],
    code_fingerprint: str,
) -> str:
    """Digest of all that decides a training and its measurement, whatever machine does it.

    Args:
        dataset_sha256: Digest of the data set's content.
        model: Name of the model.
        network: `config.model_parameters`: class path, arguments and source of the network, and
            its own settings; or the command; or the files of imported runs.
        n_train: Number of training examples.
        seed: As for `training.train`.
        parameters: `config.training_parameters`: training and metering by dotted key.
        code_fingerprint: Fingerprint of the code that decides the result.
    """
    if "command" in network:
        # The settings of our own loop do not reach it.
        parameters = {k: v for k, v in parameters.items() if k.startswith("metering.")}
    if "runs" in network:
        parameters = {}
    parts = [dataset_sha256, model, network, n_train, seed, parameters, code_fingerprint]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Asked:
    """The trainings that a study asks for.

    Attributes:
        dataset_sha256: Digest of the data set's content.
        networks: What decides each model, as `config.model_parameters` gives it, by its name.
        parameters: What decides every training, as `config.training_parameters` gives it.
        code_fingerprint: Fingerprint of the code that decides a training's result.
        command_fingerprint: The same of a training that is the user's command.
        import_fingerprint: The same of a run that exists already.
        decided_epochs: Which decisions say for how many epochs a size is trained, as
            `DecidedEpochs.read` takes it; empty: each is trained for all.
    """

    dataset_sha256: str
    networks: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Any]
    code_fingerprint: str
    command_fingerprint: str = ""
    import_fingerprint: str = ""
    decided_epochs: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, identity: str | Path, settings: str) -> "Asked":
        """As a step has it.

        Args:
            identity: the file that holds the data set's digest.
            settings: all other attributes, as JSON.
        """
        digest = Path(identity).read_text(encoding="utf-8").strip()
        return cls(digest, **json.loads(settings))

    @cached_property
    def decided(self) -> DecidedEpochs:
        """Which decisions say for how many epochs a size is trained."""
        return DecidedEpochs.read(self.decided_epochs)

    def identity(self, key: RunKey) -> str:
        """The identity of the training of a model on a size with a seed."""
        return self._identity(key, self.decided.of(key[1], key[2]))

    def identities(self, key: RunKey) -> tuple[str, ...]:
        """All that it may have: more than one only where its epochs are still to be decided."""
        return tuple(self._identity(key, epochs) for epochs in self.decided.possible(*key[1:3]))

    def identities_ever(self, key: RunKey) -> tuple[str, ...]:
        """All that it may have had under another margin: with other epochs."""
        return tuple(self._identity(key, epochs) for epochs in self.decided.ever(*key[1:3]))

    def _identity(self, key: RunKey, epochs: int | None) -> str:
        _, model, n_train, seed = key
        network = shortened(self.networks[model], epochs)
        return identity_of(
            self.dataset_sha256,
            model,
            network,
            n_train,
            seed,
            self.parameters,
            self._fingerprint(network),
        )

    def _fingerprint(self, network: Mapping[str, Any]) -> str:
        if "command" in network:
            return self.command_fingerprint
        return self.import_fingerprint if "runs" in network else self.code_fingerprint


def read_own(path: Path, key: RunKey, *identities: str) -> RunRecord:
    """Read a record that must be of one very training.

    Args:
        path: The record's file.
        key: Data set, model, size and seed that it must be of.
        identities: One that it must have.

    Raises:
        RecordError: it is not valid, or of another training; names the file and what differs.
    """
    record = read_record(path)
    found = (record.dataset, record.model, record.n_train, record.seed)
    if found != key:
        raise RecordError(f"{path} is the record of {_name(found)}, not of {_name(key)}")
    if record.identity not in identities:
        raise RecordError(
            f"{path} is of another training (identity {quote(record.identity)}) than the study "
            f"asks for ({identities[0]}): its data, settings, network or code differ"
        )
    return record


def _name(key: RunKey) -> str:
    dataset, model, n_train, seed = key
    return f"{one_line(dataset)}/{one_line(model)}/n{n_train}/seed{seed}"


def find_refused(paths: Mapping[Path, RunKey], asked: Asked) -> dict[Path, str]:
    """Records that lie in the place of trainings that the study asks for, and are not theirs.

    Args:
        paths: Where a record may lie, and the data set, model, size and seed that it must be of.
        asked: The study's trainings.

    Returns:
        The file of each such record, and one sentence on why it does not count.
    """
    refused = {}
    for path, key in paths.items():
        try:
            if path.exists() and left_out(path) is None:
                read_own(path, key, *asked.identities(key))
        except RecordError as error:
            refused[path] = str(error)
    return refused


def set_aside(path: Path) -> None:
    """Keep a file that does not count under another name, `*.refused`."""
    path.replace(path.with_suffix(f"{path.suffix}.refused"))


def read_all(
    paths: Mapping[Path, RunKey], asked: Asked, metric: Metric = ACCURACY
) -> list[RunRecord]:
    """Read the records of a study, in the order given.

    A record that is truncated, changed, or of another training than the study asks for is never
    averaged in: its file is set aside as `*.refused`, so that the same study run again trains it
    anew.

    Args:
        paths: Each record's file, and the data set, model, size and seed that it must be of. Those
            that a budget has left out are not in the table.
        asked: The study's trainings.
        metric: What the study judges by.

    Raises:
        RecordError: records were refused, or have no such score; names the first file, and the log
            names each that was refused. Or a budget has left out every one of them; a model that
            has none while others have some is missing from what is returned.
    """
    records, refused = [], []
    begun = {path: key for path, key in paths.items() if left_out(path) is None}
    if paths and not begun:
        models = sorted({key[1] for key in paths.values()})
        more = f" and {len(models) - MAX_NAMED} more" if len(models) > MAX_NAMED else ""
        raise RecordError(
            f"budget.energy_kwh is too small for any training of "
            f"{', '.join(models[:MAX_NAMED])}{more}: with a larger budget, the same command "
            "begins them"
        )
    for path, key in begun.items():
        try:
            records.append(read_own(path, key, asked.identity(key)))
        except RecordError as error:
            set_aside(path)
            logger.error("%s; set aside as %s.refused", error, path.name)
            refused.append(str(error))
    if refused:
        more = f", as are {len(refused) - 1} more that the log names" if len(refused) > 1 else ""
        raise RecordError(
            f"{refused[0]}; set aside as *.refused{more}: run the study again to repeat them"
        )
    for path, record in zip(begun, records, strict=True):
        if record.scores.get(metric.name) is None:
            why = record.missing.get(metric.test_column, "it was not computed")
            raise RecordError(f"{path} has no {metric.test_column}: {why}")
    return records


def runs_of(
    records: Sequence[RunRecord],
    metric: Metric = ACCURACY,
    metering: Mapping[str, Any] | None = None,
) -> "pd.DataFrame":
    """Put records into one table with the columns of `runs`, one row per record, sorted by key.

    The scores that the study does not judge by come last, as `test_` and their metric's name.

    Args:
        records: as of `read_all`.
        metric: What the study judges by.
        metering: What follows from the measured energies, as `adjusted.adjust` takes it.

    Raises:
        RecordError: they cannot be calibrated.
    """
    # Imported where it is needed: a training writes a record, and waits for no pandas.
    import pandas as pd

    columns = [*run_columns(metric), *_further_scores(records, metric)]
    rows = [_row(record) for record in records]
    table = adjust(pd.DataFrame(rows, columns=columns), records, metering or {})
    return table.sort_values(list(RUN_KEY), ignore_index=True)


def collect(
    paths: Mapping[Path, RunKey],
    asked: Asked,
    metric: Metric = ACCURACY,
    metering: Mapping[str, Any] | None = None,
) -> "pd.DataFrame":
    """The table `runs` of a study's records; see `read_all` and `runs_of`.

    Raises:
        RecordError: as both say.
    """
    return runs_of(read_all(paths, asked, metric), metric, metering)


def _row(record: RunRecord) -> dict[str, Any]:
    """The values of a record, and its scores as columns of their own; its epochs stay whole."""
    return {**vars(record), **{f"test_{name}": score for name, score in record.scores.items()}}


def _further_scores(records: Iterable[RunRecord], metric: Metric) -> list[str]:
    """The columns of all other scores: those that we compute in their order, then the user's."""
    names = {name for record in records for name in record.scores} - {metric.name}
    ours = [name for name in METRICS if name in names]
    return [f"test_{name}" for name in (*ours, *sorted(names - {*ours}))]


def stands(path: Path, key: RunKey, identity: str) -> bool:
    """Whether the record of this very training lies at `path` already.

    It then gets the time of now, as Snakemake has asked for it anew. One that does not count is set
    aside, as it is to be trained again.
    """
    if not path.exists() or left_out(path) is not None:
        return False
    try:
        read_own(path, key, identity)
    except RecordError as error:
        set_aside(path)
        logger.warning("%s; set aside as *.refused, it is trained again", error)
        return False
    path.touch()
    logger.info("%s: this very training is done already", path)
    return True
