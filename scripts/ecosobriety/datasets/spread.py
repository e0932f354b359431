"""Whether values differ, but for the last digits of a constant that was computed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDED = 32
"""Values of a constant that was computed, as a sum of shares, lie within so many steps of their
type, whose last digits say nothing."""


def vary(low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether values from `low` to `high` differ by more than a computed constant's last digits."""
    if low.dtype.kind != "f" or low.dtype.itemsize < 4:
        return np.asarray(high > low)
    largest = np.maximum(np.abs(low), np.abs(high))
    return np.asarray(high - low > ROUNDED * np.finfo(low.dtype).eps * largest)
