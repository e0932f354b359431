"""Names of classes that are probably two spellings of one."""

import numpy as np
import pytest

from ecosobriety.readers.class_names import encode


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
        (("ash", "b'ash'"), "classes_look_alike"),
        (("ash", "['ash']"), "classes_look_alike"),
        (("ash", "(ash)"), "classes_look_alike"),
        (("ash", "#ash"), "classes_look_alike"),
        (("ash", "<b>ash</b>"), "classes_look_alike"),
        (("red ash", "red%20ash"), "classes_look_alike"),
        (("берёза", "береза"), "classes_look_alike"),
        (("łódź", "lodz"), "classes_look_alike"),
        (("rød", "rod"), "classes_look_alike"),
        (("δάσος", "δασος"), "classes_look_alike"),
        (("عربي", "عربی"), "classes_look_alike"),
        (("كتاب", "کتاب"), "classes_look_alike"),
        (("أحمد", "احمد"), "classes_look_alike"),
        (("مدرسة", "مدرسه"), "classes_look_alike"),
        (("قطة", "قـطة"), "classes_look_alike"),
        (("l'orme", "l´orme"), "classes_look_alike"),
        (("l'orme", "l`orme"), "classes_look_alike"),
        (("м'ята", "м\u02bcята"), "classes_look_alike"),
        (("5' long", "5\u2032 long"), "classes_look_alike"),
        (("2x4", "2×4"), "classes_look_alike"),
        (("1/2 inch", "½ inch"), "classes_look_alike"),
        (("Teflon", "Teflon™"), "classes_look_alike"),
        (("\u2600", "\u2600\ufe0f"), "classes_look_alike"),
        (("Kühe", "Kuehe"), "classes_respelt"),
        (("bœuf", "boeuf"), "classes_respelt"),
        (("hêtre", "htre"), "classes_respelt"),
        (("izmir", "ızmır"), "classes_respelt"),
        (("IFN-α", "IFN-alpha"), "classes_respelt"),
        (("class 1", "class 01"), "classes_respelt"),
        (("ash", "2 - ash"), "classes_respelt"),
        (("ash", "2. ash"), "classes_respelt"),
        (("10 km", "10km"), "classes_respelt"),
        (("1st", "first"), "classes_respelt"),
        (("rock", "r0ck"), "classes_respelt"),
        (("ash", "ash_"), "classes_respelt"),
        (("ash", r"ash\n"), "classes_respelt"),
        (("ash", '="ash"'), "classes_look_alike"),
        (("ash", "2) ash"), "classes_respelt"),
        (("ash", "ash (2)"), "classes_respelt"),
        (("ash", "ash - Copy"), "classes_respelt"),
        (("5-10", "5 to 10"), "classes_respelt"),
        (("non-fraud", "not fraud"), "classes_respelt"),
        (("fox", "foxes"), "classes_respelt"),
        (("berry", "berries"), "classes_respelt"),
    ],
)
def test_two_spellings_of_one_class_are_named(names: tuple[str, ...], id: str) -> None:
    assert found(*names, "other") == {id}


@pytest.mark.parametrize(
    "names",
    [
        ("iron (2)", "iron (3)"),
        ("1. dan", "2. dan"),
        ("0", "O"),
        ("ا", "أ"),
        ("ł", "l"),
        ("мой", "мои"),
        ("кот", "кит"),
        ("1", "l"),
        ("2-propanol", "propanol"),
        ("øl", "l"),
        ("1) ash", "2) ash"),
        ("skip", "deleted"),
        ("1_ash", "2_ash"),
        ("(a)", "(b)"),
        ("A1", "A10"),
        ("v1.0", "v1.00"),
        ("shoe", "shoes on"),
        ("50%", "5%"),
        ("not a", "note a"),
        ("type", "type s"),
        ("a", "ä"),
        ("край", "краи"),
        ("かき", "かぎ"),
        ("1 2", "12"),
        ("NNP", "NNPS"),
        ("Na", "Ca"),
        ("é", "è"),
    ],
)
def test_other_names_are_not(names: tuple[str, ...]) -> None:
    assert found(*names, "other") == set()


@pytest.mark.parametrize("mark", [-(2**31), 2**32 - 1, -(2**63), 2**64 - 1, 2**15 - 1])
def test_the_end_of_a_type_is_named_as_a_missing_label_is(mark: int) -> None:
    assert found("0", "1", "2", str(mark)) == {"class_outside_count"}


@pytest.mark.parametrize("name", ["NaT", "<NA>", "pd.NA", r"\N", ".", "to check"])
def test_further_placeholders_are_named(name: str) -> None:
    assert found(name, "ash", "oak") == {"classes_like_missing"}
