"""A stand-in for Electricity Maps' service, and what a study asks of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from local_server import Asked

from ecosobriety.electricity import prepare
from ecosobriety.electricity.electricity_maps import Service
from ecosobriety.electricity.sources import load_sources
from ecosobriety.electricity.web import Limits

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "config/factors/poster/source_intensity.csv"
TOKEN = "s3cr3t-0f-a-t0k3n"
VARIABLE = "ELECTRICITY_MAPS_TOKEN"
SETTINGS = {
    "provider": "electricity_maps",
    "path": None,
    "token_variable": VARIABLE,
    "fallback": False,
}
INTENSITY = {"FR": 35, "DE": 322.5, "PL": 701}
HOUR = (datetime.now(UTC) - timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)


def latest(zone: str, **changes: object) -> dict[str, object]:
    return {
        "zone": zone,
        "carbonIntensity": INTENSITY[zone],
        "datetime": HOUR.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "updatedAt": "2026-11-24T00:41:02.001Z",
        "createdAt": "2026-11-21T01:50:44.117Z",
        "emissionFactorType": "lifecycle",
        "isEstimated": zone == "PL",
        "estimationMethod": "TIME_SLICER_AVERAGE" if zone == "PL" else None,
    } | changes


def zones() -> dict[str, object]:
    """The zones of a plan; one of them has parts of a country, which is no country."""
    names = {"FR": "France", "DE": "Germany", "PL": "Poland", "US-CAL-CISO": "California"}
    return {key: {"zoneKey": key, "countryName": name} for key, name in names.items()}


def say(content: object, status: int = 200) -> tuple[int, bytes, dict[str, str]]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return status, body, {"Content-Type": "application/json"}


def documented(asked: Asked) -> tuple[int, bytes, dict[str, str]]:
    if asked.headers.get("auth-token") != TOKEN:
        return say({"error": "Invalid auth-token"}, 401)
    if asked.path == "/v4/zones":
        return say(zones())
    if asked.path == "/v4/carbon-intensity/latest":
        return say(latest(asked.query["zone"]))
    return say({"error": "Not found"}, 404)


def but_for_france(content: object, status: int = 200):
    """The documented answers, but for that on France."""

    def answer(asked: Asked) -> tuple[int, bytes, dict[str, str]]:
        return say(content, status) if asked.query.get("zone") == "FR" else documented(asked)

    return answer


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    # A proxy of this machine would stand between the test and its server.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def service(url: str, **changes: object) -> Service:
    return Service(f"{url}/v4", **({"limits": Limits(2.0, 2.0), "backoff_s": 0.01} | changes))


def obtain(folder: Path, url: str, fallback: bool = False, **changes: object):
    countries, facts = prepare(
        {**SETTINGS, "fallback": fallback},
        load_sources(SOURCES),
        folder,
        service=service(url, **changes),
    )
    return countries.set_index("country_iso3"), facts
