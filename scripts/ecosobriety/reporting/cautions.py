"""What to be careful about: what makes the verdict weaker than it looks, beside the headline."""

import math
from collections.abc import Mapping
from typing import Any

from ecosobriety.datasets.findings import Finding, short
from ecosobriety.decision.intervals import share_bound
from ecosobriety.metrics import ACCURACY, BALANCED_ACCURACY, MACRO_F1
from ecosobriety.reasons import reason, recognise_all
from ecosobriety.reporting.forecast import budget_warnings
from ecosobriety.reporting.growth import has_fewer_epochs
from ecosobriety.reporting.remarks import remark
from ecosobriety.study.study import Case
from ecosobriety.study.wording import country_name
from ecosobriety.texts import Texts
from ecosobriety.units import epochs_to_steps

UNEQUAL_FROM = 1.5
"""The largest class's share of the test part, in even shares, from which an accuracy hides others:
a network that always answers it then scores half as much again as by chance."""
MIN_SEEDS = 3
"""With fewer, a standard deviation is hardly known at all, and bounds are very wide."""
UNEVEN_FROM = 1.2
MOST_LISTED = 40
"""A table can have thousands of features; the intake's file names all of them."""
GRAVE_REMARKS = {"times_codecarbon", "part_of_codecarbon", "all_equal", "year_old", "hour_old"}
GRAVE_REMARKS |= {"share_against", "fossil_against"}
"""Of a country's electricity: what can change the emissions beyond its usual uncertainty."""
OF_THE_DATA = {"value", "low", "high", "first", "last", "place"}
OF_THE_DATA |= {f"{part}_{end}" for part in ("train", "test") for end in ("low", "high")}
"""Values of a finding that are no counts."""
FEW = 5
"""Fewer examples of a class than this say hardly anything about it."""


def warnings(case: Case, text: Texts) -> list[str]:
    """What makes the verdict weaker than it looks, where there is something of the kind."""
    return [
        *budget_warnings(case, text),
        *(
            finding_text(finding, text)
            for finding in case.study.intake.findings
            if finding.headline
        ),
        *([text("warning.no_baseline")] if case.decision.baseline is None else []),
        *_country(case, text),
        *_seeds(case, text),
        *_test_part(case, text),
        *_classes(case, text),
        *_unequal(case, text),
        *_pace(case, text),
        *_ended_early(case, text),
        *_curve(case, text),
    ]


def noticed(case: Case, provenance: Mapping[str, Any], text: Texts) -> list[str]:
    """What is odd about the model's trainings, and may be meant so.

    Args:
        case: One model.
        provenance: As `provenance.describe` gives it.
        text: The language.
    """
    found = provenance["trainings"].get("noticed", {}).get(case.model, [])
    shown = [what for sentence in found if (what := remark(sentence, text))]
    # Some ask already whether it is meant.
    return [
        text("warning.noticed_asked" if what.endswith("?") else "warning.noticed", what=what)
        for what in shown
    ]


def _country(case: Case, text: Texts) -> list[str]:
    """What is odd about the electricity that the emissions rest on, where much hangs on it."""
    country = case.electricity.country
    flag = case.study.countries.set_index("country_iso3")["flag"][country]
    known = (recognise_all(flag) if isinstance(flag, str) else None) or []
    remarks = [remark(reason(id_, **values), text) for id_, values in known if id_ in GRAVE_REMARKS]
    return [
        text("warning.country_data", country=country_name(case, text), remark=sentence)
        for sentence in remarks
        if sentence
    ]


def finding_text(finding: Finding, text: Texts) -> str:
    """A finding about the data as a sentence of the reader's language."""

    def show(value: Any) -> str:
        if isinstance(value, str):
            return text("findings.name", name=value)
        if isinstance(value, bool) or value is None:
            return text("missing") if value is None else text("yes" if value else "no")
        if isinstance(value, int):
            return text.integer(value)
        if isinstance(value, float):
            return text.number(value)
        if isinstance(value, Mapping):
            return ", ".join(
                text("findings.counted", name=name, count=show(count))
                for name, count in value.items()
            )
        between = "; " if any(isinstance(item, Mapping) for item in value) else ", "
        listed = [show(item) for item in value]
        return between.join([*listed[:MOST_LISTED], "…"] if len(listed) > MOST_LISTED else listed)

    def named(name: str, value: Any) -> str:
        if name.startswith("share"):
            return text.share(value, 1)
        plain = name in OF_THE_DATA and isinstance(value, int | float)
        return text.datum(value) if plain else show(value)

    shown = {name: named(name, value) for name, value in finding.values.items()}
    return text(f"findings.{finding.id}", **shown)


