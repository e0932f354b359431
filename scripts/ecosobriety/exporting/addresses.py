"""What may be said of where data come from."""


def is_address(origin: object) -> bool:
    """Whether data come from a public address; a path says more of a machine than of the data."""
    return isinstance(origin, str) and origin.startswith(("https://", "http://"))
