"""Whether values differ, but for the last digits of a constant that was computed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDED = {8: 32, 4: 4}
"""Values of a constant that was computed, as a sum of shares, lie within so many steps of their
type, whose last digits say nothing. By the type's bytes: in 32 bits, more may be measured."""


def vary(low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether values from `low` to `high` differ by more than a computed constant's last digits."""
    steps = ROUNDED.get(low.dtype.itemsize) if low.dtype.kind == "f" else None
    if steps is None:
        return np.asarray(high > low)
    largest = np.maximum(np.abs(low), np.abs(high))
    return np.asarray(high - low > steps * np.finfo(low.dtype).eps * largest)
