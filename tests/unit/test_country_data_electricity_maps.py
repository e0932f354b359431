"""Electricity Maps, asked over real HTTP in the form that its documentation shows."""

import gzip
import hashlib
import json
import logging
import socket
import threading
import time
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from local_server import Asked, serve

from ecosobriety.electricity import electricity_maps, prepare
from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.electricity_maps import Service
from ecosobriety.electricity.sources import load_sources
from ecosobriety.electricity.web import ATTEMPTS, Limits
from ecosobriety.errors import MAX_MESSAGE, DataError
from ecosobriety.files import write_json
from ecosobriety.steps import logs
from ecosobriety.tables import write_table

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "config/factors/source_intensity.csv"
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


class TestSound:
    def test_zones_become_countries_and_the_rest_has_a_reason(self, tmp_path: Path) -> None:
        with serve(documented) as server:
            countries, facts = obtain(tmp_path, server.url)
        known = countries["intensity_g_per_kwh"].dropna()
        assert known.to_dict() == {"FRA": 35.0, "DEU": 322.5, "POL": 701.0}
        assert countries.loc["FRA", "year"] == HOUR.year
        assert len(countries) == len(load_countries())
        assert "gives this token no zone NO" in countries.loc["NOR", "flag"]
        assert countries["flag"].notna().all()
        assert "estimated" in countries.loc["POL", "flag"]
        assert "estimated" not in countries.loc["FRA", "flag"]
        assert countries["low_carbon_share"].isna().all()
        assert facts["provider"] == facts["requested"] == "electricity_maps"
        assert facts["fallback_reason"] is None
        assert facts["first_hour"] == facts["last_hour"] == HOUR.isoformat()

    def test_only_zones_of_the_token_are_asked_for_by_their_own_name(self, tmp_path: Path) -> None:
        with serve(documented) as server:
            obtain(tmp_path, server.url)
        first, *others = server.asked
        assert first.path == "/v4/zones"
        assert sorted(asked.query["zone"] for asked in others) == ["DE", "FR", "PL"]
        for asked in others:
            assert asked.query["emissionFactorType"] == "lifecycle"
            # Else an unknown zone is answered with that of the caller's address.
            assert asked.query["disableCallerLookup"] == "true"

    def test_answers_are_kept_with_date_and_hash_and_never_asked_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with serve(documented) as server:
            before, facts = obtain(tmp_path, server.url)
            number = len(server.asked)
            monkeypatch.delenv(VARIABLE)
            after, again = obtain(tmp_path, server.url)
            assert len(server.asked) == number
        pd.testing.assert_frame_equal(before, after)
        assert facts == again
        (path,) = tmp_path.iterdir()
        today = datetime.now(UTC).date()
        assert abs((datetime.fromisoformat(path.stem[-10:]).date() - today).days) <= 1
        assert path.name.startswith("electricity_maps-")
        assert facts["file"] == str(path)
        assert facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert facts["retrieved_on"] == path.stem[-10:]
        kept = json.loads(path.read_text())["countries"]["FRA"]
        body = json.dumps(latest("FR")).encode()
        assert kept["response_sha256"] == hashlib.sha256(body).hexdigest()

    def test_the_newest_snapshot_is_read(self, tmp_path: Path) -> None:
        for day in ("2025-12-31", "2026-01-02", "2026-01-01"):
            (tmp_path / f"electricity_maps-{day}.json").touch()
        found = electricity_maps.find_snapshot(tmp_path)
        assert found is not None
        assert found.name == "electricity_maps-2026-01-02.json"

    @pytest.mark.parametrize("content", ["", "[]", '{"countries": {}}', '{"retrieved_at": 1}'])
    def test_a_broken_snapshot_is_named(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "electricity_maps-2026-01-01.json").write_text(content)
        with pytest.raises(DataError, match=r"2026-01-01\.json is no snapshot.*delete it"):
            obtain(tmp_path, "http://127.0.0.1:9")


