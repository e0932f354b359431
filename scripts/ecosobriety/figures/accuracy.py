"""The test score and the energy against training-set size."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecosobriety.decision import PowerLaw
from ecosobriety.figures.spots import add_size_spots
from ecosobriety.figures.style import (
    ACCENT,
    FIT,
    INK,
    MUTED,
    add_axes,
    marked_points,
    new_figure,
    number_axis,
    size_axis,
)
from ecosobriety.study.study import Case
from ecosobriety.study.wording import baseline_answer
from ecosobriety.texts import Texts
from ecosobriety.units import ENERGY_UNITS, readable_unit

_BASELINE_REACH = 0.5
"""A baseline that would lengthen the axis by more than this share is written at its edge."""


def accuracy_energy(case: Case, text: Texts) -> Figure:
    """Test score and energy of a training against its size, the decision drawn in."""
    figure = new_figure(5.8)
    energy = add_axes(figure, 0.85, 0.85, 5.9, 1.95)
    score = add_axes(figure, 0.85, 3.05, 5.9, 2.2)
    _draw_score(score, case, text)
    _draw_energy(energy, case, text)
    size_axis(energy, case, text)
    size_axis(score, case, text)
    score.set_xlabel("")
    score.tick_params(labelbottom=False)
    for axes in (score, energy):
        for size in {case.decision.reference, case.decision.sufficient}:
            axes.axvline(size, color=MUTED, linewidth=0.8, linestyle=":", zorder=1)
    _mark_decision(score, case, text)
    figure.legend(loc="lower center", ncols=3, columnspacing=1.5)
    return figure


def _draw_score(axes: Axes, case: Case, text: Texts) -> None:
    curve, metric = case.decision.curve, case.metric
    factor = metric.display_factor
    n_seeds = int(curve["n_seeds"].max())
    seeds = text.plural("unit.seeds", n_seeds, count=text.integer(n_seeds))
    axes.fill_between(
        curve.index,
        curve[f"{metric.name}_ci_low"] * factor,
        curve[f"{metric.name}_ci_high"] * factor,
        color=ACCENT,
        alpha=0.22,
        linewidth=0,
        label=text(
            "figure.accuracy_energy.band", confidence=text.exact_share(case.decision.confidence)
        ),
    )
    mean_label = text("figure.accuracy_energy.mean", seeds=seeds)
    every = marked_points(len(curve))
    axes.plot(
        curve.index,
        case.decision.scores * factor,
        "o-",
        color=ACCENT,
        label=mean_label,
        markevery=every,
    )
    add_size_spots(axes, case.decision.scores, factor, text.score, text)
    law = PowerLaw(**case.decision.result["power_law"])
    if law.converged:
        sizes = np.linspace(curve.index.min(), curve.index.max(), 200)
        label = text("figure.accuracy_energy.fit")
        axes.plot(sizes, metric.error(law.error(sizes)) * factor, "--", color=FIT, label=label)
    if not case.decision.full_size_untrained:
        _draw_margin(axes, case, text)
    if (baseline := case.decision.baseline) is not None:
        _draw_baseline(axes, case, baseline, text)
    bottom, top = axes.get_ylim()
    room = 0.12 * (top - bottom)
    if metric.higher_is_better:
        axes.set_ylim(bottom - room, top)
    else:
        axes.set_ylim(bottom, top + room)
    axes.set_ylabel(text("label.accuracy"))
    number_axis(axes, text)


def _draw_margin(axes: Axes, case: Case, text: Texts) -> None:
    """The worst mean that is still as good as the reference."""
    curve, metric = case.decision.curve, case.metric
    factor = metric.display_factor
    threshold = factor * metric.threshold(
        float(case.decision.scores[case.decision.reference]), case.decision.margin
    )
    axes.axhline(threshold, color=INK, linewidth=1.0, linestyle=(0, (6, 3)))
    # The curve gets better through the line: on the left the better side is free, else on the right
    # the worse one.
    half = np.interp(curve.index.max() / 2, curve.index, case.decision.scores * factor)
    left = bool(metric.sign * half < metric.sign * threshold)
    above = left == metric.higher_is_better
    axes.annotate(
        text("figure.accuracy_energy.margin", points=text.margin(case.decision.margin)),
        (0.01 if left else 0.99, threshold),
        xycoords=axes.get_yaxis_transform(),
        xytext=(0, 3 if above else -4),
        textcoords="offset points",
        ha="left" if left else "right",
        va="bottom" if above else "top",
    )


def _draw_baseline(axes: Axes, case: Case, baseline: float, text: Texts) -> None:
    """What always the same answer reaches: a line, or words at the edge where it is far outside."""
    level = baseline * case.metric.display_factor
    bottom, top = axes.get_ylim()
    reach = _BASELINE_REACH * (top - bottom)
    near = bottom - reach <= level <= top + reach
    if near:
        axes.axhline(level, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)))
    else:
        level = bottom if level < bottom else top
        axes.set_ylim(bottom, top)
    threshold = case.metric.threshold(
        float(case.decision.scores[case.decision.reference]), case.decision.margin
    )
    # Away from the words at the line of the margin.
    above = level >= threshold * case.metric.display_factor if near else level == bottom
    axes.annotate(
        text(
            "figure.accuracy_energy.baseline",
            always=baseline_answer(case.study, text),
            baseline=text.score(baseline),
        )
        + ("" if near else "\N{NO-BREAK SPACE}↓" if above else "\N{NO-BREAK SPACE}↑"),
        (0.99, level),
        xycoords=axes.get_yaxis_transform(),
        xytext=(0, 3 if above else -4),
        textcoords="offset points",
        ha="right",
        va="bottom" if above else "top",
        color=MUTED,
    )


def _draw_energy(axes: Axes, case: Case, text: Texts) -> None:
    curve = case.decision.curve
    unit = readable_unit(float(curve["energy_kwh_mean"].max()), ENERGY_UNITS)
    low, high = curve["energy_kwh_ci_low"] / unit.size, curve["energy_kwh_ci_high"] / unit.size
    axes.fill_between(curve.index, low, high, color=ACCENT, alpha=0.22, linewidth=0)
    every = marked_points(len(curve))
    axes.plot(
        curve.index, curve["energy_kwh_mean"] / unit.size, "s-", color=ACCENT, markevery=every
    )
    add_size_spots(axes, curve["energy_kwh_mean"], 1 / unit.size, text.energy, text)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(text("label.energy", unit=unit.symbol))
    number_axis(axes, text)


def _mark_decision(axes: Axes, case: Case, text: Texts) -> None:
    """Write the reference and the sufficient size above their lines, one row each."""
    where: dict[str, Any] = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points"}
    largest = "largest" if case.decision.full_size_untrained else "reference"
    reference = text(
        f"figure.accuracy_energy.{largest}", n_train=text.integer(case.decision.reference)
    )
    axes.annotate(
        reference, (case.decision.reference, 1), xytext=(0, 20), ha="right", color=MUTED, **where
    )
    if case.decision.full_size_untrained:
        if case.decision.rule_stop is None:
            return
        found = text("figure.growth.stop", n_train=text.integer(case.decision.rule_stop))
    elif case.decision.no_recommendation:
        found = text("figure.accuracy_energy.no_recommendation")
    elif case.decision.smaller_suffices:
        found = text(
            "figure.accuracy_energy.sufficient", n_train=text.integer(case.decision.sufficient)
        )
    else:
        found = text("figure.accuracy_energy.none_smaller")
    # Left of its line where there is room for the words, else right of it.
    side = "right" if case.decision.sufficient > 0.45 * axes.get_xlim()[1] else "left"
    axes.annotate(
        found, (case.decision.sufficient, 1), xytext=(0, 6), ha=side, weight="bold", **where
    )


def _data(case: Case) -> pd.DataFrame:
    """Score and energy of each size with their intervals, and the fitted curve."""
    name = case.metric.name
    bounds = [f"{of}_{end}" for of in (name, "energy_kwh") for end in ("mean", "ci_low", "ci_high")]
    return case.decision.curve[["n_train", "n_seeds", *bounds, "verdict", f"fitted_{name}"]]


DRAWINGS = {"accuracy_energy": accuracy_energy}
DATA = {"accuracy_energy": _data}
