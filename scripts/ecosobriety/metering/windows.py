"""A window around any Python code: `with window("FRA") as w: ...`.

A study that starts a training by command meters the command's whole life, with its imports and its
reading of data. A command that opens its own window gives the training's energy alone: the study
asks for it by the variable `ECOSOBRIETY_WINDOW`, a JSON text with the file that the energy goes to
and the study's own settings of the meter. The study's meter runs at the same time: both only read
counters.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ContextDecorator, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ecosobriety.errors import MeteringError
from ecosobriety.files import write_json
from ecosobriety.hardware import own_and_busy_cpu_s
from ecosobriety.metering.accounts import missing_part, others_share, sound, without_zero_gpu
from ecosobriety.metering.codecarbon_meter import CodeCarbonMeter, meter_from
from ecosobriety.metering.lock import ASKED, exclusive_meter
from ecosobriety.metering.meter import ComponentName, EnergyMeter, require_meter
from ecosobriety.metering.results import WindowRecord

_FILE = "file"


@dataclass
class Window:
    """A window; its energy is known when the block has ended.

    Of several processes on a machine one meters, the first: in the others nothing is ever known.
    """

    record: WindowRecord | None = None

    @property
    def energy_kwh(self) -> float | None:
        """The energy of CPU, GPU and RAM in kWh; None: not known here, or not yet."""
        return None if self.record is None else self.record.energy_kwh

    @property
    def duration_s(self) -> float | None:
        """The duration in s; None: not known here, or not yet."""
        return None if self.record is None else self.record.duration_s


class _Metered(ContextDecorator):
    """Each block that it is used for is a window of its own."""

    def __init__(self, opened: Callable[[], AbstractContextManager[Window]]):
        self._opened = opened
        self._open: list[AbstractContextManager[Window]] = []

    def __enter__(self) -> Window:
        managed = self._opened()
        opened = managed.__enter__()
        self._open.append(managed)
        return opened

    def __exit__(self, *error: Any) -> bool | None:
        return self._open.pop().__exit__(*error)


def window(country_iso3: str | None = None, *, meter: EnergyMeter | None = None) -> _Metered:
    """Meter the enclosed block, or each of several.

    In a command that a study has started, the energy goes to the file that the study names, and the
    meter is the study's, whatever is given here; several windows of one command are added. Under
    `torchrun` the first process of the machine meters; where `torch.distributed` is set up, the
    others wait for it at both edges. What a block has spent counts also where an error ends it.

    Args:
        country_iso3: ISO-3166 alpha-3 code for CodeCarbon. It changes no energy.
        meter: Another meter than CodeCarbon's with its own settings.

    Raises:
        MeteringError: when a block begins: there is no country, or it is none; when it ends: its
            energy is not known, or its file cannot be written.
    """
    return _Metered(partial(_metered, country_iso3, meter))


@contextmanager
def _metered(country_iso3: str | None, meter: EnergyMeter | None) -> Iterator[Window]:
    path, chosen = _chosen(country_iso3, meter)
    _require_one_machine()
    opened = Window()
    if _local_rank() != 0:
        _meet()
        _meet()
        yield opened
        _meet()
        return
    with ExitStack() as exclusive:
        exclusive.enter_context(exclusive_meter())
        chosen.warm_up()
        expected = [name for name, part in chosen.components().items() if part.quality]
        _meet()
        began, cpu_from = (datetime.now(UTC), time.monotonic()), own_and_busy_cpu_s()
        chosen.start()
        try:
            # Nobody works before the meter does.
            _meet()
            yield opened
            if on_gpu := _uses_gpu():
                sys.modules["torch"].cuda.synchronize()
            _meet()
        except BaseException:
            # The other processes may never come, and the block's own error is the one to raise.
            with suppress(MeteringError):
                _close(opened, path, _closed(chosen, expected, began, cpu_from, _uses_gpu()))
            raise
        _close(opened, path, _closed(chosen, expected, began, cpu_from, on_gpu))


def _close(opened: Window, path: Path | None, record: WindowRecord) -> None:
    opened.record = record
    if path is not None:
        add_to(path, record)


def window_environment(path: Path, parameters: Mapping[str, Any]) -> dict[str, str]:
    """The variable by which a command is asked for its own windows.

    Who sets it holds the machine's lock while the command runs.

    Args:
        path: The file that the energy goes to; it must not be there yet.
        parameters: Values by dotted key, as of `config.training_parameters`; those of the meter are
            handed on.
    """
    asked = {key: value for key, value in parameters.items() if key.startswith("metering.")}
    return {ASKED: json.dumps({_FILE: str(path.absolute()), **asked})}


def read_window(path: Path) -> WindowRecord | None:
    """The windows of a command that has ended; None: it has opened none.

    Raises:
        MeteringError: the file is not what `window` writes; names it.
    """
    try:
        return WindowRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MeteringError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise MeteringError(f"{path} is no window's energy ({field}: {first['msg']})") from error


def asked_file() -> Path | None:
    """The file that the energy of this command's windows goes to; None: nobody has asked.

    Raises:
        MeteringError: the variable is not what `window_environment` makes.
    """
    asked = _asked()
    return None if asked is None else Path(asked[_FILE])


def add_to(path: Path, record: WindowRecord) -> None:
    """Add a window to those of its command that ended before it.

    Raises:
        MeteringError: the file cannot be read or written; names it.
    """
    before = read_window(path)
    total = record if before is None else before.followed_by(record)
    try:
        write_json(path, total.model_dump(mode="json"))
    except OSError as error:
        raise MeteringError(f"{path} cannot be written: {error.strerror}") from error


def _chosen(country_iso3: str | None, meter: EnergyMeter | None) -> tuple[Path | None, EnergyMeter]:
    asked = _asked()
    if asked is not None:
        return Path(asked[_FILE]), meter_from(asked)
    if meter is not None:
        require_meter(meter)
        return None, meter
    if country_iso3 is None:
        raise MeteringError(
            'window() needs a country outside a study, such as window("FRA"): CodeCarbon asks for '
            "it, and it changes no energy"
        )
    return None, CodeCarbonMeter(country_iso3)


def _asked() -> dict[str, Any] | None:
    text = os.environ.get(ASKED)
    if text is None:
        return None
    try:
        asked = json.loads(text)
        meter_from(asked)
        if not Path(asked[_FILE]).is_absolute():
            raise ValueError("its file is no absolute path")
    except (ValueError, TypeError, KeyError) as error:
        raise MeteringError(
            f"the variable {ASKED} is not what a study sets ({type(error).__name__}: {error})"
        ) from error
    return dict(asked)


def _local_rank() -> int:
    """This process's number on its machine, as `torchrun` counts."""
    text = os.environ.get("LOCAL_RANK", "0")
    return int(text) if text.isdecimal() else 0


