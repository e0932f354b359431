"""The plan of a study: all sizes of a grid, or a ladder that grows until the rest is not worth it.

A sober study (`plan.mode`) trains doublings from `SMALLEST` up to the full size, and decides after
each whether the next one is worth it (`decision.growth`). Which sizes and seeds it trains is thus
known only as it grows; here are those that it may train.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from ecosobriety.datasets import TRAIN_SIZES
from ecosobriety.datasets.intake import Intake
from ecosobriety.study_config.contradictions import is_command, is_import, network_of, training_of
from ecosobriety.study_config.schema import list_names, show
from ecosobriety.user_code import commands

SMALLEST = 64
"""Examples of a ladder's first size; the same for every full size, so that a larger one goes on."""
FEWEST_SIZES = 4
"""Three doublings are needed for a decision."""
FIRST_SHARE = 1 / 8
"""No decision below this share of the full size."""
SMALLEST_DECIDED = 512
"""Nor below this many examples: on smaller sizes the rule errs more often."""
POOLED_GAINS = 3
"""Doublings over which the standard error is pooled; so many must be measured."""
POOLED_BENDS = 4
"""With one seed, neighbouring triples of sizes off which the noise is read."""
MORE_SEEDS = 3
"""Seeds of a pair of sizes where those of one do not suffice."""
TAME = ("linear",)
"""Networks whose curves are those of the learners that the smaller z was chosen on."""

_LAST_STEP = 2**0.5
"""The ladder's last step is at least half a doubling: gains are divided by its length."""


def is_sober(config: Mapping[str, Any]) -> bool:
    """Whether a completed study grows."""
    return bool(config["plan"]["mode"] == "sober")


def ladder(full: int, available: int) -> list[int]:
    """Doublings from `SMALLEST` up to the full size, in examples, or to all that there are."""
    last = min(full, available)
    sizes = []
    size = SMALLEST
    while size * _LAST_STEP <= last:
        sizes.append(size)
        size *= 2
    return [*sizes, last]


def full_n_train(config: Mapping[str, Any], available: int | None) -> int | None:
    """The size that one would train on otherwise; None: it is that of the data, not known yet."""
    full = config["plan"]["full_n_train"]
    return available if full == "max" else int(full)


def available_examples(config: Mapping[str, Any], intake: Intake | None) -> int | None:
    """How many training examples there are; None: not known before they are prepared."""
    known = intake and intake.train_examples
    return known or TRAIN_SIZES.get(config["dataset"]["name"])


def complete_plan(
    config: dict[str, Any], written: Mapping[str, Any], intake: Intake | None
) -> Iterator[tuple[str, str]]:
    """Fill in the sizes and seeds that a plan may train; yield the key and the fault of each wrong.

    Args:
        config: the configuration, otherwise complete; `grid` and `plan.full_n_train` are filled in.
        written: the same as the user wrote it: a default contradicts nothing.
        intake: what is known of the data; None: nothing.
    """
    grid, plan = config["grid"], config["plan"]
    if not is_sober(config):
        if "n_train" not in grid:
            yield (
                "grid.n_train",
                "is missing, but must be a list of 1 to 1000 different items, each a whole number "
                "of examples; only with plan.mode sober may it be left out",
            )
        defaults = {"full_n_train": "max", "seeds": "adaptive", "epochs": "all", "z": None}
        for key, default in defaults.items():
            if plan[key] != default:
                allowed = "left out without plan.mode sober"
                yield f"plan.{key}", f"is {show(plan[key])}, but must be {allowed}"
        return
    yield from _sober_contradictions(config, written)
    available = available_examples(config, intake)
    full = full_n_train(config, available)
    if full is None:
        yield (
            "plan.full_n_train",
            'is "max", but must be a number of examples: how many there are is known only after '
            "the data set is prepared",
        )
        return
    sizes = sorted(grid["n_train"]) if "n_train" in grid else ladder(full, available or full)
    if sizes and sizes[-1] > full:
        yield (
            "plan.full_n_train",
            f"is {show(plan['full_n_train'])}, but must be at least {sizes[-1]}, the largest size "
            "of grid.n_train",
        )
    if len(sizes) < FEWEST_SIZES:
        key = "grid.n_train" if "n_train" in grid else "plan.full_n_train"
        yield (
            key,
            f"gives the sizes {list_names(sizes) or 'none'}, but must give at least "
            f"{FEWEST_SIZES}: a decision needs three doublings; take a larger full size or more "
            "data, or plan.mode exhaustive",
        )
    grid["n_train"] = sizes
    plan["full_n_train"] = full
    if plan["seeds"] != "adaptive":
        grid["seeds"] = plan["seeds"]
    elif "seeds" not in (written.get("grid") or {}):
        grid["seeds"] = list(range(1, MORE_SEEDS + 1))


