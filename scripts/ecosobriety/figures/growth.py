"""Whether growing is worth it: the learning curve, and what the sizes still to come can bring."""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ecosobriety.figures.spots import add_size_spots, add_spot
from ecosobriety.figures.style import (
    ACCENT,
    FIT,
    INK,
    MUTED,
    add_axes,
    log_axis,
    marked_points,
    new_figure,
    number_axis,
    size_label,
)
from ecosobriety.study.study import Case
from ecosobriety.texts import Texts

_WIDTH_IN = 5.9
_LABEL_IN = 0.62
"""Room for a size's number under the axis."""
_SIDE = 1.15
"""Room beside the outermost sizes, as a factor."""
_AIR = 1.2
"""Room above and below the bounds and the margin, as a factor."""


def growth(case: Case, text: Texts) -> Figure:
    """The score by size, and below it the bound on what the full size would bring more."""
    figure = new_figure(5.8)
    bound = add_axes(figure, 0.85, 0.85, _WIDTH_IN, 2.05)
    score = add_axes(figure, 0.85, 3.15, _WIDTH_IN, 2.1)
    for axes in (bound, score):
        _size_axis(axes, case, text)
    _draw_score(score, case, text)
    _draw_bound(bound, case, text)
    score.set_xlabel("")
    score.tick_params(labelbottom=False)
    _mark_sizes(score, case, text)
    figure.legend(loc="lower center", ncols=4, columnspacing=1.5, handletextpad=0.5)
    return figure


def _size_axis(axes: Axes, case: Case, text: Texts) -> None:
    """The sizes up to the full one, a doubling always as wide; numbers where there is room."""
    sizes = np.array(sorted({*case.decision.curve.index, case.decision.rule_full}), float)
    axes.set_xscale("log", base=2)
    axes.set_xlim(sizes[0] / _SIDE, sizes[-1] * _SIDE)
    low, high = np.log2(axes.get_xlim())
    inches = (np.log2(sizes) - low) / (high - low) * _WIDTH_IN
    numbered: list[int] = []
    # From the largest down: the full size has its number.
    for place in range(len(sizes) - 1, -1, -1):
        if not numbered or inches[numbered[-1]] - inches[place] >= _LABEL_IN:
            numbered.append(place)
    axes.xaxis.set_major_locator(FixedLocator([float(sizes[place]) for place in numbered[::-1]]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.integer(round(value))))
    axes.set_xlabel(size_label(case, text))


def _draw_score(axes: Axes, case: Case, text: Texts) -> None:
    view, metric = case.decision, case.metric
    factor = metric.display_factor
    scores = view.scores * factor
    every = marked_points(len(scores))
    runs = view.runs[view.runs["n_train"].isin(scores.index[::every])]
    axes.plot(
        runs["n_train"],
        runs[metric.test_column] * factor,
        ".",
        color=ACCENT,
        alpha=0.35,
        label=text("figure.growth.seed"),
    )
    mean = text("figure.growth.mean")
    axes.plot(scores.index, scores, "o-", color=ACCENT, label=mean, markevery=every)
    add_size_spots(axes, view.scores, factor, text.score, text)
    last = int(scores.index.max())
    found = view.rule.get(last)
    if found is not None and found["bound"] is not None and last < view.rule_full:
        at = float(scores[last])
        axes.fill_between(
            [last, view.rule_full],
            at,
            [at, at + metric.sign * found["bound"] * factor],
            color=FIT,
            alpha=0.25,
            linewidth=0,
            label=text("figure.growth.possible"),
        )
    axes.margins(y=0.1)
    axes.set_ylabel(text("label.accuracy"))
    number_axis(axes, text)


