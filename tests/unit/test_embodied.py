"""Embodied emissions of the hardware, worked by hand."""

import json
from pathlib import Path

import pandas as pd
import pytest
from config_cases import complete, put, refusal
from synthetic import make_study

from ecosobriety.errors import DataError
from ecosobriety.exporting.amounts import ModelAmounts
from ecosobriety.footprint.embodied import add_embodied, hardware_of, load_hardware
from ecosobriety.reporting.embodied import embodied_sentences, embodied_table
from ecosobriety.texts import Texts

ROOT = Path(__file__).parents[2]
FILE = ROOT / "config" / "factors" / "hardware_embodied.csv"
TABLE = load_hardware(FILE)
NOTHING = {"parts": {}, "embodied_kg": None, "lifetime_years": None, "utilisation": None}
# 87.6 kg over 10 years of 8760 hours are 1 g an hour; working half of them, 2 g.
OWN = NOTHING | {
    "embodied_kg": {"low": 43.8, "central": 87.6, "high": 175.2},
    "lifetime_years": 10.0,
    "utilisation": 0.5,
}
RUNS = pd.DataFrame(
    {
        "dataset": "d",
        "model": "m",
        "n_train": [500, 500, 1000, 1000],
        "seed": [1, 2, 1, 2],
        "train_duration_s": [1700.0, 1900.0, 3500.0, 3700.0],
    }
)
SCENARIOS = pd.DataFrame(
    {
        "dataset": "d",
        "model": "m",
        "n_train": [500, 1000, 1000, 1000],
        "country_iso3": ["FRA", "FRA", "FRA", "POL"],
        "source": ["grid", "grid", "coal", "grid"],
        "emissions_g": [0.25, 8.0, 80.0, 70.0],
    }
)
TEXTS = {code: Texts.load(code, ROOT / "workflow/report/locale") for code in ("en", "fr")}


def embodied(section=OWN, runs=RUNS, scenarios=SCENARIOS):
    found = {"results": [{"dataset": "d", "model": "m", "reference_n_train": 1000}]}
    added = add_embodied(found, runs, scenarios, "FRA", hardware_of(section, TABLE))
    (result,) = added["results"]
    json.dumps(result)
    return result["embodied"]


def test_nothing_is_derived_from_a_machine_that_is_not_described():
    assert hardware_of(NOTHING, TABLE) is None
    assert hardware_of(NOTHING | {"parts": {"gpu": None}, "utilisation": 0.5}, TABLE) is None
    assert embodied(NOTHING) is None


def test_a_training_takes_its_share_of_the_hardwares_life():
    found = embodied()
    assert found["g_per_hour"] == pytest.approx({"low": 1.0, "central": 2.0, "high": 4.0})
    small, large = found["sizes"]
    # Half an hour beside 0.25 g of electricity, an hour beside 8 g.
    assert small["embodied_g"] == pytest.approx({"low": 0.5, "central": 1.0, "high": 2.0})
    assert small["share"] == pytest.approx({"low": 2 / 3, "central": 0.8, "high": 8 / 9})
    assert large["embodied_g"] == pytest.approx({"low": 1.0, "central": 2.0, "high": 4.0})
    assert large["operational_g"] == 8.0
    assert large["share"] == pytest.approx({"low": 1 / 9, "central": 0.2, "high": 1 / 3})


def test_parts_are_added_each_over_its_own_life():
    section = NOTHING | {"parts": {"server": 0.125, "gpu": 1.0}, "utilisation": 1.0}
    # An eighth of 900 kg over 4 years, and 184.1 kg over 3.
    central = 0.125 * 900_000 / 35_040 + 184_100 / 26_280
    low = 0.125 * 459_900 / 35_040 + 63_220 / 26_280
    found = embodied(section)
    assert found["g_per_hour"]["central"] == pytest.approx(central)
    assert found["g_per_hour"]["low"] == pytest.approx(low)
    # One life for all of them, where the file names it.
    found = embodied(section | {"lifetime_years": 5.0})
    central = (0.125 * 900_000 + 184_100) / 43_800
    assert found["g_per_hour"]["central"] == pytest.approx(central)


def test_a_part_without_a_range_leaves_none_to_the_sum():
    found = embodied(NOTHING | {"parts": {"gpu": 1.0, "laptop": 1.0}, "utilisation": 0.3})
    assert found["g_per_hour"]["low"] is found["g_per_hour"]["high"] is None
    assert found["sizes"][0]["share"]["low"] is None
    number = embodied(OWN | {"embodied_kg": 87.6})
    assert number["g_per_hour"] == {"low": None, "central": pytest.approx(2.0), "high": None}


def test_what_is_not_known_is_null_with_its_reason():
    runs = RUNS.assign(train_duration_s=[1700.0, None, 3500.0, 3700.0])
    small, large = embodied(runs=runs)["sizes"]
    assert (small["reason"], small["embodied_g"]["central"]) == ("no_duration", None)
    assert (large["reason"], large["embodied_g"]["central"]) == (None, pytest.approx(2.0))
    scenarios = SCENARIOS.assign(emissions_g=float("nan"))
    small, _ = embodied(scenarios=scenarios)["sizes"]
    assert (small["reason"], small["share"]["central"]) == ("no_intensity", None)
    assert small["embodied_g"]["central"] == pytest.approx(1.0)


