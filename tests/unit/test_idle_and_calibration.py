"""Energies net of the idle machine, and scaled by a wall meter's reading: worked by hand."""

import re
from dataclasses import replace

import pandas as pd
import pytest
import yaml
from config_cases import KNOWN, SMALLEST
from synthetic import (
    REPORT_DIR,
    blank_svgs,
    make_claims,
    make_provenance,
    make_record,
    make_runs,
    make_study,
)

from ecosobriety.decision.beside_plan import read_beside_plan
from ecosobriety.errors import ConfigError, MeteringError, RecordError
from ecosobriety.exporting import boamps_report
from ecosobriety.metering import FakeMeter
from ecosobriety.metering.idle import Idle, measure_idle
from ecosobriety.metrics import ACCURACY
from ecosobriety.records.adjusted import (
    BASELINE,
    FACTOR,
    NET,
    NET_REASON,
    Calibration,
    adjust,
    calibration_factor,
    net_of_idle,
    scaled_as,
)
from ecosobriety.records.record import run_columns
from ecosobriety.reporting import build_report
from ecosobriety.reporting.forecast import forecast_sentences
from ecosobriety.reporting.measurement import measurement
from ecosobriety.study_config.config import adjustments, complete, training_parameters
from ecosobriety.tables import check_table
from ecosobriety.texts import Texts

METERING = {"tool": "codecarbon", "version": "3.3.2", "country_iso3": "FRA", "cpu_power_w": None}
IDLE_10_W = {"started_at": "2025-03-01T07:59:00+00:00", "duration_s": 36.0, "energy_kwh": 1e-4}
# 36 s at 10 W are 0.1 Wh
WINDOW = {"start": "2025-03-01T08:00:00Z", "end": "2025-03-01T10:00:00Z"}


def trained(hour=8, energy_kwh=0.03, busy=0.0, **fields):
    """An hour of training, by default 30 Wh, on a machine that takes 10 W when it is idle."""
    own = {"metering": {**METERING, BASELINE: {**IDLE_10_W, "busy_share": busy}}}
    own |= {"started_at": f"2025-03-01T{hour:02}:00:00+00:00"}
    own |= {"ended_at": f"2025-03-01T{hour + 1:02}:00:00+00:00"}
    own |= {"eval_energy_kwh": 0.0, "seed": hour, "job": {"node": "here"}}
    return make_record(energy_kwh=energy_kwh, **{**own, **fields})


def table_of(records):
    rows = [record.model_dump() for record in records]
    return pd.DataFrame(rows, columns=run_columns(ACCURACY))


def calibration(reading_kwh, **window):
    return Calibration.of({"reading_kwh": reading_kwh, "window": {**WINDOW, **window}})


@pytest.mark.parametrize(
    ("record", "net"),
    [
        # 30 Wh in an hour, of which the idle machine takes 10 Wh
        (trained(), (pytest.approx(0.02), None)),
        (trained(energy_kwh=0.01), (pytest.approx(0.0, abs=1e-12), None)),
        (trained(energy_kwh=0.009), (None, "negative")),
        (trained(busy=0.2), (None, "not_idle")),
        (trained(busy=None), (pytest.approx(0.02), None)),
        (trained(metering=METERING), (None, "not_measured")),
        (trained(window="imported", energy_quality="imported"), (None, "imported")),
    ],
)
def test_net_of_idle(record, net):
    assert net_of_idle(record) == net


def test_the_idle_machine_is_measured_once_in_a_process_and_kept_in_its_records():
    now = [0.0]
    made = []

    def make():
        made.append(FakeMeter(cpu_w=10.0, clock=lambda: now[0]))
        return made[-1]

    def sleep(seconds):
        now[0] += seconds

    measured = measure_idle(make(), 36.0, sleep)
    assert measured["energy_kwh"] == pytest.approx(1e-4)
    assert measured["duration_s"] == 36.0
    assert 0 <= measured["busy_share"] <= 1
    with pytest.raises(MeteringError, match=r"metering\.baseline_s: in 0 s the meter gave no"):
        measure_idle(make(), 0.0, sleep)
    record = make_record()
    none = Idle(None, make)
    none.measure()
    # To the last letter: without the key a record is as it was.
    assert none.add_to(record).model_dump_json() == record.model_dump_json()
    made.clear()
    idle = Idle(0.01, lambda: made.append(1) or FakeMeter())
    idle.measure()
    idle.measure()
    assert len(made) == 1
    kept = idle.add_to(record)
    assert kept.metering[BASELINE]["energy_kwh"] > 0
    rest = {k: v for k, v in kept.metering.items() if k != BASELINE}
    assert kept.model_copy(update={"metering": rest}) == record


