"""Files whose names say which of them belong together: several images of one patient, or frames.

Of `p12_left_1.png`, that may be `p12` or `p12_left`. The study splits images; where those of one
person, whose labels are alike, are in both parts, the score says nothing of other persons.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ecosobriety.checks import shared_groups
from ecosobriety.datasets.findings import Finding, short

MOST_WORDS = 6
"""Words and numbers of a name's beginning that are looked at."""
GROUPS_PER_CLASS = 3
"""Fewer beginnings of each class's names are another name of the class."""
_WORDS = re.compile(r"[0-9]+|[^\W\d_]+")


def find_file_groups(parts: Sequence[Sequence[str]], labels: Sequence[str]) -> Iterator[Finding]:
    """Find beginnings of names that the images of both parts share, and that go with the labels.

    Args:
        parts: names of the files, without their ends: of all, or of the training and the test part.
        labels: (n,) the class of each file of all parts.
    """
    names = [name for part in parts for name in part]
    classes = np.unique(np.asarray(labels), return_inverse=True)[1].reshape(-1).astype(np.int64)
    # How many words the name of a class has says nothing of what follows it.
    begins = {label: _beginning(label) for label in set(labels)}
    ends = [
        [found.end() for found in _WORDS.finditer(name, begins[label](name))]
        for name, label in zip(names, labels, strict=True)
    ]
    for words in range(1, MOST_WORDS + 1):
        # What is left of a name must tell files apart.
        keys = [
            name[: end[words - 1]] if len(end) > words else f"{i}/"
            for i, (name, end) in enumerate(zip(names, ends, strict=True))
        ]
        known, codes = np.unique(np.asarray(keys), return_inverse=True)
        codes = codes.reshape(-1).astype(np.int64)
        if not shared_groups.are_groups(len(known), len(names)) or _are_classes(codes, classes):
            continue
        found = shared_groups.shares(codes, classes, ordered=False)
        if found is None:
            continue
        if len(parts) > 1:
            first = len(parts[0])
            shared = float(np.isin(codes[first:], codes[:first]).mean())
            if shared >= shared_groups.SHARED:
                yield Finding(
                    "files_shared", True, {"name": _example(codes, known), "share": shared}
                )
                return
            continue
        agree = {"share": found[0], "share_others": found[1]}
        yield Finding("files_split", False, {"name": _example(codes, known), **agree})
        return


def _beginning(label: str) -> Callable[[str], int]:
    """How many characters of a name are the name of its class, however its words are joined."""
    words = map(re.escape, _WORDS.findall(label))
    named = re.compile(r"[\W_]*".join(words) + r"(?![^\W\d_])", re.IGNORECASE)

    def length(name: str) -> int:
        found = named.match(name)
        return found.end() if found else 0

    return length


def _are_classes(codes: NDArray[np.int64], classes: NDArray[np.int64]) -> bool:
    """Whether most classes have few groups, so that these are a finer or another class."""
    pairs = np.unique(np.stack([classes, codes]), axis=1)[0]
    return bool(np.median(np.bincount(pairs)) < GROUPS_PER_CLASS)


def _example(codes: NDArray[np.int64], known: NDArray[np.str_]) -> str:
    return short(str(known[np.bincount(codes).argmax()]))
