"""What may be said of where data come from."""

from typing import TypeGuard
from urllib.parse import urlsplit


def is_address(origin: object) -> TypeGuard[str]:
    """Whether data come from a public address.

    A path says more of a machine than of the data, and an address with an account is no public one.
    """
    if not isinstance(origin, str):
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    public = parts.scheme in ("http", "https") and bool(parts.hostname)
    return public and parts.username is None
