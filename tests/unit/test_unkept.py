"""What nobody can give back to a module: whether it is what it was, and whether it is shared."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from ecosobriety.training.unkept import form_of, is_shared, known_of, state_of


class Own(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(2, 2), nn.Linear(2, 2)


def test_functions_and_layers_are_themselves_in_every_process() -> None:
    module = Own()
    rest = [torch.relu, lambda x: x + 1, [module.first, module.last.weight]]
    digest = state_of(rest, known_of(module))
    other = Own()
    again = [torch.relu, lambda x: x + 1, [other.first, other.last.weight]]
    assert state_of(again, known_of(other)) == digest
    again = [torch.relu, lambda x: x - 1, [other.first, other.last.weight]]
    assert state_of(again, known_of(other)) != digest
    again = [torch.tanh, lambda x: x + 1, [other.first, other.last.weight]]
    assert state_of(again, known_of(other)) != digest


def test_what_cannot_be_looked_at_has_no_digest() -> None:
    assert state_of([threading.Lock()], {}) is None
    assert state_of([iter([1])], {}) is not None
    assert state_of([(i for i in [1])], {}) is None


@pytest.mark.parametrize(
    ("keep", "shared"),
    [
        (lambda module: {}, False),
        (lambda module: {"widths": [1], "config": SimpleNamespace(widths=[1])}, False),
        (lambda module: {"held": module.first.state_dict()}, True),
        (lambda module: {"view": module.first.weight.data}, True),
        (lambda module: {"held": {"weight": module.first.weight.detach().clone()}}, False),
        (lambda module: {"layers": [module.first, module.last]}, False),
    ],
)
def test_numbers_under_two_names_are_found(keep: Any, shared: bool) -> None:
    module = Own()
    for name, value in keep(module).items():
        setattr(module, name, value)
    assert is_shared(module, []) == shared


def test_a_dict_that_two_layers_know_is_given_back_in_place() -> None:
    module = Own()
    module.options = module.first.options = {"tau": 3.0}  # type: ignore[assignment]
    assert not is_shared(module, [])


def test_another_layer_or_hook_is_another_form() -> None:
    module = Own()
    before = form_of(module)
    module.first.register_forward_hook(lambda *_: None)
    assert form_of(module) != before
    module = Own()
    before = form_of(module)
    module.first = nn.Linear(2, 2)
    assert form_of(module) != before
