import math
from datetime import date

import pytest
from config_cases import SCHEMA, complete, outcome, put, refusal
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecosobriety.study_config import config as study_config
from ecosobriety.study_config.schema import document, read_schema


def bad_numbers(low, high):
    """Values that are no number from `low` to `high`: out of range, not finite, of another type."""
    return st.one_of(
        st.floats(max_value=low, exclude_max=True),
        st.floats(min_value=high, exclude_min=True),
        st.integers(min_value=math.floor(high) + 1),
        st.integers(0, 9).map(lambda digit: 10**5000 + digit),
        st.integers(max_value=math.ceil(low) - 1),
        st.sampled_from([math.nan, math.inf, -math.inf, True, False, "1", "", [], {}, [1]]),
    )


def bad_whole_numbers(low, high):
    return bad_numbers(low, high) | st.floats(min_value=low, max_value=min(high, 1e6))


HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(["..", "../x", "a/b", "/", "~", "a\n", "\u2028", "\ud800", "{study}", "$(x)"]),
    st.text(st.characters(categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1),
)
NOT_TEXT = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.text()))
# None of the valid names is longer than 40 characters.
BAD_NAMES = NOT_TEXT | HOSTILE.map(lambda text: f"{text}/{'x' * 40}") | st.just("")
NOT_LISTS = st.one_of(st.none(), st.integers(), st.dictionaries(st.text(), st.integers()))
NOT_MAPPINGS = st.one_of(st.none(), st.text(), st.integers(), st.lists(st.integers()))


def bad_lists(good, bad_items):
    """Values that are no list of different good items: empty, one bad item, one item twice."""
    return st.one_of(
        NOT_LISTS, st.just([]), bad_items.map(lambda bad: [*good, bad]), st.just([*good, good[0]])
    )