def test_a_reading_scales_a_power_model():
    records = [trained(8), trained(9, energy_kwh=0.05, eval_energy_kwh=0.02), trained(12)]
    # 30 Wh, 50 Wh and 20 Wh of evaluation; the third training lies outside.
    assert calibration_factor(calibration(0.15), records) == pytest.approx(1.5)
    metering = {"baseline_s": 36, "calibration": {"reading_kwh": 0.15, "window": WINDOW}}
    scaled = adjust(table_of(records), records, metering)
    assert scaled["energy_kwh"].tolist() == pytest.approx([0.045, 0.075, 0.045])
    assert scaled["energy_cpu_kwh"].tolist() == pytest.approx([0.027, 0.045, 0.027])
    # (30 - 10) Wh, (50 - 10) Wh
    assert scaled[NET].tolist() == pytest.approx([0.03, 0.06, 0.03])
    assert scaled[FACTOR].tolist() == pytest.approx([1.5] * 3)
    assert set(scaled["energy_quality"]) == {"estimated"}
    assert check_table("runs", scaled)[NET_REASON].isna().all()


def test_imported_runs_are_not_scaled():
    given = {"window": "imported", "energy_quality": "imported"}
    records = [trained(8), trained(9), trained(10, **given)]
    metering = {"calibration": {"reading_kwh": 0.12, "window": WINDOW}}
    scaled = adjust(table_of(records), records, metering)
    assert scaled["energy_kwh"].tolist() == pytest.approx([0.06, 0.06, 0.03])
    assert scaled[FACTOR].isna().tolist() == [False, False, True]


def test_trainings_beside_the_study_are_scaled_as_its_own():
    records = [trained(8), trained(9)]
    study = adjust(
        table_of(records), records, {"calibration": {"reading_kwh": 0.12, "window": WINDOW}}
    )
    other = table_of([trained(12, energy_kwh=0.01), trained(13, energy_quality="imported")])
    scaled = scaled_as(other, study)
    assert scaled["energy_kwh"].tolist() == pytest.approx([0.02, 0.03])
    assert scaled[FACTOR].tolist()[:1] == [2.0]
    assert other["energy_kwh"].tolist() == [0.01, 0.03]


def test_without_the_keys_a_table_stays_as_it_is():
    records = [trained(8), trained(9)]
    table = table_of(records)
    for metering in ({}, {"baseline_s": None, "calibration": None}):
        pd.testing.assert_frame_equal(adjust(table, records, metering), table)


@pytest.mark.parametrize(
    ("records", "chosen", "said"),
    [
        ([trained(8)], {}, "trainings fill to 50%"),
        ([trained(12)], {}, "no training of the study lies"),
        ([trained(8), trained(9)], {"end": "2025-03-01T09:30:00Z"}, "lies in part: mlp, n5000"),
        ([trained(8), trained(9, job={"node": "b"})], {}, r"trained on 2 \(b, here\)"),
        ([trained(8), trained(9, energy_quality="mixed")], {}, "measured 1 trainings"),
        ([trained(8), trained(9, energy_kwh=30.0)], {}, "reads 0.12 kWh where"),
    ],
)
def test_a_reading_that_cannot_be_compared_is_refused(records, chosen, said):
    with pytest.raises(RecordError, match=f"metering.calibration .*{said}"):
        calibration_factor(calibration(0.12, **chosen), records)


def test_a_time_zone_counts():
    shifted = {"start": "2025-03-01T09:00:00+01:00", "end": "2025-03-01T11:00:00+01:00"}
    assert calibration_factor(calibration(0.12, **shifted), [trained(8), trained(9)]) == 2.0


def asked(**metering):
    return complete({**SMALLEST, "metering": metering}, file="x.yaml", **KNOWN)


def test_neither_key_decides_a_training():
    plain = asked()
    own = asked(baseline_s=30, calibration={"reading_kwh": 1, "window": WINDOW})
    assert training_parameters(own) == training_parameters(plain)
    assert not [key for key in training_parameters(own) if "baseline" in key or "calib" in key]
    assert adjustments(plain) == {"baseline_s": None, "calibration": None}
    assert adjustments(own)["calibration"]["reading_kwh"] == 1


def test_runs_that_exist_already_are_not_scaled():
    study = {**SMALLEST, "models": [{"name": "mine", "runs": "a.csv"}]}
    study["metering"] = {"calibration": {"reading_kwh": 1, "window": WINDOW}}
    said = "metering.calibration is .* must be null: runs that exist already have energies"
    with pytest.raises(ConfigError, match=said):
        complete(study, file="x.yaml", **KNOWN)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"baseline_s": 0}, r"metering\.baseline_s is 0, but must be a number from 1"),
        ({"calibration": {"reading_kwh": 1}}, r"metering\.calibration\.window is missing"),
        ({"calibration": {"reading_kwh": 0, "window": WINDOW}}, r"reading_kwh is 0"),
        (
            {"calibration": {"reading_kwh": 1, "window": {**WINDOW, "end": "tomorrow"}}},
            r"window\.end is \"tomorrow\", but must be a date and time with its time zone",
        ),
        (
            {"calibration": {"reading_kwh": 1, "window": {**WINDOW, "end": "2025-02-30T10:00Z"}}},
            r"window\.end is .*, but must be a day and a time that there are",
        ),
        (
            {"calibration": {"reading_kwh": 1, "window": {**WINDOW, "end": WINDOW["start"]}}},
            r"window\.end is .*, but must be later than start",
        ),
    ],
)
def test_a_wrong_key_is_refused(given, said):
    with pytest.raises(ConfigError, match=said):
        asked(**given)


