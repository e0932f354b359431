"""Batches: whole epochs, the seed's order, their own normalisation, and where they lie."""

import numpy as np
import psutil
import pytest
import torch

from ecosobriety.datasets import Dataset
from ecosobriety.datasets.examples import Examples
from ecosobriety.training.batches import (
    Blocks,
    Slices,
    choose_place,
    cut_batches,
    fit_normaliser,
    lay,
)
from ecosobriety.training.learner import Scorer
from ecosobriety.training.tasks import Classification


def test_every_example_comes_once_an_epoch_in_a_new_order():
    x = torch.arange(10.0).unsqueeze(1)
    rows = torch.arange(10)
    batches = Slices(x, rows, rows, 4, mean=0.0, deviation=1.0, shuffle_seed=7)
    assert len(batches) == 3
    epochs = []
    for epoch in range(2):
        batches.set_epoch(epoch)
        epochs.append(torch.cat([y for _, y in batches]).tolist())
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(10))
    assert epochs[0] != epochs[1]
    batches.set_epoch(0)
    assert torch.cat([y for _, y in batches]).tolist() == epochs[0]
    assert all((inputs.squeeze(1) == y).all() for inputs, y in batches)


def test_batches_are_cut_from_the_chosen_rows_and_normalised():
    x = torch.tensor([[0], [10], [20], [30]], dtype=torch.uint8)
    y = torch.arange(4)
    batches = Slices(x, y, torch.tensor([3, 1, 2]), 2, mean=20.0, deviation=5.0)
    assert [(inputs.squeeze(1).tolist(), labels.tolist()) for inputs, labels in batches] == [
        ([2.0, -2.0], [3, 1]),
        ([0.0], [2]),
    ]
    assert x.tolist() == [[0], [10], [20], [30]]
    examples = batches.dataset
    assert [(inputs.tolist(), int(label)) for inputs, label in examples] == [
        ([2.0], 3),
        ([-2.0], 1),
        ([0.0], 2),
    ]
    assert (len(examples), examples[-1][1]) == (3, 2)
    assert [part.tolist() for part in examples.tensors] == [[[2.0], [-2.0], [0.0]], [3, 1, 2]]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int16])
def test_mean_and_deviation_are_those_of_the_chosen_rows(dtype):
    x = Examples(np.array([[[1, 2]], [[250, 251]], [[3, 6]]], dtype=dtype), np.array([0, 2]))
    found = fit_normaliser(x, "global", None)
    # Values 1, 2, 3, 6: mean 3, squared distances 4, 1, 0, 9.
    assert found.mean == 3.0
    assert found.deviation == pytest.approx(3.5**0.5)


def test_features_of_vectors_are_standardised_each_by_itself():
    x = np.array([[1, 0.1, -4], [99, 99, 99], [3, 0.1, 8]], dtype=np.float32)
    found = fit_normaliser(Examples(x, np.array([0, 2])), "feature", None)
    # The second feature does not vary: whatever it is elsewhere, nothing is learnt of it.
    assert found.mean.tolist() == pytest.approx([2, 0.1, 2])
    assert found.deviation.tolist() == [1, np.inf, 6]
    assert found.apply(x)[1].tolist() == pytest.approx([97, 0, 97 / 6])


@pytest.mark.parametrize("channels", ["first", "last"])
def test_channels_have_each_their_own_scale(channels):
    x = np.random.default_rng(0).normal(size=(50, 3, 4, 5)) * [[[[1.0]], [[1e5]], [[1e-3]]]] + 7
    x = x if channels == "first" else np.moveaxis(x, 1, -1)
    z = fit_normaliser(Examples(x), "channel", channels).apply(x)
    z = z if channels == "first" else np.moveaxis(z, -1, 1)
    assert z.mean(axis=(0, 2, 3)) == pytest.approx([0, 0, 0], abs=1e-9)
    assert z.std(axis=(0, 2, 3)) == pytest.approx([1, 1, 1])


def dataset_of(x, **options):
    y = np.arange(len(x)) % 2
    return Dataset.from_arrays("own", (x, y), (x, y), ("a", "b"), "made", **options)


def inputs_of(batches):
    return torch.cat([x for x, _ in batches])


def test_large_numbers_that_differ_little_stay_different():
    """Seconds since 1970: 100 values, of which float32 holds 2."""
    seconds = 1.764e9 + np.arange(100.0)[:, None]
    _, train, test = cut_batches(dataset_of(seconds), 100, 0, 10)
    for part in (train, test):
        x = inputs_of(part)
        assert x.dtype == torch.float32
        assert len(x.unique()) == 100
        assert x.std(correction=0) == pytest.approx(1)
    assert inputs_of(test).flatten().diff().std() < 1e-6


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint16, np.int8])
def test_whole_numbers_stay_what_they_are(dtype):
    tokens = np.arange(40, dtype=dtype).reshape(10, 4)
    _, train, test = cut_batches(dataset_of(tokens), 10, 0, 3)
    assert inputs_of(test).tolist() == tokens.tolist()
    assert inputs_of(test).dtype == inputs_of(train).dtype == torch.int64
    # Told to be measurements, they are normalised as such.
    _, _, test = cut_batches(dataset_of(tokens, normalise="feature"), 10, 0, 3)
    assert inputs_of(test).mean(axis=0).tolist() == pytest.approx([0] * 4, abs=1e-6)


