"""How much more energy does the larger training set need? The test `energy_difference`."""

from dataclasses import dataclass

from ecosobriety.claims.finding import Claim, Finding, Verdict, Written
from ecosobriety.claims.sizes import (
    Sizes,
    compared_sizes,
    nothing_to_compare,
    seeds,
    too_few_pairs,
)
from ecosobriety.decision.intervals import by_size_and_seed, mean_interval
from ecosobriety.study.study import Case
from ecosobriety.units import kwh_to_wh, seconds_to_hours

_HOURS_PER_DAY = 24
_POSTER_DIGITS = 4
"""Significant digits of the poster's energy."""


@dataclass(frozen=True)
class _Surplus:
    """Energy of one training at the larger size minus one at the smaller, in kWh.

    `expected` is the poster's figure for as many additional images.
    """

    n_pairs: int
    mean: float
    low: float
    high: float
    expected: float

    @property
    def verdict(self) -> Verdict:
        if not self.low <= self.expected <= self.high:
            return "not_supported"
        return "supported" if self.low > 0 else "inconclusive"


def check_energy(claim: Claim, case: Case) -> Finding:
    """Compare the poster's surplus with the measured one.

    The value is the mean over seeds of the energy in kWh at the larger size minus that at the
    smaller one, paired by seed, with its two-sided Student t interval. The poster's figure is
    `not_supported` where the interval excludes it, `supported` where the interval holds it and not
    0, else `inconclusive`. The interval holds what varies between runs, not the error of the meter.
    Where other sizes replace the poster's, its figure is scaled to as many additional images.
    """
    sizes = compared_sizes(claim, case)
    if sizes is None:
        return nothing_to_compare(case)
    energy_kwh = by_size_and_seed(case.runs, "energy_kwh")
    full_kwh, stop_kwh = energy_kwh.loc[[sizes.full, sizes.stop]].dropna(axis="columns").to_numpy()
    differences_kwh = full_kwh - stop_kwh
    if len(differences_kwh) < 2:
        return too_few_pairs(sizes)
    poster_images = claim["sizes"]["full"] - claim["sizes"]["stop"]
    surplus = _Surplus(
        len(differences_kwh),
        *mean_interval(differences_kwh, case.decision.confidence),
        expected=claim["poster"]["value"] * (sizes.full - sizes.stop) / poster_images,
    )
    values = {**sizes.values, **_amounts(surplus, sizes), **_durations(claim, sizes, case)}
    applicable = {
        "more": surplus.mean > 0,
        "no_more": surplus.mean <= 0,
        "per_image": sizes.substituted,
        surplus.verdict: True,
        "factor": "factor" in values,
        "machine": "power" in values,
        "plausible": True,
        "estimated": case.energy_quality in ("estimated", "mixed"),
        "imported": case.energy_quality == "imported",
    }
    return Finding(
        surplus.verdict,
        ["basis", *sizes.sentences, *(key for key, applies in applicable.items() if applies)],
        values,
        measured=surplus.mean,
        low=surplus.low,
        high=surplus.high,
    )


def _amounts(surplus: _Surplus, sizes: Sizes) -> dict[str, Written]:
    images = sizes.full - sizes.stop
    amounts: dict[str, Written] = {
        "seeds": seeds(surplus.n_pairs),
        "surplus": lambda t: t.energy(surplus.mean),
        "low": lambda t: t.energy(surplus.low),
        "high": lambda t: t.energy(surplus.high),
        "surplus_per_image": lambda t: t.energy(surplus.mean / images, 2),
        "poster_per_image": lambda t: t.energy(surplus.expected / images),
    }
    if surplus.mean > 0:
        # Two digits, also where there are millions: the measurement is no better than that.
        factor = float(f"{surplus.expected / surplus.mean:.1e}")
        amounts["factor"] = lambda t: t.number(factor, 2)
    return amounts


def _durations(claim: Claim, sizes: Sizes, case: Case) -> dict[str, Written]:
    """How long the poster's energy lasts at a plausible power, and at the measured mean power.

    Without the latter where no energy or no time was measured.
    """
    poster_kwh = claim["poster"]["value"]
    plausible_w = claim["facts"]["plausible_power_w"]
    plausible_hours = kwh_to_wh(poster_kwh) / plausible_w
    durations: dict[str, Written] = {
        "poster_energy": lambda t: t.energy(poster_kwh, _POSTER_DIGITS),
        "plausible_power": lambda t: t.number(plausible_w),
        "plausible_hours": lambda t: t.number(plausible_hours),
        "plausible_days": lambda t: t.number(plausible_hours / _HOURS_PER_DAY),
    }
    runs = case.runs[case.runs["n_train"] == sizes.full]
    used_wh = kwh_to_wh(float(runs["energy_kwh"].sum()))
    used_h = seconds_to_hours(float(runs["train_duration_s"].sum()))
    if used_wh > 0 and used_h > 0:
        hours = kwh_to_wh(poster_kwh) / used_wh * used_h
        durations |= {
            "power": lambda t: t.number(used_wh / used_h),
            "hours": lambda t: t.number(hours),
            "days": lambda t: t.number(hours / _HOURS_PER_DAY),
            "duration": lambda t: t.number(runs["train_duration_s"].mean()),
        }
    return durations
