import math
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from synthetic import REPORT_DIR

from ecosobriety.catalogue import placeholders
from ecosobriety.datasets.findings import SENTENCES
from ecosobriety.metric_words import METRIC_WORDS
from ecosobriety.texts import TextError, Texts, load_catalogue

LOCALE = REPORT_DIR / "locale"
NBSP, NNBSP = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
WORDS = {
    "missing": "unknown",
    "greeting": "Hello {name} & all",
    "unit.points.one": "{value} point",
    "unit.points.other": "{value} points",
    "unit.co2e": "{mass} CO₂e",
    "p_value.equal": "p = {value}",
    "p_value.below": "p < {value}",
    "source.hydro": "hydropower",
}
# What is written the same in both languages.
SAME = {
    *("p_value.equal", "p_value.below", "unit.co2e", "unit.points.one", "unit.points.other"),
    *("figure.label", "section.figures", "headline.quality.measured", "column.p_value"),
    *("column.verdict", "column.intensity_central", "verdict.with_reason"),
    *("energy_source.power_gadget", "definition.co2e.term", "definition.pue.term"),
    *("definition.lcoe.term", "provenance.versions", "provenance.code", "column.budget"),
    *("lower.method.learning_curve.formula", "definition.accuracy.term", "column.accuracy_mean"),
    *("definition.accuracy.text", "definition.flop.term", "definition.kwh.term"),
    *("column.tau", "column.gigaflop"),
    *("methods.constant.green_algorithms_pue", "methods.constant.strubell_pue"),
    *("unit.model_size", "table.ladder.certainty"),
    *("comparison.metric_name", "comparison.name", "comparison.scored", "comparison.what.score"),
    "table.ladder.amounts.cheapest",
    *("comparison.column.machine", "comparison.column.pue", "growth.money.one_source"),
}


def catalogue(language):
    return load_catalogue((LOCALE / language).glob("*.yaml"))


@pytest.fixture
def english():
    return Texts("en", WORDS)


@pytest.fixture
def french():
    return Texts("fr", WORDS)


def test_catalogues_have_the_same_keys_and_placeholders():
    english, french = catalogue("en"), catalogue("fr")

    assert english.keys() == french.keys()
    words = {*METRIC_WORDS}
    assert {key: placeholders(english[key]) - words for key in english} == {
        key: placeholders(french[key]) - words for key in french
    }


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [
        ("en", "1 setting with a much worse score lies", "2 settings with much worse scores lie "),
        ("fr", "1 réglage au score bien moins bon se", "2 réglages aux scores bien moins bons se "),
    ],
)
def test_settings_outside_the_picture_are_counted_once(language, one, two):
    text = Texts(language, catalogue(language))
    for count, words in ((1, one), (2, two)):
        assert text("caption.levers.left_out", settings=str(count)).startswith(words)


@pytest.mark.parametrize(("country", "mix"), [("France", "France’s"), ("the Netherlands", "s’")])
def test_what_belongs_to_a_name_in_s(country, mix):
    text = Texts("en", catalogue("en"))
    assert f"{mix} mix" in text("edition.item.grid_intensity", country=country)


def test_french_is_translated():
    english, french = catalogue("en"), catalogue("fr")

    same = {key for key in english if english[key] == french[key]}
    # The methods' proper names, and those of metrics.
    others = ("method.", "metric.", "metric_shown.")
    assert {key for key in same if not key.startswith(others)} <= SAME


def test_french_puts_a_space_that_does_not_break_before_high_punctuation():
    for key, entry in catalogue("fr").items():
        for sign, blank in {":": NBSP, "»": NBSP, **dict.fromkeys(";?!", NNBSP)}.items():
            before = entry.split(sign)[:-1]
            assert all(part.endswith(blank) for part in before), key


def test_texts_of_a_language_without_catalogue_are_refused_by_name():
    with pytest.raises(TextError, match=r"'eo'.*known: en, fr"):
        Texts.load("eo", LOCALE)


