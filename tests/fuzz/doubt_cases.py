"""Tables of hundreds of rows with one slip that people make, or none: it is named, and no other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

Columns = dict[str, Any]
Slip = Callable[[np.random.Generator, Columns], Columns]
CLASSES = np.array(["basalt", "granite", "marble", "slate"])
HARMLESS = frozenset(
    {"features_used", "train_test_duplicates", "inputs_shared", "features_constant"}
)


@dataclass(repr=False)
class Doubt:
    """A table, and the findings of which there must be one; none: there must be none at all."""

    story: str
    seed: int
    table: pd.DataFrame
    wanted: frozenset[str]

    def __repr__(self) -> str:
        return f"<{self.story}, seed {self.seed}, {len(self.table)} rows>"


def _some(random: np.random.Generator, n: int, low: float = 0.05, high: float = 0.4) -> Any:
    return random.random(n) < random.uniform(low, high)


def _zeros(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    return {"age": np.where(_some(random, n), 0, random.integers(18, 90, n))}


def _fahrenheit(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    celsius = random.normal(37.2, 0.6, n)
    return {"fever": np.where(_some(random, n), celsius * 1.8 + 32, celsius).round(1)}


def _percent(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    share = random.beta(2, 2, n)
    return {"humidity": np.where(_some(random, n, 0.2, 0.8), share, 100 * share).round(3)}


def _metres(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    metres = random.uniform(1.4, 2.1, n)
    return {"height": np.where(_some(random, n), 1000 * metres, metres).round(2)}


def _one_row(random: np.random.Generator, c: Columns) -> Columns:
    x = random.normal(50, 10, len(c["kind"])).round(2)
    x[random.integers(len(x))] *= random.choice([100, 1000, -1000])
    return {"mass": x}


def _nearly(random: np.random.Generator, c: Columns) -> Columns:
    codes = np.unique(c["kind"], return_inverse=True)[1].reshape(-1)
    other = _some(random, len(codes), 0.005, 0.02)
    return {"code": np.where(other, (codes + 1) % (codes.max() + 1), codes) * 3 + 1}


def _one_hot(random: np.random.Generator, c: Columns) -> Columns:
    kinds = np.unique(c["kind"])
    said = np.where(_some(random, len(c["kind"]), 0.005, 0.02), kinds[0], c["kind"])
    return {f"is_{kind}": (said == kind).astype(int) for kind in kinds}


def _persons(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    person = random.permutation(np.arange(n) // 5)
    kinds = np.unique(c["kind"])[random.integers(0, len(np.unique(c["kind"])), n)]
    c["kind"][:] = kinds[person]
    return {"person": person * 17 % 7919}


def _weights(random: np.random.Generator, c: Columns) -> Columns:
    name = random.choice(["weights", "sample_weight", "survey weight", "case.wt", "fnlwgt"])
    name = "sample_weight" if name == "weights" else name
    return {str(name): random.random(len(c["kind"])).round(3)}


def _copies(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    rows = np.where(np.arange(n) < n // 2, np.arange(n), random.integers(0, n // 2, n))
    rows = random.permutation(n)[rows]
    for name in c:
        c[name] = c[name][rows]
    return {
        **{f"v{i}": random.normal(size=n).round(3)[rows] for i in range(3)},
        "taken_at": (1e6 * random.random(n)).round(2),
    }


def _noisy(random: np.random.Generator, c: Columns) -> Columns:
    n, noise = len(c["kind"]), 10.0 ** random.uniform(-8, -4)
    rows = np.where(np.arange(n) < n // 2, np.arange(n), random.integers(0, n // 2, n))
    rows = random.permutation(n)[rows]
    for name in c:
        c[name] = c[name][rows]
    c["length"] = c["length"] + noise * random.normal(size=n)
    return {f"v{i}": random.normal(size=n)[rows] + noise * random.normal(size=n) for i in range(3)}


def _misspelt(random: np.random.Generator, c: Columns) -> Columns:
    c["kind"][: random.integers(1, 5)] = "gramite"
    c["kind"][5:65] = "granite"
    return {}


def _unknown(random: np.random.Generator, c: Columns) -> Columns:
    c["kind"][: len(c["kind"]) // 5] = random.choice(
        [
            "unknown",
            "N/A",
            "missing",
            "?",
            "EMPTY",
            "unlabelled",
            "none_of_these",
            "<todo>",
            "#REF!",
        ]
    )
    return {}


def _filled(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    x = random.normal(random.choice([3, 40, 170]), 2, n).round(random.integers(0, 3))
    filled = random.choice([x.mean() + 1e-5, np.median(x) + 0.037])
    return {"mass": np.where(_some(random, n, 0.15), filled, x)}


def _age_99(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    return {"age": np.where(_some(random, n, 0.15), 99, random.integers(18, 97, n))}


def _few_far(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    x = random.normal(72, 9, n).clip(45, 100).round(1)
    x[random.choice(n, max(1, n // 200), replace=False)] = random.choice([300, 400])
    return {"pulse": x}


def _below_nothing(random: np.random.Generator, c: Columns) -> Columns:
    x = random.exponential(20, len(c["kind"])).round(1)
    x[random.integers(len(x))] *= -1
    x[random.integers(len(x))] = -2
    return {str(random.choice(["distance_km", "n_visits", "rainfall", "duration"])): x}


def _signs(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    x = random.normal(170, 9, n).round(1)
    return {"height": np.where(_some(random, n), -x, x)}


def _inches(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    x = random.normal(170, 9, n)
    return {"height": np.where(_some(random, n, 0.25), x / 2.54, x).round(1)}


def _clocks(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    hour, minute = random.integers(1, 24, n), random.integers(0, 60, n)
    return {"began": np.where(_some(random, n, 0.2), hour, 100 * hour + minute)}


def _swapped(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    places = np.stack([random.uniform(42, 51, n), random.uniform(-4, 8, n)])
    swapped = _some(random, n, 0.05, 0.2)
    places[:, swapped] = places[::-1, swapped]
    return {"lat": places[0].round(5), "lon": places[1].round(5)}


def _score(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    known = np.unique(c["kind"])
    c["kind"][:] = known[np.unique(c["kind"], return_inverse=True)[1].reshape(-1) % 2]
    yes = (c["kind"] == known[1]) ^ _some(random, n, 0.001, 0.006)
    return {"risk": np.where(yes, random.beta(30, 2, n), random.beta(2, 30, n)).round(3)}


def _predicted(random: np.random.Generator, c: Columns) -> Columns:
    name = random.choice(["y_hat", "pred", "prediction", "y_pred", "proba", "model_score"])
    return {str(name): random.random(len(c["kind"])).round(3)}


def _listed(random: np.random.Generator, c: Columns) -> Columns:
    between = str(random.choice([";", "|", ", ", " / ", "+", " and "]))
    c["kind"][: random.integers(5, 40)] = between.join(["basalt", "granite"])
    c["kind"][60:80], c["kind"][80:100] = "basalt", "granite"
    return {}


def _initials(random: np.random.Generator, c: Columns) -> Columns:
    c["kind"][: random.integers(5, 40)] = random.choice(["NY", "N.Y."])
    c["kind"][60:80] = "New York"
    return {}


def _lost_point(random: np.random.Generator, c: Columns) -> Columns:
    x = random.normal(170, 9, len(c["kind"])).round(1)
    x[random.integers(len(x))] *= random.choice([10, 0.1, 100])
    return {"height": x}


def _beyond_name(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    name, low, high, slip = [
        ("year", 1950, 2025, 2999), ("age", 18, 90, 119), ("month", 1, 13, 14), ("hour", 0, 24, 27),
        ("day", 1, 32, 33), ("minute", 0, 60, 75)
    ][random.integers(6)]  # fmt: skip
    x = random.integers(low, high, n)
    x[random.integers(n)] = slip
    return {name: x}


def _feet(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    x = random.normal(1.72, 0.09, n)
    return {"height": np.where(_some(random, n, 0.25), 3.28084 * x, x).round(2)}


def _logs(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    x = np.exp(random.normal(10, 1, n))
    log = random.choice([np.log, np.log10])(x)
    return {"income": np.where(_some(random, n, 0.25), log, x).round(3)}


def _respelt(random: np.random.Generator, c: Columns) -> Columns:
    pairs = [("tumour", "tumor"), ("St. Louis", "Saint Louis"), ("stage II", "stage 2")]
    one, other = pairs[random.integers(3)]
    c["kind"][:40], c["kind"][40:90] = one, other
    return {}


def _quoted(random: np.random.Generator, c: Columns) -> Columns:
    around = str(random.choice(["'%s'", "%s*", "%s [1]", "1. %s", "%s.jpg"]))
    c["kind"][:20], c["kind"][20:60] = around % "granite", "granite"
    return {}


def _dates(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    year, month, day = (random.integers(*ends, n) for ends in ((2015, 2024), (1, 13), (1, 29)))
    return {"sampled": year * 10_000 + month * 100 + day}


def _stuck(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    first = int(random.integers(n - 60))
    x = random.normal(20, 3, n).round(2)
    x[first : first + 40] = x[first]
    return {"sensor": x}


def _parts(random: np.random.Generator, c: Columns) -> Columns:
    """Feet and inches, hours and minutes, or versions, with a point between."""
    n = len(c["kind"])
    one, other, width = [
        (random.integers(4, 7, n), random.integers(0, 12, n), 1),
        (random.integers(0, 24, n), random.integers(0, 60, n), 2),
        (random.integers(1, 9, n), random.integers(0, 16, n), 1),
    ][int(random.integers(3))]
    return {"part": [f"{a}.{b:0{width}}" for a, b in zip(one, other, strict=True)]}


def _codes(random: np.random.Generator, c: Columns) -> Columns:
    n = len(c["kind"])
    numbers = random.integers(0, 999, n).tolist()
    if random.random() < 0.5:
        return {"code": [f"{number:04}" for number in numbers]}
    return {"code": [f"{number}E{number % 3}" for number in numbers]}


def _by_class(random: np.random.Generator, c: Columns) -> Columns:
    """Missing values filled in with the mean of their class."""
    n = len(c["kind"])
    classes = np.unique(c["kind"], return_inverse=True)[1].reshape(-1)
    values = (random.normal(40, 6, n) + 2 * classes).round(1)
    means = np.array([values[classes == i].mean() for i in range(classes.max() + 1)])
    return {"dose": np.where(_some(random, n, 0.15, 0.3), means[classes], values)}


def _clock(random: np.random.Generator, c: Columns) -> Columns:
    """Classes that were recorded one after another."""
    c["kind"][:] = np.sort(c["kind"].astype(str))
    n = len(c["kind"])
    return {"clock": (10 * np.arange(n) + random.normal(0, random.uniform(0, 10), n)).round(1)}


def _none(random: np.random.Generator, c: Columns) -> Columns:
    return {}


SLIPS: dict[str, tuple[Slip, frozenset[str]]] = {
    "nothing": (_none, frozenset()),
    "zeros for missing numbers": (_zeros, frozenset({"zeros_apart"})),
    "Fahrenheit among Celsius": (_fahrenheit, frozenset({"feature_of_two_units"})),
    "shares among percents": (_percent, frozenset({"feature_of_two_units"})),
    "metres among millimetres": (_metres, frozenset({"feature_of_two_units"})),
    "a slip in one row": (_one_row, frozenset({"values_far_away", "test_values_far_away"})),
    "nearly the label": (_nearly, frozenset({"label_nearly", "label_copy"})),
    "nearly the label, one-hot": (
        _one_hot,
        frozenset({"label_one_hot", "label_nearly", "label_copy"}),
    ),
    "several rows of each person": (_persons, frozenset({"values_of_one_class", "groups_split"})),
    "weights": (_weights, frozenset({"feature_is_weight"})),
    "copies but for a time": (_copies, frozenset({"rows_nearly_equal"})),
    "copies with noise": (_noisy, frozenset({"rows_noisy_copies"})),
    "a misspelt class": (_misspelt, frozenset({"classes_misspelt"})),
    "values filled in": (_filled, frozenset({"feature_filled"})),
    "99 for missing ages": (_age_99, frozenset({"mark_at_end"})),
    "signs lost": (_signs, frozenset({"feature_of_two_signs"})),
    "inches among centimetres": (_inches, frozenset({"feature_of_two_units"})),
    "13 among 1300": (_clocks, frozenset({"feature_of_two_units"})),
    "latitude and longitude swapped": (_swapped, frozenset({"coordinates_swapped"})),
    "a score of the label": (
        _score,
        frozenset({"feature_nearly_orders", "feature_orders_classes"}),
    ),
    "another model's answer": (_predicted, frozenset({"feature_is_prediction"})),
    "classes that list others": (_listed, frozenset({"classes_combined"})),
    "initials of a class": (_initials, frozenset({"classes_abbreviated"})),
    "a lost point": (_lost_point, frozenset({"values_far_away", "test_values_far_away"})),
    "a value that its name rules out": (
        _beyond_name,
        frozenset({"values_beyond_name", "values_far_away", "test_values_far_away"}),
    ),
    "few values far from a bell": (
        _few_far,
        frozenset({"values_far_away", "test_values_far_away"}),
    ),
    "numbers below nothing": (_below_nothing, frozenset({"values_beyond_name"})),
    "feet among metres": (_feet, frozenset({"feature_of_two_units"})),
    "logarithms among numbers": (_logs, frozenset({"feature_of_two_units"})),
    "a class in two spellings": (_respelt, frozenset({"classes_respelt"})),
    "marks around a class": (_quoted, frozenset({"classes_look_alike", "classes_respelt"})),
    "dates as numbers": (_dates, frozenset({"features_like_dates"})),
    "a sensor that stands still": (_stuck, frozenset({"feature_stands_still"})),
    "two numbers around a point": (_parts, frozenset({"feature_of_two_numbers"})),
    "codes that are numbers": (_codes, frozenset({"features_like_codes"})),
    "values filled in by class": (
        _by_class,
        frozenset({"feature_filled_by_class", "feature_filled"}),
    ),
    "a clock": (_clock, frozenset({"feature_nearly_orders", "feature_orders_classes"})),
    "a class for what is unknown": (_unknown, frozenset({"classes_like_missing"})),
}


IN_ORDER = frozenset({"several rows of each person", "a sensor that stands still"})


@st.composite
def doubt_cases(draw: Any) -> Doubt:
    """A table with one of the slips."""
    story = draw(st.sampled_from([*SLIPS]))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    n = int(random.integers(200, 600))
    columns: Columns = {
        "length": random.normal(20, 4, n).round(2),
        "count": random.poisson(3, n),
        "kind": CLASSES[random.integers(0, random.integers(2, 5), n)],
    }
    if random.random() < 0.5:
        # As many tables are sorted.
        columns["kind"] = np.sort(columns["kind"])
    columns["kind"] = columns["kind"].astype(object)
    slip, wanted = SLIPS[story]
    more = slip(random, columns)
    table = pd.DataFrame({**columns, **more})
    if draw(st.booleans()) and story not in IN_ORDER:
        table = table.sample(frac=1, random_state=seed % 1000)
    return Doubt(story, seed, table, wanted)