def _require_one_machine() -> None:
    nodes = os.environ.get("GROUP_WORLD_SIZE", "1")
    if nodes.isdecimal() and int(nodes) > 1:
        raise MeteringError(
            f"window() measures one machine, but this training runs on {nodes} (GROUP_WORLD_SIZE): "
            "EnergyCallback sums the machines of a Trainer"
        )


def _meet() -> None:
    """Wait for the other processes, where there are any and they know of each other."""
    torch = sys.modules.get("torch")
    if torch is None or "LOCAL_RANK" not in os.environ:
        return
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()


def _uses_gpu() -> bool:
    """Whether PyTorch has had a GPU do anything."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.cuda.is_initialized()


def _closed(
    meter: EnergyMeter,
    expected: list[ComponentName],
    began: tuple[datetime, float],
    cpu_from: tuple[float, float] | str,
    on_gpu: bool,
) -> WindowRecord:
    """Close a window.

    Raises:
        MeteringError: its energy is not known.
    """
    reading = sound(meter.stop())
    wall, monotonic_s = began
    ended = wall + timedelta(seconds=time.monotonic() - monotonic_s)
    components = meter.components()
    why = missing_part(expected, components)
    if why is None and not reading.energy_kwh:
        why = f"the meter gave {reading.energy_kwh} kWh"
    if why is not None:
        raise MeteringError(f"the window's energy is not known ({why})")
    if on_gpu:
        reading, components = without_zero_gpu(reading, components)
    started_at, ended_at = (moment.isoformat(timespec="microseconds") for moment in (wall, ended))
    cpu = others_share(cpu_from, own_and_busy_cpu_s())
    return WindowRecord.of(reading, components, started_at, ended_at, cpu)