def _draw_bound(axes: Axes, case: Case, text: Texts) -> None:
    factor = case.metric.display_factor
    known = {n: found for n, found in case.decision.rule.items() if found["bound"]}
    below = {n: found for n, found in known.items() if n < case.decision.rule_full}
    axes.set_ylabel(text("figure.growth.bound"))
    if not below:
        axes.set_yticks([])
        where: dict[str, Any] = {"ha": "center", "va": "center", "transform": axes.transAxes}
        axes.text(0.5, 0.5, text("figure.growth.no_bound"), **where)
        return
    bounds = {n: found["bound"] * factor for n, found in below.items()}
    decided = [n for n, found in below.items() if found["decision"] != "undecided"]
    axes.set_yscale("log")
    axes.plot(list(bounds), list(bounds.values()), "-", color=FIT)
    for sizes, face, label in (
        (decided, FIT, "decided"),
        ([n for n in bounds if n not in decided], "white", "undecided"),
    ):
        if sizes:
            heights = [bounds[n] for n in sizes]
            style: dict[str, Any] = {"color": FIT, "markerfacecolor": face, "zorder": 3}
            axes.plot(sizes, heights, "D", label=text(f"figure.growth.{label}"), **style)
    for n, found in below.items():
        words = text(
            "figure.spot.size",
            n_train=text.integer(n),
            value=text("unit.at_most", amount=text.difference(found["bound"])),
        )
        add_spot(axes, float(n), bounds[n], words, size=n)
    margins = {n: found["margin"] * factor for n, found in case.decision.rule.items()}
    # Of a metric whose margin is a share, each size has its own.
    ends = [axes.get_xlim()[0], *margins, axes.get_xlim()[1]]
    heights = [*margins.values()]
    heights = [heights[0], *heights, heights[-1]]
    axes.plot(ends, heights, color=INK, linewidth=1.0, linestyle=(0, (6, 3)))
    ticks = _ticks(min(*bounds.values(), *heights), max(*bounds.values(), *heights))
    axes.set_ylim(ticks[0], ticks[-1])
    log_axis(axes.yaxis, text)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.annotate(
        text("figure.growth.margin", margin=text.margin(case.decision.margin)),
        (0.01, heights[0]),
        xycoords=axes.get_yaxis_transform(),
        xytext=(0, 3),
        textcoords="offset points",
    )


def _ticks(low: float, high: float) -> list[float]:
    """The powers of ten, and twice and five times them, from below one number to above another."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
    steps = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    first = max(place for place, step in enumerate(steps) if step * _AIR <= low)
    last = min(place for place, step in enumerate(steps) if step >= high * _AIR)
    return steps[first : last + 1]


def _mark_sizes(axes: Axes, case: Case, text: Texts) -> None:
    """The full size, and where the rule stops, above their lines; one row each."""
    view = case.decision
    stop = view.rule_stop
    for sized in axes.figure.axes:
        for size in {view.rule_full, stop or view.rule_full}:
            sized.axvline(size, color=MUTED, linewidth=0.8, linestyle=":", zorder=1)
    where: dict[str, Any] = {"xycoords": axes.get_xaxis_transform(), "textcoords": "offset points"}
    full = text("figure.growth.full", n_train=text.integer(view.rule_full))
    axes.annotate(full, (view.rule_full, 1), xytext=(0, 20), ha="right", color=MUTED, **where)
    if stop is None:
        kind, size = ("no_stop" if view.grows else "would_not_stop"), view.rule_full
    else:
        kind, size = ("stop" if view.grows else "would_stop"), stop
    words = text(f"figure.growth.{kind}", n_train=text.integer(size))
    low, high = axes.get_xlim()
    right = np.log2(size / low) > 0.45 * np.log2(high / low)
    side = "right" if right else "left"
    axes.annotate(words, (size, 1), xytext=(0, 6), ha=side, weight="bold", **where)


def _data(case: Case) -> pd.DataFrame:
    """The score of each size, and what the rule says there of growing to the full one."""
    keys = ("gain_per_doubling", "bound", "margin", "decision")
    rule = [
        {"n_train": n, **{key: found[key] for key in keys}}
        for n, found in case.decision.rule.items()
    ]
    scores = case.decision.curve[["n_train", f"{case.metric.name}_mean"]]
    known = pd.DataFrame(rule, columns=["n_train", *keys])
    table = scores.reset_index(drop=True).merge(known, how="left", on="n_train")
    return table.assign(full_n_train=case.decision.rule_full)


DRAWINGS = {"growth": growth}
DATA = {"growth": _data}
