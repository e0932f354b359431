"""Every method of quantification against published and hand-worked figures."""

import logging
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from synthetic import ROOT, load_method_inputs, make_methods, make_record, make_runs

from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.errors import DataError, RecordError
from ecosobriety.methods import (
    HARMONISED,
    CodeCarbon,
    GreenAi,
    GreenAlgorithms,
    MlCo2Impact,
    NotApplicableError,
    RoundedMlCo2Impact,
    Setting,
    Strubell,
    WallTime,
    average_power_w,
    compare,
    load_inputs,
    method_ids,
    methods_of,
    operations,
    rank_correlations,
    sample_power_w,
    summarise,
)
from ecosobriety.tables import check_table
from ecosobriety.training.flops import count_flops
from ecosobriety.training.networks import build_network
from ecosobriety.training.tasks import Classification

HOUR_S = 3600.0
V100 = {"accelerator": "cuda", "device": "Tesla V100-PCIE-16GB", "energy_gpu_kwh": 0.02}


@pytest.fixture(scope="module")
def inputs():
    return load_method_inputs()


@pytest.fixture(scope="module")
def table():
    return make_methods(make_runs(), load_countries(), pue=1.2)


def sampled(inputs, run, power_w):
    return Strubell(inputs, {(run.dataset, run.model, run.device): power_w})


def test_strubell_architecture_search(inputs):
    """8 P100 at 1,515.43 W for 274,120 h: 656,347 kWh and 626,155 lb, as published."""
    run = make_record(train_duration_s=274_120 * HOUR_S)
    stated = sampled(inputs, run, 1515.43).estimate(run)
    assert round(stated.energy_kwh) == 656_347
    assert round(stated.quantity) == 626_155


def test_strubell_bert(inputs):
    """64 V100 at 12,041.51 W for 79 h: 1,438 lb as published, where the hours are rounded."""
    run = make_record(train_duration_s=79 * HOUR_S)
    stated = sampled(inputs, run, 12_041.51).estimate(run)
    assert round(stated.energy_kwh) == 1503
    assert round(stated.quantity) == 1434
    assert stated.quantity == pytest.approx(1438, rel=0.003)
    assert stated.emissions_g == pytest.approx(stated.quantity * 453.59237)


def test_strubell_samples_the_shortest_run_of_each_model():
    runs = [
        make_record(n_train=200, seed=2, train_duration_s=HOUR_S, energy_kwh=0.010),
        make_record(n_train=200, seed=1, train_duration_s=HOUR_S, energy_kwh=0.020),
        make_record(n_train=900, seed=1, train_duration_s=HOUR_S, energy_kwh=0.040),
        make_record(n_train=900, seed=1, model="cnn", energy_kwh=0.050),
    ]
    powers = sample_power_w(runs)
    assert powers[("fashion-mnist", "mlp", "A processor")] == pytest.approx(20.0)
    assert powers[("fashion-mnist", "cnn", "A processor")] == pytest.approx(50.0)


def test_strubell_needs_the_power_of_the_gpu(inputs):
    run = make_record(**{**V100, "energy_gpu_kwh": None})
    with pytest.raises(NotApplicableError, match="no run of mlp on Tesla V100-PCIE-16GB"):
        Strubell(inputs, sample_power_w([run])).estimate(run)


def test_ml_co2_impact_one_v100_for_100_h(inputs):
    """250 W x 100 h = 25 kWh; at 0.432 kg/kWh 10.8 kg, or 25 x 0.43 = 10.75 kg rounded."""
    run = make_record(**V100, train_duration_s=100 * HOUR_S)
    exact = MlCo2Impact(inputs).estimate(run)
    assert exact.energy_kwh == pytest.approx(25.0)
    assert exact.quantity == pytest.approx(10.8)
    rounded = RoundedMlCo2Impact(inputs).estimate(run)
    assert (rounded.energy_kwh, rounded.quantity) == (25.0, 10.75)


def test_ml_co2_impact_rounds_a_small_training_to_nothing(inputs):
    """250 W for 60 s are 4.2 Wh: 0.00 kWh."""
    run = make_record(**V100, train_duration_s=60.0)
    assert MlCo2Impact(inputs).estimate(run).energy_kwh == pytest.approx(0.25 / 60)
    rounded = RoundedMlCo2Impact(inputs).estimate(run)
    assert (rounded.energy_kwh, rounded.quantity) == (0.0, 0.0)


def test_ml_co2_impact_takes_the_power_that_the_config_gives_for_unknown_hardware(inputs):
    known = make_record(metering={"cpu_power_w": 65.0})
    assert MlCo2Impact(inputs).estimate(known).energy_kwh == pytest.approx(0.065)
    message = r"A processor is not in hardware_tdp\.csv and metering\.cpu_power_w is not given"
    with pytest.raises(NotApplicableError, match=message):
        MlCo2Impact(inputs).estimate(make_record())


