"""A loss that is made of no labels, or of those of some classes alone, is named."""

from typing import Any

import pytest
import torch
from test_doubts import noticed  # noqa: F401

from ecosobriety.errors import ConfigError
from ecosobriety.training.learnt import Learnt

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
ENTROPY = "-(z.softmax(1) * z.log_softmax(1)).sum(1).mean()"
USUAL = "F.cross_entropy(z, y)"
PAIRS = "((y[:, None] == y) * torch.cdist(z, z)).mean()"


@pytest.mark.parametrize(
    ("name", "loss", "told"),
    [
        ("Losing", ENTROPY, True),
        ("Losing", "F.cross_entropy(z, (2 * z).softmax(1).detach())", True),
        ("Losing", "sum(p.square().sum() for p in self.parameters())", True),
        ("Losing", "F.cross_entropy(self.layers(x), y)", False),
        # Of pairs of examples, and of some batches.
        ("Losing", PAIRS, False),
        ("Losing", f"{PAIRS} if self.trainer.fit_loop.batch_idx == 9 else z.abs().mean()", False),
        # It says that it has another one later.
        ("LosingLater", ENTROPY, False),
        ("LosingByHand", ENTROPY, True),
    ],
)
def test_a_loss_that_is_made_of_no_labels_is_named(
    noticed: Any,  # noqa: F811
    name: str,
    loss: str,
    told: bool,
) -> None:
    assert noticed(name, loss=loss).keys() == ({"labels_unused"} if told else set())


def seen(batches: list[list[int]], used: list[list[bool]]) -> list[str]:
    """What is said of outputs (m, 3) of examples with labels, of which some have a gradient."""
    learnt = Learnt()
    for labels, taken in zip(batches, used, strict=True):
        learnt.begin(torch.tensor(labels))
        learnt.see(torch.tensor(taken)[:, None] * -torch.ones(len(labels), 3), torch.randn(1, 3))
    learnt.begin(None)
    return [sentence for sentence in learnt.doubts() if "label 0" in sentence]


def test_a_class_of_which_no_example_has_a_loss_is_named() -> None:
    many, rest = [0, *[1] * 20, *[2] * 20], [True] * 40
    assert len(seen([many], [[False, *rest]])) == 1
    assert len(seen([many, many], [[False, *rest], [False, *rest]])) == 1
    # It has one in another batch, or others have none either.
    assert not seen([many, many], [[False, *rest], [True, *rest]])
    assert not seen([many], [[False, *[False] * 5, *[True] * 35]])
    assert not seen([many], [[True, *rest]])
    assert not seen([[1, 2]], [[True, True]])


def test_weights_that_stay_frozen_are_named(noticed: Any) -> None:  # noqa: F811
    told = noticed("Toggling")
    assert told.keys() == {"weights_untrained"}
    assert told["weights_untrained"]["names"] == "layers.3.weight, layers.3.bias"
    assert not noticed("Toggling", back=True)


def test_a_module_that_waits_for_more_batches_than_an_epoch_has_is_refused(
    noticed: Any,  # noqa: F811
) -> None:
    with pytest.raises(ConfigError, match=r"takes no step in an epoch \(batches: 3\)"):
        noticed("NeverClearing", clear="last", every=4)
    assert not noticed("NeverClearing", clear="last", every=3)
    # It counts them over all epochs.
    assert not noticed("CountingBatches", clear="last", every=4)


def test_labels_that_a_training_step_gets_as_others_are_named(
    noticed: Any,  # noqa: F811
) -> None:
    told = noticed("Losing", loss=USUAL, classes=tuple("123456789"))
    assert told["labels_renumbered"] == {"given": "1, 2, 3, …", "taken": "0, 1, 2, …"}
    assert "labels_renumbered" not in noticed("Losing", loss=USUAL, classes=tuple("012345678"))
    # Those that are other ones, wherever they stand.
    told = noticed("Losing", loss=USUAL, classes=(*"01234567", "12"))
    assert told["labels_renumbered"] == {"given": "12", "taken": "8"}
    assert "labels_renumbered" not in noticed("Losing", loss=USUAL, classes=tuple("abcdefghi"))
    # The study's own loop takes its loss by the same numbers.
    assert "labels_renumbered" not in noticed("Base", classes=tuple("123456789"))
    with pytest.raises(ConfigError, match=r"out of bounds.* \(its labels 1, 2, 3, … reach its tr"):
        noticed("Losing", loss="F.cross_entropy(z, y - 1)", classes=tuple("123456789"))


def test_a_layer_without_a_deterministic_form_is_trained(
    noticed: Any,  # noqa: F811
) -> None:
    told = noticed("Unpooled")
    assert told == {"undetermined": {"names": "max_unpooling2d_forward_out"}}


def test_a_network_that_says_what_is_learnt_is_taken_at_its_word(
    noticed: Any,  # noqa: F811
) -> None:
    assert noticed("HeadAlone").keys() <= {"weights_untrained"}
