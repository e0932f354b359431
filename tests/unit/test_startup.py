"""What a training job waits for before it trains: Lightning, and next to nothing besides."""

import subprocess
import sys
from pathlib import Path

import cpuinfo
import pytest
from codecarbon.core import util

from ecosobriety import hardware
from warm import warm_executable

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).parents[2] / "scripts"
HEAVY = {
    "PIL",
    "jsonschema",
    "matplotlib",
    "pandas",
    "pandera",
    "pooch",
    "pyarrow",
    "scipy",
    "sklearn",
}


def printed_by(code, python=sys.executable):
    """What a fresh Python prints."""
    run = subprocess.run(
        [python, "-c", code],
        env={"PYTHONPATH": str(SCRIPTS)},
        check=True,
        capture_output=True,
        text=True,
    )
    return run.stdout


READERS = ("decision", "footprint", "study.study", "claims", "reporting")
"""Rooms whose steps only read what others have written, those that load least first."""


def loaded_by(*statements):
    """The heavy packages that one fresh Python has loaded after each of the statements."""
    told = f"print(*({HEAVY} & sys.modules.keys()))"
    lines = printed_by("; ".join(["import sys", *(f"{one}; {told}" for one in statements)]))
    return [set(line.split()) for line in lines.splitlines()]


@pytest.fixture(scope="module")
def loaded_by_readers():
    """What is loaded after each of the rooms, one after the other."""
    return dict(
        zip(READERS, loaded_by(*(f"import ecosobriety.{room}" for room in READERS)), strict=True)
    )


def test_a_training_imports_no_heavy_package_but_lightnings_own():
    ours = (
        "from ecosobriety import datasets, metering, training; "
        "from ecosobriety.records import collecting; from ecosobriety.steps import logs"
    )
    lightnings, with_ours = loaded_by("import pytorch_lightning", ours)
    assert with_ours <= lightnings


@pytest.mark.parametrize("module", ["datasets", "records.record"])
def test_what_needs_no_lightning_loads_no_heavy_package(module):
    (loaded,) = loaded_by(f"import ecosobriety.{module}")
    assert not loaded


@pytest.mark.parametrize("module", ["metering", "doctor.__main__"])
def test_who_meters_without_the_callback_waits_for_no_lightning(module):
    code = f"import ecosobriety.{module}, sys; print('lightning_fabric' in sys.modules)"
    assert printed_by(code).strip() == "False"


def test_the_callback_is_there_as_ever():
    code = "from ecosobriety.metering import EnergyCallback; print(EnergyCallback.__module__)"
    assert printed_by(code, warm_executable()).strip() == "ecosobriety.metering.callback"


@pytest.mark.parametrize("room", READERS)
def test_what_only_reads_results_loads_no_statistics(loaded_by_readers, room):
    assert loaded_by_readers[room].isdisjoint({"scipy"})


def test_a_training_imports_signal_processing_only_for_who_asks_for_it():
    code = """
import sys
from ecosobriety.startup import imports_in_peace
with imports_in_peace():
    import pytorch_lightning
print("scipy.signal" in sys.modules, "scipy.stats" in sys.modules)
import scipy.signal
import torchmetrics
print(scipy.signal.find_peaks([0, 1, 0])[0], torchmetrics.functional.audio.pit.__name__)
"""
    name = "torchmetrics.functional.audio.pit"
    assert printed_by(code).splitlines() == ["False False", f"[1] {name}"]


def test_a_steps_work_searches_no_import_for_garbage(tmp_path):
    code = f"""
import gc
from ecosobriety.steps import logs
loaded = len(gc.get_objects())
with logs.logged_to({str(tmp_path / "step.log")!r}):
    print(gc.get_freeze_count() >= loaded, len(gc.get_objects()) < loaded / 10, gc.isenabled())
"""
    assert printed_by(code).split() == ["True", "True", "True"]


def test_a_report_draws_nothing(loaded_by_readers):
    assert "matplotlib" not in loaded_by_readers["study.study"]


@pytest.mark.parametrize("room", READERS[:3])
def test_what_only_reads_results_validates_no_file_and_reads_no_image(loaded_by_readers, room):
    assert loaded_by_readers[room].isdisjoint({"PIL", "jsonschema"})


@pytest.mark.parametrize(
    ("kernel", "name", "times"),
    [("model name\t: CPU 2", "CPU 2", 0), ("CPU part\t: 0xd0c", "CPU 1", 1)],
)
def test_the_processor_is_asked_for_once_and_only_where_the_kernel_has_no_name(
    monkeypatch, kernel, name, times
):
    asked = []

    def ask():
        asked.append(1)
        return {"brand_raw": "CPU 1"}

    monkeypatch.setattr(cpuinfo, "get_cpu_info", ask)
    monkeypatch.setattr(hardware, "_lines", lambda path: [kernel])
    util.detect_cpu_model.cache_clear()
    try:
        thread = hardware.begin_probing()
        thread.join()
        hardware.find_cpu_name()
        assert util.detect_cpu_model() == name
        assert len(asked) == times
        assert cpuinfo.get_cpu_info is ask
    finally:
        util.detect_cpu_model.cache_clear()
