"""Every text that a reader sees, in the reader's language: catalogue, numbers, units, names.

A catalogue is one or several YAML files of nested keys; `a: {b: text}` is the key `a.b`. Texts hold
`{placeholders}`, and counts with their noun: `{n_train|example|examples}` is "1 example" or
"20 examples", by the language's rule. A missing key or placeholder is an error, never a hole in the
report.

Texts speak of the study's metric in words that every text may ask for (`METRIC_WORDS`), such as
`{the_metric}`; `[bon|bonne]` agrees with its gender. A text that is wrong where lower is better is
in the catalogue again after `lower`: `lower.headline.answer.smaller`; one that a metric has in
words of its own, after that metric's name.
"""

import math
import re
import sys
from collections.abc import Mapping
from datetime import date as calendar_date
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard

import pandas as pd
from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol
from markupsafe import Markup, escape

from ecosobriety.catalogue import TextError, load_catalogue, placeholders, possessive
from ecosobriety.metric_words import METRIC_WORDS, agreeing, metric_words
from ecosobriety.metrics import ACCURACY, Metric
from ecosobriety.units import ENERGY_UNITS, READABLE_MASS_UNITS, Unit, readable_unit

__all__ = ["TextError", "Texts", "decimals_for", "exact_decimals", "is_known", "load_catalogue"]

LARGEST_WRITTEN_OUT = 1e15
"""From here on a float no longer holds every whole number: it is written as a power of ten."""

SMALLEST_WRITTEN_OUT = 1e-9
"""A number nearer to 0 than this would be mostly zeros: it is written as a power of ten."""

COMPLETE = "en"
"""The language that has every text."""

MAX_NAMED = 5
"""More missing texts than this are not named one by one."""

SMALLEST_P = 0.001
"""A p-value below this is only said to be below it: its digits depend on the test's assumptions."""

_COUNTED = re.compile(r"\{(?P<name>\w+)\|(?P<one>[^|{}]*)\|(?P<other>[^|{}]*)\}")
_TAG = re.compile(r"<[^>]*>")
_MOST_DECIMALS = 13
_EXACT = 1e-12
"""A share this near to nothing, or to all, is it but for rounding."""
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_TIMES = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"


