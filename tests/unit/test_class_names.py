"""Names of classes that are probably two spellings of one."""

import numpy as np
import pytest

from ecosobriety.datasets.class_names import encode


def found(*names: str) -> set[str]:
    labels = np.array(names * 3)
    return {finding.id for finding in encode([labels], ["y"])[2]}


@pytest.mark.parametrize(
    ("names", "id"),
    [
        (("Strasse", "Straße"), "classes_look_alike"),
        (("STRAẞE", "straße"), "classes_differ_by_case"),
        (("long-term", "longterm"), "classes_look_alike"),
        (("New York", "NewYork"), "classes_look_alike"),
        (("Málaga", "Malaga"), "classes_look_alike"),
        (("Long-Terms", "longterm"), "classes_look_alike"),
    ],
)
def test_two_spellings_of_one_class_are_named(names: tuple[str, ...], id: str) -> None:
    assert found(*names, "other") == {id}


@pytest.mark.parametrize(
    "names",
    [("type", "type s"), ("a", "ä"), ("край", "краи"), ("かき", "かぎ"), ("1 2", "12"), ("é", "è")],
)
def test_other_names_are_not(names: tuple[str, ...]) -> None:
    assert found(*names, "other") == set()
