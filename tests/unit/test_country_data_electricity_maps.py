"""Electricity Maps, asked over real HTTP in the form that its documentation shows."""

import hashlib
import json
import logging
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from electricity_maps_service import (  # noqa: F401
    HOUR,
    INTENSITY,
    ROOT,
    SETTINGS,
    SOURCES,
    TOKEN,
    VARIABLE,
    but_for_france,
    documented,
    latest,
    obtain,
    say,
    service,
    token,
    zones,
)
from local_server import Asked, serve

from ecosobriety.electricity import electricity_maps
from ecosobriety.electricity.codecarbon_table import load_countries
from ecosobriety.electricity.web import ATTEMPTS, Limits
from ecosobriety.errors import DataError
from ecosobriety.files import write_json
from ecosobriety.steps import logs
from ecosobriety.tables import write_table

pytestmark = pytest.mark.slow


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
