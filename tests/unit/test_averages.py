"""Running averages that a training is too short for are named."""

from typing import Any

import pytest
import torch
from test_doubts import noticed  # noqa: F401
from torch import nn

from ecosobriety.training.averages import Averages

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
EPOCHS = 22
"""Of three batches: 66 steps."""


def test_a_batch_norm_that_cannot_follow_is_named(noticed: Any) -> None:  # noqa: F811
    def told(momentum: float | None, epochs: int = EPOCHS, **options: bool) -> dict[str, Any]:
        found: dict[str, Any] = noticed("Normed", epochs, momentum=momentum, **options)
        return found

    lags = {"share": "52%", "momentum": "0.01", "batches": "66"}
    assert told(0.01) == {"norm_lags": lags}
    assert told(0.0)["norm_lags"]["share"] == "100%"
    # Of PyTorch's own momentum, it is the batches that are few.
    assert told(0.1, epochs=2) == {"norm_begins": {"share": "53%", "batches": "6"}}
    assert told(0.99) == {"norm_of_last_batch": {"momentum": "0.99"}}
    # Of a plain mean nothing is left, and what was learnt before is to stay.
    assert not told(0.1, epochs=3)
    assert not told(None)
    assert not told(0.01, begun=True)


@pytest.mark.parametrize("name", ["Callback", "Model", "Hand", "Shadow"])
def test_averaged_weights_that_cannot_follow_are_named(noticed: Any, name: str) -> None:  # noqa: F811
    assert noticed(f"AveragedBy{name}", EPOCHS, decay=0.999) == {
        "average_lags": {"share": "94%", "decay": "0.999", "batches": "66"}
    }
    assert not noticed(f"AveragedBy{name}", EPOCHS, decay=0.9)


def test_averages_of_epochs_are_fewer(noticed: Any) -> None:  # noqa: F811
    by_epoch = noticed("AveragedByHand", EPOCHS, decay=0.98, when="epoch")
    assert by_epoch["average_lags"]["share"] == f"{0.98**EPOCHS:.0%}"
    assert not noticed("AveragedByHand", EPOCHS, decay=0.9, when="epoch")


def test_averages_that_a_test_does_not_take_are_not_named(noticed: Any) -> None:  # noqa: F811
    assert not noticed("AveragedByModel", EPOCHS, decay=0.999, tested=False)
    assert not noticed("AveragedSlowly", EPOCHS, decay=0.999)


def test_an_average_is_as_it_was_where_no_test_can_take_another() -> None:
    layer = nn.Linear(2, 2)
    averages = Averages(nn.Sequential(layer))
    averages._average, before = layer.weight, layer.weight.detach().clone()

    def answer() -> torch.Tensor:
        if not torch.equal(layer.weight, before):
            raise ValueError("no such weights")
        return before

    with pytest.raises(ValueError, match="no such weights"):
        averages._is_tested(answer)
    assert torch.equal(layer.weight, before)
