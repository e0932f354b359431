"""Classes that are one name in two spellings, or that a program took for dates or numbers."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set

import numpy as np

from ecosobriety.datasets.findings import Finding, short

MOST = 2000
"""Classes that are compared."""
_AMERICAN = [
    (re.compile(written), said)
    for written, said in (
        (r"(?<=[a-z]{2})our(?=(s|ed|ing|ful|less|able)?$)", "or"),
        (r"(?<=[a-z]{2}[bgt])re(?=s?$)", "er"),
        (r"(?<=[a-z]{3}i)s(?=(e[drs]?|ing|ers|ations?)$)", "z"),
        (r"(?<=[a-z]{2}y)s(?=(e[drs]?|ing)$)", "z"),
        (r"(?<=[a-z]{4})ll(?=(ed|ing|ers?)$)", "l"),
        (r"(?<=[a-z]{2}en)ce$", "se"),
        (r"ogue$", "og"),
        (r"[ao]e(?=[a-z]{3})", "e"),
        (r"^sulph", "sulf"),
        (r"(?<=[0-9])k$", "000"),
    )
]
"""British ends of words, and the American ones; thousands, cut short."""
_SAID = {
    **{"grey": "gray", "plough": "plow", "aluminium": "aluminum", "tyre": "tire", "mould": "mold"},
    **{"jewellery": "jewelry", "kerb": "curb", "moustache": "mustache", "programme": "program"},
    **{"yoghurt": "yogurt", "whisky": "whiskey", "artefact": "artifact", "disc": "disk"},
    **{"doughnut": "donut", "pyjamas": "pajamas", "storey": "story", "draught": "draft"},
    **{"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6"},
    **{"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th"},
    **{"positiv": "positive", "negativ": "negative", "mai": "may", "juni": "june", "juli": "july"},
    **{"januar": "january", "februar": "february", "oktober": "october", "dezember": "december"},
    **{"seven": "7", "eight": "8", "nine": "9", "ten": "10"},
    **{"mice": "mouse", "geese": "goose", "children": "child", "women": "woman", "men": "man"},
}
_ROMAN = {
    **{"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"},
    **{"ix": "9", "x": "10"},
}
_BESIDE_OTHERS = {
    **{"saint": "st", "street": "st", "sainte": "ste", "mount": "mt", "fort": "ft", "and": "&"},
    **{"doctor": "dr", "avenue": "ave", "road": "rd", "boulevard": "blvd", "company": "co"},
    **{"corporation": "corp", "incorporated": "inc", "limited": "ltd", "number": "no", "et": "&"},
    **{"department": "dept", "university": "univ", "international": "intl", "versus": "vs"},
    **{"north": "n", "south": "s", "east": "e", "west": "w", "junior": "jr", "senior": "sr"},
    **_ROMAN,
}
"""The same of a word among others: alone, `x` is a letter."""
_IN_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "œ": "oe", "ø": "oe", "å": "aa", "ı": "i"}
    | {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "µ": "micro", "μ": "micro"}
)
"""Letters that some keyboards lack, as people write them there."""
_IN_WORDS = str.maketrans("01", "ol")
_SIGNS = re.compile(r"\s*(<=|>=|≤|≥|<|>|=)\s*")
_SAME_SIGNS = {"≤": "<=", "≥": ">="}
_KIND = re.compile(r"(class|label|category|kind|classe|cat[ée]gorie|klasse)[\s_:.-]+(?=\S)")
_MEMBER = re.compile(r"<?(?P<of>[A-Z]\w*)(?:\.|::)(?P<name>[^\W\d]\w*)(?:: .+>)?")
"""A member of an enumeration, as programs write it: Tree.ASH, <Tree.ASH: 1>."""
_LOST = re.compile(r"(?<=[^\W\d_])\?(?=[^\W\d_])|\ufffd+")
"""What stands for letters that a program could not write."""
_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|janv|févr|mars|avr|mai|juin|juil|août|déc"
    "|mär|märz|mrz|okt|dez|ene|abr|ago|dic|fev|giu|lug|ott|mrt|mei|maj|kwi|cze|sie|wrz|paź"
    "|янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек"
)
"""As spreadsheets of several languages write them, but for words such as set, mag and gen."""
_DATE = re.compile(
    rf"[0-3]?[0-9](\. |[-./ ])({_MONTHS})\.?|[01]?[0-9]月[0-3]?[0-9]日"
    rf"|({_MONTHS})\.?[-. ][0-9]{{1,2}}"
    r"|(?:[0-9]{1,2}(?P<of>[-./])[0-9]{1,2}(?P=of)[12][0-9]{3}"
    r"|[12][0-9]{3}(?P<in>[-./])[0-9]{1,2}(?P=in)[0-9]{1,2})"
    r"([ T]00:00(:00)?)?|20[0-3][0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])",
    re.IGNORECASE,
)
CUT, CUT_ALONE, LOST_ALONE = 8, 10, 3
"""Characters of names that a program cut off; and of one name, which may go on as another one,
those that are left and those that are lost."""
FEWEST_LETTERS = 3
"""Of a name that lost letters which a program could not write; fewer may be another name."""
MOST_OF_SHORT = 4
"""Letters of a word that is another one without its apostrophe."""
_THOUSANDS = re.compile(
    r"[1-9][0-9]{0,2}(?P<by>[,.' \u00a0\u2019\u202f])[0-9]{3}((?P=by)[0-9]{3})*"
)
"""A number with a sign between its thousands."""
_NUMERIC = re.compile(r"-?[0-9]{1,9}(\.[0-9]+)?")
_ZERO_IN_FRONT = re.compile(r"-?0[0-9]")
FEWEST_NUMBERS, FEW_EACH, UNEVEN = 20, 20.0, 3
"""Numbers that measure something are many, come seldom, and some much more often."""
FAR_OUT, FILLED = 0.01, 2.0
"""Share of the rows that may lie anywhere on either side; and steps of their scale for one of the
other numbers: codes leave most of them out."""
SMOOTH = 0.2
"""Squares of the differences between neighbours' frequencies, by those from their mean: about 2 in
any order, and of 20 hardly ever below 0.5."""


def find_respelt(counts: Mapping[str, int], alike: Callable[[str], str]) -> Iterator[Finding]:
    """Find classes that are one name in two spellings, such as tumour and tumor.

    Args:
        counts: how often each class comes.
        alike: what is seen of a name; what is equal in it is named elsewhere.
    """
    if len(counts) > MOST:
        return
    members = _members(counts.keys())
    names = {name: _words(members.get(name, name), counts) for name in counts}
    known = {word for words in names.values() for word in words}
    numbers = all(len(words) == 1 for words in names.values()) and all(
        word in _ROMAN or word.isdigit() for word in known
    )
    together: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, words in names.items():
        said = (_said(word.rstrip("."), len(words) + numbers) for word in words)
        together[tuple(said)].append(name)
    groups = [same for same in together.values() if len({*map(alike, same)}) > 1]
    done = {name for same in groups for name in same}
    for name, words in names.items():
        if name in done or not (_LOST.search(name) or _has_point(words)):
            continue
        long = [other for other in counts if other != name and _is_cut(name, words, other, names)]
        # Of two with these letters, neither is meant for sure.
        if len(long) == 1:
            groups.append([long[0], name])
    known_names = {name.casefold(): name for name in counts}
    done = {name for same in groups for name in same}
    for name in counts:
        if name in done:
            continue
        for other in _otherwise(name.casefold()):
            meant = known_names.get(other, name)
            # Of good- and good+, both are meant.
            graded = name.endswith("-") and f"{name[:-1]}+".casefold() in known_names
            if meant != name and alike(meant) != alike(name) and not graded:
                groups.append([meant, name])
                break
    groups += _cut_off(counts.keys())
    if groups:
        shown = [{short(name): counts[name] for name in same} for same in groups]
        yield Finding("classes_respelt", True, {"groups": shown})


def _members(names: Set[str]) -> dict[str, str]:
    """The members of one enumeration among names, and what they are called beside it."""
    found = {name: member for name in names if (member := _MEMBER.fullmatch(name))}
    called = {name: member["name"] for name, member in found.items()}
    one = len({member["of"] for member in found.values()}) == 1
    return called if one and len(called) > 1 and names >= {*called.values()} else {}


def _cut_off(names: Set[str]) -> list[list[str]]:
    """Names that stand in some rows as they are, and in others cut off at one length.

    So are all longer names, each in the midst of a word.
    """
    for length in {len(name) for name in names}:
        longer = [name for name in names if len(name) > length]
        least = CUT_ALONE if len(longer) == 1 else CUT
        cut = {name[:length]: name for name in longer if name[length - 1 : length + 1].isalpha()}
        if len(longer) == 1 and len(longer[0]) < length + LOST_ALONE:
            continue
        if length >= least and longer and len(cut) == len(longer) and names >= cut.keys():
            return [[name, begin] for begin, name in cut.items()]
    return []


def _otherwise(name: str) -> Iterator[str]:
    """How a name in small letters may stand elsewhere; what follows from it alone."""
    yield name.translate(_IN_LETTERS)
    if len(lost := "".join(c for c in name if c.isascii() or not c.isalpha())) >= FEWEST_LETTERS:
        yield lost
    # A number, or a copy's, may be added to a name, and one of two names may count with zeros: of
    # plain numbers this is named elsewhere.
    if any(letter.isalpha() for letter in name):
        yield re.sub(r"(?<![0-9.,])0+(?=[0-9])", "", name)
    yield re.sub(
        r"^\(?[0-9]+( ?[:_.)] ?| - )(?=[^\W\d_]{2})|(?<=\w)( ?\([0-9]+\)| - (copy|copie|kopie))$",
        "",
        name,
    )
    yield re.sub(r"(?<=[0-9]) ?(to|à|bis) ?(?=[0-9])", "-", name)
    yield re.sub(r"(?<=[0-9])[- ](?=[^\W\d_])", "", name)
    yield re.sub(r"^(-?[0-9]+),([0-9]+)$", r"\1.\2", name)
    if _THOUSANDS.fullmatch(name):
        yield re.sub(r"[^0-9]", "", name)
    yield re.sub(
        r"(?<=\w)(_+|[/@~|]+|\\[nrt])$|(?<=[^\W\d_]{3})-+$|^[-_/@~|,*•]+ ?(?=[^\W\d_]{2})", "", name
    )
    # What a program wrote of a record, with its column's name.
    yield re.sub(r"^[^\W\d]\w* ?= ?(?=\w)", "", name)
    # Digits that a scanner read in a word.
    if (read := name.translate(_IN_WORDS)).isalpha() and len(read) >= FEWEST_LETTERS:
        yield read
    yield re.sub(r"^(not|no) ", "non-", name)
    yield re.sub(r"^(not|no) ", "non", name)
    yield from _other_forms(name)


def _other_forms(name: str) -> Iterator[str]:
    """A name in small letters as one instead of several, without its apostrophes, or in doubt."""
    yield re.sub(r"(?<=[sxz])es$|(?<=[cs]h)es$|(?<=s)ses$", "", name)
    yield re.sub(r"(?<=[^\W\d_]{2})ies$", "y", name)
    yield re.sub(r"(?<=[^\W\d_]{2})ves$", "f", name)
    yield re.sub(r"(?<=[^\W\d_]{2})ves$", "fe", name)
    # What was done: short words may be others, as were and we're.
    yield re.sub(r"(?<=[^\W\d_]{4})ed$", "", name)
    yield re.sub(r"(?<=[^\W\d_]{4}e)d$", "", name)
    bare = re.sub(r"(?<=\w)['’](?=\w)", "", name)
    if len(bare) > MOST_OF_SHORT:
        yield bare
        yield re.sub(r"(?<=\w)['’]s$", "", name)
    yield re.sub(r"^(\?+ ?|maybe )", "", name)
    # Blanks around a sign, and what a number became among others.
    yield re.sub(r" *([^\w\s.,]) *|(,) +", r"\1\2", name)
    yield re.sub(r"(?<=[^\W\d_]{3}[-_ ])([0-9]+)\.0$", r"\1", name)


def _words(name: str, counts: Mapping[str, int]) -> list[str]:
    """The words of a name in their usual order, without what stands before all of them."""
    # A path ends in a name.
    folder, _, end = name.replace("\\", "/").rpartition("/")
    if folder and end in counts and sum(f"{folder}/{other}" in counts for other in counts) > 1:
        name = end
    name = _KIND.sub("", name.casefold(), count=1)
    name = _SIGNS.sub(lambda found: _SAME_SIGNS.get(found[1], found[1]), name)
    if name.count(", ") == 1:
        last, first = name.split(", ")
        name = f"{first} {last}"
    words = re.sub(r"(?<=[^\W\d_])[-_](?=[^\W\d_])", " ", name).split()
    return words[1:] if len(words) > 1 and words[0] == "the" else words


def _said(word: str, words: int) -> str:
    """One of so many words as it is said, whatever its spelling."""
    if words > 1 and word in _BESIDE_OTHERS:
        return _BESIDE_OTHERS[word]
    word = _SAID.get(word, word)
    for written, said in _AMERICAN:
        word = written.sub(said, word)
    return word


def _has_point(words: Sequence[str]) -> bool:
    return len(words) > 1 and any(len(word) > 1 and word[-1] == "." for word in words[:-1])


def _is_cut(
    name: str, words: Sequence[str], other: str, names: Mapping[str, Sequence[str]]
) -> bool:
    """Whether a name is another one whose words are cut short, or whose letters are lost."""
    if _LOST.search(name):
        parts = map(re.escape, _LOST.split(name))
        return re.fullmatch(r"[^\x00-\x7f]{1,2}".join(parts), other) is not None
    others = names[other]
    return (
        len(words) == len(others)
        and list(words) != list(others)
        and all(
            word == long or (word[-1] == "." and long[-1] != "." and long.startswith(word[:-1]))
            for word, long in zip(words, others, strict=True)
        )
    )


def find_dates(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Find classes that a spreadsheet made a date of: 2-Sep of SEPT2, 2024-10-14 of 10-14."""
    dates = {short(name): number for name, number in counts.items() if _DATE.fullmatch(name)}
    if dates:
        yield Finding("classes_like_dates", False, {"names": dates})