def _seeds(case: Case, text: Texts) -> list[str]:
    cautions = []
    n_seeds = int(case.decision.result["n_seeds"])
    if n_seeds < MIN_SEEDS:
        seeds = text.plural("unit.seeds", n_seeds, count=text.integer(n_seeds))
        cautions.append(text("warning.few_seeds", seeds=seeds))
    for cause in ("too_few_pairs", "missing_pairs", "zero_variance"):
        sizes = case.decision.curve.index[case.decision.curve["verdict_reason"] == cause]
        # Without a count of test examples, the bound is the mean itself.
        if cause == "zero_variance" and case.study.intake.counted(case.metric) is None:
            cause += "_alone"
        elif cause == "zero_variance" and case.metric.counts == "classes":
            cause += "_classes"
        if len(sizes):
            cautions.append(text(f"warning.{cause}", sizes=", ".join(map(text.integer, sizes))))
    return cautions


def _test_part(case: Case, text: Texts) -> list[str]:
    """How much one test example is worth, where the test part is small against the margin."""
    test, score = (
        case.study.intake.test_examples,
        float(case.decision.scores[case.decision.reference]),
    )
    if test is None:
        return [text("warning.test_part_unknown")]
    if case.decision.no_recommendation == "margin_unresolved":
        return []  # the headline says it
    counted = case.study.intake.counted(case.metric)
    if counted is None:
        return _averaged(case, test, score, text)
    # Where all is right or nothing, a standard error says nothing.
    kind, error = "test_part", math.sqrt(score * (1 - score) / counted)
    if score == 1:
        kind, error = "test_part_all", 1 - share_bound(1, counted, case.decision.confidence)
    step = 1 / counted
    if score == 0 or max(error, 2 * step) <= case.decision.allowed_loss:
        return []
    return [
        text(
            f"warning.{kind}",
            confidence=text.exact_share(case.decision.confidence),
            test=text.integer(test),
            step=_worth(case, step, text),
            error=text.points(error),
            margin=text.margin(case.decision.margin),
        )
    ]


def _worth(case: Case, step: float, text: Texts) -> str:
    """What one test example is worth; where classes count alike, that depends on its class."""
    counts = [n for n in (case.study.intake.class_counts or {}).get("test", ()) if n]
    if case.metric.counts != "classes" or not counts or min(counts) == max(counts):
        return text.points(step)
    low, high = (text.points(1 / (len(counts) * n)) for n in (max(counts), min(counts)))
    return text("warning.worth_between", low=low, high=high)


def _averaged(case: Case, test: int, score: float, text: Texts) -> list[str]:
    """The same of a metric that is no share of the test examples."""
    error = case.metric.sampling_error(test)
    if error is None:
        return [text("warning.test_part_unknown")]
    if error * score <= case.decision.allowed_loss:
        return []
    relative = case.metric.relative_margin
    return [
        text(
            "warning.test_part",
            test=text.integer(test),
            step="",
            error=text.share(error, 1) if relative else text.difference(error * score),
            margin=text.margin(case.decision.margin),
        )
    ]


def _classes(case: Case, text: Texts) -> list[str]:
    """Sizes and test parts with hardly an example of some class."""
    counts, classes = case.study.intake.class_counts, case.study.intake.classes
    if not counts or not classes:
        return []
    cautions = []
    if case.decision.reference < len(classes):
        cautions.append(
            text(
                "warning.unseen_classes",
                reference=text.integer(case.decision.reference),
                classes=text.integer(len(classes)),
            )
        )
    few = [int(size) for size in case.decision.curve.index if size < FEW * len(classes)]
    values = {"few": text.integer(FEW), "classes": text.integer(len(classes))}
    if few:
        sizes = ", ".join(map(text.integer, few))
        cautions.append(text("warning.few_per_class", sizes=sizes, **values))
    rare = [(count, name) for count, name in zip(counts["test"], classes, strict=True)]
    number = sum(count < FEW for count, _ in rare)
    if number:
        count, name = min(rare)
        cautions.append(
            text.plural(
                "warning.rare_in_test",
                number,
                number=text.integer(number),
                name=short(name),
                count=text.integer(count),
                **values,
            )
        )
    return cautions


