"""What the gradients of a network's outputs say of the labels; see `doubts`."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ecosobriety.reasons import reason
from ecosobriety.training.squashed import takes_logits
from ecosobriety.user_code.words import cut_list

MANY = 8
"""Batches, after which a network may have learnt all that a loss asks for."""
SAME = 1e-5
"""Share of a gradient that rounding changes at most."""
SURE = 0.9
"""Share of the examples whose own label is wanted, from which on others would be worse."""
MOST_TAKEN, LEAST_AGREEMENT, FEWEST_WANTED = 0.95, 0.1, 12
"""Share of the examples that a loss is made of; that of those whose own label it wants, beyond
chance; and examples that say so."""


class Learnt:
    """Which examples the losses of a few batches are made of, and which labels they want.

    A loss of classes has each example's output grow where its label is, and mostly there alone.
    """

    def __init__(self) -> None:
        self._labels: Tensor | None = None
        self._taken = 0
        self.rows: list[tuple[int, int]] = []
        """Of each batch: examples that its losses were made of, and all of them."""
        self.wanted: list[Tensor] = []
        """(n, 2) of each pass: whether the label's output is to grow, and the label."""
        self.maximised = False
        """Whether the optimiser makes the loss larger."""
        self.squashed: list[bool] = []
        """Of each pass: whether shares were taken for logits."""
        self.averaged: list[bool] = []
        """Of each pass of a regression: whether all gradients were one, whatever the errors."""
        self.classes: set[int] = set()
        """That the batches hold; none: not known."""
        self.mixed = False
        """Whether a batch holds different labels."""
        self.of_class = torch.zeros(2, 0)
        """(2, classes): examples that had a part in a loss, and all of them."""
        self.nearer: list[float] = []
        """Of each pass of a regression: share of outputs that are to come nearer to the targets."""

    def begin(self, labels: Tensor | None) -> None:
        """Begin another batch with labels (n,), or end."""
        if self._labels is not None:
            self.rows.append((min(self._taken, len(self._labels)), len(self._labels)))
        self._labels = labels if labels is None or labels.ndim == 1 else None
        self._taken = 0
        if self._labels is not None:
            self.mixed |= bool((self._labels != self._labels[:1]).any())
        if self._labels is not None and not self._labels.is_floating_point():
            self.classes |= {int(label) for label in self._labels.unique()}

    def see(self, gradient: Tensor, output: Tensor) -> None:
        """Look at the gradient (m, classes) of some outputs (m, classes)."""
        labels = self._labels
        if labels is None or len(gradient) > len(labels):
            return
        if gradient.shape[1] < 2:
            self._see_numbers(gradient.flatten(), output.flatten(), labels)
            return
        used = gradient.ne(0).any(dim=1)
        self._taken += int(used.sum())
        if len(gradient) == len(labels) and not labels.is_floating_point():
            gradient = -gradient if self.maximised else gradient
            own = labels.to(gradient.device).clamp(0, gradient.shape[1] - 1)
            grows = gradient.gather(1, own[:, None])[:, 0] < 0
            number = gradient.shape[1]
            counts = [part.cpu().bincount(minlength=number) for part in (own[used], own)]
            known = self.of_class.new_zeros(2, number)
            known[:, : self.of_class.shape[1]] = self.of_class[:, :number]
            self.of_class = known + torch.stack(counts)
            self.wanted.append(torch.stack([grows.long(), own], dim=1)[used].cpu())
            self.squashed.append(takes_logits(output, gradient, own))

    def _see_numbers(self, gradient: Tensor, output: Tensor, targets: Tensor) -> None:
        """Look at the gradient (n,) of the outputs (n,) of a regression."""
        if len(gradient) == len(targets) >= FEWEST_WANTED and targets.is_floating_point():
            errors = output - targets.to(output.device)
            gradient = -gradient if self.maximised else gradient
            self.nearer.append(float((errors * gradient > 0).float().mean()))
            # Of errors of one sign, absolute ones have one gradient too.
            if errors.min() < 0 < errors.max() and gradient.any():
                apart = (gradient - gradient[0]).abs().max()
                self.averaged.append(bool(apart <= SAME * gradient.abs().max()))

    def _has_learnt(self) -> bool:
        """Whether the first batch was whole and no later one is, as beyond a margin's loss."""
        whole = [taken >= MOST_TAKEN * number for taken, number in self.rows]
        return len(whole) >= MANY and whole[0] and not any(whole[len(whole) // 2 :])

    @property
    def asked(self) -> bool:
        """Whether the loss surely wants the labels or targets of the examples."""
        pairs = torch.cat(self.wanted)[:, 0].float() if self.wanted else torch.tensor(self.nearer)
        return len(pairs) > 0 and float(pairs.mean()) >= SURE

    def _classes_left_out(self) -> list[int]:
        """Classes of which no example has a part in a loss, where those of all others have one."""
        (taken, number) = self.of_class
        never = (taken == 0) & (number > 0)
        rest, whole = int(taken.sum()), int(number[~never].sum())
        return never.nonzero()[:, 0].tolist() if rest and rest >= MOST_TAKEN * whole else []

    def doubts(self) -> Iterator[str]:
        """Say what is odd about them."""
        if self.averaged and all(self.averaged):
            yield reason("errors_averaged")
        if self.squashed and all(self.squashed):
            yield reason("probabilities_as_logits")
        taken, number = (
            (sum(column) for column in zip(*self.rows, strict=True)) if self.rows else (0, 0)
        )
        if left_out := self._classes_left_out():
            yield reason("class_unused", labels=cut_list(", ".join(map(str, left_out))))
        elif 0 < taken < MOST_TAKEN * number and not self._has_learnt():
            yield reason("examples_unused", share=f"{taken / number:.1%}")
        pairs = torch.cat(self.wanted) if self.wanted else torch.zeros(0, 2)
        if len(pairs) < FEWEST_WANTED:
            return
        agree = float(pairs[:, 0].float().mean())
        shares = pairs[:, 1].unique(return_counts=True)[1] / len(pairs)
        chance = float((shares**2).sum())
        # Of two classes, half of all agree in whatever order.
        least = chance + LEAST_AGREEMENT * (1 - chance) if len(shares) > 2 else chance / 2
        if agree <= least:
            yield reason("labels_not_learnt", share=f"{agree:.1%}")
