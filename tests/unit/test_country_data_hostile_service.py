"""Electricity Maps' service when it answers what no service should."""

import gzip
import json
import logging
import socket
import threading
import time
from contextlib import suppress
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

from ecosobriety.electricity.web import Limits
from ecosobriety.errors import MAX_MESSAGE, DataError


def gzipped(content: bytes) -> tuple[int, bytes, dict[str, str]]:
    # All processes that share the tests pack these answers when they collect them: quickly.
    return 200, gzip.compress(content, 1), {"Content-Encoding": "gzip"}


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