def _unequal(case: Case, text: Texts) -> list[str]:
    """What the accuracy hides where some classes have many more test examples than others."""
    counts = (case.study.intake.class_counts or {}).get("test")
    if case.metric.name != ACCURACY.name or not counts:
        return []
    largest = max(counts) / sum(counts)
    others = [BALANCED_ACCURACY, MACRO_F1]
    known = all(other.test_column in case.runs for other in others)
    if largest * len(counts) < UNEQUAL_FROM or not known:
        return []
    reference = case.runs[case.runs["n_train"] == case.decision.reference]
    balanced, f1 = (float(reference[other.test_column].mean()) for other in others)
    accuracy = float(case.decision.scores[case.decision.reference])
    return [
        text(
            "warning.unequal_classes",
            largest=text.share(largest),
            classes=text.integer(len(counts)),
            reference=text.integer(case.decision.reference),
            accuracy=text.score(accuracy),
            balanced=text.score(balanced),
            difference=text.points(abs(accuracy - balanced)),
            direction=text(f"warning.unequal_by.{'below' if balanced < accuracy else 'above'}"),
            f1=text.score(f1),
        )
    ]


def _pace(case: Case, text: Texts) -> list[str]:
    spread = case.pace_spread
    if case.decision.stop is None or spread is None or not spread > UNEVEN_FROM:
        return []
    return [
        text(
            "warning.uneven_pace",
            times=text.number(spread),
            n_train=text.integer(case.decision.stop),
            share=text.share(case.decision.passes_saved_share(case.decision.stop)),
        )
    ]


def _ended_early(case: Case, text: Texts) -> list[str]:
    """Trainings that a module ended itself, as early stopping does, or parts of which it skips."""
    models = {model["name"]: model for model in case.study.config["models"]}
    model = models.get(case.model, {})
    if not model.get("class_path"):
        return []
    asked = case.study.config["training"] | (model.get("training") or {})
    done, all_of_it = case.runs["epochs"], float(asked["epochs"])
    if asked["budget"] == "steps":
        # Its epochs are those of the reference size.
        steps = epochs_to_steps(asked["epochs"], case.decision.reference, asked["batch_size"])
        done, all_of_it = case.runs["steps"] / steps * asked["epochs"], float(asked["epochs"])
    # What the plan shortened, it says itself.
    planned = [n for n, found in case.decision.rule.items() if has_fewer_epochs(found)]
    early = (done < all_of_it * (1 - 1e-9)) & ~case.runs["n_train"].isin(planned)
    if not early.any():
        return []
    return [
        text(
            "warning.ended_early",
            number=text.integer(int(early.sum())),
            all=text.integer(len(done)),
            epochs=text.integer(asked["epochs"]),
            least=text.number(float(done[early].min())),
        )
    ]


def more_may_help(case: Case) -> bool:
    """Whether a caution says what more data may bring; a study that grows says so in its answer."""
    more = case.decision.result["curve_end"]
    return (
        case.decision.result["growth"] is None
        and more["reason"] is None
        and bool(more["gain_at_most"] > case.decision.allowed_loss)
    )


def _curve(case: Case, text: Texts) -> list[str]:
    """A curve that falls, or still rises at its end."""
    best, scores = case.decision.most_accurate, case.decision.scores
    cautions = []
    if best < case.decision.reference and scores[best] != scores[case.decision.reference]:
        cautions.append(
            text(
                "warning.falling",
                best=text.integer(best),
                best_accuracy=text.score(float(scores[best])),
                reference=text.integer(case.decision.reference),
                reference_accuracy=text.score(float(scores[case.decision.reference])),
            )
        )
    more, data = case.decision.result["curve_end"], case.study.intake.train_examples
    if more_may_help(case):
        rising = "rising" if more["gain_per_doubling"] > 0 else "unclear"
        all_data = "part" if data and data > more["n_train"] else "all"
        cautions.append(
            text(
                f"warning.more_data.{rising}",
                gain=text.difference(more["gain_per_doubling"]),
                beyond=text(
                    f"warning.more_data.{all_data}",
                    all=text.integer(data),
                    bound=text.difference(more["gain_at_most"]),
                ),
                n_train=text.integer(case.decision.reference),
            )
        )
    return cautions
