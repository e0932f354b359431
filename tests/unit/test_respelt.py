"""Classes that are one name in two spellings are named; names that are only alike are not."""

import numpy as np
import pytest

from ecosobriety.readers.class_names import encode


def found(*names: str) -> dict[str, list[list[str]]]:
    told = encode([np.array(names * 3)], ["y"])[2]
    return {
        finding.id: [sorted(group) for group in finding.values.get("groups", ())]
        for finding in told
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tumor", "tumour"),
        ("center", "Centre"),
        ("labelled", "labeled"),
        ("anaemia", "anemia"),
        ("oesophagus", "esophagus"),
        ("analysed", "analyzed"),
        ("organisation", "organization"),
        ("grey", "gray"),
        ("St. Louis", "Saint Louis"),
        ("Mt Everest", "Mount Everest"),
        ("black & white", "black and white"),
        ("E. coli", "Escherichia coli"),
        ("Smith, John", "John Smith"),
        ("The Netherlands", "Netherlands"),
        ("stage II", "stage 2"),
        ("two", "2"),
        ("<=50k", "<= 50k"),
        ("<10k", "<10000"),
        ("class_ash", "ash"),
        ("ch\ufffdne", "chêne"),
        ("ch?ne", "chêne"),
        ("1,000", "1000"),
        ("1 000 000", "1000000"),
        ("0,5", "0.5"),
        ("positiv", "positive"),
        ("Mai", "May"),
        ("10%", "10 %"),
        ("0-9", "0 - 9"),
        ("50+", "50 +"),
        ("$10", "$ 10"),
        ("stage 1", "stage 1.0"),
        ("won't pay", "wont pay"),
        ("parkinson's", "parkinsons"),
        ("baker’s yeast", "bakers yeast"),
        ("bachelor", "Bachelor's"),
        ("leaf", "leaves"),
        ("wolf", "wolves"),
        ("knife", "knives"),
        ("mouse", "mice"),
        ("bus", "busses"),
        ("pass", "passed"),
        ("reject", "rejected"),
        ("approve", "approved"),
        ("oak", "?oak"),
        ("oak", "maybe oak"),
        ("oak", "-oak"),
        ("oak", "oak-"),
        ("oak", "__oak"),
        ("oak", "oak__"),
        ("oak", "/oak"),
        ("oak", "oak/"),
        ("oak", "@oak"),
        ("oak", "tree=oak"),
        ("oak", "kind: oak"),
        ("oak", "(1) oak"),
        ("oak", "oak(1)"),
        ("oak", "- oak"),
        ("oak", "* oak"),
        ("oak", ",oak"),
        ("Boston,MA", "Boston, MA"),
        ("boston,ma", "Boston, MA"),
        ("(1,2)", "(1, 2)"),
        ("4door", "4-door"),
    ],
)
def test_two_spellings_of_one_name_are_named(one: str, other: str) -> None:
    assert found(one, other, "elm tree") == {"classes_respelt": [sorted([one, other])]}


def test_names_that_were_cut_off_in_some_rows_are_named() -> None:
    cut = found("Iris-setosa", "Iris-setos", "Iris-versicolor", "Iris-versi", "other")
    assert cut["classes_respelt"] == [
        ["Iris-setos", "Iris-setosa"],
        ["Iris-versi", "Iris-versicolor"],
    ]
    assert "classes_respelt" in found("Adenocarci", "Adenocarcinoma", "Melanoma")
    assert not found("WALKING", "WALKING_UPSTAIRS", "WALKING_DOWNSTAIRS")
    assert not found("football", "footballer", "tennis")
    assert not found("boulder/cave", "boulder/cavern", "shelter")
    assert not found("Protestant", "Protestantism", "Catholicism")


def test_codes_beside_names_and_short_forms_with_a_number_are_named() -> None:
    assert "classes_half_coded" in found("1", "2", "3", "ash", "oak", "elm")
    assert "classes_half_coded" in found("0", "1", "M", "F")
    assert "classes_half_coded" in found("1", "2", "3", "a", "b", "c")
    assert not found("1", "2", "3", "ash", "oak")
    assert not found("1", "2", "3", "A", "B")
    assert not found("4", "6", "eight", "rotary")
    assert found("G1", "G2", "Grade 1", "Grade 2") == {
        "classes_abbreviated": [["G1", "Grade 1"], ["G2", "Grade 2"]]
    }
    assert not found("T1", "T2", "Grade 1", "Type 3")
    assert "classes_combined" in found("ash", "oak", '{"choices":["ash","oak"]}')


@pytest.mark.parametrize(
    ("long", "brief"),
    [
        ("medium", "med"),
        ("September", "Sept"),
        ("malignant", "M"),
        ("female", "fem"),
        ("control", "ctrl"),
        ("treatment", "treat"),
        ("north", "N"),
        ("fail", "F"),
        ("USA", "US"),
    ],
)
def test_usual_short_forms_are_named(long: str, brief: str) -> None:
    assert found(long, brief, "elm") == {"classes_abbreviated": [sorted([long, brief])]}


@pytest.mark.parametrize("name", ["oak or elm", "oak vs. elm", "oak oder elm", "oak_and_elm"])
def test_a_choice_between_two_others_is_named(name: str) -> None:
    assert found("oak", "elm", name) == {"classes_combined": []}


def test_signs_list_nothing() -> None:
    assert "classes_combined" not in found("!", "(", ")", "+", ",", "-", "0", "1", "=", "A")


