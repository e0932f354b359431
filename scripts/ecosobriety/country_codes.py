"""What a country's code is: ISO 3166 alpha-3, as it stands."""

import re

import pycountry

KOSOVO = "XKX"
"""Of the codes that ISO 3166 leaves to its users, the one that statistics give to Kosovo."""


def is_country(code: str) -> bool:
    """Whether a text is an alpha-3 code of ISO 3166, or Kosovo's, as it stands."""
    # pycountry also takes small letters.
    upper = re.fullmatch("[A-Z]{3}", code) is not None
    return code == KOSOVO or (upper and pycountry.countries.get(alpha_3=code) is not None)