def test_a_catalogue_with_something_else_than_texts_is_refused(tmp_path):
    path = tmp_path / "en.yaml"
    path.write_text(yaml.safe_dump({"column": {"year": 2020}}), encoding="utf-8")

    with pytest.raises(TextError, match=r"column\.year is 2020"):
        load_catalogue([path])


def test_a_text_that_stands_in_two_files_is_refused(tmp_path):
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in paths:
        path.write_text("column: {year: Year}", encoding="utf-8")

    with pytest.raises(TextError, match=r"b\.yaml: column\.year is in another file"):
        load_catalogue(paths)


def test_missing_key_is_an_error(english):
    with pytest.raises(TextError, match="'farewell' is missing in language 'en'"):
        english("farewell")


def test_missing_placeholder_is_an_error(english):
    with pytest.raises(TextError, match=r"asks for \['name'\]"):
        english("greeting", title="Dr")


def test_markup_escapes_text_and_values(english):
    assert english.markup("greeting", name="<b>") == "Hello &lt;b&gt; &amp; all"


def test_name_of_the_users_own_word_is_the_word(english):
    assert english.name("source", "hydro") == "hydropower"
    assert english.name("source", "my_turbine") == "my_turbine"


@pytest.mark.parametrize(
    ("value", "english_text", "french_text"),
    [
        (0.28123, "0.281", "0,281"),
        (0.9996, "1.00", "1,00"),
        (12345.6, "12,346", f"12{NNBSP}346"),
        (-0.000123, "−0.000123", "−0,000123"),
        (0, "0", "0"),
        (None, "unknown", "unknown"),
        (float("nan"), "unknown", "unknown"),
    ],
)
def test_numbers(english, french, value, english_text, french_text):
    assert english.number(value) == english_text
    assert french.number(value) == french_text


def test_shares(english, french):
    assert english.share(0.4871) == "49%"
    assert french.share(0.4871, 1) == f"48,7{NBSP}%"
    assert english.share(-1e-15) == "0%"  # no minus zero
    # Only nothing is 0 %, and only all of it 100 %.
    assert english.share(200 / 60_000) == "0.3%"
    assert english.share(-0.0001) == "−0.01%"
    assert english.share(0.9996) == "99.96%"
    assert (english.share(1.0), english.share(1.002), english.share(0.0)) == ("100%", "100%", "0%")
    assert english.share(None) == "unknown"


def test_changes_carry_their_sign(english):
    assert [english.change(share) for share in (-0.32, 4.22, 0.0)] == ["−32%", "+422%", "0%"]


def test_points(english, french):
    assert english.points(0.01) == "1 point"
    assert english.points(0.0025) == "0.25 points"
    assert english.points(-0.0081) == "−0.81 points"
    assert french.points(0.015) == "1,5 point"  # French is singular below 2
    assert english.points(float("nan")) == "unknown"


def test_quantities_choose_a_readable_unit(english, french):
    assert english.energy(0.000281) == f"0.281{NBSP}Wh"
    assert english.energy(436.3) == f"436{NBSP}kWh"
    assert english.mass(0.0107) == f"10.7{NBSP}mg CO₂e"
    assert french.mass(2_500.0) == f"2,50{NBSP}kg CO₂e"
    assert english.mass(None) == english.energy(None) == "unknown"


def test_money(english, french):
    assert english.money(0.0849, "EUR") == "€0.0849"
    assert french.money(84.9, "EUR") == f"84,9{NBSP}€"
    assert english.money(float("nan"), "EUR") == "unknown"


def test_p_values(english):
    assert english.p_value(0.0404) == "p = 0.040"
    assert english.p_value(0.0000312) == "p < 0.001"
    assert english.p_value(None) == "p = unknown"


def test_exact_keeps_the_digits_that_were_given(english):
    assert [english.exact(value) for value in (0.163, 820.0, 3.7, 0.1)] == [
        *("0.163", "820", "3.7", "0.1")
    ]