class TestTransient:
    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_a_fault_that_passes_is_waited_for(self, tmp_path: Path, status: int) -> None:
        failures = [status, status]

        def answer(asked: Asked):
            return say({}, failures.pop()) if failures else documented(asked)

        with serve(answer) as server:
            countries, _ = obtain(tmp_path, server.url)
        assert countries.loc["FRA", "intensity_g_per_kwh"] == 35

    def test_the_wait_that_a_server_asks_for_is_kept(self, tmp_path: Path) -> None:
        refused = []

        def answer(asked: Asked):
            if not refused:
                refused.append(asked)
                return 429, b"", {"Retry-After": "1"}
            return documented(asked)

        with serve(answer) as server:
            began = time.monotonic()
            obtain(tmp_path, server.url)
        assert time.monotonic() - began >= 1

    @pytest.mark.parametrize(
        ("status", "why"), [(429, "too many requests"), (500, "its own fault")]
    )
    def test_a_fault_that_stays_stops(self, tmp_path: Path, status: int, why: str) -> None:
        with serve(lambda _: say({}, status)) as server:
            with pytest.raises(DataError, match=rf"answers {status} for the list.*{why}"):
                obtain(tmp_path, server.url)
            assert len(server.asked) == ATTEMPTS

    def test_silence_stops(self, tmp_path: Path) -> None:
        def answer(asked: Asked):
            time.sleep(0.6)
            return documented(asked)

        with serve(answer) as server, pytest.raises(DataError, match=r"gave no answer.*timed out"):
            obtain(tmp_path, server.url, limits=Limits(0.2, 0.2))

    def test_no_server_stops(self, tmp_path: Path) -> None:
        with serve(documented) as server:
            pass
        with pytest.raises(DataError, match=r"gave no answer in 4 attempts \(no connection"):
            obtain(tmp_path, server.url)


class TestRefused:
    def test_a_wrong_token_is_told_by_its_variable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "an-old-token")
        with (
            serve(documented) as server,
            pytest.raises(DataError, match=rf"refuses the token in {VARIABLE}") as caught,
        ):
            obtain(tmp_path, server.url)
        assert "an-old-token" not in str(caught.value)

    @pytest.mark.parametrize("value", [None, "", "  "])
    def test_a_missing_token_is_told_by_its_variable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
    ) -> None:
        monkeypatch.delenv(VARIABLE)
        if value is not None:
            monkeypatch.setenv(VARIABLE, value)
        with pytest.raises(DataError, match=rf"environment variable {VARIABLE}.*holds no token"):
            obtain(tmp_path, "http://127.0.0.1:9")

    @pytest.mark.parametrize("value", [f"{TOKEN}\nx", f"{TOKEN}é", f"{TOKEN} x"])
    def test_a_token_that_is_no_header_is_not_repeated(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv(VARIABLE, value)
        with pytest.raises(DataError, match="characters that no token has") as caught:
            obtain(tmp_path, "http://127.0.0.1:9")
        assert TOKEN not in str(caught.value)

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"<html>Service</html>", "the zone FR with something else than JSON"),
            (b"", "the zone FR with something else than JSON"),
            ([latest("FR")], "the zone FR with something else than a JSON object"),
            ({"zone": "FR"}, "zone FR is absent"),
            (latest("FR", carbonIntensity=-1), "zone FR is -1"),
            (latest("FR", carbonIntensity=float("nan")), "zone FR is nan"),
            (latest("FR", carbonIntensity=float("inf")), "zone FR is inf"),
            (latest("FR", carbonIntensity=True), "zone FR is"),
            (latest("FR", carbonIntensity=TOKEN), "zone FR is a str"),
            (latest("FR", datetime="today"), "datetime of the zone FR"),
            (latest("FR", datetime=None), "datetime of the zone FR"),
            (latest("FR", emissionFactorType="direct"), "FR is not answered with life-cycle"),
        ],
    )
    def test_rubbish_stops(self, tmp_path: Path, content: object, told: str) -> None:
        with serve(but_for_france(content)) as server, pytest.raises(DataError) as caught:
            obtain(tmp_path, server.url)
        assert told in str(caught.value)
        assert TOKEN not in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("content", "status", "reason"),
        [
            ({"error": "No recent data"}, 404, r"no intensity for the zone FR \(404\)"),
            ({"error": "Not in your plan"}, 403, r"no intensity for the zone FR \(403\)"),
            (latest("FR", carbonIntensity=None), 200, "no intensity for the zone FR at present"),
            # An API that looked the caller up nevertheless.
            (latest("DE"), 200, "answered for another zone than FR"),
        ],
    )
    def test_a_zone_without_data_leaves_its_country_out(
        self, tmp_path: Path, content: object, status: int, reason: str
    ) -> None:
        with serve(but_for_france(content, status)) as server:
            countries, _ = obtain(tmp_path, server.url)
        assert pd.isna(countries.loc["FRA", "intensity_g_per_kwh"])
        assert pd.isna(countries.loc["FRA", "year"])
        assert pd.Series([countries.loc["FRA", "flag"]]).str.contains(reason).all()
        assert countries.loc["DEU", "intensity_g_per_kwh"] == 322.5

    def test_zones_that_are_no_countries_are_not_enough(self, tmp_path: Path) -> None:
        with (
            serve(lambda _: say({"US-CAL-CISO": {}})) as server,
            pytest.raises(DataError, match="none of the countries with this token"),
        ):
            obtain(tmp_path, server.url)

    def test_a_redirection_is_not_followed_with_the_token(self, tmp_path: Path) -> None:
        with serve(documented) as other:
            away = {"Location": f"{other.url}/v4/zones"}
            with (
                serve(lambda _: (302, b"", away)) as server,
                pytest.raises(DataError, match="answers 302"),
            ):
                obtain(tmp_path, server.url)
            assert other.asked == []


