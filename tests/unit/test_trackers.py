"""Other people's trackers around a training: what they state, and that they stay at home."""

import socket
import time
from importlib import metadata, resources

import pytest
from synthetic import make_record

from ecosobriety.errors import RecordError
from ecosobriety.metering import FakeMeter, Ledger
from ecosobriety.metering import other_trackers as trackers
from ecosobriety.methods import (
    CodeCarbon,
    NotApplicableError,
    compare,
    summarise,
    tracked_methods,
)
from ecosobriety.records import tracker_runs
from ecosobriety.records.tracker_runs import TrackerRun
from ecosobriety.training.recording import Training
from ecosobriety.training.train import TrainingSettings, train

pytestmark = pytest.mark.slow

KEY = ("digits", "mlp", 300, 1)
SETTINGS = TrainingSettings(
    epochs=2, batch_size=32, learning_rate=0.01, accelerator="cpu", precision="32-true"
)
FRANCE_G_PER_KWH = {"carbontracker": 44.179085, "eco2ai": 67.53}
"""Of the trackers' own tables, carbontracker 2.4.7 and Eco2AI 0.3.12."""


@pytest.fixture
def network(monkeypatch):
    """The addresses that somebody connects to, none of which is reached.

    Not the meter's lock: another training of this machine may hold it, and is waited for.
    """
    asked = []
    connect = socket.socket.connect

    def refuse(self, address):
        if self.family == socket.AF_UNIX:
            return connect(self, address)
        asked.append(address)
        raise ConnectionRefusedError(address)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return asked


@pytest.fixture(params=tracker_runs.TRACKERS)
def name(request):
    if tracker_runs.installed_trackers()[request.param] is None:
        pytest.skip(f"{request.param} is not installed: `make trackers` does it")
    return request.param


@pytest.fixture
def train_with(digits):
    def run(**measured):
        return train(
            digits,
            Training(
                model="mlp",
                class_path="mlp",
                init_args={"hidden": [16]},
                n_train=KEY[2],
                seed=KEY[3],
                settings=SETTINGS,
                threads=1,
                code_fingerprint="0123456789abcdef",
            ),
            **measured,
        )

    return run


class Stating:
    """A tracker that states 3.16 kWh with a PUE of 1.58 in every window."""

    windows = 0

    def __init__(self, country_iso3, interval_s):
        assert (country_iso3, interval_s) == ("FRA", 1.0)

    def start(self):
        type(self).windows += 1

    def stop(self):
        return trackers.Statement(energy_kwh=3.16, pue=1.58, emissions_g=158.0)


def busy(duration_s):
    end = time.monotonic() + duration_s
    while time.monotonic() < end:
        pass


def test_a_real_tracker_states_energy_on_its_own_table_without_network(name, network):
    tracker = trackers._CREATE[name]("FRA", 0.2)
    tracker.start()
    busy(0.7)
    stated = tracker.stop()
    assert stated.energy_kwh > 0
    assert stated.pue == {"carbontracker": 1.58, "eco2ai": 1.0}[name]
    intensity = stated.emissions_g / stated.energy_kwh
    assert intensity == pytest.approx(FRANCE_G_PER_KWH[name], rel=1e-4)
    assert network == []


def test_a_country_that_a_tracker_does_not_know_gets_no_world_mean(name, network, train_with):
    """Kosovo has no ISO 3166 code, and the trackers read Namibia's NA as nothing."""
    for country in ("XKX", "NAM"):
        run = trackers.run_tracker(
            name, "1.0", KEY, train=train_with, country_iso3=country, interval_s=0.1
        )
        assert run.it_energy_kwh > 0
        assert run.emissions_g is None
        assert run.reason == f"its own table has no carbon intensity of {country}"
    assert network == []


def test_a_real_tracker_runs_around_a_training_and_changes_nothing_of_it(
    name, train_with, network, tmp_path, monkeypatch
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    beside_code = resources.files("eco2ai") / "data"
    before = {path.name: path.stat().st_mtime_ns for path in beside_code.iterdir()}
    alone = train_with(meter=FakeMeter(), ledger=Ledger(tmp_path / "attempts", identity="alone"))
    run = trackers.run_tracker(
        name, "1.0", KEY, train=train_with, country_iso3="FRA", interval_s=0.1
    )
    assert run.reason is None
    assert run.it_energy_kwh > 0
    assert run.test_loss == alone.test_loss
    assert list((tmp_path / "here").iterdir()) == []
    assert {path.name: path.stat().st_mtime_ns for path in beside_code.iterdir()} == before
    assert network == []


def test_only_the_training_is_metered_and_the_pue_taken_out(train_with, monkeypatch):
    monkeypatch.setitem(trackers._CREATE, "carbontracker", Stating)
    monkeypatch.setattr(Stating, "windows", 0)
    run = trackers.run_tracker(
        "carbontracker", "2.4.7", KEY, train=train_with, country_iso3="FRA", interval_s=1.0
    )
    assert Stating.windows == 1
    assert (run.tracker, run.version, run.key) == ("carbontracker", "2.4.7", KEY)
    assert (run.it_energy_kwh, run.pue, run.emissions_g) == (pytest.approx(2.0), 1.58, 158.0)
    assert run.reason is None


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        ("__init__", "it failed: no such processor"),
        ("start", "it failed: no such processor"),
        ("stop", "it failed: no such processor"),
    ],
)
def test_a_tracker_that_fails_is_a_reason(train_with, monkeypatch, failing, said):
    def fail(*_):
        raise OSError("no such processor")

    monkeypatch.setitem(trackers._CREATE, "eco2ai", type("Failing", (Stating,), {failing: fail}))
    run = trackers.run_tracker(
        "eco2ai", "0.3.12", KEY, train=train_with, country_iso3="FRA", interval_s=1.0
    )
    assert run.it_energy_kwh is None
    assert run.reason == said


