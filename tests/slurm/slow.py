"""A network that takes its time without taking the machine's."""

import time
from math import prod

from torch import Tensor, nn


class Slow(nn.Module):
    """One layer; each forward pass waits `delay_s` seconds, which changes no result."""

    def __init__(self, input_shape: tuple[int, ...], num_classes: int, delay_s: float):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), num_classes))
        self._delay_s = delay_s

    def forward(self, x: Tensor) -> Tensor:
        time.sleep(self._delay_s)
        return self.layers(x)