def gzipped(content: bytes) -> tuple[int, bytes, dict[str, str]]:
    return 200, gzip.compress(content), {"Content-Encoding": "gzip"}


class TestHostile:
    """Whatever a server says ends in one sentence, so that `fallback` can take over."""

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            (say(b"[" * 100_000), "something else than JSON"),
            (say(b'{"a":' * 100_000), "something else than JSON"),
            (say(b"{" + b'"FR": ' + b"9" * 5000 + b"}"), "something else than JSON"),
            (say(b"\xff\xfe\x00"), "something else than JSON"),
            (gzipped(b" " * 64 * 2**20), "answers with more than 8 MiB"),
            (gzipped(gzip.compress(b"0" * 2**25)), "something else than JSON"),
            ((200, b"no gzip", {"Content-Encoding": "gzip"}), "broke off its answer"),
            (say(b"x" * (9 * 2**20)), "answers with more than 8 MiB"),
            ((307, b"", {"Location": "file:///etc/passwd"}), "answers 307"),
            ((204, b"", {}), "answers 204"),
            ((418, b"<script>", {}), "answers 418"),
        ],
    )
    def test_a_body_of_any_kind_is_refused(self, tmp_path: Path, answer, told: str) -> None:
        with serve(lambda _: answer) as server:
            with pytest.raises(DataError, match=told) as caught:
                obtain(tmp_path, server.url)
            _, facts = obtain(tmp_path, server.url, fallback=True)
        assert len(str(caught.value)) <= MAX_MESSAGE
        assert facts["provider"] == "codecarbon"
        assert list(tmp_path.iterdir()) == []

    def test_a_body_that_drips_is_not_waited_for(self, tmp_path: Path) -> None:
        listener = socket.create_server(("127.0.0.1", 0))

        def drip() -> None:
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            with suppress(OSError):
                for _ in range(1000):
                    connection.sendall(b" ")
                    time.sleep(0.05)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(DataError, match=r"did not end its answer within 0\.3 s"):
            obtain(tmp_path, url, limits=Limits(2.0, 2.0, body_s=0.3))
        listener.close()
        thread.join(5)

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"carbonIntensity": 10**400}, "zone FR is inf"),
            ({"carbonIntensity": {"a": 1}}, "zone FR is a dict"),
            ({"datetime": "9999-12-31T23:59:59-14:00"}, "datetime of the zone FR"),
            ({"datetime": "0001-01-01T00:00:00+14:00"}, "datetime of the zone FR"),
            ({"datetime": f"{datetime.now(UTC).year + 1}-01-01T00:00:00Z"}, "no time up to now"),
            ({"datetime": 5}, "datetime of the zone FR"),
            ({"updatedAt": TOKEN}, "updatedAt of the zone FR"),
            ({"isEstimated": TOKEN}, "isEstimated of the zone FR"),
            ({"emissionFactorType": TOKEN}, "FR is not answered with life-cycle"),
            ({"_disclaimer": "The numbers of this sandbox are random"}, "numbers are random"),
            ({"disclaimer": "x"}, "with a disclaimer"),
            ({"estimationMethod": "SANDBOX_MODE_DATA"}, "numbers are random"),
        ],
    )
    def test_values_that_cannot_be_are_refused(
        self, tmp_path: Path, changes: dict[str, object], told: str
    ) -> None:
        with serve(but_for_france(latest("FR", **changes))) as server:
            with pytest.raises(DataError) as caught:
                obtain(tmp_path, server.url)
            _, facts = obtain(tmp_path, server.url, fallback=True)
        assert told in str(caught.value)
        assert TOKEN not in str(caught.value) + str(facts)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("method", [TOKEN, f"a {TOKEN}", "<script>", 7, ["x"], None])
    def test_a_method_that_is_no_word_is_not_kept(self, tmp_path: Path, method: object) -> None:
        with serve(but_for_france(latest("FR", estimationMethod=method))) as server:
            obtain(tmp_path, server.url)
        (path,) = tmp_path.iterdir()
        assert json.loads(path.read_text())["countries"]["FRA"]["estimationMethod"] is None
        assert TOKEN not in path.read_text()

    def test_a_token_in_the_form_of_a_method_is_not_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "TOKEN_1234567890")

        def answer(asked: Asked):
            if asked.path == "/v4/zones":
                return say(zones())
            zone = asked.query["zone"]
            return say(latest(zone, estimationMethod=asked.headers["auth-token"]))

        with serve(answer) as server, pytest.raises(DataError, match="repeats the token"):
            obtain(tmp_path, server.url)
        assert list(tmp_path.iterdir()) == []

    def test_a_token_in_an_odd_header_is_in_no_log(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        def answer(asked: Asked):
            status, body, headers = documented(asked)
            return status, body, {**headers, "X": f"\n{TOKEN}\n no header {TOKEN}"}

        with (
            caplog.at_level(logging.DEBUG),
            serve(answer) as server,
            suppress(DataError),
        ):
            obtain(tmp_path, server.url)
        assert TOKEN not in caplog.text

    def test_an_hour_long_ago_is_kept_and_flagged(self, tmp_path: Path) -> None:
        old = latest("FR", datetime="2024-01-01T00:00:00Z")
        with serve(but_for_france(old)) as server:
            countries, _ = obtain(tmp_path, server.url)
        assert countries.loc["FRA", "intensity_g_per_kwh"] == 35
        assert "old: of 2024-01-01" in countries.loc["FRA", "flag"]
        assert "old" not in countries.loc["POL", "flag"]

    @pytest.mark.parametrize("intensity", [0.035, 1e6, 1500.5])
    def test_an_impossible_intensity_leaves_its_country_out(
        self, tmp_path: Path, intensity: float
    ) -> None:
        with serve(but_for_france(latest("FR", carbonIntensity=intensity))) as server:
            countries, _ = obtain(tmp_path, server.url)
        assert pd.isna(countries.loc["FRA", "intensity_g_per_kwh"])
        assert "outside of the possible 2 to 1500" in countries.loc["FRA", "flag"]

    @pytest.mark.parametrize(
        "content",
        [
            b"[" * 100_000,
            b"\xff\xfe\x00",
            b'{"retrieved_at": "2026-01-01T00:00:00+00:00", "countries": {"FRA": '
            b'{"intensity_g_per_kwh": 1e9, "datetime": "2026-01-01T00:00:00+00:00"}}}',
            b'{"retrieved_at": "2026-01-01T00:00:00+00:00", "countries": {"FRA": '
            b'{"intensity_g_per_kwh": "35", "datetime": "2026-01-01T00:00:00+00:00"}}}',
        ],
    )
    def test_a_snapshot_that_was_changed_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "electricity_maps-2026-01-01.json").write_bytes(content)
        with pytest.raises(DataError, match=r"is no snapshot.*delete it"):
            obtain(tmp_path, "http://127.0.0.1:9")