def test_a_tracker_that_counts_nothing_is_a_reason(train_with, monkeypatch):
    """As carbontracker does where RAPL is there and cannot be read."""
    monkeypatch.setitem(
        trackers._CREATE,
        "carbontracker",
        type("Blind", (Stating,), {"stop": lambda _: trackers.Statement(0.0, 1.58, 0.0)}),
    )
    run = trackers.run_tracker(
        "carbontracker", "2.4.7", KEY, train=train_with, country_iso3="FRA", interval_s=1.0
    )
    assert run.it_energy_kwh is None
    assert "the meter gave 0.0 kWh" in run.reason


def test_a_tracker_that_is_not_installed_is_a_reason(monkeypatch):
    def none(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", none)
    assert tracker_runs.installed_trackers() == {"carbontracker": None, "eco2ai": None}
    run = tracker_runs.not_installed("eco2ai", KEY)
    assert run.key == KEY
    assert run.reason == "eco2ai is not installed: `make trackers` does it"


def test_what_trackers_stated_is_kept(tmp_path):
    runs = [tracker_runs.not_installed("eco2ai", KEY), stated_run()]
    path = tmp_path / "n300.json"
    tracker_runs.write_tracker_runs(path, runs)
    assert tracker_runs.read_tracker_runs(path) == runs
    path.write_text("[{}]")
    with pytest.raises(RecordError, match=r"n300\.json does not hold what trackers reported"):
        tracker_runs.read_tracker_runs(path)


def stated_run(**fields):
    record = make_record()
    stated = {
        "tracker": "carbontracker",
        "version": "2.4.7",
        **{name: getattr(record, name) for name in ("dataset", "model", "n_train", "seed")},
        "it_energy_kwh": 0.02,
        "pue": 1.58,
        "emissions_g": 1.4,
        "train_duration_s": 10.0,
        "test_loss": record.test_loss,
    }
    return TrackerRun(**stated | fields)


def test_a_tracker_is_a_method_with_its_own_pue_and_with_the_study_s():
    """0.02 kWh x 1.58 against CodeCarbon's 0.03 kWh: 1.0533; with PUE 1.2 for both, 2/3."""
    record = make_record()
    table = compare(
        [record],
        [CodeCarbon(56.0), *tracked_methods([stated_run()])],
        pue=1.2,
        intensity_g_per_kwh=50.0,
    ).set_index("method")
    own, common = table.loc["carbontracker"], table.loc["carbontracker_harmonised"]
    assert own["energy_kwh"] == pytest.approx(0.0316)
    assert (own["emissions_g"], own["quantity"], own["unit"]) == (1.4, 1.4, "g CO2e")
    assert own["ratio_to_codecarbon"] == pytest.approx(0.0316 / 0.03)
    assert common["energy_kwh"] == pytest.approx(0.024)
    assert common["emissions_g"] == pytest.approx(1.2)
    assert common["ratio_to_codecarbon"] == pytest.approx(2 / 3)
    assert "carbontracker" in [row.method for row in summarise(table.reset_index())]


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (stated_run(seed=99), "it was run only at the sizes of methods.tracker_sizes"),
        (stated_run(it_energy_kwh=None, reason="no such processor"), "no such processor"),
        (stated_run(test_loss=9.0), "another one: its test loss is 9.0 and not"),
    ],
)
def test_a_tracker_says_nothing_of_another_training(run, reason):
    (method,) = tracked_methods([run])
    with pytest.raises(NotApplicableError, match=reason):
        method.estimate(make_record())


def test_emissions_in_the_tracker_s_own_unit():
    (method,) = tracked_methods([stated_run(tracker="eco2ai", pue=1.0)])
    stated = method.estimate(make_record())
    assert (stated.quantity, method.unit) == (pytest.approx(0.0014), "kg CO2e")
    (method,) = tracked_methods([stated_run(emissions_g=None, reason="not in its table")])
    stated = method.estimate(make_record())
    assert (stated.emissions_g, stated.quantity, stated.reason) == (None, None, "not in its table")
