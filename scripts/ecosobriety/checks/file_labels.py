"""Folders that are taken for classes and name none, and files that are named as another class."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ecosobriety.datasets.findings import MAX_LISTED, Finding, short

_LEFT = re.compile(
    r"(new folder|nouveau dossier|neuer ordner|nueva carpeta|untitled folder)( ?\(?\d+\)?)?"
    r"|unsorted|to[-_ ]?(sort|do|label|check|delete)|te?mp"
    r"|backups?|bak|outputs?|predictions?|thumb(nail)?s?|checkpoints?|deleted|__pycache__"
    r"|non[-_ ]?tri[ée]e?s?|[àa][-_ ]?trier|sauvegardes?"
    r"|unsortiert|corbeille|papierkorb|papelera|cestino|lixeira|dcim"
    r"|[1-9]\d{2}(canon|nikon|nd\d{3}|olymp|msdcf|apple|_pana|_fuji|gopro|media)",
    re.IGNORECASE,
)
"""What people and programs call a folder that holds no class."""
_THROWN_AWAY = re.compile(r"[-_. ]*trash|recycled?([-_ ]?bin)?", re.IGNORECASE)
_WASTE = re.compile(
    r"(^|[-_ ])(cardboard|paper|plastics?|glass|metals?|cans?|batter(y|ies)|compost|landfill"
    r"|garbage|waste|organic|recycl(able|ing)s?|litter|e[-_ ]?waste)([-_ ]|$)",
    re.IGNORECASE,
)
"""Beside such classes, what was thrown away is one, too."""
_PERHAPS_LEFT = re.compile(
    r"(results?|r[ée]sultats?|ergebnisse?|extracted|downloads?|originals?|old|raw|(pre)?processed|resized|cropped|augmented|cleaned|filtered|samples?"
    r"|examples?|archived?|misc(ellaneous)?|duplicates?|screenshots?|originaux|anciens?|bruts?"
    r"|training|tests?|testing|val(id|idation)?|eval(uation)?|inference|demo|all|new|data(set)?)"
    r"([-_ ]?(images?|imgs?|data|files?|photos?))?([-_ ]?\d+)?",
    re.IGNORECASE,
)
"""The same of words that name classes, too: raw and cooked, old and young."""
FEWEST_BESIDE = 2
"""Classes beside them: of two classes, neither is left over."""
_COPY = re.compile(
    r"(copy of |copie de )?(?P<of>.+?)([-_ ]+(copy|copie|kopie|backup|bak|old)|[-_ ]?\(\d+\))*",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"(?P<of>.+?)[-_ ]+(aug(mented|mentation)?|flip(ped)?|mirror(ed)?|rotated|rot[-_ ]?\d+|resized?"
    r"|crop(ped)?|blur(red)?|noisy|extra|new|train(ing)?|val(idation)?|test"
    r"|(?<=[-_])(32|64|128|224|256|299|384|512|640|1024)|[1-9]\d{1,3}x[1-9]\d{1,3})",
    re.IGNORECASE,
)
"""What scripts write behind a class's name, and a class may be called as well."""
MOSTLY, FEWEST_LETTERS, FEWEST_SAID = 0.5, 2, 2
"""Share of the files whose names begin with a class, letters of one that say so, and classes."""


def find_leftovers(labels: Sequence[str], names: Sequence[str] = ()) -> Iterator[Finding]:
    """Find classes that are named as folders of no class, or as the copy of another class.

    Args:
        labels: the class of each file.
        names: of the files, without their ends; a class that its files are called after is one.
    """
    counts = Counter(labels)
    surely = [label for label in counts if _LEFT.fullmatch(label) or _of(label, _COPY, counts)]
    if not any(_WASTE.search(label) for label in counts):
        surely += [label for label in counts if _THROWN_AWAY.fullmatch(label)]
    perhaps = [n for n in counts if _PERHAPS_LEFT.fullmatch(n) or _of(n, _CHANGED, counts)]
    if len(counts) - len(surely) - len(perhaps) < FEWEST_BESIDE:
        perhaps = []
    called = Counter(
        label
        for name, label in zip(names, labels, strict=False)
        if re.match(rf"{re.escape(label)}(?![^\W\d_])", name, re.IGNORECASE)
    )
    surely, perhaps = (
        [label for label in found if called[label] < MOSTLY * counts[label]]
        for found in (surely, perhaps)
    )
    if surely or perhaps:
        shown = {short(label): counts[label] for label in (*surely, *perhaps)[:MAX_LISTED]}
        yield Finding("classes_like_leftovers", bool(surely), {"names": shown})


def _of(label: str, ending: re.Pattern[str], counts: Counter[str]) -> bool:
    """Whether a class is named as another one with such an ending."""
    found = ending.fullmatch(label)
    return found is not None and found["of"] != label and found["of"] in counts


def find_other_classes(names: Sequence[str], labels: Sequence[str]) -> Iterator[Finding]:
    """Find files whose names begin with another class than that of their folder.

    Args:
        names: of all files, without their ends.
        labels: the class of each.
    """
    classes = {label.casefold(): label for label in labels}
    # Of classes that differ by capitals alone, no name says which it means.
    several = len(classes) < len({*labels})
    if several or min(map(len, classes)) < FEWEST_LETTERS or any(map(str.isdigit, classes)):
        return
    # The longest first, as one may begin with another.
    known = sorted(classes, key=len, reverse=True)
    begins = re.compile(f"({'|'.join(map(re.escape, known))})(?![^\\W\\d_])")
    said = [begins.match(name.casefold()) for name in names]
    # A word that all files begin with names no class, though one is called so.
    if len({found[1] for found in said if found}) < FEWEST_SAID:
        return
    others = [
        (name, label)
        for name, label, found in zip(names, labels, said, strict=True)
        if found and classes[found[1]] != label
    ]
    if others and sum(found is not None for found in said) >= MOSTLY * len(names):
        name, label = others[0]
        shown = {"number": len(others), "name": short(name), "folder": short(label)}
        yield Finding("files_of_other_class", True, shown)
