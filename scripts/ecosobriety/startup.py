"""In which order a step imports, and when garbage is collected: the one place that knows of it.

A step is a short process, most of whose time goes into imports. Imports leave no garbage, and what
they leave stays to the end: the search for it takes a fifth of their time, and a third of a second
more at the end of the process, twice that with PyTorch. `make bench` shows what that gains.
"""

import atexit
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_SIGNAL = "scipy.signal"


@contextmanager
def imports_in_peace() -> Iterator[None]:
    """Import without searching for garbage, and without SciPy's signal processing."""
    gc.disable()
    try:
        with _without_signal_processing():
            yield
    finally:
        gc.enable()


@contextmanager
def _without_signal_processing() -> Iterator[None]:
    """Let torchmetrics, which Lightning imports, find in place of `scipy.signal` an empty module.

    It only looks there for a name that SciPy no longer has, and puts it back for a package that
    measures speech. That takes a sixth of the CPU time of a training job's imports. Whoever imports
    `scipy.signal` after this block gets it.
    """
    if _SIGNAL in sys.modules:
        yield
        return
    empty = ModuleType(_SIGNAL)
    vars(empty)["hamming"] = None
    sys.modules[_SIGNAL] = empty
    try:
        yield
    finally:
        del sys.modules[_SIGNAL]


def keep_imports() -> None:
    """Never search what has been imported so far."""
    gc.freeze()


def settle() -> None:
    """Collect and freeze, so that no window pays for what was loaded or trained before it."""
    gc.collect()
    gc.freeze()


def expect_objects_that_stay() -> None:
    """Search rarely: the plan of ten thousand jobs is millions of objects, none of them garbage.

    The usual pace takes a tenth of the time that planning takes. Nor is it searched at the end of
    the process, which takes half a second for a small study.
    """
    gc.set_threshold(100_000, 50, 100)
    atexit.register(gc.freeze)
