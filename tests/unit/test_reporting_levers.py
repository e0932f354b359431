"""What is told of a study's levers."""

import copy
import dataclasses

import pandas as pd
import pytest
from synthetic import REPORT_DIR, make_runs, make_study

from ecosobriety.languages import REPORT_FILES
from ecosobriety.reporting.levers import levers_section
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study():
    return make_study(pd.concat([make_runs("mlp"), make_runs("cnn", energy_factor=0.5)]))


@pytest.mark.parametrize("language", REPORT_FILES)
def test_a_saving_whose_interval_reaches_0_is_called_uncertain(study, language):
    text = Texts.load(language, REPORT_DIR / "locale")
    said = text("levers.uncertain")
    assert said not in levers_section(study, text)["answer"]
    recommendation = copy.deepcopy(study.recommendation)
    recommendation["levers"][0]["recommended"]["saved"]["share"]["ci_low"] = -0.1
    unsure = dataclasses.replace(study, recommendation=recommendation)
    assert levers_section(unsure, text)["answer"].endswith(said)
