"""Token sequences into an embedding, as the page on one's own network has them."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from config_cases import complete

from ecosobriety import readers
from ecosobriety.errors import EcosobrietyError
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.study_config.config import training_parameters
from ecosobriety.training import Training, settings_from, train

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs/how-to/own-network.md").read_text()
SECTION = PAGE.split("## Token sequences into an embedding")[1].split("\n## ")[0]
YAML, MODULE = re.findall(r"^```(?:yaml|python)\n(.*?)^```$", SECTION, re.M | re.S)


@pytest.fixture
def train_words(tmp_path, monkeypatch):
    """Train the page's network on sequences of 16 of 500 tokens; class 1 has the more high ones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("my_words.py").write_text(MODULE)

    def run(dtype, vocabulary=500, **keys):
        generator = np.random.default_rng(1)
        tokens = generator.integers(0, 256 if dtype == "uint8" else 500, (1500, 16))
        kind = (tokens > np.median(tokens)).sum(axis=1) > 8
        np.savez("words.npz", x=tokens.astype(dtype), y=kind.astype(int))
        content = yaml.safe_load(YAML)
        content["dataset"].update(keys)
        content["models"][0]["init_args"]["vocabulary"] = vocabulary
        config = complete(content)
        dataset = readers.obtain({**config["dataset"], "task": config["task"]})
        model = config["models"][0]
        settings = settings_from(training_parameters(config), {})
        training = Training(
            model=model["name"],
            class_path=model["class_path"],
            init_args=model["init_args"],
            n_train=800,
            seed=1,
            settings=dataclasses.replace(settings, accelerator="cpu"),
            threads=1,
            code_fingerprint="",
        )
        return dataset, train(dataset, training, meter=FakeMeter(), ledger=Ledger(Path("attempts")))

    return run


@pytest.mark.parametrize("dtype", ["uint16", "int64"])
def test_tokens_of_any_width_reach_an_embedding(train_words, dtype):
    dataset, record = train_words(dtype)
    assert (dataset.normalise, dataset.whole_numbers) == ("none", True)
    assert record.scores["accuracy"] > 0.75


def test_bytes_are_tokens_where_they_are_not_normalised(train_words):
    dataset, record = train_words("uint8", normalise="none")
    assert (dataset.whole_numbers, dataset.x_train.dtype) == (True, np.uint8)
    assert record.scores["accuracy"] > 0.75


def test_a_token_beyond_the_vocabulary_is_one_sentence(train_words):
    with pytest.raises(EcosobrietyError, match=r"my_words\.Bag") as error:
        train_words("int16", vocabulary=400)
    assert len(str(error.value)) <= 300
