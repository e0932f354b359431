"""What a command has reported: a JSON object of numbers, read as it is or refused in a sentence."""

import json
import math
from pathlib import Path
from typing import Any

from ecosobriety.errors import ConfigError, quote, shorten
from ecosobriety.metrics import METRICS, Metric

MAX_RESULT_BYTES = 2**20


def read_scores(which: str, path: Path, metric: Metric) -> dict[str, float]:
    """The numbers that a command has reported, in the file `path`.

    Args:
        which: the training, as the messages name it.
        path: the file.
        metric: the study's metric.

    Raises:
        ConfigError: there is no such file, it is no JSON object of numbers, or the study's metric
            is not in it or cannot be.
    """
    what = f"{which}: its result"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_RESULT_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{what} is missing: the command wrote no {{result}}") from None
    except OSError as error:
        raise ConfigError(f"{what} cannot be read: {error.strerror}") from error
    if len(content) > MAX_RESULT_BYTES:
        raise ConfigError(f"{what} has more than {MAX_RESULT_BYTES} bytes")
    try:
        found = json.loads(content, object_pairs_hook=_once, parse_int=float)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{what} is no JSON: {shorten(str(error))}") from error
    if not isinstance(found, dict):
        raise ConfigError(f'{what} must be a JSON object such as {{"{metric.name}": 0.9}}')
    for key, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{what} says {quote(key)} is {quote(value)}, but must be a number")
        if not math.isfinite(value):
            raise ConfigError(f"{what} says {quote(key)} is {value}, but must be a finite number")
    if metric.name not in found:
        names = ", ".join(map(quote, [*found][:5])) or "nothing"
        raise ConfigError(f"{what} holds {names}, but must hold the study's {metric.name}")
    for key, value in found.items():
        known = metric if key == metric.name else METRICS.get(key)
        if known is not None and (why := known.impossible(value)):
            raise ConfigError(f"{what} says {key} is {value:g}, but {why}")
    return {key: float(value) for key, value in found.items()}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} stands in it twice")
    return dict(pairs)