def test_a_part_that_is_not_in_the_table_is_refused():
    section = NOTHING | {"parts": {"gpu": 1.0}, "utilisation": 1.0}
    with pytest.raises(DataError, match="no row gpu"):
        hardware_of(section, TABLE[TABLE["kind"] != "gpu"])


def test_the_schema_names_the_kinds_of_the_table():
    assert list(complete(put(("study",), "x"))["hardware"]["parts"]) == list(TABLE["kind"])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("459.9,900", "901,900", "low_kg"),
        ("900,2087", "900,899", "high_kg"),
        (",277,,6", ",,,6", "central_kg"),
        (",277,,6", ",277,,0", "lifetime_years"),
        (",277,,6", ",277000,,6", "central_kg is 277000, but must be 1 to 20000 kg"),
        (",277,,6", ",0.277,,6", "central_kg is 0.277, but must be 1 to 20000 kg"),
        (",277,,6", ",277,,52560", "lifetime_years is 52560, but must be 0.5 to 50 years"),
        ("gpu_large,", "gpu,", "a name that stands once"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, old, new, told):
    content = FILE.read_text()
    assert old in content
    path = tmp_path / "hardware_embodied.csv"
    path.write_text(content.replace(old, new, 1))
    with pytest.raises(DataError, match=told):
        load_hardware(path)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"parts": {"gpu": 1}}, "hardware.utilisation is null, but must be the share of its life"),
        ({"embodied_kg": 5, "utilisation": 1}, "hardware.lifetime_years is null, but must be"),
        (
            {"embodied_kg": 5, "parts": {"gpu": 1}, "lifetime_years": 4, "utilisation": 1},
            "hardware.embodied_kg is 5, but must be null beside hardware.parts",
        ),
        (
            {
                "embodied_kg": {"low": 2, "central": 1, "high": 3},
                "lifetime_years": 4,
                "utilisation": 1,
            },
            "but must be in the order low, central, high",
        ),
        ({"parts": {"tpu": 1}}, "hardware.parts.tpu is not a known key, but must be one of server"),
        ({"embodied_kg": {"central": 1}}, "hardware.embodied_kg"),
        ({"embodied_kg": "5"}, "hardware.embodied_kg"),
        (
            {"embodied_kg": {"low": 1, "high": 4}},
            "hardware.embodied_kg.central is missing, but must be a number",
        ),
        (
            {"lifetime_years": 4},
            "hardware.lifetime_years is 4, but must be null without hardware.parts and",
        ),
        ({"utilisation": 0.5}, "hardware.utilisation is 0.5, but must be null without"),
        ({"lifetime_years": 48}, "hardware.lifetime_years is 48, but must be a number from 0.01"),
    ],
)
def test_a_contradiction_is_refused(section, told):
    assert told in refusal(put(("hardware",), section))


@pytest.mark.slow
def test_the_report_says_where_the_hardware_dominates():
    study = make_study(hardware=hardware_of(OWN, TABLE))
    (case,) = study.cases()
    found = case.decision.result["embodied"]
    shares = [size["share"]["central"] for size in found["sizes"]]
    for code, text in TEXTS.items():
        written = text.of(study.metric)
        (sentence,) = embodied_sentences(case, written)
        table = embodied_table(case, written)
        assert len(table.rows) == len(shares)
        assert f'value="{found["sizes"][-1]["share"]["central"]}"' in sentence
        words = {"en": "At every size, that is most", "fr": "la plus grande part des émissions"}
        assert (words[code] in sentence) == all(share >= 0.5 for share in shares)
    (undescribed,) = make_study().cases()
    assert embodied_sentences(undescribed, TEXTS["en"]) == []
    assert embodied_table(undescribed, TEXTS["en"]) is None


@pytest.mark.slow
def test_the_disclosures_take_the_same_hours():
    (case,) = make_study(hardware=hardware_of(OWN, TABLE)).cases()
    amounts = ModelAmounts(case, [])
    assert amounts.embodied_g(5400.0) == pytest.approx(3.0)
    assert amounts.embodied_g(None) is None


@pytest.mark.parametrize("known_from", ["study", "usage"])
def test_a_years_making_is_that_of_its_hours_where_the_trainings_are_the_studys(known_from):
    year = {"trainings": 365, "training_kwh_from": known_from}
    own = {
        "dataset": "d",
        "model": "m",
        "reference_n_train": 1000,
        "yearly": year,
        "study_cost": {"full_n_train": 1000},
    }
    added = add_embodied({"results": [own]}, RUNS, SCENARIOS, "FRA", hardware_of(OWN, TABLE))
    (result,) = added["results"]
    one = result["embodied"]["sizes"][1]["embodied_g"]["central"]
    # How long the user's own training takes is not known.
    wanted = None if known_from == "usage" else pytest.approx(365 * one)
    found = result["yearly"]["embodied_g"]
    assert (found and found["central"]) == wanted
    assert result["yearly"]["embodied_reason"] == ("no_duration" if known_from == "usage" else None)
    (without,) = add_embodied({"results": [own]}, RUNS, SCENARIOS, "FRA", None)["results"]
    assert without["yearly"]["embodied_reason"] == "no_hardware"
