"""The record of one measured training, and how it is written and read.

A record is one JSON file. It is written atomically (a reader sees the whole file or none) and
checked when it is read: a truncated, foreign or impossible record is refused by name.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from ecosobriety.errors import RecordError, quote
from ecosobriety.files import write_json
from ecosobriety.metrics import METRICS, Metric

Quality = Literal["measured", "estimated", "mixed", "imported"]
Energy = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Component(_Strict):
    """How the energy of one hardware component was obtained.

    `quality` is None where the component was not read; `reason` then says why.
    """

    quality: Literal["measured", "estimated", "imported"] | None
    source: str | None
    reason: str | None = None


class EpochTest(_Strict):
    """The weights after an epoch, on the test part: scores by the metric's name, and the loss.

    `energy_kwh` is that of this evaluation. None is not known; `missing` says why, by the name of
    the field, as in a `RunRecord`.
    """

    scores: dict[str, float | None]
    loss: float | None
    energy_kwh: Positive | None
    missing: dict[str, str] = {}

    @model_validator(mode="after")
    def _has_possible_scores(self) -> Self:
        _require_possible(self.scores)
        return self


class EpochRecord(_Strict):
    """One epoch: energy in kWh and duration in s of this epoch alone, and what the model logged.

    Of a command and of an imported run, epochs that it does not name belong to the next one. The
    duration is None where it is not known.

    The energy is None where it is not known, and `reason` then says why. A metric is None where the
    model logged no finite number. `tested` holds what a training that ended here would have
    reached; None: the weights of this epoch were not tested.
    """

    epoch: int
    duration_s: float | None
    energy_kwh: Positive | None
    reason: str | None = None
    metrics: dict[str, float | None]
    tested: EpochTest | None = None


class RunRecord(_Strict):
    """One measured training: the columns of the table `runs`, and what explains them.

    Energies are IT energies in kWh (PUE is applied in the scenarios). `energy_kwh` covers exactly
    the window from the first batch to the last optimiser step; `eval_energy_kwh` the evaluation on
    the test set. `steps` are the batches trained on, as many optimiser steps in the study's own
    loop. `flop_forward` is the FLOP of one example's forward pass, `flop_train` that of the whole
    training (forward and backward as counted). `other_cpu_share` is the share of the machine's CPU
    time in the window that other processes took: the meter counts it as the training's. `identity`
    is the digest of all that decides the training. None means not measured; `missing` says why, by
    the name of the field.

    `window` says what the energy covers: `fit` the training alone, of a user's command `process`
    its whole life, or `exact` the window that it opened itself; `imported` what a table of runs
    that exist already says: of such a run only the key, a score and the energy are always known.

    `scores` are those on the test part by the metric's name; in a file each is a key of its own,
    such as `test_accuracy`. Of our own loop they are all that `scoring` computes for the task.
    `test_loss` is what was minimised: the cross-entropy in nats, or the mean squared error over the
    variance of the subset's targets. A command or a table may have another one, such as a negative
    log-likelihood, which can be below 0.

    `missing["epoch_log"]` says why no epoch but the last was tested, where a study asks for it.

    `dataset_sha256` is the digest of the content of data that the study has prepared. Of declared
    data, which nobody has read, it is one of the declaration, and no digest of any data.
    """

    dataset: str
    model: str
    n_train: Annotated[int, Field(gt=0)]
    seed: int
    epochs: Annotated[float, Field(gt=0)] | None
    steps: Annotated[int, Field(gt=0)] | None
    batch_size: Annotated[int, Field(gt=0)] | None
    scores: dict[str, float | None]
    test_loss: float | None
    train_duration_s: Positive | None
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
    device: str | None
    accelerator: str | None
    threads: Annotated[int, Field(gt=0)] | None
    peak_memory_mb: Positive | None
    short_window: bool | None
    attempt: str | None

    identity: str
    window: Literal["fit", "process", "exact", "imported"] = "fit"
    started_at: str | None
    ended_at: str | None
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

    @model_validator(mode="before")
    @classmethod
    def _gather_scores(cls, content: Any) -> Any:
        if not isinstance(content, Mapping) or "scores" in content:
            return content
        found = {name: value for name, value in content.items() if _is_score(name)}
        others = {name: value for name, value in content.items() if name not in found}
        scores = {name.removeprefix(_SCORE): value for name, value in found.items()}
        return {**others, "scores": scores}

    @model_validator(mode="after")
    def _has_possible_scores(self) -> Self:
        if all(score is None for score in self.scores.values()):
            raise ValueError("a record has a score, such as test_accuracy")
        _require_possible(self.scores)
        return self

    @model_serializer(mode="wrap")
    def _spread_scores(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for name, value in serialize(self).items():
            scores = value if name == "scores" else {}
            content |= {f"{_SCORE}{of}": score for of, score in scores.items()} or {name: value}
        return content


_SCORE = "test_"


def _require_possible(scores: Mapping[str, float | None]) -> None:
    for name, score in scores.items():
        known = METRICS.get(name)
        if known is None or score is None:
            continue
        if known.lowest is not None and score < known.lowest:
            raise ValueError(f"test_{name} is {score:g}, but is at least {known.lowest:g}")
        if known.highest is not None and score > known.highest:
            raise ValueError(f"test_{name} is {score:g}, but is at most {known.highest:g}")


def _is_score(name: Any) -> bool:
    return isinstance(name, str) and name.startswith(_SCORE) and name != "test_loss"


RunKey = tuple[str, str, int, int]
"""Data set, model, number of training examples, seed."""

RUN_KEY = ("dataset", "model", "n_train", "seed")


def run_columns(metric: Metric) -> list[str]:
    """The columns of the table `runs`, in the contract's order, without the other metrics'."""
    fields = list(RunRecord.model_fields)
    ours = fields[: fields.index("identity")]
    return [metric.test_column if name == "scores" else name for name in ours]


def write_record(path: Path, record: RunRecord) -> None:
    """Write a run record atomically, with the digest of its content."""
    content = record.model_dump(mode="json")
    write_json(path, {**content, DIGEST: content_digest(content)})


def read_record(path: Path) -> RunRecord:
    """Read and check a run record.

    Raises:
        RecordError: the file is truncated, foreign, changed since it was written, or holds an
            impossible value; the message names the file and the first fault.
    """
    try:
        return parse_record(path.read_bytes())
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    except RecordError as error:
        raise RecordError(f"{path} is not a valid run record ({error})") from error


def parse_record(text: bytes) -> RunRecord:
    """Check the text of a run record, as `write_record` writes it.

    Raises:
        RecordError: it is none, or was changed; says what is wrong, without a file.
    """
    try:
        content = json.loads(text)
    # Nested deeper than Python can follow; a number of thousands of digits is a ValueError.
    except (ValueError, RecursionError) as error:
        raise RecordError("the whole file: not JSON, or truncated JSON") from error
    digest = content.pop(DIGEST, None) if isinstance(content, dict) else None
    try:
        record = RunRecord.model_validate(content, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise RecordError(f"{field}: {first['msg']}") from error
    if problem := contradiction(record):
        raise RecordError(problem)
    if digest != content_digest(content):
        raise RecordError(f"its content is not that of its {DIGEST}: it was changed by hand")
    return record


DIGEST = "record_sha256"
"""The key under which a record's file holds the digest of everything else in it."""


