"""No forgotten file or variable of CodeCarbon changes a recorded number or uploads anything."""

import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).parents[2] / "scripts"
MEASURE = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from ecosobriety.metering import CodeCarbonMeter
meter = CodeCarbonMeter("FRA", interval_s=0.2, cpu_power_w=50.0, ram_power_w=36.0)
meter.warm_up()
meter.start()
time.sleep(1.5)
reading = meter.stop()
print(json.dumps({
    "duration_s": reading.duration_s, "cpu_kwh": reading.cpu_kwh, "ram_kwh": reading.ram_kwh,
    "gpu_kwh": reading.gpu_kwh,
    "components": {k: v.model_dump() for k, v in meter.components().items()},
    "description": dict(meter.describe()),
}))
"""


@pytest.fixture
def server():
    """A server on loopback that notes every request."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_one_request(self):
            requests.append(self.rfile.readline())

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", requests
        running.shutdown()


def hostile_settings(address):
    return {
        "force_carbon_intensity_g_co2e_kwh": "9999",
        "electricitymaps_api_token": "stolen",
        "co2_signal_api_token": "stolen",
        "country_iso_code": "POL",
        "region": "quebec",
        "cloud_provider": "gcp",
        "cloud_region": "us-east1",
        "pue": "10",
        "wue": "10",
        "tracking_mode": "process",
        "force_cpu_power": "100000",
        "force_ram_power": "100000",
        "force_mode_cpu_load": "true",
        "rapl_include_dram": "true",
        "rapl_prefer_psys": "true",
        "measure_power_secs": "0.01",
        "gpu_ids": "7",
        "allow_multiple_runs": "false",
        "save_to_api": "true",
        "save_to_file": "true",
        "save_to_logger": "true",
        "save_to_prometheus": "true",
        "output_methods": "csv,api,prometheus,boamps",
        "prometheus_url": address,
        "api_endpoint": address,
        "emissions_endpoint": address,
        "api_key": "stolen",
        "output_dir": "/no/such/folder",
        "log_level": "debug",
    }


def measure(folder, environment):
    # A wrong proxy proves that nothing asks the network, loopback aside.
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(SCRIPTS)],
        cwd=folder,
        env=environment | {"https_proxy": "http://127.0.0.1:9", "http_proxy": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_hostile_files_and_variables_change_nothing_and_upload_nothing(tmp_path, server):
    address, requests = server
    clean, hostile, home = (tmp_path / name for name in ("clean", "hostile", "home"))
    for folder in (clean, hostile, home):
        folder.mkdir()
    environment = {
        key: value for key, value in os.environ.items() if not key.lower().startswith("codecarbon")
    }
    expected = measure(clean, environment | {"HOME": str(clean)})

    settings = hostile_settings(address)
    lines = "\n".join(f"{key} = {value}" for key, value in settings.items())
    for folder in (hostile, home):
        (folder / ".codecarbon.config").write_text(f"[codecarbon]\n{lines}\n")
    variables = {f"CODECARBON_{key.upper()}": value for key, value in settings.items()}
    found = measure(hostile, environment | variables | {"HOME": str(home)})

    assert found["components"] == expected["components"]
    assert found["description"] == expected["description"]
    assert found["gpu_kwh"] == expected["gpu_kwh"]
    for reading in (expected, found):
        # 36 W of memory, and 50 W x (0.1 + 0.9 load^3) of CPU, in kWh per s
        assert reading["ram_kwh"] / reading["duration_s"] == pytest.approx(36 / 3.6e6, rel=0.05)
        assert 4.5 / 3.6e6 < reading["cpu_kwh"] / reading["duration_s"] < 51 / 3.6e6
    assert requests == []
    assert [path.name for path in hostile.iterdir()] == [".codecarbon.config"]
    # Other libraries keep their caches in the home.
    assert not [path for path in home.rglob("*") if "emissions" in path.name]