class Texts:
    """The texts of one language for a study's metric; its way of writing numbers and names."""

    def __init__(
        self, language: str, catalogue: Mapping[str, str], metric: Metric = ACCURACY
    ) -> None:
        self.language = language
        self.metric = metric
        self.locale = Locale.parse(language)
        self._catalogue = catalogue

    @classmethod
    def load(cls, language: str, locale_dir: Path) -> "Texts":
        """Read the files of `{locale_dir}/{language}`.

        Raises:
            TextError: there is no such catalogue, or it lacks texts; names the languages that
                there are, or the first of the texts.
        """
        paths = sorted((locale_dir / language).glob("*.yaml"))
        if not paths:
            known = ", ".join(sorted(folder.name for folder in locale_dir.iterdir()))
            raise TextError(
                f"no texts in language {language!r}: {locale_dir / language} holds none; "
                f"known: {known}"
            )
        catalogue = load_catalogue(paths)
        if language != COMPLETE and (locale_dir / COMPLETE).is_dir():
            whole = load_catalogue((locale_dir / COMPLETE).glob("*.yaml"))
            if lacking := [key for key in whole if key not in catalogue]:
                named = ", ".join(lacking[:MAX_NAMED]) + (", ..." * (len(lacking) > MAX_NAMED))
                raise TextError(
                    f"{locale_dir / language} lacks {len(lacking)} of the {len(whole)} texts that "
                    f"{COMPLETE} has: {named}"
                )
        return cls(language, catalogue)

    def of(self, metric: Metric) -> "Texts":
        """The same texts for a study with this metric."""
        return Texts(self.language, self._catalogue, metric)

    def within(self, *groups: str) -> "Texts":
        """The same texts, in which those of some groups are found without the group's name.

        The later group comes first, and all of them come before the texts outside.
        """
        inner = {
            key.removeprefix(f"{group}."): entry
            for group in groups
            for key, entry in self._catalogue.items()
            if key.startswith(f"{group}.")
        }
        return Texts(self.language, {**self._catalogue, **inner}, self.metric)

    def __call__(self, key: str, /, **values: object) -> str:
        """The text under a key, with its placeholders filled.

        Raises:
            TextError: the key is missing, or a placeholder has no value.
        """
        return self._entry(key, values).format(**{**self._metric_words, **values})

    def template(self, key: str, /) -> str:
        """The text under a key with its placeholders unfilled, for a script that fills them.

        Raises:
            TextError: the key is missing.
        """
        entry = self._entry(key, dict.fromkeys(placeholders(self._catalogue.get(key, ""))))
        for word, written in self._metric_words.items():
            entry = entry.replace(f"{{{word}}}", written)
        return entry

    def markup(self, key: str, /, **values: object) -> Markup:
        """Like calling, but as HTML: the text and every plain value are escaped."""
        words = {**self._metric_words, **values}
        return Markup(escape(self._entry(key, values))).format(**words)

    def plural(self, key: str, count: float, /, **values: object) -> str:
        """The text under `key.one` or `key.other`, by the language's rule for this count."""
        form = "one" if self.locale.plural_form(count) == "one" else "other"
        return self(f"{key}.{form}", **values)

    def name(self, group: str, word: str) -> str:
        """The language's name for a word of the data, or the word itself if it is the user's own.

        Data may hold words that no catalogue knows (a source or a model that the user added).
        """
        return self._catalogue.get(f"{group}.{word}", word)

    def words(self, group: str) -> list[str]:
        """The names of the texts, or groups of texts, right below a group."""
        below = (
            key.removeprefix(f"{group}.") for key in self._catalogue if key.startswith(f"{group}.")
        )
        return list(dict.fromkeys(key.partition(".")[0] for key in below))

    def _own(self, key: str) -> str:
        """The text for the study's metric."""
        better = "higher" if self.metric.higher_is_better else "lower"
        texts = self._catalogue
        return texts.get(f"{self.metric.name}.{key}", texts.get(f"{better}.{key}", texts[key]))

    @cached_property
    def _metric_words(self) -> Mapping[str, str]:
        return metric_words(self._catalogue, self.metric)

    def _entry(self, key: str, values: Mapping[str, object]) -> str:
        if key not in self._catalogue:
            raise TextError(f"the text {key!r} is missing in language {self.language!r}")
        entry = agreeing(self._own(key), self._catalogue, self.metric)
        unfilled = sorted(placeholders(entry) - set(values) - {*METRIC_WORDS})
        if unfilled:
            raise TextError(
                f"the text {key!r} in language {self.language!r} asks for {unfilled}, "
                f"and was given {sorted(values)}"
            )
        entry = _COUNTED.sub(lambda found: self._counted(values[found["name"]], found), entry)
        return possessive(entry, values)

    def _counted(self, count: object, found: re.Match[str]) -> str:
        """The placeholder of a count, and the noun that goes with it."""
        written = _TAG.sub("", str(count))
        # A larger number is plural in both languages, however it is written.
        few = written.isdecimal() and self.locale.plural_form(int(written)) == "one"
        return f"{{{found['name']}}} {found['one' if few else 'other']}"

    def integer(self, value: float | None) -> str:
        """A whole number with the language's separators between thousands."""
        return self.fixed(value, 0)

    def number(self, value: float | None, significant: int = 3) -> str:
        """A number with at least `significant` significant digits; its whole part is kept whole."""
        if is_known(value) and 0 < abs(value) < SMALLEST_WRITTEN_OUT:
            return self._power_of_ten(value, significant)
        return self.fixed(value, decimals_for(value, significant) if is_known(value) else 0)

    def datum(self, value: float) -> str:
        """A number of the user's data: it may be a year or an identifier, and so in one piece."""
        return self.number(value).replace(str(self.locale.number_symbols["latn"]["group"]), "")

    def _power_of_ten(self, value: float, significant: int = 3) -> str:
        """A number as 1.23 × 10²⁸."""
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        digits, exponent = f"{value:.{significant - 1}e}".split("e")
        raised = str(int(exponent)).translate(_SUPERSCRIPTS)
        return f"{self.fixed(float(digits), significant - 1)}{_TIMES}10{raised}"

    def fixed(self, value: float | None, decimals: int) -> str:
        """A number with so many decimals and a true minus sign, or the word for a missing one."""
        if is_known(value):
            if abs(value) >= LARGEST_WRITTEN_OUT:
                return self._power_of_ten(value)
            pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
            written = format_decimal(_round(value, decimals), pattern, locale=self.locale)
            return str(written).replace("-", "−")
        return self("missing")

    def exact(self, value: float) -> str:
        """A number with all the digits that it was given with."""
        return self.fixed(value, exact_decimals(value))

    def exact_share(self, value: float) -> str:
        """A share (0–1) in percent with all its digits: 0.999 is no certainty, and not 100 %."""
        return self.share(value, max(0, exact_decimals(value) - 2))

    def share(self, value: float | None, decimals: int = 0) -> str:
        """A share (0–1) in percent; only nothing is 0 %, and only all of it 100 %."""
        if is_known(value):
            while _EXACT < abs(value) < 1 - _EXACT and abs(round(value, decimals + 2)) in (0, 1):
                decimals += 1
            if abs(value) >= LARGEST_WRITTEN_OUT:
                written = self._power_of_ten(min(abs(value) * 100, sys.float_info.max))
                return self.share(math.copysign(0.01, value)).replace("1", written)
            pattern = self.locale.percent_formats[None].pattern
            digits = "0." + "0" * decimals if decimals else "0"
            pattern = pattern.replace("#,##0", digits)
            written = format_percent(_round(value, decimals + 2), pattern, locale=self.locale)
            return str(written).replace("-", "−")
        return self("missing")

    def change(self, share: float) -> str:
        """A change as a share (0–1) in percent, always with its sign."""
        written = self.share(share)
        return f"+{written}" if share > _EXACT else written

    def points(self, share: float | None, decimals: int = 2) -> str:
        """A difference of shares (0–1) in percentage points, without needless zeros."""
        if is_known(share):
            value = _round(share * 100, decimals)
            needed = next(n for n in range(decimals + 1) if round(value, n) == value)
            return self.plural("unit.points", abs(value), value=self.fixed(value, needed))
        return self("missing")

    def score(self, score: float | None) -> str:
        """A value of the metric: in percent, or as a number with its unit.

        Only an accuracy of 1 is 100 %, however near another one comes.
        """
        if not self.metric.percent:
            significant = 3
            if self.metric.highest is not None and is_known(score):
                while significant < _MOST_DECIMALS and _rounds_up(score, significant):
                    significant += 1
            return self._in_unit(self.number(score, significant))
        return self.share(score, 1)

    def difference(self, difference: float | None) -> str:
        """A difference of two values of the metric: in points, or as a number with its unit."""
        if self.metric.percent:
            return self.points(difference)
        return self._in_unit(self.number(difference))

    def margin(self, margin: float) -> str:
        """A non-inferiority margin: a difference, or in percent of the reference's value."""
        if self.metric.relative_margin:
            return self.exact_share(margin)
        if self.metric.percent:
            return self.points(margin, max(2, exact_decimals(margin) - 2))
        return self._in_unit(self.exact(margin))

    def _in_unit(self, number: str) -> str:
        return f"{number}\N{NO-BREAK SPACE}{self.metric.unit}" if self.metric.unit else number

    def p_value(self, p_value: float | None) -> str:
        """A p-value; a very small one only as a bound."""
        if is_known(p_value) and p_value < SMALLEST_P:
            return self("p_value.below", value=self.fixed(SMALLEST_P, 3))
        return self("p_value.equal", value=self.fixed(p_value, 3))

    def energy(self, energy_kwh: float | None, significant: int = 3) -> str:
        """An energy in kWh, in a readable unit."""
        if is_known(energy_kwh):
            unit = readable_unit(energy_kwh, ENERGY_UNITS)
            return self.quantity(energy_kwh, unit, significant)
        return self("missing")

    def mass(self, mass_g: float | None, significant: int = 3) -> str:
        """A mass of CO2 equivalent in g, in a readable unit."""
        if is_known(mass_g):
            unit = readable_unit(mass_g, READABLE_MASS_UNITS)
            return self("unit.co2e", mass=self.quantity(mass_g, unit, significant))
        return self("missing")

    def quantity(self, value: float, unit: Unit, significant: int = 3) -> str:
        """A value in the contract's unit, written in another one, with the unit's symbol."""
        return f"{self.number(value / unit.size, significant)}\N{NO-BREAK SPACE}{unit.symbol}"

    def money(self, amount: float | None, currency: str, significant: int = 3) -> str:
        """An amount of money with the currency's symbol where the language puts it."""
        if is_known(amount):
            size = abs(amount)
            if size >= LARGEST_WRITTEN_OUT or 0 < size < SMALLEST_WRITTEN_OUT:
                written = self._power_of_ten(size, significant)
                return self.money(math.copysign(1, amount), currency, 1).replace("1", written)
            decimals = decimals_for(amount, significant)
            pattern = self.locale.currency_formats["standard"].pattern.split(";")[0]
            pattern = pattern.replace("0.00", "0" + ("." + "0" * decimals if decimals else ""))
            written = format_currency(
                _round(amount, decimals), currency, pattern, self.locale, currency_digits=False
            )
            return str(written).replace("-", "−")
        return self("missing")

    def currency(self, code: str) -> str:
        """The symbol of a currency (ISO 4217 code)."""
        return str(get_currency_symbol(code, locale=self.locale))

    def formats(self, currency: str) -> dict[str, Any]:
        """How this language writes numbers, for a script that writes them too.

        Returns:
            `decimal` and `group`, the separators; `number`, `percent` and `money`, each how a
            positive and how a negative one is written, with `{value}` in the number's place.
        """
        symbols = self.locale.number_symbols["latn"]
        examples = {
            "number": (self.fixed(1, 0), self.fixed(-1, 0)),
            "percent": (self.share(0.01), self.share(-0.01)),
            "money": (self.money(1, currency, 1), self.money(-1, currency, 1)),
        }
        return {
            "decimal": symbols["decimal"],
            "group": symbols["group"],
            **{
                name: [written.replace("1", "{value}") for written in pair]
                for name, pair in examples.items()
            },
        }

    def date(self, moment: str) -> str:
        """A moment in ISO 8601 as a date with the time."""
        return str(format_datetime(datetime.fromisoformat(moment), "long", locale=self.locale))

    def day(self, day: str) -> str:
        """A day in ISO 8601 as a date without the time."""
        parsed = calendar_date.fromisoformat(day)
        return str(format_date(parsed, "long", locale=self.locale))

    def country(self, iso3: str, fallback: str) -> str:
        """A country's name; `fallback` where the locale data know no such territory."""
        territories: Mapping[str, list[str]] = get_global("territory_aliases")
        iso2 = territories.get(iso3, [""])[0]
        return str(self.locale.territories.get(iso2, fallback))


def is_known(value: float | None) -> TypeGuard[float]:
    """Whether a value is a number: not None, NaN or pandas' NA."""
    return not pd.isna(value)


def _round(value: float, decimals: int) -> float:
    """Round; adding 0.0 turns -0.0 into 0.0."""
    return round(float(value), decimals) + 0.0


def _rounds_up(value: float, significant: int) -> bool:
    """Whether so many digits make a whole number of what is none."""
    return not float(value).is_integer() and float(f"{value:.{significant - 1}e}").is_integer()


def exact_decimals(value: float) -> int:
    """How many decimals a number was written with: 2 for 0.95."""
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def decimals_for(value: float, significant: int) -> int:
    """How many decimals show a number with so many significant digits; its whole part is kept."""
    if value == 0 or not abs(value) < LARGEST_WRITTEN_OUT:
        return 0
    # One more rounding first: 0.9996 with 3 digits is 1.00, not 1.000.
    rounded = float(f"{value:.{significant - 1}e}")
    return max(0, significant - 1 - math.floor(math.log10(abs(rounded))))