SEED_LIMIT = 2**32 - 1
BAD_LINES = NOT_TEXT | st.sampled_from(["", " ", "a\nb", "a\n", "x" * 201, "\ud800", "\u202eabc"])
BAD_MOMENTS = st.sampled_from(
    ["2026-11-26", "2026-11-26T10:00", "2026-02-30T10:00Z", "2026-11-26T25:00Z", "10:00Z", "now"]
)
BAD_VALUES = {
    ("study",): BAD_NAMES,
    ("title",): BAD_LINES | st.just({}),
    ("title", "en"): BAD_LINES,
    ("title", "fr"): BAD_LINES,
    ("languages",): bad_lists(["en"], BAD_NAMES),
    # Both may be empty.
    ("compare_with",): bad_lists(["digits"], BAD_NAMES).filter(lambda value: value != []),
    ("studies",): bad_lists(["digits"], BAD_NAMES).filter(lambda value: value != []),
    ("task",): BAD_NAMES | st.just("regression"),
    ("dataset",): NOT_MAPPINGS,
    ("dataset", "name"): BAD_NAMES,
    ("dataset", "format"): BAD_NAMES.filter(lambda name: name is not None) | st.just("csv"),
    ("dataset", "normalise"): BAD_NAMES,
    ("dataset", "channels"): BAD_NAMES.filter(lambda name: name is not None),
    ("dataset", "label"): st.integers() | st.sampled_from(["", "x" * 201, "label"]),
    ("dataset", "features"): st.integers()
    | st.sampled_from([[], ["a", "a"], [""], [1], ["a"], "a"]),
    # Data are declared with a name of their own.
    ("dataset", "n_examples"): bad_whole_numbers(1, 100_000_000).filter(lambda n: n is not None)
    | st.just(100),
    ("dataset", "labels"): st.integers() | st.sampled_from(["", "a\0b", "labels.csv"]),
    ("dataset", "test_examples"): bad_whole_numbers(1, 100_000_000).filter(lambda n: n is not None)
    | st.just(100),
    ("dataset", "unit"): BAD_NAMES.filter(lambda name: name is not None) | st.just("images"),
    ("dataset", "class_path"): BAD_NAMES.filter(lambda name: name is not None)
    | st.sampled_from(["os", "a..b", ".a", "a.", "a.b\n", "a/b.c", "a.b.c", "torch.nn.Linear"]),
    ("dataset", "init_args"): NOT_MAPPINGS | st.just({"a": 1}),
    ("dataset", "test_share"): bad_numbers(0, 1) | st.sampled_from([0, 1]),
    ("dataset", "test_shifted"): st.sampled_from([0, 1, "yes", None, []]),
    ("dataset", "path"): st.integers() | st.sampled_from(["", "a\0b", "a\n", "\ud800", "x" * 4097]),
    ("models",): bad_lists([{"name": "mlp"}], NOT_MAPPINGS),
    ("models", 0, "name"): BAD_NAMES,
    ("models", 0, "class_path"): BAD_NAMES.filter(lambda name: name is not None)
    | st.sampled_from(["os", "a..b", ".a", "a.", "a.b\n", "linear", "my.Net"]),
    ("models", 0, "init_args"): NOT_MAPPINGS,
    ("models", 0, "init_args", "hidden"): NOT_LISTS
    | bad_whole_numbers(1, 65536).map(lambda n: [n]),
    ("models", 0, "training"): NOT_MAPPINGS | st.just({}),
    ("models", 0, "training", "epochs"): bad_whole_numbers(1, 100_000),
    ("models", 0, "training", "batch_size"): bad_whole_numbers(1, 1_000_000),
    ("models", 0, "training", "learning_rate"): bad_numbers(0, 100) | st.just(0),
    ("models", 0, "training", "precision"): BAD_NAMES,
    ("models", 0, "training", "optimizer"): NOT_MAPPINGS.filter(lambda value: value is not None)
    | st.sampled_from([{}, {"class_path": "SGD"}, {"class_path": "os.path"}, {"init_args": {}}]),
    ("models", 0, "training", "optimizer", "class_path"): BAD_NAMES | st.just("linear"),
    ("models", 0, "training", "optimizer", "init_args"): NOT_MAPPINGS,
    ("models", 0, "training", "lr_scheduler"): NOT_MAPPINGS.filter(lambda value: value is not None)
    | st.sampled_from([{}, {"class_path": "SGD"}, {"class_path": "os.path"}, {"init_args": {}}]),
    ("models", 0, "training", "lr_scheduler", "class_path"): BAD_NAMES | st.just("linear"),
    ("models", 0, "training", "lr_scheduler", "init_args"): NOT_MAPPINGS,
    ("models", 0, "training", "gradient_clip_val"): bad_numbers(0, 1e9).filter(
        lambda value: value is not None
    )
    | st.just(0),
    ("models", 0, "training", "accumulate_grad_batches"): bad_whole_numbers(1, 1_000_000),
    ("models", 0, "command"): NOT_TEXT | st.sampled_from(["", " ", "a\0b", "x", "{n}", "{result}"]),
    ("models", 0, "shell"): BAD_NAMES | st.just("sh"),
    ("models", 0, "accelerator"): BAD_NAMES | st.just("cpu"),
    ("models", 0, "watch"): bad_lists(["a"], st.integers() | st.just("")) | st.just(["a"]),
    ("models", 0, "time_limit_s"): bad_numbers(0, 1e9) | st.sampled_from([0, 60]),
    ("models", 0, "runs"): NOT_TEXT | st.sampled_from(["", "a\0b", "a\n", "<!--", "runs.csv"]),
    ("models", 0, "emissions"): NOT_TEXT | st.sampled_from(["", "a\0b", "emissions.csv"]),
    ("models", 0, "columns"): NOT_MAPPINGS
    | st.sampled_from([{}, {"seed": 1}, {"seed": ""}, {"a b": "x"}, {"<!--": "x"}, {"seed": "x"}]),
    ("models", 0, "max_power_w"): bad_numbers(0, 1e12) | st.sampled_from([0, 100]),
    ("grid",): NOT_MAPPINGS,
    ("grid", "n_train"): bad_lists([100, 200], bad_whole_numbers(1, 1400)),
    ("grid", "seeds"): bad_lists([1, 2], bad_whole_numbers(0, SEED_LIMIT)) | st.just([1]),
    ("grid", "countries"): bad_lists(["FRA"], BAD_NAMES),
    ("grid", "sources"): bad_lists(["coal"], BAD_NAMES),
    ("grid", "coverage"): bad_lists([0.5, 1.0], bad_numbers(0, 1) | st.just(0)),
    ("plan",): NOT_MAPPINGS.filter(lambda value: value not in ("exhaustive", "sober")),
    ("plan", "mode"): BAD_NAMES,
    ("plan", "full_n_train"): BAD_NAMES | bad_whole_numbers(1, 1000),
    ("plan", "seeds"): BAD_NAMES | bad_lists([1, 2], bad_whole_numbers(0, SEED_LIMIT)),
    ("plan", "epochs"): BAD_NAMES,
    ("plan", "z"): bad_numbers(0, 100),
    ("training",): NOT_MAPPINGS,
    ("training", "epochs"): bad_whole_numbers(1, 100_000),
    ("training", "batch_size"): bad_whole_numbers(1, 1_000_000),
    ("training", "optimizer"): NOT_MAPPINGS.filter(lambda value: value is not None)
    | st.sampled_from([{}, {"class_path": "SGD"}, {"class_path": "os.path"}, {"init_args": {}}]),
    ("training", "optimizer", "class_path"): BAD_NAMES | st.just("linear"),
    ("training", "optimizer", "init_args"): NOT_MAPPINGS,
    ("training", "lr_scheduler"): NOT_MAPPINGS.filter(lambda value: value is not None)
    | st.sampled_from([{}, {"class_path": "SGD"}, {"class_path": "os.path"}, {"init_args": {}}]),
    ("training", "lr_scheduler", "class_path"): BAD_NAMES | st.just("linear"),
    ("training", "lr_scheduler", "init_args"): NOT_MAPPINGS,
    ("training", "gradient_clip_val"): bad_numbers(0, 1e9).filter(lambda value: value is not None)
    | st.just(0),
    ("training", "accumulate_grad_batches"): bad_whole_numbers(1, 1_000_000),
    ("training", "learning_rate"): bad_numbers(0, 100) | st.just(0),
    ("training", "budget"): BAD_NAMES,
    ("training", "accelerator"): BAD_NAMES,
    ("training", "precision"): BAD_NAMES,
    ("training", "process"): BAD_NAMES,
    ("training", "score_epochs"): bad_whole_numbers(1, 1_000_000).filter(
        lambda value: not isinstance(value, bool)
    ),
    ("training", "checkpoint"): NOT_MAPPINGS | st.just([]) | st.sampled_from([0, 1, "true"]),
    ("metering",): NOT_MAPPINGS,
    ("metering", "country"): BAD_NAMES,
    ("metering", "interval_s"): bad_numbers(0, 60) | st.just(0),
    ("metering", "cpu_power_w"): bad_numbers(1, 10_000) | st.just(0.065),
    ("metering", "ram_power_w"): bad_numbers(0.1, 10_000) | st.just(0),
    ("metering", "pue"): bad_numbers(1, 10),
    ("metering", "baseline_s"): bad_numbers(1, 3600).filter(lambda value: value is not None),
    ("metering", "calibration"): NOT_MAPPINGS.filter(lambda value: value is not None)
    | st.sampled_from([{}, {"reading_kwh": 1}, {"window": {"start": "a", "end": "b"}}]),
    ("metering", "calibration", "reading_kwh"): bad_numbers(0, 1_000_000) | st.just(0),
    ("metering", "calibration", "window"): NOT_MAPPINGS | st.just({}),
    ("metering", "calibration", "window", "start"): BAD_NAMES | BAD_MOMENTS,
    ("metering", "calibration", "window", "end"): BAD_NAMES | BAD_MOMENTS,
    ("claims",): BAD_NAMES,
    ("analysis",): NOT_MAPPINGS,
    ("analysis", "reference_n_train"): BAD_NAMES | bad_whole_numbers(1, 1400),
    ("analysis", "margin"): bad_numbers(0, 1) | st.sampled_from([0, 1]),
    ("analysis", "confidence"): bad_numbers(0.5, 1) | st.sampled_from([0.5, 1]),
    ("analysis", "target"): bad_numbers(0, 1) | st.sampled_from([0, 1]),
    ("metric",): NOT_MAPPINGS,
    # Those of a regression are none of a classification's.
    ("metric", "name"): BAD_NAMES | st.sampled_from(["rmse", "mae", "r2", "loss"]),
    ("metric", "better"): BAD_NAMES | st.just("lower"),
    ("metric", "margin"): BAD_NAMES,
    # An accuracy is shown in percent.
    ("metric", "unit"): BAD_NAMES.filter(lambda name: name is not None) | st.just("mg"),
    ("methods",): NOT_MAPPINGS,
    ("methods", "usage"): bad_numbers(0, 1) | st.just(0),
    ("methods", "pragmatic_scaling_factor"): bad_numbers(1, 1_000_000),
    ("methods", "tracker_sizes"): NOT_LISTS
    | bad_whole_numbers(1, 1400).map(lambda n: [n])
    | st.sampled_from([[13], [100, 100]]),
    ("factors",): BAD_NAMES.filter(lambda name: name not in (2025, 2026)),
    ("country_data",): NOT_MAPPINGS,
    ("country_data", "provider"): BAD_NAMES.filter(lambda name: name is not None),
    ("country_data", "path"): st.integers()
    | st.sampled_from(
        ["", "a\0b", "a\n", "\ud800", "x" * 4097, "countries.csv", "a</Script>b", "<!--"]
    ),
    ("country_data", "token_variable"): BAD_NAMES,
    ("country_data", "fallback"): NOT_MAPPINGS | st.just([]) | st.sampled_from([0, 1, "true"]),
    ("budget",): NOT_MAPPINGS,
    ("budget", "energy_kwh"): bad_numbers(0, 1_000_000_000).filter(lambda n: n is not None)
    | st.just(0),
    ("usage",): NOT_MAPPINGS,
    ("usage", "trainings_per_year"): bad_numbers(1, 1_000_000_000).filter(lambda n: n is not None),
    ("usage", "energy_per_training_kwh"): bad_numbers(0, 1_000_000_000).filter(
        lambda n: n is not None
    )
    | st.just(0),
    ("cost", "consumer_prices"): BAD_NAMES.filter(lambda name: name is not None),
    ("water",): NOT_MAPPINGS,
    **{
        ("water", f"{place}_l_per_kwh"): bad_numbers(0, 100_000).filter(lambda n: n is not None)
        | st.sampled_from(
            [1e-300, {"central": 1}, {"low": 1, "central": 0, "high": 2}, {"mean": 1}]
        )
        for place in ("site", "source")
    },
    ("hardware",): NOT_MAPPINGS,
    ("hardware", "parts"): NOT_MAPPINGS
    | BAD_NAMES.filter(lambda name: isinstance(name, str)).map(lambda name: {name: 1}),
    **{
        ("hardware", "parts", kind): bad_numbers(0, 1_000_000).filter(lambda n: n is not None)
        | st.just(0)
        for kind in ("server", "gpu", "gpu_large", "desktop", "laptop")
    },
    # A number needs a lifetime and a utilisation beside it.
    ("hardware", "embodied_kg"): bad_numbers(0, 1e9)
    | st.sampled_from([0, 5, {"central": 1}, {"low": 1, "central": 0, "high": 2}, {"mean": 1}]),
    ("hardware", "lifetime_years"): bad_numbers(0, 100) | st.just(0),
    ("hardware", "utilisation"): bad_numbers(0, 1) | st.sampled_from([0, 1e-300, 0.0009]),
    ("cost", "machine_price_per_hour"): bad_numbers(0, 1_000_000).filter(lambda n: n is not None)
    | st.just(0),
    ("cost",): NOT_MAPPINGS,
    ("cost", "currency"): BAD_NAMES,
    ("cost", "usd_per_unit"): bad_numbers(0, 1_000_000) | st.just(0),
    ("cost", "grid_price_per_kwh"): NOT_MAPPINGS
    | BAD_NAMES.filter(lambda name: isinstance(name, str)).map(lambda name: {name: 1})
    | bad_numbers(0, 1_000_000).map(lambda price: {"FRA": price}),
    ("figures",): NOT_MAPPINGS,
    ("figures", "heat_map_coverage"): bad_numbers(0, 1) | st.just(0),
}
SECTIONS = [(), ("dataset",), ("models", 0), ("grid",), ("training",), ("metering",), ("analysis",)]


