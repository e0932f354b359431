"""Outputs that a softmax or a sigmoid has bounded, under a loss that has one of its own.

PyTorch's own losses are known by their names (`losses`). One that a user writes, of exponentials
and logarithms, is known by its gradients: those of a cross-entropy of logits are the difference of
their softmax (or sigmoid) and the labels.
"""

from collections.abc import Callable

import torch
from torch import Tensor

FITS, BETTER = 1e-3, 0.05
"""Share of the gradients that may be left of what a loss of logits has; and of what is left of one
that takes shares, as a squared error does."""
MOST_VALUES = 2**18
"""Of a batch, so many outputs say it."""


def takes_logits(outputs: Tensor, gradient: Tensor, labels: Tensor) -> bool:
    """Whether outputs are shares, and the loss takes them for logits.

    Args:
        outputs: (n, classes) of a network.
        gradient: (n, classes) of the loss by them.
        labels: (n,) classes.
    """
    rows = max(1, MOST_VALUES // outputs.shape[1])
    known, gradient = (part[:rows].cpu().double() for part in (outputs, gradient))
    # What has diverged is neither.
    shares = bool(((known >= 0) & (known <= 1)).all()) and known.shape[1] > 1
    if not shares or not bool(gradient.isfinite().all()) or not bool(gradient.any()):
        return False
    wanted = torch.nn.functional.one_hot(labels[:rows].cpu(), known.shape[1]).double()
    size = float(gradient.norm())
    as_shares = _rest(gradient, wanted, known)
    squash: Callable[[Tensor], Tensor]
    for squash in (lambda x: x.softmax(1), torch.sigmoid):
        as_logits = _rest(gradient, wanted, squash(known))
        if as_logits <= FITS * size and as_logits <= BETTER * as_shares:
            return True
    return False


def _rest(gradient: Tensor, wanted: Tensor, given: Tensor) -> float:
    """What is left of gradients without their best multiples of labels, smoothed or not."""
    parts = torch.stack([torch.ones_like(given), wanted, given]).flatten(1).T
    target = gradient.flatten()[:, None]
    return float((target - parts @ torch.linalg.lstsq(parts, target).solution).norm())
