"""Operations of which PyTorch has no deterministic form: two trainings of one seed may differ."""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_TOLD = "deterministic implementation"
_NAME = re.compile(rf"(\w+) does not have a {_TOLD}")


@contextmanager
def noting(names: list[str]) -> Iterator[None]:
    """Add the names of such operations, of which PyTorch warns, when the block ends."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message=f".*{_TOLD}")
        try:
            yield
        finally:
            for one in caught:
                if found := _NAME.search(str(one.message)):
                    names += [found[1]] if found[1] not in names else []
                else:
                    shown = one.message, one.category, one.filename, one.lineno
                    sys.stderr.write(warnings.formatwarning(*shown))
