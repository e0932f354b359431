"""Ask a web service patiently, but not for ever."""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ecosobriety.errors import DataError
from ecosobriety.reasons import reason

ATTEMPTS = 4
RETRIED = (429, 500, 502, 503, 504)
"""Too many requests, and the server's own faults: worth another attempt."""
LONGEST_WAIT_S = 60
"""What we wait at most where a server asks to be left alone for longer."""
_PIECE_BYTES = 2**16
_TALKATIVE = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry", "requests")


def open_session(backoff_s: float) -> requests.Session:
    """A session that tries again after 429, after a server's fault and after a lost connection.

    Args:
        backoff_s: waited before the second attempt, doubled before each further one; a server's
            own `Retry-After` goes before.
    """
    retry = Retry(
        total=ATTEMPTS - 1,
        status_forcelist=RETRIED,
        allowed_methods={"GET"},
        backoff_factor=backoff_s,
        retry_after_max=LONGEST_WAIT_S,
        # The last answer comes back, and the caller says what it was.
        raise_on_status=False,
    )
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


@dataclass(frozen=True)
class Answer:
    """What a server answered: the status, and the body as it was meant before any compression."""

    status: int
    content: bytes


@dataclass(frozen=True)
class Limits:
    """How long a connection may take, how long the server may stay silent, and how much it says."""

    connect_s: float = 5.0
    silence_s: float = 20.0
    body_s: float = 120.0
    body_bytes: int = 8 * 2**20


def get(
    session: requests.Session,
    url: str,
    *,
    limits: Limits,
    params: Mapping[str, str] | None = None,
    redirects: bool = False,
) -> Answer:
    """Ask for an address.

    Args:
        session: as `open_session` gives it.
        url: the address; messages show it, so nothing secret may be in it.
        limits: beyond which we stop; a compressed body counts by what it unpacks to.
        params: the query.
        redirects: whether to follow where the server sends us. A header of our own would be sent
            along, so not with a token in one.

    Raises:
        DataError: there was no answer, or none within the limits.
    """
    try:
        with session.get(
            url,
            params=params,
            timeout=(limits.connect_s, limits.silence_s),
            allow_redirects=redirects,
            stream=True,
        ) as response:
            return Answer(response.status_code, _read_body(response, url, limits))
    except requests.RequestException as error:
        raise DataError(
            reason("no_answer", url=url, attempts=ATTEMPTS, kind=_kind(error))
        ) from error
    except (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
        # What the server said is not repeated: it could be anything.
        raise DataError(reason("broken_off", url=url, kind=type(error).__name__)) from error


def parse(content: bytes) -> Any:
    """Read a body of JSON.

    Raises:
        ValueError: it is none, or none that can be read: too deep, or with numbers too long.
    """
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


@contextmanager
def kept_from_logs(secret: str) -> Iterator[None]:
    """Drop each log message of the libraries below that holds a secret, as a server may echo it."""

    def is_clean(record: logging.LogRecord) -> bool:
        return secret not in record.getMessage()

    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    for logger in loggers:
        logger.addFilter(is_clean)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_clean)


def _read_body(response: requests.Response, url: str, limits: Limits) -> bytes:
    end = time.monotonic() + limits.body_s
    body = bytearray()
    # Piece by piece: a small body may unpack to any size, and a slow one never end.
    while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
        body += piece
        if len(body) > limits.body_bytes:
            raise DataError(reason("too_large", url=url, mib=f"{limits.body_bytes / 2**20:.0f}"))
        if time.monotonic() > end:
            raise DataError(reason("too_slow", url=url, limit_s=f"{limits.body_s:g}"))
    return bytes(body)


def _kind(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return reason("timed_out")
    return (
        reason("no_connection")
        if isinstance(error, requests.ConnectionError)
        else type(error).__name__
    )
