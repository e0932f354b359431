"""Classes that are another class in other words, or several classes at once."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from ecosobriety.datasets.findings import Finding, short

_YES, _NO = frozenset({"positive", "pos"}), frozenset({"negative", "neg"})
SAME_WORDS = (
    (
        _YES | {"yes", "y", "true", "t", "1", "on", "oui", "vrai"},
        _NO | {"no", "n", "false", "f", "0", "off", "non", "faux"},
    ),
    # Beside + and -, 0 is a third answer.
    (_YES | {"+"}, _NO | {"-"}),
    (frozenset({"male", "m", "man", "homme"}), frozenset({"female", "f", "w", "woman", "femme"})),
)
"""Pairs of answers, each in several spellings."""
SPELLINGS: tuple[tuple[str, str], ...] = (
    *(("yes", "y"), ("no", "n"), ("true", "t"), ("false", "f"), ("male", "m"), ("female", "f")),
    *(("positive", "pos"), ("negative", "neg"), ("oui", "o"), ("non", "n"), ("vrai", "v")),
    *(("united states", "us"), ("united states", "usa"), ("united states of america", "us")),
    *(("homme", "h"), ("femme", "f"), ("woman", "w"), ("man", "m"), ("normal", "norm")),
    *(("usa", "us"), ("female", "fem"), ("september", "sept"), ("low", "l"), ("high", "h")),
    *(("medium", "m"), ("medium", "med"), ("moderate", "mod"), ("average", "avg"), ("small", "s")),
    *(("large", "l"), ("left", "l"), ("right", "r"), ("pass", "p"), ("fail", "f"), ("north", "n")),
    *(("south", "s"), ("east", "e"), ("west", "w"), ("benign", "b"), ("malignant", "m")),
    *(("malignant", "malig"), ("malignant", "mal"), ("control", "ctrl"), ("control", "ctl")),
    *(("treatment", "treat"), ("treatment", "trt")),
    *(("unknown", "unk"), ("temporary", "temp"), ("permanent", "perm"), ("maximum", "max")),
    *(("minimum", "min"), ("difficult", "diff"), ("abnormal", "abn"), ("abnormal", "abnorm")),
)
"""Words and their short forms."""
MONTHS = "january february march april june july august september october november december"
DAYS = "monday tuesday wednesday thursday friday saturday sunday"
SPELLINGS += tuple((word, word[:3]) for word in f"{MONTHS} {DAYS}".split() if word != "may")
MOST = 500
"""Classes: of more, some are the initials of others by chance."""
_LETTERS = re.compile(r"[A-Z]{2,6}")
_AROUND_LISTS = re.compile(
    r"""^(?:\{"choices":\s*)?[\[({]|[\])}]{1,2}$|(?<![^\W\d_])['"]|['"](?![^\W\d_])"""
)
"""Brackets around a list, and quotes around its names."""
_BETWEEN = re.compile(r"\s*[;|,/+&]\s*|[_\s]+(?:and|et|und|y|or|ou|oder|vs\.?|versus)[_\s]+")
_LISTING = re.compile(r"\s*[;|]\s*")
"""What hardly ever is in a name that is not a list."""
FEWEST_LISTS = 2
_NUMBERED, FEWEST_NUMBERED = re.compile(r"([^\W\d_])[^\W\d_]{3,}[-_ .]*([0-9]{1,3})"), 2
"""A word and a number; and how many of them, beside their short forms, are no chance."""
_CODE, _WORDS, FEWEST_CODED = re.compile(r"[0-9]{1,3}"), re.compile(r"[^\W\d_][^\d]*"), 2
"""Numbers that stand for names; and how many are no chance."""
MOST_LETTERS = 5
"""Names of a letter alone that numbers may stand for."""


def find_abbreviated(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Find classes that are the initials, or the short form, of another one."""
    if len(counts) > MOST:
        return
    folded = {name.casefold().rstrip("."): name for name in counts}
    pairs = [(folded[a], folded[b]) for a, b in SPELLINGS if a in folded and b in folded]
    by_initials: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        words = re.findall(r"[^\W\d_]+", name)
        if max(map(len, words), default=0) < 2:
            continue
        for chosen in (words, [word for word in words if word[0].isupper()]):
            if len(chosen) > 1 and name not in by_initials["".join(w[0] for w in chosen).upper()]:
                by_initials["".join(word[0] for word in chosen).upper()].append(name)
    for name in counts:
        plain = name.replace(".", "")
        long = by_initials.get(plain, []) if _LETTERS.fullmatch(plain) else []
        # Of two with these initials, neither is meant for sure.
        if len(long) == 1 and long[0] != name:
            pairs.append((long[0], name))
    pairs += _numbered(counts)
    groups = [{short(one): counts[one] for one in pair} for pair in dict.fromkeys(pairs)]
    if groups:
        yield Finding("classes_abbreviated", True, {"groups": groups})


def _numbered(names: Iterable[str]) -> list[tuple[str, str]]:
    """Several names of a word and a number, and those of its first letter and the number: G1."""
    words: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if found := _NUMBERED.fullmatch(name):
            words[f"{found[1]}{found[2]}".casefold()].append(name)
    pairs = [(words[key][0], n) for n in names if len(words.get(key := n.casefold(), ())) == 1]
    return pairs if len(pairs) >= FEWEST_NUMBERED else []


def find_coded(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Find classes half of which are numbers from 0 or 1 on, and the others as many names."""
    numbers = sorted(int(name) for name in counts if _CODE.fullmatch(name))
    names = {name: count for name, count in counts.items() if _WORDS.fullmatch(name)}
    count = len(numbers)
    if not FEWEST_CODED <= count == len(names) == len(counts) - count:
        return
    if max(map(len, names)) == 1 and count > MOST_LETTERS:
        return  # Characters, say.
    if numbers[0] in (0, 1) and numbers[-1] - numbers[0] == count - 1:
        shown = {short(name): number for name, number in names.items()}
        yield Finding(
            "classes_half_coded", False, {"first": numbers[0], "last": numbers[-1], "names": shown}
        )


def find_combined(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Find classes that list others, such as cat;dog beside cat and dog.

    What is listed by ; or | need be no class by itself, if several lists have it.
    """
    # As programs write lists: ['cat', 'dog'] beside ['cat'].
    bare = {name: _AROUND_LISTS.sub("", name) for name in counts}
    known = {*bare.values()}
    lists = {name: parts for name in counts if len(parts := _BETWEEN.split(bare[name])) > 1}
    found = [name for name, parts in lists.items() if all(parts) and known.issuperset(parts)]
    listed = {name: _LISTING.split(bare[name]) for name in lists if _LISTING.search(name)}
    within: dict[str, int] = defaultdict(int)
    for parts in listed.values():
        for part in {*parts}:
            within[part] += 1
    again = [n for n, parts in listed.items() if all(within[p] > 1 or p in known for p in parts)]
    if len(again) >= FEWEST_LISTS:
        found += again
    if found:
        names = {short(name): counts[name] for name in dict.fromkeys(found)}
        yield Finding("classes_combined", True, {"names": names})