def test_bad_values_are_generated_for_every_key():
    documented = {row.split("`")[1] for row in document(read_schema(SCHEMA)).splitlines()[2:]}
    generated = {".".join(str(part) for part in key).replace(".0", "[]") for key in BAD_VALUES} | {
        "models[].init_args.channels"
    }
    assert generated - {"title.en", "title.fr"} == documented


@pytest.mark.slow
@example((("water", "source_l_per_kwh"), "1"))
@given(
    st.sampled_from(sorted(BAD_VALUES, key=str)).flatmap(
        lambda key: st.tuples(st.just(key), BAD_VALUES[key])
    )
)
@settings(max_examples=260, deadline=None)
def test_every_bad_value_is_refused_in_one_line_that_names_the_key(bad):
    key, value = bad
    message = refusal(put(key, value))
    assert message.startswith("config/x.yaml: ")
    assert key[0] in message


@pytest.mark.slow
@example((), "\0!", None)
@example((), "!", ["\U00010756" * 40 + "\0"])
@given(st.sampled_from(SECTIONS), HOSTILE.map(lambda text: f"{text}!"), NOT_TEXT)
@settings(max_examples=60, deadline=None)
def test_every_unknown_key_is_refused_in_one_line(section, name, value):
    said = refusal(put((*section, name), value))
    # A NUL in a value is refused wherever it is, before anything else is looked at.
    expected = "may hold a NUL" if "\\x00" in repr(value) else "is not a known key"
    assert expected in said


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["name", "hidden", "FRA"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.sampled_from(sorted(BAD_VALUES, key=str)), ANYTHING)
@settings(max_examples=80, deadline=None)
def test_anything_at_all_is_completed_or_refused(key, value):
    completed, message = outcome(complete, put(key, value))
    assert message or complete(completed) == completed


@given(st.binary() | st.text().map(str.encode))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    content, message = outcome(study_config.read, path)
    assert message or isinstance(content, dict)


@pytest.mark.parametrize(
    "value", [date(2024, 1, 1), float("nan"), float("inf"), 2**70, {"a"}, b"x", [date(2024, 1, 1)]]
)
def test_what_is_no_json_is_no_argument_of_a_class(value):
    """No schema looks at the arguments of a user's class."""
    model = {"name": "mine", "class_path": "nets.Mine", "init_args": {"depth": value}}
    said = refusal(put(("models",), [model]))
    assert "models[0].init_args.depth" in said
    assert "but must be text, a number, true, false or null" in said
