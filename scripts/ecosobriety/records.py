"""The record of one measured training, and how it is written and read.

A record is one JSON file. It is written atomically (a reader sees the whole file or none) and
checked when it is read: a truncated, foreign or impossible record is refused by name.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from ecosobriety.errors import RecordError
from ecosobriety.files import open_atomically
from ecosobriety.metrics import METRICS, Metric

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

Quality = Literal["measured", "estimated", "mixed"]
Energy = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Component(_Strict):
    """How the energy of one hardware component was obtained.

    `quality` is None where the component was not read; `reason` then says why.
    """

    quality: Literal["measured", "estimated"] | None
    source: str | None
    reason: str | None = None


class EpochRecord(_Strict):
    """One epoch: energy in kWh and duration in s of this epoch alone, and what the model logged.

    The energy is None where it is not known, and `reason` then says why. A metric is None where the
    model logged no finite number.
    """

    epoch: int
    duration_s: float
    energy_kwh: Positive | None
    reason: str | None = None
    metrics: dict[str, float | None]


class RunRecord(_Strict):
    """One measured training: the columns of the table `runs`, and what explains them.

    Energies are IT energies in kWh (PUE is applied in the scenarios). `energy_kwh` covers exactly
    the window from the first batch to the last optimiser step; `eval_energy_kwh` the evaluation on
    the test set. `flop_forward` is the FLOP of one example's forward pass, `flop_train` that of the
    whole training (forward and backward as counted). `other_cpu_share` is the share of the
    machine's CPU time in the window that other processes took: the meter counts it as the
    training's. `identity` is the digest of all that decides the training. None means not measured;
    `missing` says why, by the name of the field.

    A record has the score of its task's metric, `test_accuracy` or `test_rmse`, and not the other's
    key. `test_loss` is what was minimised: the cross-entropy in nats, or the mean squared error
    over the variance of the subset's targets.
    """

    dataset: str
    model: str
    n_train: Annotated[int, Field(gt=0)]
    seed: int
    epochs: Annotated[float, Field(gt=0)]
    steps: Annotated[int, Field(gt=0)]
    batch_size: Annotated[int, Field(gt=0)]
    test_accuracy: Share | None = None
    test_rmse: Energy | None = None
    test_loss: Energy
    train_duration_s: Positive
    energy_kwh: Positive
    energy_cpu_kwh: Energy | None
    energy_gpu_kwh: Energy | None
    energy_ram_kwh: Energy | None
    eval_energy_kwh: Energy | None
    lost_energy_kwh: Energy
    energy_quality: Quality
    energy_source: str
    flop_forward: int | None
    flop_train: int | None
    device: str
    accelerator: str
    threads: Annotated[int, Field(gt=0)]
    peak_memory_mb: Positive
    short_window: bool
    attempt: str

    identity: str
    started_at: str
    ended_at: str
    other_cpu_share: Share | None
    missing: dict[str, str] = {}
    components: dict[Literal["cpu", "gpu", "ram"], Component]
    epoch_log: list[EpochRecord]
    training: dict[str, Any]
    metering: dict[str, Any]
    hardware: dict[str, Any]
    job: dict[str, str | None]
    versions: dict[str, str]
    dataset_sha256: str
    code_fingerprint: str

    @property
    def metric(self) -> Metric:
        """What the test score is."""
        (metric,) = (m for m in METRICS.values() if getattr(self, m.test_column) is not None)
        return metric

    @model_validator(mode="after")
    def _has_one_score(self) -> Self:
        names = [metric.test_column for metric in METRICS.values()]
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise ValueError(f"a record has one of {' and '.join(names)}")
        return self

    @model_serializer(mode="wrap")
    def _without_other_scores(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = serialize(self)
        others = {m.test_column for m in METRICS.values()} - {self.metric.test_column}
        return {name: value for name, value in content.items() if name not in others}


RunKey = tuple[str, str, int, int]
"""Data set, model, number of training examples, seed."""

RUN_KEY = ("dataset", "model", "n_train", "seed")


def run_columns(metric: Metric) -> list[str]:
    """The columns of the table `runs`, in the contract's order."""
    fields = list(RunRecord.model_fields)
    others = {other.test_column for other in METRICS.values()} - {metric.test_column}
    return [name for name in fields[: fields.index("identity")] if name not in others]


def collect(paths: Mapping[Path, RunKey], dataset_sha256: str) -> "pd.DataFrame":
    """Read records into one table with the columns of `runs`, one row per record, sorted by key.

    A record that is truncated, or that is of another training or other data than its place says, is
    never averaged in: its file is set aside as `*.refused`, so that the same study run again trains
    it anew.

    Args:
        paths: Each record's file, and the data set, model, size and seed that it must be of.
        dataset_sha256: Digest of the prepared data set.

    Raises:
        RecordError: records were refused; names the first file, and the log names each.
    """
    # Imported where it is needed: a training writes a record, and waits for no pandas.
    import pandas as pd

    records, refused = [], []
    for path, key in paths.items():
        try:
            records.append(_read_own(path, key, dataset_sha256))
        except RecordError as error:
            path.rename(path.with_suffix(f"{path.suffix}.refused"))
            logger.error("%s; set aside as %s.refused", error, path.name)
            refused.append(str(error))
    if refused:
        more = f", as are {len(refused) - 1} more that the log names" if len(refused) > 1 else ""
        raise RecordError(
            f"{refused[0]}; set aside as *.refused{more}: run the study again to train them anew"
        )
    # One data set has one task, and so one metric.
    columns = run_columns(records[0].metric)
    rows = [record.model_dump(include=set(columns)) for record in records]
    return pd.DataFrame(rows, columns=columns).sort_values(list(RUN_KEY), ignore_index=True)


def _read_own(path: Path, key: RunKey, dataset_sha256: str) -> RunRecord:
    record = read_record(path)
    found = (record.dataset, record.model, record.n_train, record.seed)
    if found != key:
        raise RecordError(f"{path} is the record of {found}, not of {key}")
    if record.dataset_sha256 != dataset_sha256:
        raise RecordError(f"{path} was trained on other data ({record.dataset_sha256})")
    return record


def stands(path: Path, identity: str) -> bool:
    """Whether a valid record of the training of this identity lies at `path` already."""
    try:
        done = path.exists() and read_record(path).identity == identity
    except RecordError as error:
        logger.warning("%s: it is trained again", error)
        return False
    if done:
        logger.info("%s: this very training is done already", path)
    return done


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file atomically: complete under its name, or not there at all.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot hold.
    """
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    with open_atomically(path) as file:
        file.write(text.encode())


def write_record(path: Path, record: RunRecord) -> None:
    """Write a run record atomically."""
    write_json(path, record.model_dump(mode="json"))


def read_record(path: Path) -> RunRecord:
    """Read and check a run record.

    Raises:
        RecordError: the file is truncated, foreign or holds an impossible value; the message names
            the file and the first field at fault.
    """
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise RecordError(f"{path} is not a valid run record ({field}: {first['msg']})") from error
