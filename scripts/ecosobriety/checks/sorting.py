"""Sort values and keep equal ones in their order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST = 2**62


def stable_order(values: NDArray[Any]) -> NDArray[np.int64]:
    """The places (n,) of the values (n,), which are finite, from the lowest to the highest.

    NumPy sorts whole numbers many times faster than it orders floats: where all values are whole
    numbers, each is sorted together with its place.
    """
    n = len(values)
    if values.dtype.kind == "f" and n:
        low, high = float(values.min()), float(values.max())
        if (high - low + 1) * n < _MOST and max(-low, high) < 2**53:
            whole = values.astype(np.int64)
            if (whole == values).all():
                keys: NDArray[np.int64] = (whole - int(low)) * n + np.arange(n)
                keys.sort()
                keys %= n
                return keys
    return np.argsort(values, kind="stable")