def test_inputs_may_stay_as_they_are():
    x = np.random.default_rng(0).normal(5, 3, (10, 2)).astype(np.float32)
    _, _, test = cut_batches(dataset_of(x, normalise="none"), 10, 0, 3)
    assert np.array_equal(inputs_of(test).numpy(), x)


def test_blocks_hand_out_all_batches_several_at_a_time():
    rows = torch.arange(10)
    batches = Slices(rows.float().unsqueeze(1), rows, rows, 2, mean=0.0, deviation=1.0)
    blocks = Blocks(batches, size=2)
    assert len(blocks) == 3
    assert [[y.tolist() for _, y in block] for block in blocks] == [
        [[0, 1], [2, 3]],
        [[4, 5], [6, 7]],
        [[8, 9]],
    ]


@pytest.mark.parametrize(
    ("data_mb", "free_mb", "place"),
    [
        (47, None, "cpu"),  # no GPU trains
        (47, 80_000, "gpu"),
        (500, 1_000, "gpu"),  # just half of what is free
        (501, 1_000, "streamed"),
        (1, 0, "streamed"),
    ],
)
def test_data_lie_on_the_gpu_where_they_take_at_most_half_of_its_free_memory(
    data_mb, free_mb, place
):
    free_bytes = None if free_mb is None else free_mb * 1_000_000
    assert choose_place(data_mb * 1_000_000, free_bytes) == place


def four_images(rows, **options):
    x = torch.tensor([[0], [10], [20], [30]], dtype=torch.uint8)
    return Slices(x, torch.arange(4), rows, 2, **options)


def test_the_bytes_of_data_are_those_of_the_examples_that_count():
    batches = four_images(torch.tensor([3, 1, 2]), mean=20.0, deviation=5.0)
    assert batches.nbytes == 3 * (1 + 8)  # one byte of input and an int64 label each


def test_data_lie_in_the_hosts_memory_where_the_cpu_trains():
    batches = four_images(torch.tensor([3, 1]), mean=20.0, deviation=5.0)
    before = [(x.tolist(), y.tolist()) for x, y in batches]
    assert lay(torch.device("cpu"), batches, batches) == "cpu"
    assert [(x.tolist(), y.tolist()) for x, y in batches] == before


@pytest.mark.parametrize("place", ["gpu", "streamed"])
def test_batches_come_on_the_device_wherever_the_data_lie(monkeypatch, place):
    """A device without contents stands for the GPU, and so does memory that is not pinned."""
    pinned = []

    def pin_memory(part):
        pinned.append((part.dtype, part.device.type))
        return part

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin_memory)
    normalised = {"mean": 20.0, "deviation": 5.0}
    batches = four_images(torch.tensor([3, 1, 2]), shuffle_seed=1, **normalised)
    batches.lay(torch.device("meta"), place)
    came = list(batches)
    assert [(x.shape, x.dtype, x.device.type) for x, _ in came] == [
        ((2, 1), torch.float32, "meta"),
        ((1, 1), torch.float32, "meta"),
    ]
    assert [(len(y), y.device.type) for _, y in came] == [(2, "meta"), (1, "meta")]
    # What is streamed goes as bytes, a quarter of the floats.
    streamed = [(torch.uint8, "cpu"), (torch.int64, "cpu")] * 2
    assert pinned == (streamed if place == "streamed" else [])


def test_data_on_the_device_give_the_same_batches():
    """Laid as on a GPU, but on the CPU: the chosen rows alone are kept, in the same order."""
    rows = torch.tensor([3, 1, 2])
    host = four_images(rows, mean=20.0, deviation=5.0, shuffle_seed=1)
    laid = four_images(rows, mean=20.0, deviation=5.0, shuffle_seed=1)
    laid.lay(torch.device("cpu"), "gpu")
    for epoch in range(3):
        host.set_epoch(epoch)
        laid.set_epoch(epoch)
        assert [(x.tolist(), y.tolist()) for x, y in laid] == [
            (x.tolist(), y.tolist()) for x, y in host
        ]
    assert laid.nbytes == host.nbytes


@pytest.mark.slow
def test_the_answers_of_a_test_keep_no_batch_in_memory():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 10))
    scorer, labels = Scorer(network, Classification(10)), torch.arange(1000) % 10
    scorer.on_test_epoch_start()
    resident, before = psutil.Process().memory_info, None
    with torch.no_grad():
        for i in range(40):
            # 12 MB as float32.
            batch = torch.sub(torch.zeros((1000, 3072), dtype=torch.uint8), 0.5)
            scorer.test_step((batch, labels), i)
            if i == 5:
                before = resident().rss
    assert resident().rss - before < 150e6
    outputs, tested = scorer._answers.together()
    assert (len(outputs), tested.tolist()) == (40_000, labels.tolist() * 40)