def _sober_contradictions(
    config: Mapping[str, Any], written: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """What a sober study cannot have beside it."""
    seeds, of_grid = config["plan"]["seeds"], (written.get("grid") or {}).get("seeds")
    if seeds == "adaptive" and of_grid is not None and len(of_grid) < MORE_SEEDS:
        yield (
            "grid.seeds",
            f"is {show(of_grid)}, but must be at least {MORE_SEEDS} seeds with plan.seeds adaptive",
        )
    if seeds != "adaptive" and of_grid is not None and of_grid != seeds:
        yield "grid.seeds", f"is {show(of_grid)}, but must be left out: plan.seeds is {show(seeds)}"
    if seeds == "adaptive" and config["training"]["process"] == "size":
        yield (
            "training.process",
            'is "size", but must be run with plan.seeds adaptive, which adds seeds one by one',
        )
    if config["training"]["budget"] == "steps":
        yield (
            "training.budget",
            'is "steps", but must be epochs with plan.mode sober: with equal steps, a smaller '
            "size saves nothing",
        )
    if config["analysis"]["reference_n_train"] != "max":
        shown = show(config["analysis"]["reference_n_train"])
        yield (
            "analysis.reference_n_train",
            f"is {shown}, but must be max with plan.mode sober: which sizes will be trained is "
            "not known beforehand; plan.full_n_train is the size to compare with",
        )
    if config["methods"]["tracker_sizes"]:
        shown = show(config["methods"]["tracker_sizes"])
        yield "methods.tracker_sizes", f"is {shown}, but must be empty with plan.mode sober"
    for i, model in enumerate(config["models"]):
        if is_import(model):
            yield (
                f"models[{i}].runs",
                f"is {show(model['runs'])}, but must be left out with plan.mode sober: nothing is "
                "saved by stopping runs that exist already",
            )
    if adapts_epochs(config) and config["training"]["score_epochs"] is False:
        yield (
            "training.score_epochs",
            "is false, but must be auto, true or a number with plan.epochs adaptive, which decides "
            "by the scores after fewer epochs",
        )
    if config["claims"] == "poster":
        yield (
            "claims",
            'is "poster", but must be none with plan.mode sober: the claims compare sizes that '
            "it may leave out",
        )


def adds_seeds(config: Mapping[str, Any]) -> bool:
    """Whether a sober study starts with one seed and may add more."""
    return bool(config["plan"]["seeds"] == "adaptive")


def adapts_epochs(config: Mapping[str, Any]) -> bool:
    """Whether a sober study trains a size for as many epochs as sufficed one size below."""
    return is_sober(config) and bool(config["plan"]["epochs"] == "adaptive")


def all_epochs(config: Mapping[str, Any], model: str) -> int | None:
    """The epochs of a model's trainings; None: a command that does not ask for their number."""
    (found,) = (one for one in config["models"] if one["name"] == model)
    if is_command(found) and "epochs" not in commands.placeholders(found["command"]):
        return None
    return int(training_of(config, found)["epochs"])


def epochs_decided_at(config: Mapping[str, Any]) -> dict[int, int]:
    """The sizes that may be trained for fewer epochs, and at which size that is decided."""
    if not adapts_epochs(config):
        return {}
    sizes, full = decision_sizes(config), config["plan"]["full_n_train"]
    return {size: before for before, size in pairwise(sizes) if size < full}


def decision_sizes(config: Mapping[str, Any]) -> list[int]:
    """The sizes at which a sober study decides: those where it can, and the ladder's last."""
    sizes, seeds = config["grid"]["n_train"], config["grid"]["seeds"]
    alone = adds_seeds(config) or len(seeds) == 1
    before = POOLED_BENDS + 1 if alone else POOLED_GAINS
    least = max(FIRST_SHARE * config["plan"]["full_n_train"], SMALLEST_DECIDED)
    return [
        size
        for i, size in enumerate(sizes)
        if (i >= before and size >= least) or i == len(sizes) - 1
    ]


def growth_runs(
    config: Mapping[str, Any], model: str, n_train: int, *, more_seeds: bool
) -> list[tuple[str, str, int, int]]:
    """The trainings behind the decision at a size, as (data set, model, size, seed).

    Args:
        config: the completed configuration of a sober study.
        model: the model's name.
        n_train: the size that is decided at.
        more_seeds: whether one seed did not suffice, so that the last two sizes have more.
    """
    dataset, seeds = config["dataset"]["name"], config["grid"]["seeds"]
    sizes = [size for size in config["grid"]["n_train"] if size <= n_train]
    everywhere = seeds[:1] if adds_seeds(config) else seeds
    runs = [(dataset, model, size, seed) for size in sizes for seed in everywhere]
    added = seeds[1:MORE_SEEDS] if more_seeds else []
    return runs + [(dataset, model, size, seed) for size in sizes[-2:] for seed in added]


def growth_rule(config: Mapping[str, Any], model: str, *, first_look: bool) -> dict[str, Any]:
    """What decides besides the runs: arguments of `decision.decide`.

    Where the study does not grow, `full_n_train` is None: all the data are the full size.

    Args:
        config: the completed configuration.
        model: the model's name.
        first_look: whether more seeds may still be asked for.
    """
    (network,) = (network_of(found) for found in config["models"] if found["name"] == model)
    sober = is_sober(config)
    return {
        "full_n_train": config["plan"]["full_n_train"] if sober else None,
        "margin": config["analysis"]["margin"],
        "z": config["plan"]["z"],
        "tame": network in TAME,
        "adaptive": sober and adds_seeds(config),
        "may_add_seeds": first_look,
        "all_epochs": all_epochs(config, model) if adapts_epochs(config) else None,
    }


def trainings_of(config: Mapping[str, Any], model: str) -> dict[str, dict[int, int]]:
    """How many trainings on each size a study may do, `most`, and does in any case, `least`.

    They differ in a study that grows: it may stop at its first decision.

    Args:
        config: the completed configuration.
        model: the model's name.
    """
    grid = config["grid"]
    if not is_sober(config):
        counts = dict.fromkeys(grid["n_train"], len(grid["seeds"]))
        return {"least": counts, "most": counts}
    sizes = decision_sizes(config)
    least = growth_runs(config, model, sizes[0], more_seeds=False)
    more = adds_seeds(config)
    most = {run for size in sizes for run in growth_runs(config, model, size, more_seeds=more)}
    return {
        end: dict(sorted(Counter(n_train for _, _, n_train, _ in runs).items()))
        for end, runs in (("least", least), ("most", most))
    }
