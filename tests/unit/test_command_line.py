"""Numbers that Snakemake hands on as text, where a word may stand in their place."""

import pytest
from config_cases import SCHEMA

from ecosobriety.study_config.layers import read_command_line
from ecosobriety.study_config.schema import read_schema


@pytest.mark.parametrize(
    ("section", "key", "written", "meant"),
    [
        ("analysis", "reference_n_train", "120", 120),
        ("analysis", "reference_n_train", "max", "max"),
        ("plan", "full_n_train", "300", 300),
        ("water", "source_l_per_kwh", "2", 2),
        ("water", "source_l_per_kwh", "1.5", 1.5),
        ("water", "source_l_per_kwh", "nuclear", "nuclear"),
        ("dataset", "label", "3", "3"),
    ],
)
def test_a_number_is_one_where_a_word_may_stand_too(section, key, written, meant):
    read = read_command_line(read_schema(SCHEMA), {section: {key: written}})
    assert read == {section: {key: meant}}
