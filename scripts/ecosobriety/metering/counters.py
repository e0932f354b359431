"""Energy counters that are checked in each window, and what is known where one fails.

A counter can be unreadable for a while, stand still, jump, wrap or be set back. What it counted in
an interval that is sound is taken. The rest of the window is filled in with the mean power of the
sound part, and the energy is then an estimate; where less than half of the window is sound, there
is no energy at all. A counter is cumulative: one that only could not be read for a while has
lost nothing, once it is there again.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from ecosobriety.reasons import reason
from ecosobriety.units import kwh_to_joules, watt_seconds_to_kwh

SOUND_SHARE = 0.5
"""Of a window, at least this share must be sound for the rest to be filled in."""

NEGLIGIBLE_SHARE = 0.01
"""An unknown part of a window up to this share changes no energy by more than that, filled in."""


FEWEST = 3
"""Intervals from which on there is a usual power."""

PROMPT_S = 5e-4
TRIES = 3
"""A reading that takes longer was interrupted, and is of no known moment: it is done again."""

Clock = Callable[[], float]


class Course:
    """Energy since the start of a window, at moments that only grow; linear between them."""

    def __init__(self) -> None:
        self._times_s = [0.0]
        self._kwh = [0.0]

    @property
    def end_s(self) -> float:
        """The last moment."""
        return self._times_s[-1]

    @property
    def total_kwh(self) -> float:
        """The energy at the last moment."""
        return self._kwh[-1]

    def add(self, time_s: float, energy_kwh: float) -> None:
        """Let `energy_kwh` be spent from the last moment to `time_s`."""
        if time_s > self.end_s:
            self._times_s.append(time_s)
            self._kwh.append(self.total_kwh + energy_kwh)

    def drop_last(self) -> None:
        """Forget the last moment."""
        self._times_s.pop()
        self._kwh.pop()

    @property
    def intervals(self) -> int:
        """How many intervals there are."""
        return len(self._times_s) - 1

    def start_of_last_s(self) -> float:
        """Where the last interval begins."""
        return self._times_s[-2]

    def at(self, time_s: float) -> float:
        """The energy at a moment; outside of the course that of its nearest end."""
        after = bisect_right(self._times_s, time_s)
        if after == 0 or after == len(self._times_s):
            return self._kwh[min(after, len(self._kwh) - 1)]
        (t0, t1), (e0, e1) = self._times_s[after - 1 : after + 1], self._kwh[after - 1 : after + 1]
        return e0 + (e1 - e0) * (time_s - t0) / (t1 - t0)


@dataclass
class _Interval:
    start_s: float
    end_s: float
    energy_kwh: float | None

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass
class Counter:
    """A cumulative counter over one window after the other.

    Args:
        label: What a reader calls it.
        read_kwh: Its value in kWh; None: not readable.
        range_kwh: Where it starts again at 0; 0: it does not, or that is not known.
        limit_w: No hardware behind it draws more.
        step_s: It moves at least this often while it works.
        restart: What to do before the first reading of a window.
        power_w: The power now, in W, for a window that is shorter than a step; None: a step is a
            moment.
        even_within: In a window, no interval draws more than this times the median; None: any may.
        counts_on: Whether it counts while it is not readable.
    """

    label: str
    read_kwh: Callable[[], float | None]
    range_kwh: float
    limit_w: float
    step_s: float
    restart: Callable[[], None] | None = None
    power_w: Callable[[], float | None] | None = None
    even_within: float | None = None
    counts_on: bool = True
    _last_kwh: float | None = field(default=None, init=False)
    _last_s: float = field(default=0.0, init=False)
    _offset_s: float = field(default=0.0, init=False)
    _fault: str | None = field(default=None, init=False)
    _paused: str | None = field(default=None, init=False)
    _intervals: list[_Interval] = field(default_factory=list, init=False)
    _sound_kwh: float = field(default=0.0, init=False)
    _sound_s: float = field(default=0.0, init=False)

    def start(self, clock: Clock) -> None:
        """Open a window, whose first moment comes right after."""
        if self.restart is not None:
            self.restart()
        self._intervals = []
        self._fault = self._paused = None
        self._sound_kwh = self._sound_s = 0.0
        self._last_kwh, self._last_s = self._timed_value(clock)
        if self._last_kwh is None:
            self._fault = "unreadable"

    def shift(self, start_s: float) -> None:
        """Count seconds from `start_s` on."""
        self._offset_s = start_s
        self._last_s -= start_s

    def sample(self, clock: Clock) -> None:
        """Read it once."""
        value, read_s = self._timed_value(clock)
        now_s = read_s - self._offset_s
        elapsed_s = now_s - self._last_s
        if value is None:
            # A gap only if it does not come back: it counts on.
            self._paused = "unreadable"
            return
        if self._last_kwh is None:
            self._close(now_s, value, None)
            return
        spent_kwh = value - self._last_kwh
        if spent_kwh == 0:
            if elapsed_s > self._patience_s and self._paused != "stands":
                self._paused = "stands"
                self._doubt_last()
            return
        if self._paused == "stands" or (self._paused and not self.counts_on):
            self._fault = self._fault or self._paused
            self._close(now_s, value, None)
            return
        fault = "jumps"
        if spent_kwh < 0:
            # Either it started again at 0 by itself, or something set it back.
            spent_kwh += self.range_kwh if self._paused is None else 0.0
            fault = "falls"
        if spent_kwh < 0 or not self._possible(spent_kwh, elapsed_s):
            self._fault = self._fault or fault
            self._close(now_s, value, None)
        else:
            self._close(now_s, value, spent_kwh)

    def so_far_kwh(self, now_s: float) -> float:
        """The energy up to now, as far as it is known yet."""
        if self._sound_s <= 0:
            return 0.0
        return self._sound_kwh * max(now_s, 0.0) / self._sound_s

    def verdict(self, window_s: float) -> tuple[Course | None, str | None]:
        """The window's course, or None where it is not known; and what was wrong."""
        sound_s = min(self._sound_s, window_s)
        gap_s = window_s - sound_s
        fault = self._fault or self._paused
        # Of a step that is longer than the window, the counter shows all or nothing.
        within_a_step = self.power_w is not None and window_s < self.step_s
        if (sound_s <= 0 or within_a_step) and fault is None:
            return self._at_its_power(window_s)
        if sound_s <= 0 or sound_s < SOUND_SHARE * window_s:
            return None, reason(fault or "stands", counter=self.label)
        mean_kwh_per_s = self._sound_kwh / self._sound_s
        course = Course()
        # The first reading is of a moment right before the window, or late.
        self._fill(course, self._intervals[0].start_s, mean_kwh_per_s)
        for interval in self._intervals:
            spent_kwh = interval.energy_kwh
            if spent_kwh is None:
                spent_kwh = mean_kwh_per_s * interval.length_s
            inside_s = interval.end_s - max(interval.start_s, 0.0)
            course.add(interval.end_s, spent_kwh * inside_s / interval.length_s)
        self._fill(course, window_s, mean_kwh_per_s)
        if self._fault is None and gap_s <= max(NEGLIGIBLE_SHARE * window_s, self.step_s):
            return course, self._unevenness()
        if self._fault == "unreadable" and gap_s <= NEGLIGIBLE_SHARE * window_s:
            return course, self._unevenness()
        fault = fault or "stands"
        why = reason(
            f"{fault}_filled", counter=self.label, gap_s=f"{gap_s:.3g}", window_s=f"{window_s:.3g}"
        )
        return course, why

    def _at_its_power(self, window_s: float) -> tuple[Course | None, str]:
        power_w = self.power_w() if self.power_w is not None else None
        if power_w is None or not (math.isfinite(power_w) and power_w > 0):
            return None, reason("too_short", counter=self.label)
        why = reason("power_instead", counter=self.label)
        return constant_course(power_w, window_s), why

    def _unevenness(self) -> str | None:
        """A jump that hardware could make, but that the rest of the window does not speak for."""
        powers_w = [
            kwh_to_joules(interval.energy_kwh) / interval.length_s
            for interval in self._intervals
            if interval.energy_kwh is not None and interval.length_s >= self.step_s
        ]
        if self.even_within is None or len(powers_w) < FEWEST:
            return None
        usual_w, highest_w = median(powers_w), max(powers_w)
        if highest_w <= self.even_within * usual_w:
            return None
        return reason(
            "uneven", counter=self.label, high_w=f"{highest_w:.3g}", low_w=f"{usual_w:.3g}"
        )

    def _doubt_last(self) -> None:
        """The interval before a standstill may hold a part of it."""
        if self._intervals and (energy_kwh := self._intervals[-1].energy_kwh) is not None:
            self._sound_kwh -= energy_kwh
            self._sound_s -= self._intervals[-1].length_s
            self._intervals[-1].energy_kwh = None

    @property
    def _patience_s(self) -> float:
        return 5 * self.step_s

    def _timed_value(self, clock: Clock) -> tuple[float | None, float]:
        """The value and its moment: that within the call, if nothing came between."""
        readings = []
        for _ in range(TRIES if self.counts_on else 1):
            before_s = clock()
            value = self._value()
            after_s = clock()
            readings.append((after_s - before_s, value, (before_s + after_s) / 2))
            if after_s - before_s <= PROMPT_S:
                break
        _, value, read_s = min(readings, key=lambda reading: reading[0])
        return value, read_s

    def _value(self) -> float | None:
        value = self.read_kwh()
        return value if value is not None and math.isfinite(value) and value >= 0 else None

    def _possible(self, spent_kwh: float, elapsed_s: float) -> bool:
        # What a counter adds at once may be the work of its last step.
        return kwh_to_joules(spent_kwh) <= self.limit_w * (elapsed_s + self.step_s)

    def _close(self, now_s: float, value_kwh: float, spent_kwh: float | None) -> None:
        interval = _Interval(self._last_s, now_s, spent_kwh)
        if interval.length_s > 0:
            self._intervals.append(interval)
            if spent_kwh is not None:
                self._sound_kwh += spent_kwh
                self._sound_s += interval.length_s
        self._last_kwh, self._last_s, self._paused = value_kwh, now_s, None

    @staticmethod
    def _fill(course: Course, until_s: float, kwh_per_s: float) -> None:
        course.add(until_s, kwh_per_s * (until_s - course.end_s))


def constant_course(power_w: float, window_s: float) -> Course:
    """The course of a constant power."""
    course = Course()
    course.add(window_s, watt_seconds_to_kwh(power_w, window_s))
    return course