class TestFallback:
    def test_without_leave_a_failure_stops_and_says_how(self, tmp_path: Path) -> None:
        with (
            serve(lambda _: say({}, 401)) as server,
            pytest.raises(DataError, match=r"with country_data\.fallback true, CodeCarbon's table"),
        ):
            obtain(tmp_path, server.url)

    def test_with_leave_the_offline_table_is_used_and_the_reason_kept(self, tmp_path: Path) -> None:
        with serve(lambda _: say({}, 401)) as server:
            countries, facts = obtain(tmp_path, server.url, fallback=True)
        pd.testing.assert_series_equal(
            countries["intensity_g_per_kwh"],
            load_countries().set_index("country_iso3")["intensity_g_per_kwh"],
        )
        assert (facts["provider"], facts["requested"]) == ("codecarbon", "electricity_maps")
        assert "refuses the token" in facts["fallback_reason"]
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fallback", [False, True])
@pytest.mark.parametrize("status", [200, 401, 429])
def test_the_token_is_in_no_file_and_no_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], fallback: bool, status: int
) -> None:
    """With every library at its most talkative, and a server that repeats what it was sent."""

    def answer(asked: Asked):
        told = {"error": f"bad token {asked.headers['auth-token']}"}
        code, body, headers = documented(asked) if status == 200 else say(told, status)
        if status == 200 and "zone" in asked.query:
            body = json.dumps({**json.loads(body), "echo": asked.headers["auth-token"]}).encode()
        return code, body, headers

    with serve(answer) as server:
        stops = status != 200 and not fallback
        told = pytest.raises(SystemExit) if stops else nullcontext()
        with told as caught, logs.logged_to(tmp_path / "prepare_countries.log"):
            logging.getLogger().setLevel(logging.DEBUG)
            countries, facts = obtain(tmp_path, server.url, fallback=fallback)
            write_table("countries", countries.reset_index(), tmp_path / "countries.csv")
            write_json(tmp_path / "countries.json", facts)
    assert caught is None or TOKEN not in str(caught.value)
    assert any(asked.headers["auth-token"] == TOKEN for asked in server.asked)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "GET" in written["prepare_countries.log"].decode()
    assert len(written) >= (1 if stops else 3)
    for name, content in written.items():
        assert TOKEN.encode() not in content, name
    output = capfd.readouterr()
    assert TOKEN not in output.out + output.err
