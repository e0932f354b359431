"""Which country a text means that is no ISO 3166 alpha-3 code: a hint, never a replacement.

Names and codes are those of ISO 3166 (pycountry) and of Unicode's CLDR (babel), in English and in
French, with the parts of countries, the countries of the past and the aggregates that tables of
energy hold among their countries.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from functools import cache

import pycountry
from babel import Locale

from ecosobriety.country_codes import KOSOVO
from ecosobriety.errors import quote

_LIKENESS = 0.75
# Common names of a country, where neither ISO 3166 nor CLDR has it.
_COLLOQUIAL = {
    **dict.fromkeys(("uk", "great britain", "britain", "england", "scotland", "wales"), "GBR"),
    **dict.fromkeys(("northern ireland", "angleterre", "grande bretagne", "ecosse"), "GBR"),
    **dict.fromkeys(("usa", "us", "america", "united states of america", "etats unis"), "USA"),
    **dict.fromkeys(("holland", "hollande", "the netherlands", "pays bas"), "NLD"),
    **dict.fromkeys(("el", "hellas"), "GRC"),
    **dict.fromkeys(("russia", "russie"), "RUS"),
    **dict.fromkeys(("south korea", "korea", "coree du sud", "republic of korea"), "KOR"),
    **dict.fromkeys(("north korea", "coree du nord"), "PRK"),
    **dict.fromkeys(("burma", "birmanie"), "MMR"),
    **dict.fromkeys(("czech republic", "republique tcheque"), "CZE"),
    **dict.fromkeys(("macedonia", "macedoine"), "MKD"),
    **dict.fromkeys(("swaziland",), "SWZ"),
    **dict.fromkeys(("cape verde", "cap vert"), "CPV"),
    **dict.fromkeys(("ivory coast", "cote d ivoire"), "CIV"),
    **dict.fromkeys(("drc", "dr congo", "democratic republic of congo", "zaire"), "COD"),
    **dict.fromkeys(("uae", "emirates", "emirats arabes unis"), "ARE"),
    **dict.fromkeys(("vatican",), "VAT"),
    **dict.fromkeys(("persia", "perse"), "IRN"),
    **dict.fromkeys(("turkey",), "TUR"),
    **dict.fromkeys(("germany", "deutschland", "ger"), "DEU"),
    **dict.fromkeys(("espana",), "ESP"),
    **dict.fromkeys(("sui", "suisse", "schweiz"), "CHE"),
    # As sports write them.
    **{"ned": "NLD", "hol": "NLD", "eng": "GBR", "sco": "GBR", "wal": "GBR", "nir": "GBR"},
    **{"por": "PRT", "den": "DNK", "gre": "GRC", "cro": "HRV", "roc": "TWN", "tpe": "TWN"},
    **{"rsa": "ZAF", "uae": "ARE", "ksa": "SAU", "slo": "SVN", "bul": "BGR", "lat": "LVA"},
    **dict.fromkeys(("kosovo", "kos", "xk", "xkx", "owid_kos", "unk"), KOSOVO),
}
_AGGREGATES = {
    *("world", "global", "earth", "monde", "rest of world", "rest of the world", "row", "wld"),
    *("europe", "asia", "africa", "oceania", "america", "north america", "south america"),
    *("eu", "eu27", "eu 27", "eu28", "eu 28", "european union", "union europeenne", "ue", "eur"),
    *("oecd", "ocde", "non oecd", "g7", "g20", "asean", "opec", "cis", "euro area", "eurozone"),
    *("high income", "low income", "upper middle income", "lower middle income", "middle east"),
}
_AGGREGATE_CODES = ("EU", "EZ", "UN", "QO")


def country_hint(text: object, known: Collection[str]) -> str:
    """A hint in brackets at the country that a text means; empty if it means none.

    Args:
        text: what stands where an ISO 3166 alpha-3 code should.
        known: the codes that are allowed.
    """
    if not isinstance(text, str) or not text.strip() or len(text) > 100:
        return ""
    visible = "".join(c for c in text if unicodedata.category(c)[0] not in "ZC")
    for code in (visible, visible.upper()):
        if code in known:
            how = "blanks or invisible characters stand" if code == visible else "small letters"
            return f" ({how} {'in it' if code == visible else 'are used'}: write {code})"
    name = _normalise(text)
    if name in _AGGREGATES or name.startswith("owid_"):
        if name != "owid_kos":
            return f" ({quote(text.strip())} is an aggregate, no country)"
    elif name.upper() in _AGGREGATE_CODES:
        return f" ({quote(text.strip())} is an aggregate, no country)"
    meant = _code_of(name)
    if meant in known:
        return f" ({country_name(meant)} is {meant})"
    if meant == KOSOVO:
        return " (the country data lack Kosovo: a table of yours in country_data.path may hold XKX)"
    if meant:
        return f" ({country_name(meant)} is {meant}, but the country data do not have it)"
    if name in _aggregate_names():
        return f" ({quote(text.strip())} is an aggregate, no country)"
    return _former(name) or _part(text.strip(), name) or _nearest(name, known)


def country_name(code: str) -> str:
    """The English name of a country by its alpha-3 code; the code itself where there is none."""
    if code == KOSOVO:
        return "Kosovo"
    country = pycountry.countries.get(alpha_3=code)
    return code if country is None else str(getattr(country, "common_name", country.name))


def code_of_name(text: str) -> str:
    """The alpha-3 code of the country that a name means; empty where it means none."""
    return _code_of(_normalise(text))


def _normalise(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"^(the|la|le|les|l) ", "", " ".join(re.sub(r"[^\w]+", " ", plain).split()))


def _code_of(name: str) -> str:
    return _COLLOQUIAL.get(name) or _names().get(name, "")


@cache
def _names() -> Mapping[str, str]:
    """The alpha-3 code of each country by its names and codes, normalised."""
    by_name: dict[str, str] = {}
    for country in pycountry.countries:
        names = [country.alpha_2, country.alpha_3, country.name]
        names += [getattr(country, key, "") for key in ("common_name", "official_name")]
        names += [Locale(tag).territories.get(country.alpha_2, "") for tag in ("en", "fr")]
        by_name.update({_normalise(name): country.alpha_3 for name in names if name})
        # "Korea, Republic of" is the Republic of Korea.
        first, comma, rest = country.name.partition(", ")
        if comma:
            by_name.setdefault(_normalise(f"{rest} {first}"), country.alpha_3)
    return by_name


@cache
def _aggregate_names() -> frozenset[str]:
    """The names and numbers of continents and of their parts."""
    pairs = (pair for tag in ("en", "fr") for pair in Locale(tag).territories.items())
    return frozenset(
        _normalise(part)
        for code, name in pairs
        if code.isdigit() or code in _AGGREGATE_CODES
        for part in (code, name)
    )


def _former(name: str) -> str:
    for country in pycountry.historic_countries:
        codes = (country.alpha_3, getattr(country, "alpha_2", ""), country.name)
        names = {_normalise(part) for code in codes for part in (code, *code.split(", ")) if part}
        if name in names:
            return f" ({country.name} no longer exists: {country.withdrawal_date})"
    return ""


def _part(text: str, name: str) -> str:
    for part in pycountry.subdivisions:
        if part.code == text.upper() or _normalise(part.name) == name:
            whole = part.country.alpha_3
            return f" ({part.name} is a part of {country_name(whole)}, {whole})"
    return ""


def _nearest(name: str, known: Collection[str]) -> str:
    """The known country whose name comes nearest; codes of three letters are all alike."""

    def candidates() -> Iterator[tuple[float, str]]:
        for other, code in _names().items():
            if code in known and len(other) > 3:
                yield difflib.SequenceMatcher(None, name, other).ratio(), code

    likeness, code = max(candidates(), default=(0.0, ""))
    return f" (the nearest is {code}, {country_name(code)})" if likeness >= _LIKENESS else ""
