"""Outputs of one number for each example, against targets of another shape."""

from typing import Any, cast

import pytest
import torch
from torch import nn

from ecosobriety.errors import ConfigError
from ecosobriety.training.soundness import Pairs


def look_at_pairs(loss: str, outputs: int = 1) -> None:
    """Have the loss of a network that gives (n,) looked at; a batch is as large as it is wide."""
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 1), nn.Flatten(0))
    pairs, nothing = Pairs("my.Net", network, outputs), cast(Any, None)
    pairs.on_train_start(nothing, nothing)
    x, y = torch.randn(6, 6), torch.randn(6)
    names = {"F": torch.nn.functional, "nn": nn, "torch": torch, "network": network}
    pairs.on_before_backward(
        nothing, nothing, eval(loss, {"z": network(x), "x": x, "y": y, "w": torch.eye(6), **names})
    )
    pairs.on_train_end(nothing, nothing)
    assert not network._forward_hooks


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "loss",
    [
        "F.mse_loss(z, y.unsqueeze(1))",
        "((z - y[:, None]) ** 2).mean()",
        "(y.view(-1, 1) - 2 * z).abs().mean(1).sum()",
        "F.l1_loss(z, y.view(-1, 1))",
        "nn.HuberLoss()(z, y.reshape(-1, 1))",
        "F.mse_loss(network[:2](x).squeeze(1), y) + F.smooth_l1_loss(z.exp(), y[:, None])",
    ],
)
def test_flat_outputs_against_a_column_of_targets_are_refused(loss: str) -> None:
    with pytest.raises(ConfigError, match=r"outputs \(n,\) and targets \(n, 1\)") as caught:
        look_at_pairs(loss)
    assert len(str(caught.value)) <= 300


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "loss",
    [
        "F.mse_loss(z, y)",
        "F.mse_loss(z[:, None], y[:, None])",
        "((z - y) ** 2).mean()",
        "((z[:, None] - z) - (y[:, None] - y)).square().mean()",
        "(z - y) @ w @ (z - y)",
        "(w * (z - y).square()).mean()",
        "(w * z).sum(1).sub(y).square().mean()",
        "F.margin_ranking_loss(z[:-1], z[1:], (y[:-1] - y[1:]).sign())",
        "F.relu(1 - (z[:, None] - z[None]) * (y[:, None] - y).sign()).mean()",
        "F.gaussian_nll_loss(z, y, torch.ones_like(y))",
        "torch.logaddexp(z - y, y - z).mean()",
        "((z - z.mean()) * (y - y.mean())).mean() + (z - y).square().mean()",
        "F.mse_loss(network(x), y) + (x - network[0].bias).square().mean()",
        "F.mse_loss(network[:2](x)[:, 0], y) + (x - network[0].bias.exp()).square().mean()",
        "(x - z[:1]).square().mean()",
        "F.mse_loss(z, y) - 0.1",
        "(F.mse_loss(z, y) - torch.tensor(0.02)).abs() + 0.02",
        "F.binary_cross_entropy_with_logits(z, y.sigmoid()).sub(torch.tensor(0.05))",
        "F.mse_loss(z.mean(), y.mean())",
    ],
)
def test_flat_outputs_against_flat_targets_are_taken(loss: str) -> None:
    look_at_pairs(loss)
    look_at_pairs(loss, outputs=2)