def test_green_algorithms_default_form(inputs):
    """12 cores of 12 W and 64 GB for 12 h at PUE 1.67, the calculator's first example up to v2.2.

    12 h x 1.67 x (12 x 12 W + 64 x 0.3725 W) / 1000 = 3.36351 kWh; in France x 51.28 = 172.48 g.
    """
    run = make_record(
        threads=12,
        train_duration_s=12 * HOUR_S,
        hardware={"cpu": "unknown", "cpus_machine": 12, "memory_mb": 64_000.0},
    )
    stated = GreenAlgorithms(inputs, "FRA", pue=1.67).estimate(run)
    assert stated.energy_kwh == pytest.approx(3.3635136)
    assert stated.it_energy_kwh == pytest.approx(3.3635136 / 1.67)
    assert stated.quantity == pytest.approx(172.48098, rel=1e-6)
    assert stated.emissions_g == stated.quantity


def test_green_algorithms_usage_and_psf(inputs):
    """Half the usage halves the cores' share and not the memory's; the PSF multiplies all."""
    run = make_record()
    memory_kwh = 16 * 0.3725 / 1000
    full = GreenAlgorithms(inputs, "FRA", pue=1.0).estimate(run).energy_kwh
    half = GreenAlgorithms(inputs, "FRA", pue=1.0, usage=0.5).estimate(run).energy_kwh
    assert full == pytest.approx(0.024 + memory_kwh)
    assert half == pytest.approx(0.012 + memory_kwh)
    tenfold = GreenAlgorithms(inputs, "FRA", pue=1.0, pragmatic_scaling_factor=10.0)
    assert tenfold.estimate(run).energy_kwh == pytest.approx(10 * full)


def test_green_algorithms_counts_the_gpu_and_known_processors(inputs):
    """A V100 of 250 W, 2 of 64 cores of an EPYC 7763 of 280 W, and 128 cores of two of these."""
    hardware = {"cpu": "AMD EPYC 7763 64-Core Processor", "cpus_machine": 128, "memory_mb": 0.0}
    run, core = make_record(**V100, hardware=hardware), 280 / 64
    unknown = run.model_copy(update={"device": "A card"})
    both = make_record(threads=128, hardware={**hardware, "cpus_machine": 256})
    single = both.model_copy(update={"hardware": hardware})
    method, powers_w = GreenAlgorithms(inputs, "FRA", pue=1.0), [250 + 2 * core, 200 + 2 * core]
    found = [method.estimate(each).energy_kwh for each in (run, unknown, both, single)]
    assert found == pytest.approx([power_w / 1000 for power_w in (*powers_w, 560, 280)])


def test_green_algorithms_knows_no_world_average(inputs):
    stated = GreenAlgorithms(inputs, "CAF", pue=1.0).estimate(make_record())
    assert stated.energy_kwh > 0
    assert stated.emissions_g is None
    assert stated.reason == "Green Algorithms' table has no row for CAF"


def test_wall_time_is_the_average_power_of_the_device():
    """0.03 kWh in 1 h and 0.06 kWh in 2 h are 30 W; 0.01 kWh in 1 h beside them make it 25 W."""
    runs = [
        make_record(),
        make_record(train_duration_s=2 * HOUR_S, energy_kwh=0.06),
        make_record(energy_kwh=0.01),
        make_record(device="another", energy_kwh=9.0),
    ]
    powers = average_power_w(runs)
    assert powers["A processor"] == pytest.approx(25.0)
    assert WallTime(powers).estimate(runs[0]).energy_kwh == pytest.approx(0.025)


@pytest.mark.parametrize(("inputs_of_it", "hidden", "classes"), [(784, 256, 10), (64, 32, 10)])
def test_operations_of_a_perceptron_equal_the_hand_count(inputs_of_it, hidden, classes):
    """2 FLOP per MAC. Forward: both layers. Backward: the gradient of both layers' weights, and of
    the second layer's input; the images themselves need no gradient.
    """
    first, second = 2 * inputs_of_it * hidden, 2 * hidden * classes
    side = int(inputs_of_it**0.5)
    network = build_network("mlp", {"hidden": [hidden]}, (1, side, side), classes)
    batch = (torch.zeros(8, 1, side, side), torch.zeros(8, dtype=torch.int64))
    forward, both = count_flops(network, batch, Classification(classes))
    assert forward == first + second
    assert both == forward + first + 2 * second
    run = make_record(flop_train=both * 600)
    stated = GreenAi().estimate(run)
    assert (stated.quantity, GreenAi().unit) == (600 * both, "FLOP")
    assert stated.energy_kwh is None
    assert "not an energy" in stated.reason


