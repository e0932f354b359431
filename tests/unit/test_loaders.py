"""A user's loaders: every example that they give, once; or one sentence that says why not."""

import sys
from pathlib import Path

import leaking_loaders
import loader_classes
import numpy as np
import pytest

from ecosobriety import readers
from ecosobriety.datasets import store
from ecosobriety.errors import DataError
from ecosobriety.readers import data_module

LEAKING = vars(leaking_loaders).keys() - vars(loader_classes).keys()


def read(name, **init_args):
    module = "leaking_loaders" if name in LEAKING else "loader_classes"
    class_path = f"{module}.{name}"
    return readers.obtain({"name": "mine", "class_path": class_path, "init_args": init_args})


def rows(x):
    """Which rows of the whole the examples are."""
    return [int(row) // 3 for row in x[:, 0]]


TRAIN, TEST = loader_classes.TRAIN, loader_classes.TEST


@pytest.mark.parametrize(
    ("name", "init_args", "train", "test"),
    [
        ("Base", {}, TRAIN, TEST),
        ("Sampled", {}, sorted(TRAIN), TEST),
        ("SampledByTensor", {}, sorted(TRAIN), TEST),
        ("FirstOnly", {}, [0, 1, 2], [*range(10, 20)]),
        ("Inner", {}, sorted(TRAIN), TEST),
        ("Listed", {}, TRAIN, TEST),
        ("Joined", {"shared": False}, [*range(0, 20, 2), 1], [*range(3, 20, 2)]),
        ("OwnSampler", {}, [0, 3, 6, 9, 12, 15], [1, 4, 7, 10]),
        ("Streamed", {"workers": 0}, TRAIN, TEST),
        ("Streamed", {"workers": 1}, TRAIN, TEST),
        pytest.param("WithWorkers", {}, TRAIN, TEST, marks=pytest.mark.slow),
        ("WholeBatches", {}, [*range(11)], [*range(11, 20)]),
    ],
)
def test_a_loader_gives_the_examples_that_it_visits(name, init_args, train, test):
    dataset = read(name, **init_args)
    assert rows(dataset.x_train) == train
    assert rows(dataset.x_test) == test


@pytest.mark.slow
def test_workers_that_share_a_stream_out_are_honoured():
    assert sorted(rows(read("Streamed", workers=2, shared=True).x_train)) == sorted(TRAIN)


@pytest.mark.parametrize(
    ("name", "value"),
    [("Hooked", lambda x: (x + 1000) * 10 + 1), ("Subclassed", lambda x: x + 7)],
)
def test_hooks_and_subclasses_are_honoured(name, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read(name).x_train[:].tolist() == value(loader_classes.X[TRAIN]).tolist()
    if name == "Hooked":
        calls = Path("calls.txt").read_text()
        assert calls == "prepare fit -fit prepare test -test"


def test_numbers_of_16_bits_are_taken_as_they_are():
    halves = (loader_classes.X[TRAIN] / 7).bfloat16()
    assert read("Halved").x_train[:].tolist() == halves.tolist()


def test_a_collate_function_is_honoured():
    assert read("Collated").x_train[:].tolist() == (2 * loader_classes.X[TRAIN]).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("generator", [False, True])
def test_a_stream_that_never_ends_is_refused(generator, monkeypatch):
    monkeypatch.setattr(data_module, "MOST_STREAMED", 5000)
    with pytest.raises(DataError, match="still gives examples after 5,000 examples: its stream"):
        read("Endlessly", generator=generator)


@pytest.mark.parametrize(
    ("name", "init_args", "reason"),
    [
        ("Weighted", {}, r"train_dataloader has a sampler \(WeightedRandomSampler\) that draws"),
        ("WeightedOnce", {}, r"has a sampler \(WeightedRandomSampler\)"),
        ("Replacing", {}, r"has a sampler \(RandomSampler\) that draws some examples twice"),
        ("Few", {}, r"has a sampler \(RandomSampler\)"),
        ("Endless", {}, r"has a sampler \(Sampling\)"),
        ("Distributed", {}, r"one of 2 processes its share of the 20 examples alone: leave"),
        ("OwnBatches", {}, r"has a batch_sampler \(list\), but the study cuts its own"),
        ("Bulk", {}, r"train_dataloader has a sampler \(BatchSampler\) of whole batches and no"),
        ("Joined", {}, "share 9 rows of one data set, the first of them 3"),
        ("Overlapping", {}, "share 1 rows of one data set, the first of them 0"),
        ("Same", {}, "share 20 rows of one data set"),
        ("ShortTest", {}, "test_dataloader has drop_last, which always leaves out 1 of 9"),
        ("Streamed", {"workers": 2}, "gives 22 examples as it is and 11 without"),
        ("Augmented", {}, r"train_dataloader: example \d+ \(counted from 0\) differs when it is"),
        ("AugmentedLater", {}, r"train_dataloader: example 0 \(counted from 0\) differs"),
        ("Listed", {"train": True}, "train_dataloader gives one loader in a list, of which"),
        ("Several", {}, "train_dataloader gives several loaders"),
        ("Combined", {}, "train_dataloader gives several loaders"),
        ("Named", {}, r"a batch of train_dataloader is a dict of x, y, not a pair \(x, y\)"),
        ("Ragged", {}, r"examples of the shapes \[\(3,\), \(4,\)\], not of one"),
        ("Asking", {}, "no Trainer is attached"),
        ("MadeTwice", {}, "share [1-8] rows of one data set"),
        ("MadeTwice", {"tensors": True}, "share [1-8] rows of one data set"),
        ("Halves", {"kept": "drawn"}, "share 10 rows of one data set"),
        ("Halves", {"kept": "paths"}, "share 10 rows of one data set"),
        ("OneStream", {}, "test_dataloader gives the same examples as train_dataloader"),
        (
            "Redrawn",
            {},
            r"\d test examples are training examples, as train_dataloader gives others",
        ),
        ("Rotating", {}, r"train_dataloader gives other examples each time .* whatever the seed"),
        ("AugmentedInTraining", {}, r"give other examples while a Trainer is at work"),
        ("CentredByHook", {}, r"differs when it is read again in a batch of another size"),
        ("CentredByCollate", {}, r"differs when it is read again in a batch of another size"),
        ("CentredByCollate", {"batch_size": 2}, "in a batch of another size"),
        ("CentredByCollate", {"batch_size": 64}, "in a batch of another size"),
        ("CentredStream", {}, "when it is read again, not the same: .* or statistics over a batch"),
    ],
)
def test_what_cannot_be_honoured_is_refused(name, init_args, reason):
    with pytest.raises(DataError, match=rf"_(classes|loaders).{name}: .*{reason}") as caught:
        read(name, **init_args)
    assert len(str(caught.value)) <= 300


@pytest.mark.parametrize("where", ["init", "prepare", "setup", "loader"])
@pytest.mark.parametrize("chance", ["torch", "numpy", "python", "system"])
def test_a_split_without_a_seed_of_its_own_is_refused(where, chance):
    # With that of the study it would be the same each time, and in the user's own runs another.
    with pytest.raises(
        DataError,
        match=r"Unseeded: .*(another seed|whatever the seed|share \d+ rows|test examples)",
    ):
        read("Unseeded", where=where, chance=chance)
    assert len({*rows(read("Unseeded", where=where, chance="seeded").x_train)}) == 14


def test_scaled_by_a_split_that_is_drawn_anew_no_example_is_equal():
    with pytest.raises(DataError, match=r"train_dataloader and test_dataloader give other"):
        read("Unseeded", where="setup", chance="system", scaled=True)


@pytest.mark.parametrize("where", ["init", "setup"])
def test_an_order_that_is_drawn_anew_is_none_of_the_study(where):
    dataset = read("Reordered", where=where)
    assert sorted(rows(dataset.x_train)) == sorted(TRAIN)


def test_where_a_module_goes_the_study_does_not_follow():
    before = Path.cwd()
    read("Wandering")
    assert Path.cwd() == before


@pytest.mark.parametrize("first", [8, 10])
@pytest.mark.parametrize("kept", ["ids", "names", "times"])
def test_parts_that_number_their_own_rows_share_none(kept, first):
    assert len(read("Halves", kept=kept, first=first).y_test) == 10


def test_examples_in_both_parts_are_counted():
    assert read("Repeating").test_duplicates == 2


def test_rows_that_are_there_several_times_are_counted():
    dataset = read("Oversampled")
    assert len(dataset.y_train) == len(TRAIN) + 8
    (told,) = (found for found in dataset.findings if found.id == "train_repeats")
    assert told.values["number"] == 8
    assert not [f for f in read("Repeating").findings if f.id == "train_repeats"]


def test_test_examples_that_are_there_several_times_are_counted():
    x, y = np.arange(900.0).reshape(300, 3), np.arange(300) % 2
    for times, named in ((2, True), (1, False)):
        some = [*range(200, 300)] * times
        parts = (x[:200], y[:200]), (x[some], y[some])
        found = store.Dataset.from_arrays("a", *parts, ("0", "1"), "")
        assert [(f.id, f.headline) for f in found.findings] == [("test_repeats", True)] * named


@pytest.mark.parametrize("drawn", ["at import", "as a default", "with a seed"])
def test_a_split_that_is_drawn_when_its_file_is_imported_is_refused(tmp_path, monkeypatch, drawn):
    order = {"with a seed": "np.random.default_rng(0).permutation(20)"}
    source = f"""
from loader_classes import WHOLE, Base, DataLoader, Subset
import numpy as np
ORDER = {order.get(drawn, "np.random.permutation(20)")}.tolist()
class Own(Base):
    def __init__(self, order={"ORDER" if drawn == "as a default" else None}):
        super().__init__()
        self.order = order or ORDER
    def train_dataloader(self):
        return DataLoader(Subset(WHOLE, self.order[:14]), 4)
    def test_dataloader(self):
        return DataLoader(Subset(WHOLE, self.order[14:]), 4)
"""
    name = f"drawn_{drawn.replace(' ', '_')}"
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    given = {"name": "mine", "class_path": f"{name}.Own", "init_args": {}}
    if drawn == "with a seed":
        assert len(readers.obtain(given).y_train) == 14
        return
    with pytest.raises(DataError, match=r"give other examples (under|each time)"):
        readers.obtain(given)


def test_a_hook_that_asks_a_trainer_for_anything_is_taken_where_it_does_the_same():
    whole = float(loader_classes.X[TRAIN].abs().max())
    assert float(abs(read("Halving").x_train[:]).max()) == whole / 2


def test_two_data_sets_may_name_their_rows_alike():
    # Of two folders, each with a split of its own.
    dataset = read("MadeTwice", folder="b")
    assert (len(dataset.y_train), len(dataset.y_test)) == (12, 8)


INTERFACE = """
import importlib
import sys
{head}
from loader_classes import Base

class Interface(Base):
    def __init__(self):
        super().__init__()
        importlib.import_module("own_" + "standard")
"""


@pytest.mark.parametrize("named", [False, True])
def test_modules_that_are_imported_by_a_name_made_as_it_runs_are_named(
    tmp_path, monkeypatch, named
):
    """As templates do; what an import statement names decides when the data are prepared."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    own = "own_interface" + ("_named" if named else "")
    (tmp_path / "own_standard.py").write_text("ROWS = 20\n")
    head = "import own_standard" if named else ""
    (tmp_path / f"{own}.py").write_text(INTERFACE.format(head=head))
    spec = {"name": "mine", "class_path": f"{own}.Interface", "init_args": {}}
    told = {finding.id: finding for finding in readers.obtain(spec).findings}
    sys.modules.pop("own_standard")
    assert ("modules_unseen" in told) == (not named)
    if not named:
        assert told["modules_unseen"].values == {"names": ["own_standard.py"]}