def test_countries_and_dates_speak_the_language(english, french):
    assert (english.country("DEU", "x"), french.country("DEU", "x")) == ("Germany", "Allemagne")
    assert french.country("XKX", "Kosovo") == "Kosovo"  # no ISO code
    assert "2 janvier 2025" in french.date("2025-01-02T03:04:05+00:00")


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_a_number_is_written_to_three_significant_digits(value):
    written = Texts("en", WORDS).number(value).replace(",", "")

    assert float(written) == pytest.approx(value, rel=0.005)


@pytest.mark.parametrize(
    ("confidence", "written"),
    [(0.95, "95%"), (0.975, "97.5%"), (0.999, "99.9%"), (1 - 1e-9, "99.9999999%")],
)
def test_a_confidence_is_never_rounded(english, confidence, written):
    assert english.exact_share(confidence) == written


@given(st.floats(min_value=0.5, max_value=1, exclude_min=True, exclude_max=True))
def test_no_confidence_below_one_is_told_as_certainty(confidence):
    written = Texts("en", WORDS).exact_share(confidence)

    assert float(written.removesuffix("%")) < 100


def test_only_an_accuracy_of_one_is_a_hundred_percent(english):
    assert [english.score(value) for value in (1.0, 0.9996, 0.99996, 0.884, 0.0)] == [
        *("100.0%", "99.96%", "99.996%", "88.4%", "0.0%")
    ]


def test_a_margin_keeps_its_digits(english):
    assert english.margin(0.00015) == "0.015 points"
    assert english.margin(1e-5) == "0.001 points"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.989e30, "1.99 × 10³⁰"),
        (-1e28, "−1.00 × 10²⁸"),
        (3.2e-12, "3.20 × 10⁻¹²"),
        (1e308, "1.00 × 10³⁰⁸"),
        (5e-324, "4.94 × 10⁻³²⁴"),
    ],
)
def test_numbers_of_any_size_are_written(english, value, written):
    assert english.number(value).replace(NBSP, " ") == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_number_is_too_large_or_too_small_to_be_written(value):
    text = Texts("fr", WORDS)

    for write in (text.number, text.share, text.exact, text.energy, text.mass, text.score):
        assert write(value)
    assert text.money(value, "EUR").endswith("€")
    assert text.points(math.tanh(value)).split(" ")[-1] in ("point", "points")


def test_counts_agree_with_their_noun():
    entry = {"seen": "With {n|example is|examples are} seen."}

    assert Texts("en", entry)("seen", n="1") == "With 1 example is seen."
    assert Texts("en", entry)("seen", n="0") == "With 0 examples are seen."
    assert Texts("fr", entry)("seen", n="0") == "With 0 example is seen."
    assert Texts("en", entry)("seen", n=f"1{NNBSP}000") == f"With 1{NNBSP}000 examples are seen."
    marked = Texts("en", entry).markup("seen", n=Markup('<data value="1">1</data>'))
    assert marked == 'With <data value="1">1</data> example is seen.'


def test_no_text_gives_a_count_the_plural_alone():
    plural = r"\{(?!sizes|count)\w+\}\s+(?:training |test )?(?:examples|countries)\b"

    for key, entry in catalogue("en").items():
        assert key.startswith("unit.") or not re.search(plural, entry), key


def test_no_text_writes_a_count_twice():
    for language in ("en", "fr"):
        for key, entry in catalogue(language).items():
            counts = re.findall(r"\{(\w+)\|", entry)
            assert len(counts) == len(set(counts)), (language, key)


def test_every_finding_has_its_words_in_every_language():
    for language in ("en", "fr"):
        texts = catalogue(language)
        for name, sentence in SENTENCES.items():
            told = placeholders(texts[f"findings.{name}"])
            assert told <= placeholders(sentence), (language, name)


@pytest.mark.parametrize("name", ["report", "lower"])
def test_no_sentence_names_a_metric_that_the_study_may_not_have(name):
    """But for that on classes of unequal size, which is of the accuracy."""
    texts = load_catalogue([LOCALE / "en" / f"{name}.yaml"])
    named = {
        key
        for key, sentence in texts.items()
        if re.search(r"\b(accuracy|RMSE)\b", re.sub(r"\{[^}]*\}", "", sentence))
    }
    assert named <= {"warning.unequal_classes"}