def adjusted_runs():
    runs = make_runs()
    runs = runs[runs["n_train"].isin([30_000, 60_000]) & (runs["seed"] <= 3)].reset_index(drop=True)
    net = (runs["energy_kwh"] / 2).where(runs["seed"] > 1)
    reason = pd.Series(["negative" if seed == 1 else None for seed in runs["seed"]], dtype=object)
    return check_table(
        "runs", runs.assign(**{NET: net, NET_REASON: reason, FACTOR: 1.25}).astype({NET: float})
    )


@pytest.mark.slow
def test_the_report_says_what_was_taken_off_and_scaled():
    runs = adjusted_runs()
    study = replace(make_study(runs.drop(columns=[NET, NET_REASON, FACTOR])), runs=runs)
    study.config["metering"] |= {"calibration": {"reading_kwh": 0.5, "window": WINDOW}}
    provenance = make_provenance(study)
    provenance["meters"] = [{**METERING, BASELINE: {**IDLE_10_W, "busy_share": 0.0}}]
    for language, words in (
        (
            "en",
            ("drew 12.5 W", "(50%)", "For 2 trainings", "by 1.25: a wall meter read 500 Wh"),
        ),
        ("fr", ("consommait 12,5 W", "50", "Pour 2 entraînements", "multipliées par 1,25")),
    ):
        text = Texts.load(language, REPORT_DIR / "locale").of(study.metric)
        said = " ".join(measurement(study, provenance, text)["sentences"])
        for word in words:
            assert word in re.sub(r"\s", " ", said), (language, word)
    claims = make_claims(study)
    page = build_report(study, claims, provenance, "en", blank_svgs(study), REPORT_DIR)
    assert "drew 12.5" in re.sub(r"\s", " ", page)


@pytest.mark.parametrize(("language", "said"), [("en", "as metered"), ("fr", "celles des mesures")])
def test_a_forecast_beside_scaled_energies_says_that_it_is_not(language, said):
    outcome = {"trainings": 9, "forecast_kwh": 2e-5, "energy_kwh": 1e-5, "energy_ratio": 0.5}
    forecast = {"made_at": "2025-03-01T08:00:00+00:00", "outcomes": {"mlp": outcome}}
    study = make_study()
    study.recommendation["forecast"] = forecast
    text = Texts.load(language, REPORT_DIR / "locale").of(study.metric)
    (alone,) = forecast_sentences(study.cases()[0], text)
    assert said not in alone
    scaled = replace(study, runs=study.runs.assign(**{FACTOR: 1.25}))
    assert said in forecast_sentences(scaled.cases()[0], text)[1]


def test_boamps_has_the_idle_machine_and_the_scaled_energy():
    record = trained(
        training={"class_path": "my.Net", "precision": "32-true"},
        versions={"python": "3.11.2", "pytorch-lightning": "2.6.6"},
        metering={
            **METERING,
            "hardware_seen": {"gpu_count": 0, "ram_total_size": 15.6},
            BASELINE: {**IDLE_10_W, "busy_share": 0.0},
        },
    )
    dataset = {"name": "mine", "input_shape": None, "task": "classification"}
    (measure,) = boamps_report(record, dataset, factor=1.5)["measures"]
    assert measure["powerConsumption"] == pytest.approx(0.045)
    assert measure["powerCalibrationMeasurement"] == pytest.approx(1.5e-4)
    assert measure["durationCalibrationMeasurement"] == 36.0


def test_what_lies_beside_the_plan_is_scaled_too(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "ecosobriety.decision.beside_plan.read_own", lambda *_: trained(lost_energy_kwh=0.01)
    )

    class Asked:
        def identities_ever(self, _):
            return ("",)

        def identity(self, _):
            return ""

    keys = [("fashion-mnist", "mlp", 5000, 1)]
    runs = make_runs().head(1).assign(**{FACTOR: 2.0})
    paid = read_beside_plan(tmp_path, keys, Asked(), runs)
    assert paid["energy_kwh"].tolist() == pytest.approx([0.06])
    assert paid["lost_energy_kwh"].tolist() == pytest.approx([0.02])


def test_a_moment_without_quotes_is_refused_with_the_way_to_write_it(tmp_path):
    from ecosobriety.study_config.files import read

    path = tmp_path / "x.yaml"
    written = {**SMALLEST, "metering": {"calibration": {"reading_kwh": 1, "window": WINDOW}}}
    path.write_text(yaml.safe_dump(written))
    assert read(path).content["metering"]["calibration"]["window"] == WINDOW
    path.write_text(path.read_text().replace("'2025-03-01T08:00:00Z'", "2025-03-01T08:00:00Z"))
    with pytest.raises(ConfigError, match=r'time zone in quotes, such as "2026'):
        asked(**read(path).content["metering"])
