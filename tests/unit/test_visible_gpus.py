"""The GPUs that a process sees are those that are metered."""

import time
from types import SimpleNamespace

import pytest
from fake_counters import FakeCounter, nvml, powercap  # noqa: F401

from ecosobriety.errors import MeteringError
from ecosobriety.metering import CodeCarbonMeter
from ecosobriety.metering.probing import _is_counted_by_another
from ecosobriety.metering.visible import visible_gpus
from ecosobriety.units import kwh_to_joules

UUIDS = {0: "GPU-0c4a646d-72c4", 1: "GPU-1c4a646d-72c4", 2: "GPU-1d4a646d-72c4"}


@pytest.mark.parametrize(
    ("listed", "seen"),
    [
        (None, {0, 1, 2}),
        ("", set()),
        ("-1", set()),
        ("NoDevFiles", set()),
        ("1", {1}),
        (" 2, 0", {0, 2}),
        ("GPU-1c4a646d-72c4", {1}),
        ("GPU-1d", {2}),
        # Two begin like this; and what follows what is not there is hidden, too.
        ("GPU-1", set()),
        ("0,7,1", {0}),
        ("0,,1", {0}),
    ],
)
def test_what_cuda_shows_a_process_is_what_it_sees(listed, seen):
    environment = {} if listed is None else {"CUDA_VISIBLE_DEVICES": listed}
    assert visible_gpus(UUIDS, environment, amd=False) == seen
    # Variables of AMD's say nothing of others.
    others = {"ROCR_VISIBLE_DEVICES": "2", "HIP_VISIBLE_DEVICES": "0"}
    assert visible_gpus(UUIDS, others | environment, amd=False) == seen


@pytest.mark.parametrize("part", ["MIG-5f3c", "0,MIG-GPU-1c4a646d-72c4/1/0"])
def test_a_part_of_a_gpu_is_refused(part):
    with pytest.raises(MeteringError, match="a part of a GPU, whose energy no counter reads"):
        visible_gpus(UUIDS, {"CUDA_VISIBLE_DEVICES": part}, amd=False)


def test_an_amd_gpu_is_named_by_its_number():
    def seen(**environment):
        return visible_gpus(UUIDS, environment, amd=True)

    assert seen(HIP_VISIBLE_DEVICES="1") == seen(CUDA_VISIBLE_DEVICES="1") == {1}
    assert seen(HIP_VISIBLE_DEVICES="1", CUDA_VISIBLE_DEVICES="2") == {1}
    # HIP numbers what ROCR leaves.
    assert seen(ROCR_VISIBLE_DEVICES="2,1") == {1, 2}
    assert seen(ROCR_VISIBLE_DEVICES="2,1", HIP_VISIBLE_DEVICES="0") == {2}
    assert seen(ROCR_VISIBLE_DEVICES="2", HIP_VISIBLE_DEVICES="1") == set()
    with pytest.raises(MeteringError, match="name GPUs by their numbers"):
        seen(ROCR_VISIBLE_DEVICES="GPU-ffff")


@pytest.mark.parametrize(
    ("kwh", "watched", "by_another"),
    [(5.0, {1}, False), (None, {1}, False), (0.0, {0, 1}, True)],
)
def test_of_a_card_of_two_halves_the_first_one_counts(kwh, watched, by_another):
    device = SimpleNamespace(
        gpu_index=1,
        _reports_zero_power_by_design=lambda: True,
        _get_energy_kwh=lambda: None if kwh is None else SimpleNamespace(kWh=kwh),
    )
    assert _is_counted_by_another(device, watched) == by_another
    device._reports_zero_power_by_design = lambda: False
    assert not _is_counted_by_another(device, watched)


def test_a_second_half_alone_is_refused():
    device = SimpleNamespace(
        gpu_index=1,
        _reports_zero_power_by_design=lambda: True,
        _get_energy_kwh=lambda: SimpleNamespace(kWh=0.0),
    )
    with pytest.raises(MeteringError, match="let the training see both"):
        _is_counted_by_another(device, {1})


@pytest.mark.parametrize(
    ("listed", "power_w"), [(None, 400), ("GPU-1", 300), ("0", 100), ("", None)]
)
def test_the_meter_counts_those_alone(powercap, nvml, monkeypatch, listed, power_w):  # noqa: F811
    powercap([FakeCounter(50.0)])
    nvml([FakeCounter(100.0), FakeCounter(300.0)])
    if listed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    meter = CodeCarbonMeter("FRA", interval_s=0.2, ram_power_w=10.0)
    meter.warm_up()
    meter.start()
    time.sleep(0.4)
    reading = meter.stop()
    assert meter.describe()["gpus_metered"] == {None: 0, 400: 2}.get(power_w, 1)
    if power_w is None:
        assert reading.gpu_kwh is None
        return
    assert kwh_to_joules(reading.gpu_kwh) == pytest.approx(power_w * reading.duration_s, rel=0.02)
