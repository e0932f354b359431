"""The record of a training that has ended: what it reached, what it took, and on what."""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import torch

from ecosobriety.datasets import Dataset
from ecosobriety.hardware import cpu_name, describe_hardware, describe_job, peak_memory_mb
from ecosobriety.metering import EnergyResult, Ledger
from ecosobriety.records.record import RunRecord
from ecosobriety.training.fitting import Passed, TrainingSettings
from ecosobriety.training.flops import IRREGULAR, OUTSIDE, Cost
from ecosobriety.training.learner import Learner

_VERSIONED = ("torch", "pytorch-lightning", "codecarbon", "numpy")


@dataclass(frozen=True)
class Training:
    """One training: all that decides its result, besides the data.

    Attributes:
        model: Name of the model.
        class_path: The network, as for `networks.build_network`.
        init_args: Arguments of the network.
        n_train: Number of training examples.
        seed: Decides the subset, the initial weights and the order of the batches.
        settings: The hyper-parameters.
        threads: CPU threads for PyTorch; never more than the CPUs that the process may use.
        code_fingerprint: Fingerprint of the code that decides the result.
    """

    model: str
    class_path: str
    init_args: Mapping[str, Any]
    n_train: int
    seed: int
    settings: TrainingSettings
    threads: int
    code_fingerprint: str


@dataclass(frozen=True)
class Fitted:
    """What is known of a network after its training and its test.

    Attributes:
        scores: Every metric of the task on the test part.
        no_scores: Why one is missing, by its name.
        loss: The loss there.
        passed: What was counted as the batches passed.
        cost: FLOP by example and batch, or why they cannot be counted.
        data_on: Where the data were while it trained.
        on_gpu: Whether it trained on a GPU.
        not_called: What the network brings and the study does not call.
        irregular: Whether some batches took other work than the first ones.
        noticed: What is odd about the training and may be meant so; see `reasons.trained`.
    """

    scores: Mapping[str, float | None]
    no_scores: Mapping[str, str]
    loss: float
    passed: Passed | Learner
    cost: Cost | str
    irregular: bool
    data_on: str
    on_gpu: bool
    not_called: list[str]
    noticed: list[str]


def make_record(
    dataset: Dataset,
    training: Training,
    fitted: Fitted,
    measured: EnergyResult,
    ledger: Ledger,
    *,
    metering: Mapping[str, Any],
    lost_kwh: float,
) -> RunRecord:
    """Put together the record of a training.

    Args:
        dataset: What it was trained on.
        training: What was trained.
        fitted: What came out.
        measured: The energy of its windows.
        ledger: Where its attempts are kept.
        metering: The meter, in words and numbers.
        lost_kwh: The energy of its failed attempts.
    """
    passed, cost = fitted.passed, fitted.cost
    flop_train = None
    if isinstance(cost, Cost) and not fitted.irregular:
        flop_train = cost.of_training(passed)
    missing = dict(measured.missing)
    missing |= {f"test_{name}": why for name, why in fitted.no_scores.items()}
    if isinstance(cost, str):
        missing["flop_forward"] = cost
    if flop_train is None:
        outside = isinstance(passed, Passed) and passed.steps_outside
        reason = OUTSIDE if outside else IRREGULAR
        missing["flop_train"] = cost if isinstance(cost, str) else reason
    return RunRecord(
        dataset=dataset.name,
        model=training.model,
        n_train=training.n_train,
        seed=training.seed,
        epochs=passed.examples / training.n_train,
        steps=passed.steps,
        batch_size=training.settings.batch_size,
        scores=dict(fitted.scores),
        test_loss=fitted.loss,
        **measured.measured().fields(),
        eval_energy_kwh=measured.evaluation.energy_kwh,
        lost_energy_kwh=lost_kwh,
        flop_forward=cost.forward if isinstance(cost, Cost) else None,
        flop_train=flop_train,
        device=torch.cuda.get_device_name() if fitted.on_gpu else cpu_name(),
        accelerator="cuda" if fitted.on_gpu else "cpu",
        threads=torch.get_num_threads(),
        peak_memory_mb=peak_memory_mb(),
        attempt=ledger.attempt,
        identity=ledger.identity,
        missing=missing,
        epoch_log=list(measured.epochs),
        training={
            **asdict(training.settings),
            "class_path": training.class_path,
            "init_args": dict(training.init_args),
            "data_on": fitted.data_on,
            **({"not_called": fitted.not_called} if fitted.not_called else {}),
            **({"noticed": fitted.noticed} if fitted.noticed else {}),
        },
        metering=dict(metering),
        hardware=describe_hardware(),
        job=describe_job(),
        versions={"python": platform.python_version()}
        | {name: version(name) for name in _VERSIONED},
        dataset_sha256=dataset.sha256,
        code_fingerprint=training.code_fingerprint,
    )
