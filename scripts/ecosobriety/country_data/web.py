"""Ask a web service patiently, but not for ever."""

from collections.abc import Mapping

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ecosobriety.errors import DataError

ATTEMPTS = 4
RETRIED = (429, 500, 502, 503, 504)
"""Too many requests, and the server's own faults: worth another attempt."""
LONGEST_WAIT_S = 60
"""What we wait at most where a server asks to be left alone for longer."""


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


def get(
    session: requests.Session,
    url: str,
    *,
    limit_s: tuple[float, float],
    params: Mapping[str, str] | None = None,
    redirects: bool = False,
) -> requests.Response:
    """Ask for an address.

    Args:
        session: as `open_session` gives it.
        url: the address; it stands in messages, so that nothing secret may be in it.
        limit_s: how long a connection may take, and how long the server may stay silent.
        params: the query.
        redirects: whether to follow where the server sends us. A header of our own would be sent
            along, so not with a token in one.

    Raises:
        DataError: there was no answer.
    """
    try:
        return session.get(url, params=params, timeout=limit_s, allow_redirects=redirects)
    except requests.RequestException as error:
        raise DataError(f"{url} gave no answer in {ATTEMPTS} attempts ({_kind(error)})") from error


def _kind(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "it timed out"
    return "no connection" if isinstance(error, requests.ConnectionError) else type(error).__name__