def find_numbers(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Find classes that are many numbers of what is measured, or each of few examples."""
    if len(counts) < FEWEST_NUMBERS or not all(_NUMERIC.fullmatch(n) for n in counts):
        return
    each = sum(counts.values()) / len(counts)
    few = each < FEW_EACH and max(counts.values()) >= UNEVEN * min(counts.values())
    if few or _are_measured(counts):
        values = {"number": len(counts), "each": round(each, 1)}
        yield Finding("classes_like_numbers", False, values)


def _are_measured(counts: Mapping[str, int]) -> bool:
    """Whether numbers with a point fill a scale, or the frequencies of whole ones are a hump."""
    # Codes such as 01.1 have zeros in front.
    if any(_ZERO_IN_FRONT.match(name) for name in counts):
        return False
    values = np.array([*map(float, counts)])
    order = np.argsort(values)
    values, numbers = values[order], np.array([*counts.values()], np.float64)[order]
    below = np.cumsum(numbers) / numbers.sum()
    inside = (below >= FAR_OUT) & (below - numbers / numbers.sum() <= 1 - FAR_OUT)
    values, numbers = values[inside], numbers[inside]
    differences = np.diff(values)
    steps = (values - values[0]) / differences[differences > 0].min(initial=np.inf)
    if not steps[-1] < FILLED * len(steps):
        return False
    if (values != np.round(values)).any():
        return True
    curve = np.bincount(np.round(steps).astype(np.int64), weights=numbers)
    if len(curve) < FEWEST_NUMBERS:
        return False
    end = len(curve) // FEWEST_NUMBERS
    ends = curve[:end].mean(), curve[-end:].mean()
    hump = 2 * max(ends) <= curve.max() and end <= int(curve.argmax()) < len(curve) - end
    return bool(
        hump and (np.diff(curve) ** 2).sum() <= SMOOTH * ((curve - curve.mean()) ** 2).sum()
    )
