"""The same trainings on a GPU; skipped where there is none."""

import dataclasses

import pytest
import torch

from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.training import batches
from ecosobriety.training.recording import Training
from ecosobriety.training.train import TrainingSettings, train

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="PyTorch sees no GPU on this machine"
)

SETTINGS = TrainingSettings(
    epochs=3, batch_size=32, learning_rate=0.01, accelerator="gpu", precision="32-true"
)


@pytest.fixture
def train_digits(digits, tmp_path):
    def run(settings=SETTINGS):
        return train(
            digits,
            Training(
                model="mlp",
                class_path="mlp",
                init_args={"hidden": [64]},
                n_train=900,
                seed=1,
                settings=settings,
                threads=1,
                code_fingerprint="",
            ),
            meter=FakeMeter(cpu_w=50.0, ram_w=10.0),
            ledger=Ledger(tmp_path / "attempts"),
        )

    return run


def test_a_gpu_learns_as_the_cpu_does_and_the_record_says_where(train_digits):
    gpu = train_digits()
    cpu = train_digits(dataclasses.replace(SETTINGS, accelerator="cpu"))
    assert (gpu.accelerator, gpu.device) == ("cuda", torch.cuda.get_device_name())
    assert gpu.training["data_on"] == "gpu"
    # The same weights, examples and order; another order of additions.
    assert gpu.scores["accuracy"] == pytest.approx(cpu.scores["accuracy"], abs=0.02)
    assert gpu.test_loss == pytest.approx(cpu.test_loss, rel=0.02)
    # The meter gave no energy of the GPU: it is missing, with a reason, and not 0.
    assert gpu.energy_gpu_kwh is None
    assert gpu.components["gpu"].reason


@pytest.mark.parametrize("precision", ["32-true", "16-mixed"])
def test_an_epochs_test_is_that_of_the_shorter_training(train_digits, precision):
    settings = dataclasses.replace(SETTINGS, precision=precision)
    whole = train_digits(dataclasses.replace(settings, score_epochs=True))
    assert whole.test_loss == train_digits(settings).test_loss
    short = train_digits(dataclasses.replace(settings, epochs=2))
    assert whole.epoch_log[1].tested.loss == short.test_loss
    assert whole.epoch_log[1].tested.scores == short.scores


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_the_same_seed_gives_the_same_result_to_the_last_digit(train_digits, precision):
    settings = dataclasses.replace(SETTINGS, precision=precision)
    first, second = train_digits(settings), train_digits(settings)
    assert first.test_loss == second.test_loss
    assert first.scores["accuracy"] > 0.7


def test_streamed_data_give_the_same_result_as_those_on_the_gpu(train_digits, monkeypatch):
    resident = train_digits()
    monkeypatch.setattr(batches, "GPU_SHARE", 0.0)
    streamed = train_digits()
    assert streamed.training["data_on"] == "streamed"
    assert streamed.test_loss == resident.test_loss