def test_green_ai_without_a_count_does_not_apply():
    with pytest.raises(NotApplicableError, match="operations were not counted"):
        GreenAi().estimate(make_record(flop_train=None))


def test_codecarbon_states_what_was_measured():
    stated = CodeCarbon(56.0).estimate(make_record())
    assert (stated.energy_kwh, stated.emissions_g) == (0.03, pytest.approx(1.68))
    assert stated.quantity == pytest.approx(0.00168)
    assert CodeCarbon(None).estimate(make_record()).reason is not None


def test_a_device_is_found_by_the_longest_name_and_as_a_whole_word(inputs):
    assert inputs.device("AMD Ryzen 7 5800X 8-Core Processor", "cpu").tdp_w == 105
    assert inputs.device("AMD Ryzen 7 5800X3D 8-Core Processor", "cpu") is None
    assert inputs.device("NVIDIA H100 80GB HBM3", "gpu").tdp_w == 700
    assert inputs.device("NVIDIA A100-SXM4-40GB", "gpu").tdp_w == 400
    assert inputs.device("NVIDIA H100 80GB HBM3", "cpu") is None
    assert inputs.device("NVIDIA GeForce RTX 2080 Ti", "gpu").tdp_w == 250


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA GeForce RTX 3090 Ti",
        "NVIDIA GeForce RTX 4090 D",
        "NVIDIA GeForce RTX 2080 SUPER with Max-Q Design",
        "NVIDIA H200 NVL",
        "NVIDIA A100-SXM4-80GB MIG 1g.10gb",
        "NVIDIA A10-24Q",
    ],
)
def test_another_device_of_a_similar_name_is_not_known(inputs, name):
    assert inputs.device(name, "gpu") is None


def test_every_method_stands_once_for_every_training(table):
    own = table[~table["method"].str.endswith(HARMONISED)]
    expected = [m for m in method_ids() if m not in ("carbontracker", "eco2ai")]
    counts = own.groupby("method").size()
    assert set(counts.index) == set(expected)
    assert (counts == len(make_runs())).all()


def test_harmonised_energies_differ_by_the_model_alone(table):
    """With the study's PUE of 1.2 and its intensity, emissions and energies have one ratio."""
    rows = table[table["method"].str.endswith(HARMONISED) & table["applies"]]
    measured = rows[rows["method"] == "codecarbon" + HARMONISED].set_index(["n_train", "seed"])
    assert measured["ratio_to_codecarbon"].eq(1).all()
    energy_kwh = make_runs().set_index(["n_train", "seed"])["energy_kwh"]
    assert np.allclose(measured["energy_kwh"], 1.2 * energy_kwh.loc[measured.index])
    for _, row in rows.iterrows():
        of_it = measured.loc[(row["n_train"], row["seed"])]
        ratio = row["emissions_g"] / of_it["emissions_g"]
        assert ratio == pytest.approx(row["ratio_to_codecarbon"])
        assert ratio == pytest.approx(row["energy_kwh"] / of_it["energy_kwh"])


def test_own_defaults_hold_the_methods_pue(table):
    key = ["n_train", "seed"]
    own = table[table["method"] == "strubell"].set_index(key)["energy_kwh"]
    common = table[table["method"] == "strubell" + HARMONISED].set_index(key)["energy_kwh"]
    assert np.allclose(own / common, 1.58 / 1.2)


def test_what_does_not_apply_or_is_missing_has_a_reason(table):
    incomplete = table[["energy_kwh", "emissions_g"]].isna().any(axis=1) | ~table["applies"]
    assert incomplete.any()
    assert table.loc[incomplete, "reason"].str.len().gt(10).all()
    impact = table[table["method"].str.startswith("ml_co2_impact")]
    assert not impact["applies"].any()
    assert impact["reason"].str.contains("A processor").all()


def test_the_contract_refuses_a_row_without_its_reason(table):
    nameless = table.copy()
    nameless["reason"] = None
    with pytest.raises(RecordError, match="a reason for what is missing"):
        check_table("methods", nameless)


class Broken:
    id, unit, ignores = "strubell", "lb CO2e", ("everything",)

    def estimate(self, run):
        return 1 / 0


def test_a_method_that_fails_is_a_row_and_stops_nothing(caplog):
    with caplog.at_level(logging.ERROR):
        table = compare(
            [make_record()], [CodeCarbon(56.0), Broken()], pue=1.0, intensity_g_per_kwh=56.0
        )
    failed = table[table["method"].str.startswith("strubell")]
    assert len(failed) == 2
    assert not failed["applies"].any()
    assert failed["reason"].eq("it failed: ZeroDivisionError: division by zero").all()
    assert "strubell failed on" in caplog.text
    assert table.loc[table["method"] == "codecarbon", "applies"].all()


