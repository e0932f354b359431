"""Replay all rules on LCDB and write `docs/backtest.md`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backtest import curves as lcdb
from backtest.curves import Curves
from backtest.replay import Replay, interval, replay, replay_adaptive
from backtest.rules import RULES, Rule, sober, sober_twice
from ecosobriety.decision.growth import NETWORK_Z, TAME_Z
from ecosobriety.decision.sober import ADAPTIVE_Z
from ecosobriety.study_config.plan import MORE_SEEDS

PAGE = Path(__file__).parents[2] / "docs/backtest.md"
BEGIN, END = "<!-- backtest: begin, written by `make backtest` -->", "<!-- backtest: end -->"

MARGINS = (0.005, 0.01, 0.02)
SEEDS = (1, 3, 5)
DRAWS = 4
FIXED_SEEDS = 5
"""Seeds of the table that compares the rules."""
FULL_SIZES = ((4096, 10_000), (10_000, 40_000), (40_000, 10_000_000))


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Lines of a Markdown table, and an empty one."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def share(value: float) -> str:
    """Three decimals without the zero in front."""
    return f"{value:.3f}".removeprefix("0") if np.isfinite(value) else "–"


def false_of_stops(found: Replay) -> float:
    """How many of the stops are false."""
    return float(found.false.sum() / found.stopped.sum()) if found.stopped.any() else np.nan


def with_interval(found: Replay, curves: Curves) -> str:
    """The share of all curves that were stopped falsely, and its interval over data sets."""
    by_curve = found.false.mean(axis=0)
    low, high = interval(by_curve, curves.openmlid)
    return f"{share(float(by_curve.mean()))} ({share(low)}–{share(high)})"


def compare_rules(curves: Curves, scores: np.ndarray) -> Iterator[str]:
    """Every rule on the same draws: price and false stops by margin."""
    rows = []
    for name, rule in RULES.items():
        found = [replay(curves, scores, rule, margin) for margin in MARGINS]
        rows.append(
            [name, *(f"{share(f.price.mean())} / {with_interval(f, curves)}" for f in found)]
        )
    yield from table(["rule", *(f"m = {margin:g}: price / false" for margin in MARGINS)], rows)


def by_seeds(curves: Curves, draws: dict[int, np.ndarray], rule: Rule) -> Iterator[str]:
    """One rule by the number of seeds and the margin."""
    rows = []
    for seeds, scores in draws.items():
        for margin in MARGINS:
            found = replay(curves, scores, rule, margin)
            rows.append(
                [
                    str(seeds),
                    f"{margin:g}",
                    with_interval(found, curves),
                    share(found.stopped.mean()),
                    share(false_of_stops(found)),
                    share(found.price.mean()),
                    f"{found.full_trainings.mean():.1f}",
                ]
            )
    head = ["seeds", "m", "false", "stops", "false of stops", "price", "cost in full trainings"]
    yield from table(head, rows)


def by_policy(
    curves: Curves, draws: dict[int, np.ndarray], fixed_z: float, adaptive_z: float
) -> Iterator[str]:
    """Seeds that are added where noise alone blocks the stop, beside fixed numbers of seeds."""
    rows = []
    for margin in MARGINS:
        policies = {
            f"{seeds}, z = {fixed_z:g}": replay(curves, scores, sober(fixed_z), margin)
            for seeds, scores in draws.items()
        }
        policies[f"**1, then {MORE_SEEDS}, z = {adaptive_z:g}**"] = replay_adaptive(
            curves, draws[MORE_SEEDS], adaptive_z, margin
        )
        rows += [
            [
                name,
                f"{margin:g}",
                with_interval(found, curves),
                share(found.stopped.mean()),
                share(false_of_stops(found)),
                f"{found.full_trainings.mean():.2f}",
                f"{found.payback:.1f}" if found.saved.any() else "–",
            ]
            for name, found in policies.items()
        ]
    head = ["seeds", "m", "false", "stops", "false of stops", "cost in full trainings"]
    yield from table([*head, "retrainings that pay for it"], rows)


def by_group(curves: Curves, scores: np.ndarray) -> Iterator[str]:
    """The rule at a margin of one point, by learner and by the size of the data set."""
    groups = {str(name): curves.learner == name for name in np.unique(curves.learner)}
    groups |= {
        f"{low:,} to {high:,} examples" if high < 10**7 else f"{low:,} examples and more": (
            (curves.full >= low) & (curves.full < high)
        )
        for low, high in FULL_SIZES
    }
    found = replay(curves, scores, sober(TAME_Z), 0.01)
    rows = []
    for name, chosen in groups.items():
        part = Replay(*(values[:, chosen] for values in vars(found).values()))
        rows.append(
            [
                name,
                str(int(chosen.sum())),
                share(part.false.mean()),
                share(part.stopped.mean()),
                share(false_of_stops(part)),
                share(part.price.mean()),
            ]
        )
    yield from table(["curves of", "number", "false", "stops", "false of stops", "price"], rows)


def page(curves: Curves) -> Iterator[str]:
    """All tables, as lines of Markdown."""
    generator = np.random.default_rng(0)
    draws = {seeds: curves.draw(seeds, DRAWS, generator) for seeds in SEEDS}
    # No constant was chosen with these.
    testing = curves.openmlid % 4 == 3
    held_out = curves.take(testing)
    held_draws = {seeds: scores[:, testing] for seeds, scores in draws.items()}
    yield f"{len(curves.full):,} curves of {len(np.unique(curves.openmlid))} data sets."
    yield ""
    yield f"## The rules side by side ({FIXED_SEEDS} seeds)\n"
    yield from compare_rules(curves, draws[FIXED_SEEDS])
    yield f"## The same on the data sets kept for testing ({len(held_out.full)} curves)\n"
    yield from compare_rules(held_out, held_draws[FIXED_SEEDS])
    for z in (TAME_Z, NETWORK_Z):
        yield f"## The rule with z = {z:g}, by the number of seeds\n"
        yield from by_seeds(curves, draws, sober(z))
        yield "On the data sets kept for testing:\n"
        yield from by_seeds(held_out, held_draws, sober(z))
    yield "## Seeds that are added where noise alone blocks the stop\n"
    yield from by_policy(curves, draws, TAME_Z, ADAPTIVE_Z)
    yield "On the data sets kept for testing:\n"
    yield from by_policy(held_out, held_draws, TAME_Z, ADAPTIVE_Z)
    yield from of_networks(curves, draws)
    yield "## By learner and by size of the data set (z = 1.25, 3 seeds, a margin of one point)\n"
    yield from by_group(curves, draws[3])


def of_networks(curves: Curves, draws: dict[int, np.ndarray]) -> Iterator[str]:
    """The cautious choices, on neural networks alone."""
    networks = curves.learner == "MLPClassifier"
    if not networks.any():
        return
    neural, own = curves.take(networks), {s: d[:, networks] for s, d in draws.items()}
    cautious = {
        f"z = {TAME_Z:g}": sober(TAME_Z),
        f"z = {NETWORK_Z:g}": sober(NETWORK_Z),
        f"z = {TAME_Z:g}, twice in a row": sober_twice(TAME_Z),
    }
    for name, rule in cautious.items():
        yield f"## Neural networks alone, {name} ({int(networks.sum())} curves)\n"
        yield from by_seeds(neural, own, rule)
    yield "## Neural networks alone, added seeds\n"
    yield from by_policy(neural, own, NETWORK_Z, NETWORK_Z)


def main() -> None:
    """Write the page's tables anew; its text stays."""
    tables = "\n".join(page(lcdb.read(Path(sys.argv[1]))))
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
