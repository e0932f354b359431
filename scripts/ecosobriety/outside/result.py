"""What a command has reported: a JSON object of numbers, read as it is or refused in a sentence."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ecosobriety.errors import ConfigError, quote, shorten
from ecosobriety.metering.results import WindowRecord
from ecosobriety.metrics import METRICS, Metric
from ecosobriety.reasons import reason
from ecosobriety.records.record import EpochRecord, EpochTest

MAX_RESULT_BYTES = 2**20
EPOCHS, EPOCH, DURATION, LOSS = "epochs", "epoch", "duration_s", "loss"
_SAME = 1e-9
"""Two numbers that differ by less, relatively, are one that was written twice."""


@dataclass(frozen=True)
class EpochResult:
    """What a command reports of an epoch.

    Attributes:
        epoch: how many epochs were done.
        scores: the numbers, by name; the study's metric among them.
        duration_s: of the training, from its start to the end of this epoch; None: not reported.
    """

    epoch: int
    scores: Mapping[str, float]
    duration_s: float | None


@dataclass(frozen=True)
class Result:
    """The numbers that a command reports, and those of its epochs: the last is its end."""

    scores: Mapping[str, float]
    epochs: Sequence[EpochResult] = ()


def epochs_done(
    scores: Mapping[str, float], epochs: Sequence[EpochResult], asked: int | None
) -> int | None:
    """How many epochs a training had, by what it reports: a list of them, or their number.

    Args:
        scores: its numbers, by name.
        epochs: the list.
        asked: how many it was asked for; None: it was asked for none.

    Returns:
        As many as it was asked for where it reports none; None where that is not known, or no
        whole number.
    """
    done = epochs[-1].epoch if epochs else scores.get(EPOCHS, asked)
    return int(done) if done is not None and done >= 1 and done == int(done) else None


def read_result(which: str, path: Path, metric: Metric) -> Result:
    """What a command has reported, in the file `path`.

    Args:
        which: the training, as the messages name it.
        path: the file.
        metric: the study's metric.

    Raises:
        ConfigError: there is no such file, it is no JSON object of numbers, or the study's metric
            is not in it or cannot be; or its epochs contradict each other.
    """
    what = f"{which}: its result"
    found = _read(what, path, metric)
    # A number of this name is one more of its numbers.
    epochs = found.pop(EPOCHS) if isinstance(found.get(EPOCHS), list) else None
    scores = _numbers(what, found, metric)
    if epochs is None:
        return Result(scores)
    return Result(scores, _epochs(what, epochs, scores, metric))


def require_asked(which: str, found: Result, asked: Mapping[str, int]) -> None:
    """Refuse a result that says that something else was done than the command was asked for.

    Args:
        which: the training, as the messages name it.
        found: what was reported.
        asked: what it was asked for, by the placeholder's name; fewer epochs may be right.

    Raises:
        ConfigError: its size or its seed is another one, or it has more epochs.
    """
    for name in ("n_train", "seed"):
        said = found.scores.get(name, asked[name])
        if said != asked[name]:
            raise ConfigError(
                f"{which}: its result says {name} is {said:.15g}, but {asked[name]} was asked for: "
                "is it the result of another training?"
                + " Examples held out for a validation count too"
                * (name == "n_train")
            )
    done = found.epochs[-1].epoch if found.epochs else found.scores.get(EPOCHS, 0)
    if EPOCHS in asked and done > asked[EPOCHS]:
        raise ConfigError(
            f"{which}: its result says that {done:.15g} epochs were done, but {asked[EPOCHS]} were "
            "asked for ({epochs}): are those before an interruption counted twice?"
        )


def require_within(which: str, epochs: Sequence[EpochResult], window_s: float) -> None:
    """Refuse epochs that take longer than the window in which they were.

    Raises:
        ConfigError: they do.
    """
    last = epochs[-1] if epochs else None
    if last is None or last.duration_s is None or last.duration_s <= window_s:
        return
    raise ConfigError(
        f"{which}: its result says that epoch {last.epoch} ended after {last.duration_s:g} s, but "
        f"the measured window is {window_s:.6g} s long: duration_s counts seconds of the training"
    )


def parted(
    scores: Mapping[str, float],
) -> tuple[dict[str, float | None], float | None, dict[str, str]]:
    """A command's numbers without its loss, which has a column of its own.

    Args:
        scores: the numbers, by name.

    Returns:
        The others; the test loss, None where it is not known; and why it is not.
    """
    others: dict[str, float | None] = {
        name: value for name, value in scores.items() if name != LOSS
    }
    loss = scores.get(LOSS)
    if loss is None:
        return others, None, {"test_loss": reason("not_reported")}
    return others, loss, {}


def epoch_log(epochs: Sequence[EpochResult], window: WindowRecord) -> list[EpochRecord]:
    """The epochs of a command's record.

    Each has the share of the window's energy that it has of the window's time.

    Args:
        epochs: as the command reports them.
        window: the energy that counts.
    """
    log, before_s = list[EpochRecord](), 0.0
    for one in epochs:
        duration_s = None if one.duration_s is None else one.duration_s - before_s
        energy_kwh = None
        if duration_s is not None:
            energy_kwh = window.energy_kwh * duration_s / window.duration_s
        scores, loss, missing = parted(one.scores)
        tested = EpochTest(
            scores=scores,
            loss=loss,
            energy_kwh=None,
            missing={**missing, "energy_kwh": reason("within")},
        )
        log.append(
            EpochRecord(
                epoch=one.epoch - 1,
                duration_s=duration_s,
                energy_kwh=energy_kwh,
                reason=None if energy_kwh else reason("no_duration"),
                metrics={},
                # Of the last one the run itself says what it reaches.
                tested=None if one is epochs[-1] else tested,
            )
        )
        before_s = one.duration_s or 0.0
    return log


def _read(what: str, path: Path, metric: Metric) -> dict[str, Any]:
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
    return found


def _numbers(what: str, found: Mapping[str, Any], metric: Metric) -> dict[str, float]:
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
            raise ConfigError(f"{what} says {key} is {value:.15g}, but {why}")
    return {key: float(value) for key, value in found.items()}


def _epochs(
    what: str, listed: list[Any], scores: Mapping[str, float], metric: Metric
) -> list[EpochResult]:
    epochs: list[EpochResult] = []
    for place, entry in enumerate(listed):
        where = f"{what}: {EPOCHS}[{place}]"
        if not isinstance(entry, dict):
            form = f'{{"{EPOCH}": 1, "{metric.name}": 0.9, "{DURATION}": 60}}'
            raise ConfigError(f"{where} is {quote(entry)}, but must be an object such as {form}")
        numbers = _numbers(where, entry, metric)
        before = epochs[-1] if epochs else EpochResult(0, {}, 0.0)
        epoch, duration_s = numbers.pop(EPOCH, None), numbers.pop(DURATION, None)
        if epoch is None or not epoch.is_integer() or epoch <= before.epoch:
            _refuse(where, EPOCH, epoch, f"a whole number above {before.epoch}")
        if epochs and (duration_s is None) != (before.duration_s is None):
            _refuse(where, DURATION, duration_s, "given for all epochs, or for none")
        if duration_s is not None and duration_s <= (before.duration_s or 0.0):
            _refuse(where, DURATION, duration_s, f"above {before.duration_s:g}: it adds up")
        epochs.append(EpochResult(int(epoch), numbers, duration_s))
    last = epochs[-1].scores[metric.name] if epochs else None
    if last is None or not math.isclose(last, scores[metric.name], rel_tol=_SAME):
        raise ConfigError(
            f"{what} says {metric.name} is {scores[metric.name]:g}, but "
            + ("lists no epoch" if last is None else f"{last:g} after the last of its epochs")
            + ": the list must end with the end of the training, or be left out"
        )
    return epochs


def _refuse(where: str, key: str, value: float | None, must: str) -> NoReturn:
    shown = "is missing" if value is None else f"is {value:g}"
    raise ConfigError(f"{where}: {key} {shown}, but must be {must}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} stands in it twice")
    return dict(pairs)
