"""The one property: what was generated is read exactly, or refused in one short sentence."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st

from ecosobriety.datasets import Dataset, Intake, intake, load, save
from ecosobriety.errors import MAX_MESSAGE, EcosobrietyError
from ecosobriety.readers import obtain, take_in

T = TypeVar("T")

DEEP = 2000
"""Examples of all fuzzing tests together under the profile `deep`; by default, 100."""
READ, EITHER, REFUSED = "read", "either", "refused"
"""What must become of an input. `EITHER`: read as it was meant or refused, both are right."""
SPEC: Mapping[str, Any] = {
    "path": None,
    "format": None,
    "label": None,
    "features": None,
    "test_share": 0.25,
    "normalise": "auto",
    "channels": None,
    "class_path": None,
    "init_args": {},
    "task": "classification",
}


def share_of_examples(percent: int) -> settings:
    """Settings of a test that gets so many percent of all examples.

    The 100 of `make test` are always the same ones; those of `make test-deep` are new each time.
    """
    most = settings.default.max_examples if settings.default else 100
    return settings(
        max_examples=max(1, most * percent // 100),
        derandomize=most < DEEP,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@dataclass
class Truth:
    """What a file means.

    Attributes:
        examples: How often each example comes in both parts: its values, row by row, and its class
            or target.
        test: The same for the test part; None: it is held out by the study.
        features: Names of the columns in their order; None: there are none.
        test_share: Share that is held out where there is no test part.
    """

    examples: Counter[tuple[tuple[Any, ...], Any]]
    test: Counter[tuple[tuple[Any, ...], Any]] | None = None
    features: tuple[str, ...] | None = None
    test_share: float = 0.25


@dataclass(repr=False)
class Case:
    """One generated input.

    Attributes:
        story: How it was made, for the message of a failure.
        spec: The section `dataset`, without the path.
        truth: What it means.
        meant: `READ`, `EITHER` or `REFUSED`.
        findings: Kinds of findings that there must be if it is read.
        content: The bytes of the file; of a folder, the bytes of each file by its path.
    """

    story: list[str]
    spec: dict[str, Any]
    truth: Truth | None
    meant: str = READ
    findings: set[str] = field(default_factory=set)
    content: Any = b""

    def __repr__(self) -> str:
        shown = self.content[:600] if isinstance(self.content, bytes) else sorted(self.content)
        return f"<{self.meant}: {', '.join(self.story)}; {self.spec}; {shown!r}>"

    def refuse(self, why: str) -> None:
        self.story.append(why)
        self.meant = REFUSED

    def allow_refusal(self, why: str) -> None:
        self.story.append(why)
        if self.meant == READ:
            self.meant = EITHER


def sometimes(draw: Any, n: int = 2) -> bool:
    """True once in n times; false is the simpler one."""
    return bool(draw(st.sampled_from([False] * (n - 1) + [True])))


def attempted(action: Callable[[], T]) -> tuple[T | None, str]:
    """What an action gives, or its refusal; any other error is a failure of the test."""
    try:
        return action(), ""
    except EcosobrietyError as error:
        message = str(error)
        assert message, "a refusal must say why"
        assert len(message) <= MAX_MESSAGE, message
        assert message.isprintable(), message
        return None, message


def examples_of(dataset: Dataset, part: str) -> Counter[tuple[tuple[Any, ...], Any]]:
    """How often each example comes in a part, with the name of its class."""
    x, y = getattr(dataset, f"x_{part}")[:], getattr(dataset, f"y_{part}")
    labels = [dataset.classes[i] for i in y] if dataset.classes else y.tolist()
    rows = map(tuple, x.reshape(len(x), -1).tolist())
    return Counter(zip(rows, labels, strict=True))


def judge(case: Case, path: Path | None, spare: Path) -> Dataset | None:
    """Check and read a case's file or folder, and compare both with what it means.

    Args:
        case: The case, whose content lies there already.
        path: The file or folder; None: the case has none.
        spare: Where the prepared data set can be written.
    """
    spec = {**SPEC, **case.spec} | ({"path": str(path)} if path else {})
    checked, told_by_check = attempted(lambda: take_in(spec))
    dataset, told = attempted(lambda: obtain(spec, scratch=spare.parent))
    assert spec["class_path"] or told_by_check == told, (told_by_check, told)
    event(f"{case.meant}, was {'refused' if dataset is None else 'read'}")
    if dataset is None:
        assert case.meant != READ, f"refused: {told}"
        return None
    assert case.meant != REFUSED, "it was read, but cannot have been meant so"
    _compare(dataset, case)
    described = intake.describe(dataset, spec["task"])
    found = {finding.id: finding for finding in described.findings}
    assert case.findings <= found.keys(), f"found {set(found)}, not {case.findings - found.keys()}"
    assert all(len(finding.sentence()) <= MAX_MESSAGE for finding in found.values())
    _compare_duplicates(dataset, described, set(found))
    if checked is not None and not spec["class_path"]:
        assert checked.as_json() == described.as_json()
    save(dataset, spare)
    kept = load(spare)
    assert kept.sha256 == dataset.sha256
    _compare(kept, case)
    return dataset


def _compare(dataset: Dataset, case: Case) -> None:
    truth = case.truth
    if truth is None:
        # What no reader can notice, as damage without a checksum.
        return
    parts = [examples_of(dataset, part) for part in ("train", "test")]
    whole = parts[0] + parts[1]
    assert whole == truth.examples, (
        f"not in the file: {list((whole - truth.examples).items())[:3]}; "
        f"not read: {list((truth.examples - whole).items())[:3]}"
    )
    assert dataset.features == truth.features
    if truth.test is not None:
        assert parts[1] == truth.test
    else:
        count = whole.total()
        assert parts[1].total() == min(max(round(count * truth.test_share), 1), count - 1)
    if dataset.classes:
        assert len(set(dataset.classes)) == len(dataset.classes)
        assert set(dataset.classes) == {label for _, label in whole}


def _compare_duplicates(dataset: Dataset, described: Intake, found: set[str]) -> None:
    trained = {x for x, _ in examples_of(dataset, "train")}
    tested = examples_of(dataset, "test")
    number = sum(count for (x, _), count in tested.items() if x in trained)
    assert described.test_duplicates == number
    # Or by chance, where values are few.
    assert len({"train_test_duplicates", "inputs_shared"} & found) == (number > 0)
    headline = {f.id for f in described.findings if f.headline}
    many = "inputs_shared" not in found and number > 0.05 * tested.total()
    assert ("train_test_duplicates" in headline) == many
