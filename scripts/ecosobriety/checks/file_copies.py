"""Image files whose names say that they are changed copies, or masks, of others."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from ecosobriety.datasets.findings import MAX_LISTED, Finding, short

_CHANGED = re.compile(
    r"([-_ .]+(aug(ment(ed|ation)?)?|(new)?(\d+deg(rees)?)?[hv]?flip(ped)?(lr|tb|ud)?|(new)?\d+deg"
    r"|mirror(ed)?|rot(at(ed|ion))?|crop(ped)?"
    r"|masks?|seg(mentation)?s?|gt|depth|thumb(nail)?s?|nois[ey]|blur(red)?|bright(ness|er)?|dark(er)?|contrast|jitter|zoom(ed)?|copy|copie|kopie)"
    r"[-_ ]?\d*)+$",
    re.IGNORECASE,
)
"""What programs and systems add to the name of a changed copy, or of a mask beside its image."""
_NUMBERED = re.compile(r"\s*\(\d+\)$")
"""Of a copy, too, where the name without it is there: else all may have been renamed together."""
_EXPORTED = re.compile(r"^(.+?)\.rf\.[0-9a-zA-Z]{8,}$|^((?:.*/)?aug(?:mented)?_\d+)_\d+$")
"""How Roboflow and Keras name each augmented version of an image."""
FEWEST, MOST_EACH = 3, 20
"""Originals, and versions of each: more are numbered, not copied."""
REPORTED, HEADLINE = 0.01, 0.05
_MASKS = re.compile(
    r"masks?|labels?|annotations?|annots?|segmentations?|segs?|gts?|ground[-_ ]?truths?|targets?",
    re.IGNORECASE,
)
_OF_A_MASK = re.compile(r"[-_ .]*(mask|seg|gt|label|annotation|segmentation)s?$", re.IGNORECASE)
ALIKE = 0.8
"""Share of the files of a folder of masks that are named as images are."""


def find_file_copies(parts: Sequence[Sequence[str]]) -> Iterator[Finding]:
    """Find changed copies by the names of files, without their ends.

    Args:
        parts: of all, or of the training and the test part; each with its class before it.
    """
    versions: dict[str, list[tuple[int, str]]] = defaultdict(list)
    changed: set[str] = set()
    there = {name for part in parts for name in part}
    for number, part in enumerate(parts):
        for name in part:
            original = _original(name, there)
            if original != name:
                changed.add(original)
            versions[original].append((number, name))
    several = {key: found for key, found in versions.items() if len(found) > 1 and key in changed}
    copies = sum(len(found) - 1 for found in several.values())
    if len(several) < FEWEST or copies > MOST_EACH * len(several):
        return
    example = short(next(iter(several.values()))[-1][1].rpartition("/")[2])
    if len(parts) == 1:
        share = copies / len(parts[0])
        if share >= REPORTED:
            values = {"name": example, "share": share}
            yield Finding("files_copies_split", share >= HEADLINE, values)
        return
    tested = sum(
        number == 1
        for found in several.values()
        if any(number == 0 for number, _ in found)
        for number, _ in found
    )
    share = tested / len(parts[1])
    if share >= REPORTED:
        values = {"name": example, "share": share}
        yield Finding("files_copies_shared", share >= HEADLINE, values)


def _original(name: str, there: Collection[str]) -> str:
    """What a file would be called without all that is added to it."""
    if exported := _EXPORTED.match(name):
        return exported[1] or exported[2]
    while (shorter := _CHANGED.sub("", name)) != name or (
        (shorter := _NUMBERED.sub("", name)) != name and shorter in there
    ):
        name = shorter
    return name


def find_masks(names: Sequence[str], labels: Sequence[str]) -> Iterator[Finding]:
    """Find classes that are folders of masks: each is named as an image of another class.

    Args:
        names: of all files, without their ends.
        labels: the class of each.
    """
    of_class: dict[str, set[str]] = defaultdict(set)
    for name, label in zip(names, labels, strict=True):
        of_class[label].add(name)
    found = {}
    for label, files in of_class.items():
        if not _MASKS.fullmatch(label):
            continue
        others = set().union(*(of_class[other] for other in of_class if other != label))
        alike = sum(bool({name, _OF_A_MASK.sub("", name)} & others) for name in files)
        if alike >= max(FEWEST, ALIKE * len(files)):
            found[short(label)] = len(files)
    if found:
        yield Finding("classes_like_masks", True, {"names": dict([*found.items()][:MAX_LISTED])})
