"""The check knows a network that cannot take the inputs, and how they can be normalised."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from config_cases import complete, put

from ecosobriety.errors import ConfigError

MARGIN = {"analysis": {"margin": 0.2}}
RNG = np.random.default_rng(0)


def study(tmp_path: Path, x: Any, network: str, **keys: Any) -> dict[str, Any]:
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(len(x)) % 2)
    config = put(("dataset",), {"name": "npz", "path": str(tmp_path / "a.npz"), **keys})
    return {**config, "models": [{"name": network}], "grid": {"n_train": [20, 40]}, **MARGIN}


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        complete(config)
    assert len(str(caught.value)) <= 300
    return str(caught.value)


@pytest.mark.parametrize("network", ["linear", "mlp"])
def test_tokens_suit_no_network_of_the_study(tmp_path: Path, network: str) -> None:
    tokens = RNG.integers(0, 999, (60, 7))
    told = refusal(study(tmp_path, tokens, network))
    assert "the inputs are whole numbers, which it cannot take as they are" in told
    complete(study(tmp_path, tokens, network, normalise="feature"))


@pytest.mark.slow
def test_a_cnn_wants_to_know_where_the_channels_are(tmp_path: Path) -> None:
    first = RNG.integers(0, 256, (60, 3, 16, 16)).astype(np.uint8)
    assert "say in dataset.channels whether its channels" in refusal(study(tmp_path, first, "cnn"))
    complete(study(tmp_path, first, "cnn", channels="first"))
    complete(study(tmp_path, np.moveaxis(first, 1, 3), "cnn"))
    rows = RNG.normal(size=(60, 5))
    assert "must be an image" in refusal(study(tmp_path, rows, "cnn"))


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        ({"normalise": "channel"}, "dataset.channels is null, but must be first or last with"),
        ({"channels": "first"}, "dataset.channels is first, but must be null: digits has none"),
    ],
)
def test_channels_are_said_where_there_are_some(dataset: dict[str, Any], told: str) -> None:
    assert told in refusal(put(("dataset",), {"name": "digits", **dataset}))


def test_a_share_for_the_test_is_refused_where_nothing_is_split() -> None:
    said = refusal(put(("dataset",), {"name": "digits", "test_share": 0.5}))
    assert "dataset.test_share is 0.5, but must be left out: digits has its own test part" in said
