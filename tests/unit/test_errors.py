"""Messages of bearable length: what is foreign in them is cut, and what they say is not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecosobriety.errors import MAX_MESSAGE, DataError, quote

ALLOWED = "a study reads each example once: leave it out, or put it into the network's forward"


@pytest.mark.parametrize(
    "foreign",
    ["my.package." * 30 + "Net", "/data/" + "long folder".replace(" ", "_") * 30 + "/t.csv"],
)
def test_a_long_name_is_cut_at_its_middle_and_the_sentence_not(foreign: str) -> None:
    told = str(DataError(f"{foreign}: example 7 differs when it is read again; {ALLOWED}"))
    assert len(told) <= MAX_MESSAGE
    assert told.startswith(foreign[:8])
    assert foreign[-6:] + ": example 7 differs when it is read again; " + ALLOWED in told


def test_the_longest_value_is_cut_first() -> None:
    words = 'RuntimeError: "' + "the size of tensor a must match " * 8 + '"'
    told = str(DataError(f"models: mine.Net cannot be trained: {words}; {ALLOWED}"))
    assert told.startswith('models: mine.Net cannot be trained: RuntimeError: "the size of tens')
    assert told.endswith(f'…"; {ALLOWED}')


@given(st.lists(st.text(max_size=400), max_size=6))
def test_any_message_is_one_line_of_bearable_length(values: list[str]) -> None:
    told = str(DataError("is " + ", ".join(map(quote, values)) + f", but {ALLOWED}"))
    assert len(told) <= MAX_MESSAGE
    assert told.isprintable()
    assert told.endswith(ALLOWED)


def test_a_sentence_that_is_long_by_itself_loses_its_middle() -> None:
    told = str(DataError("one two " * 60))
    assert len(told) <= MAX_MESSAGE
    assert re.search("… ", told)