def content_digest(content: Mapping[str, Any]) -> str:
    """Digest of a record's content, however its file is laid out."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


_ROUNDING = 1e-6
"""Relative difference between a sum and its parts that rounding explains."""
_IMPORTED = 0.02
"""As `_ROUNDING`, for the tables of others."""
_ALWAYS_KNOWN = (
    *("train_duration_s", "device", "accelerator", "threads", "peak_memory_mb", "short_window"),
    *("attempt", "started_at", "ended_at"),
)
"""Of every training of the study's own, but where a command trained."""
_PLACES = ("device", "accelerator")
"""Which of these a command need not know, and then says why."""
_READING = 0.05
"""As `_ROUNDING`, for epochs: the meter is read at their ends, which takes a moment."""
_CLOCKS_S = 1.0
"""The clock of the day and the one that durations are taken from may differ by so much."""


def contradiction(record: RunRecord) -> str | None:
    """What in a record contradicts the rest of it, in one sentence; None: nothing does."""
    if record.window != "imported":
        for name in _ALWAYS_KNOWN:
            unknown = record.window != "fit" and name in _PLACES and name in record.missing
            if getattr(record, name) is None and not unknown:
                return f"{name} is null, but only an imported run may lack it"
    if problem := _wrong_sum(record):
        return problem
    epochs_kwh = math.fsum(epoch.energy_kwh or 0.0 for epoch in record.epoch_log)
    if epochs_kwh > record.energy_kwh * (1 + _READING):
        return f"energy_kwh is {record.energy_kwh:g}, but its epochs add to {epochs_kwh:g}"
    epochs_s = math.fsum(epoch.duration_s or 0.0 for epoch in record.epoch_log)
    if record.train_duration_s is None:
        return None
    if epochs_s > record.train_duration_s * (1 + _READING) + _CLOCKS_S:
        return (
            f"train_duration_s is {record.train_duration_s:g}, but its epochs add to {epochs_s:g}"
        )
    return _wrong_window(record, record.train_duration_s)


def _wrong_sum(record: RunRecord) -> str | None:
    parts = (record.energy_cpu_kwh, record.energy_gpu_kwh, record.energy_ram_kwh)
    total_kwh = math.fsum(part for part in parts if part is not None)
    imported = record.window == "imported"
    if imported and None in parts and total_kwh <= record.energy_kwh * (1 + _IMPORTED):
        return None
    tolerance = _IMPORTED if imported else _ROUNDING
    if math.isclose(total_kwh, record.energy_kwh, rel_tol=tolerance):
        return None
    return f"energy_kwh is {record.energy_kwh:g}, but its components add to {total_kwh:g}"


def _wrong_window(record: RunRecord, duration_s: float) -> str | None:
    if record.started_at is None or record.ended_at is None:
        return None
    try:
        started, ended = map(datetime.fromisoformat, (record.started_at, record.ended_at))
        window_s = (ended - started).total_seconds()
    except (ValueError, TypeError):
        return f"no times: started_at {quote(record.started_at)}, ended_at {quote(record.ended_at)}"
    # Of a training that was taken up again, the window is longer than what it worked.
    if window_s < duration_s * (1 - _READING) - _CLOCKS_S:
        return (
            f"train_duration_s is {duration_s:g}, but from started_at to ended_at it "
            f"is {window_s:g} s: was the clock set back?"
        )
    return None
