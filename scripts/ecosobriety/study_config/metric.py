"""The section `metric` of a study's file: what the models are scored by, completed and checked."""

from collections.abc import Iterator, Mapping
from typing import Any

from ecosobriety.metric_names import higher_by_name
from ecosobriety.metrics import METRICS, RESERVED, Metric, metric_from, metrics_of
from ecosobriety.study_config.schema import list_names, nearest, show

SMALLEST_SHARE = 1e-6
"""The smallest margin of a metric of at most 1, and of one that is a share of the reference."""
WIDE_SHARE = 0.1
"""From here on such a margin is said in words: 0.5 may have been meant as half a point."""


def complete_metric(
    config: dict[str, Any], written: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Fill in the section `metric`; yield the key and the fault of each value that is wrong.

    Args:
        config: the configuration, otherwise complete; `metric` is filled in.
        written: the same as the user wrote it.
    """
    metric, task = config["metric"], config["task"]
    name = metric.setdefault("name", metrics_of(task)[0].name)
    known = METRICS.get(name)
    if known is None or known.task != task:
        yield from _unknown(config, name)
    if name in RESERVED:
        yield "metric.name", f"is {show(name)}, but must be another name: columns are called so"
    better = metric.get("better")
    if known is not None:
        own = "higher" if known.higher_is_better else "lower"
        if better not in (None, own):
            yield "metric.better", f"is {better}, but must be {own} with the metric {name}"
        metric["better"] = own
    elif better is None:
        computed = [other.name for other in metrics_of(task)]
        yield (
            "metric.better",
            f"is missing, but must be higher or lower: {show(name)} is a metric of your own"
            f"{nearest(name, computed)}",
        )
        return
    elif higher_by_name(name) is (better == "lower"):
        yield (
            "metric.better",
            f"is {better}, but must be {'higher' if better == 'lower' else 'lower'} with a metric "
            f"called {name}: if it is meant so, give it another name, such as inverted_{name}",
        )
    relative = known.relative_margin if known is not None else metric["better"] == "lower"
    metric.setdefault("margin", "relative" if relative else "absolute")
    described = metric_from(metric)
    if described.percent and metric["unit"] is not None:
        shown = show(metric["unit"])
        yield "metric.unit", f"is {shown}, but must be null: {name} is shown in percent"
    elif known is not None and known.highest is not None and metric["unit"] is not None:
        # What has a best value, whatever the data, has no unit.
        shown = show(metric["unit"])
        yield "metric.unit", f"is {shown}, but must be null: {name} has no unit"
    yield from _numbers(config["analysis"], written, described)


def metric_of(config: Mapping[str, Any]) -> Metric:
    """The metric of a completed configuration."""
    return metric_from(config["metric"])


def wide_margin(config: Mapping[str, Any]) -> str | None:
    """A wide margin of a completed configuration, in words; None: it is narrow, or no share."""
    metric, margin = metric_of(config), config["analysis"]["margin"]
    if margin < WIDE_SHARE or not (metric.relative_margin or metric.percent):
        return None
    kind = "%" if metric.relative_margin else "points"
    of = f"the reference's {metric.name}" if metric.relative_margin else metric.name
    return (
        f"analysis.margin is {margin:g}: a loss of {100 * margin:g} {kind} of {of} still counts as "
        f"no worse ({margin / 100:g} would be {margin:g} {kind})"
    )


def _unknown(config: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """A metric that our own loop does not compute, in a study that has models of that loop."""
    ours = [
        model["name"]
        for model in config["models"]
        if model.get("command") is None and model.get("runs") is None
    ]
    if ours:
        computed = [other.name for other in metrics_of(config["task"])]
        allowed = f"one of {list_names(computed)} with a {config['task']}"
        yield "metric.name", f"is {show(name)}, but must be {allowed}{nearest(name, computed)}"


def _numbers(
    analysis: Mapping[str, Any], written: Mapping[str, Any], metric: Metric
) -> Iterator[tuple[str, str]]:
    """A margin or a target that the metric cannot have."""
    margin, target = analysis["margin"], analysis["target"]
    share = metric.relative_margin or metric.highest is not None
    if share and not SMALLEST_SHARE <= margin < 1:
        allowed = f"a number at least {SMALLEST_SHARE:g} and below 1"
        if metric.relative_margin:
            allowed += f": it is a share of the {metric.name} (or write metric.margin: absolute)"
        yield "analysis.margin", f"is {margin:g}, but must be {allowed}"
    if not share and "margin" not in (written.get("analysis") or {}):
        yield (
            "analysis.margin",
            f"is missing, but must be a number above 0: the loss of {metric.name}, in its own "
            "unit, that still counts as no worse (or write metric.margin: relative)",
        )
    low, high = metric.ends
    if target is not None and not low < target < high:
        ends = " and ".join(
            f"{word} {end:g}"
            for word, end in (("above", metric.lowest), ("below", metric.highest))
            if end is not None
        )
        yield "analysis.target", f"is {target:g}, but must be {ends}, as it is of {metric.name}"