def test_a_country_without_intensity_is_told(inputs):
    run = make_record()
    methods = methods_of(Setting([run], inputs, "CAF", None, 1.0, 1.0))
    table = compare([run], methods, pue=1.0, intensity_g_per_kwh=None)
    common = table[table["method"] == "green_algorithms" + HARMONISED].iloc[0]
    assert common["energy_kwh"] > 0
    assert pd.isna(common["emissions_g"])
    assert "no carbon intensity" in common["reason"]


def test_summary_of_how_far_and_how_they_rank(table):
    rows = {row.method: row for row in summarise(table)}
    assert list(rows) == [m for m in method_ids() if m not in ("carbontracker", "eco2ai")]
    taus = rank_correlations(table)
    assert list(taus) == list(rows)
    assert taus["codecarbon"] == 1.0
    assert rows["codecarbon"].own.median == 1.0
    assert rows["ml_co2_impact"].applied == 0
    assert taus["ml_co2_impact"] is None
    # Operations and the time of the made-up runs grow with size; seeds of a size are ties.
    assert 0.9 < taus["green_ai"] < 1
    assert rows["green_ai"].harmonised is None
    assert rows["wall_time"].harmonised.low <= rows["wall_time"].harmonised.median


def test_tau_against_a_ranking_worked_by_hand():
    """Energies 1, 2, 3 and operations 10, 30, 20: two pairs agree, one does not, tau = 1/3."""
    runs = [
        make_record(seed=seed, energy_kwh=energy, flop_train=flop)
        for seed, energy, flop in ((1, 1.0, 10), (2, 2.0, 30), (3, 3.0, 20))
    ]
    table = compare(runs, [CodeCarbon(56.0), GreenAi()], pue=1.0, intensity_g_per_kwh=56.0)
    assert rank_correlations(table)["green_ai"] == pytest.approx(1 / 3)


def test_operations_hold_e_and_d():
    """1,200,000 FLOP an example over 10 epochs of 5,000: 60 GFLOP; 0.05 Wh of them are 3 J each."""
    runs = make_runs().query("n_train == 5000").assign(energy_kwh=5e-5)
    (row,) = operations(runs).to_dict("records")
    assert (row["flop_per_example"], row["examples_seen"]) == (1_200_000, 50_000)
    assert row["gigaflop"] == 60
    assert row["joules_per_gigaflop"] == pytest.approx(180 / 60)


INPUTS = load_method_inputs()


@given(
    duration_s=st.floats(1e-3, 1e7),
    energy_kwh=st.floats(1e-9, 1e4),
    factor=st.floats(1.001, 100),
)
def test_twice_the_time_never_states_less(duration_s, energy_kwh, factor):
    short = make_record(**V100, train_duration_s=duration_s, energy_kwh=energy_kwh)
    long = short.model_copy(update={"train_duration_s": duration_s * factor})
    for method in (MlCo2Impact(INPUTS), GreenAlgorithms(INPUTS, "FRA", pue=1.0)):
        ratio = method.estimate(long).energy_kwh / method.estimate(short).energy_kwh
        assert ratio == pytest.approx(factor)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("method_constants", ("W/GB", "W"), "column unit is .W., but must be W/GB$"),
        (
            "method_constants",
            ("strubell_pue", "pue"),
            "column constant is .pue., but must be one of",
        ),
        ("hardware_tdp", ("300,,gpu", "300,,tpu"), "column kind is .tpu., but must be cpu or gpu"),
        ("hardware_tdp", ("300,,gpu", "300,4,gpu"), "column cores"),
        ("green_algorithms_intensity", ("51.28", "-1"), "must be a number above 0"),
    ],
)
def test_a_wrong_factor_is_told_by_file_row_and_column(tmp_path, file, change, message):
    names = ("method_constants", "hardware_tdp", "green_algorithms_intensity")
    paths = []
    for name in names:
        text = (ROOT / "config" / "factors" / f"{name}.csv").read_text()
        path = tmp_path / f"{name}.csv"
        path.write_text(text.replace(*change) if name == file else text)
        paths.append(path)
    with pytest.raises(DataError, match=message):
        load_inputs(*paths)


def test_no_power_is_from_memory_and_each_processor_s_is_that_of_codecarbons_own_table():
    table = files("codecarbon") / "data/hardware/cpu_power.csv"
    powers = pd.read_csv(str(table)).set_index("Name")["TDP"]
    devices = pd.read_csv(ROOT / "config/factors/hardware_tdp.csv")
    assert set(devices["verified"]) == {"seen", "second-hand"}
    processors = devices[devices["kind"] == "cpu"].set_index("device")
    assert set(processors["verified"]) == {"seen"}
    for device, tdp_w in processors["tdp_w"].items():
        names = [f"{maker} {device}" for maker in ("AMD", "Intel Core")]
        assert [float(powers[name]) for name in names if name in powers] == [tdp_w]