def test_a_path_before_several_names_and_roman_numbers_are_named() -> None:
    assert len(found("ash", "oak", "data/ash", "data/oak")["classes_respelt"]) == 2
    assert len(found("I", "II", "1", "2")["classes_respelt"]) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("'ash'", "ash"),
        ("“ash”", "ash"),
        ("`ash`", "ash"),
        ("u'ash'", "ash"),
        ("*ash*", "ash"),
        ("tensor(1)", "1"),
        ("'1'", "1"),
        ('"0"', "0"),
        ("ash [1]", "ash"),
        ("ash (?)", "ash"),
        ("ash*", "ash"),
        ("ash.jpg", "ash"),
        ("chÃªne", "chêne"),
        ("black &amp; white", "black & white"),
        (r"ch\u00eane", "chêne"),
    ],
)
def test_what_programs_put_around_a_name_is_named(one: str, other: str) -> None:
    assert found(one, other, "elm") == {"classes_look_alike": [sorted([one, other])]}


@pytest.mark.parametrize("form", ["Tree.{}", "<Tree.{}: 1>", "Tree::{}"])
def test_members_of_an_enumeration_beside_their_names_are_named(form: str) -> None:
    written = [form.format("ash"), form.format("oak")]
    groups = [sorted([name, form.format(name)]) for name in ("ash", "oak")]
    assert found("ash", "oak", *written) == {"classes_respelt": groups}
    assert found("ash", "Label.ash", "elm") == {"classes_respelt": [["Label.ash", "ash"]]}


def test_a_number_before_a_name_is_no_other_name() -> None:
    assert found("2. ash", "ash", "elm") == {"classes_respelt": [["2. ash", "ash"]]}


@pytest.mark.parametrize(
    "names",
    [
        ("male", "female"),
        ("A1", "A2", "A*", "A"),
        ("filling", "filing"),
        ("tour", "tor", "four"),
        ("-1", "1"),
        ("T-shirt/top", "top", "shirt"),
        ("church/indoor", "church/outdoor", "indoor"),
        ("J. Smith", "John Smith", "Jane Smith"),
        ("E. coli", "S. aureus", "E. faecalis"),
        ("one pair", "two pairs", "three of a kind"),
        ("i", "x", "1", "o"),
        ("v1", "v2", "v1.0"),
        ("news.misc", "news", "comp.misc"),
        ("Apple 1", "Apple 2", "Grape White", "Grape White 2"),
        ("5-9", "10-14", "15-19"),
        ("<18.5", ">25", "18.5-25"),
        ("poet", "pet", "does"),
        ("were", "we're", "its", "it's"),
        ("red", "r", "wed", "we"),
        ("ham", "hammer", "lea", "leaves"),
        ("C", "Cobol", "R", "Ruby"),
        ("10 +", "10 -", "1 0"),
        ("good-", "good", "good+"),
        ("Cl", "Cl-", "Na", "Na+"),
        ("A", "B", "a", "b", "1"),
        ("cats or dogs", "cats", "birds"),
        ("Indre", "Loire", "Indre-et-Loire"),
        ("Non.smoker", "smoker", "Former.smoker"),
        ("hand", "foot", "Left.hand", "Left.foot", "Right.hand", "Right.foot"),
    ],
)
def test_names_that_are_only_alike_are_not(names: tuple[str, ...]) -> None:
    assert not found(*names)


@pytest.mark.parametrize(
    "date", ["14. Okt", "14-ott", "14-Dez", "14/abr", "14. окт", "10月14日", "20241014"]
)
def test_dates_of_programs_and_in_other_languages_are_named(date: str) -> None:
    assert found("10-14", "15-19", date) == {"classes_like_dates": []}


def test_names_that_became_dates_are_named() -> None:
    assert found("10-14", "15-19", "Oct-14") == {"classes_like_dates": []}
    assert found("2-Sep", "TP53", "BRCA1") == {"classes_like_dates": []}
    assert found("1-Feb", "3-Apr", "2024-05-06") == {"classes_like_dates": []}


@pytest.mark.parametrize("written", ["{}", "{}.5"])
def test_numbers_that_measure_something_are_named(written: str) -> None:
    ages = [written.format(age) for age in np.random.default_rng(1).binomial(90, 0.5, 90)]
    assert "classes_like_numbers" in found(*ages)
    # As of persons or of characters, each as often.
    assert not found(*map(str, range(60)))


@pytest.mark.parametrize("seed", range(3))
def test_numbers_that_measure_something_are_named_in_long_tables(seed: int) -> None:
    random = np.random.default_rng(seed)
    measured = (
        random.normal(15, 8, 20_000).round(1),
        random.beta(2, 2, 20_000).round(2),
        (2 * random.normal(70, 12, 20_000)).round() / 2,
        random.poisson(30, 5000),
        random.gamma(3, 12, 20_000).round().astype(int),
        random.binomial(90, 0.5, 20_000),
    )
    for values in measured:
        assert "classes_like_numbers" in found(*map(str, values))
    by_frequency = np.repeat(np.arange(60), np.sort(random.integers(50, 900, 60))[::-1])
    codes = 100 * random.integers(1, 90, 60) + random.integers(0, 100, 60)
    classes = (
        *(random.integers(0, 100, 5000), by_frequency, np.repeat(np.arange(60), 50)),
        np.repeat(np.arange(60.0), random.integers(50, 900, 60)),
        random.choice(codes / 100, 20_000),
    )
    for values in classes:
        assert not found(*map(str, values))
    chapters = (f"{a:02}.{b}" for a in range(1, 9) for b in range(9))
    assert not found(*(name for name in chapters for _ in range(50)))


def test_numbers_that_differ_by_rounding_are_named() -> None:
    assert found("0.3", "0.30000000000000004", "0.6") == {
        "classes_equal_as_numbers": [["0.3", "0.30000000000000004"]]
    }
    assert not found("18446744073709551615", "18446744073709551614")
