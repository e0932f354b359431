"""Studies whose data nobody has read, and studies of other confidences, side by side."""

from dataclasses import replace
from typing import Any

import pytest
from synthetic import REPORT_DIR
from test_compared_studies import changed, compare, folder, pair, row_of  # noqa: F401

from ecosobriety.reporting.comparison_tables import Rows, amounts_table
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow


def test_data_that_are_only_declared_are_others_where_they_are_called_otherwise(
    pair: Any,  # noqa: F811
) -> None:
    declared = [replace(one, intake=replace(one.intake, declared=True)) for one in pair]
    assert row_of(compare(declared))["score_remark"] == "declared"
    other = changed(declared[1], dataset={"name": "tweets"})
    row = row_of(compare([declared[0], other]))
    assert (row["score_comparable"], row["score_remark"]) == (False, "data")
    # Of data that were read, the content decides.
    assert row_of(compare([pair[0], changed(pair[1], dataset={"name": "copy"})]))[
        "score_comparable"
    ]


def test_declarations_are_told_apart_without_a_digest_of_the_data(
    pair: Any,  # noqa: F811
) -> None:
    declared = [replace(one, intake=replace(one.intake, declared=True)) for one in pair]
    same, other = (replace(one, provenance={**one.provenance}) for one in declared)
    for one, identity in ((same, "ab" * 32), (other, "00")):
        data = {**one.provenance["dataset"], "identity": identity}
        del data["sha256"]
        one.provenance["dataset"] = data
    # The other one was written by an older version.
    assert row_of(compare([same, declared[1]]))["score_remark"] == "declared"
    assert row_of(compare([same, other]))["score_remark"] == "data"


def test_what_households_pay_is_not_compared_with_a_price_of_the_studys_own(
    pair: Any,  # noqa: F811
) -> None:
    priced = []
    for one in pair:
        mix = one.scenarios["source"] == "grid"
        costs = {
            f"cost{end}": one.scenarios[f"cost{end}"].mask(mix, one.scenarios["energy_kwh"] / 4)
            for end in ("", "_low", "_high")
        }
        priced.append(replace(one, scenarios=one.scenarios.assign(**costs)))
    own, retail = priced[0], changed(priced[1], consumer_prices=[{"country_iso3": "FRA"}])
    both = [changed(own, consumer_prices=[{"country_iso3": "FRA"}]), retail]
    row = row_of(compare([own, retail]))
    assert (row["cost_source"], row["cost_remark"], row["cost_comparable"]) == (
        "grid",
        "retail",
        False,
    )
    # Of one kind they compare: twice the energy costs twice as much.
    for alike in (priced, both):
        assert row_of(compare(alike))["cost_ratio"] == pytest.approx(2)
    # Of two prices of one's own in one country, the ratio would be that of the prices.
    at_night = {**priced[1].config["cost"], "grid_price_per_kwh": {"FRA": 0.12}}
    cheaper = changed(priced[1], config={"cost": at_night})
    assert row_of(compare([priced[0], cheaper]))["cost_remark"] == "mix_price"
    said = {
        "en": "included (Eurostat), in: second.",
        "fr": "comprises (Eurostat), dans\N{NO-BREAK SPACE}: second.",
    }
    for language, word in said.items():
        text = Texts.load(language, REPORT_DIR / "locale")
        table = compare([own, retail])
        notes = amounts_table(Rows([own, retail], table, text), "same_size", text).notes
        assert word in " ".join(notes)


def test_intervals_of_other_confidences_are_called_each_studys_own(
    pair: Any,  # noqa: F811
) -> None:
    text = Texts.load("en", REPORT_DIR / "locale")
    table = compare(pair)
    assert Rows(pair, table, text).own_confidences == "95%"
    surer = replace(pair[1], recommendation={**pair[1].recommendation, "confidence": 0.99})
    assert Rows([pair[0], surer], table, text).own_confidences == "each study’s own (95%, 99%)"


def test_a_time_that_one_study_does_not_know_has_a_reason(pair: Any) -> None:  # noqa: F811
    untimed = replace(pair[1], runs=pair[1].runs.assign(train_duration_s=None))
    row = row_of(compare([pair[0], untimed]))
    assert (row["duration_comparable"], row["duration_remark"]) == (False, "no_duration")
