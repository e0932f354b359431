"""Columns as slips make them: marks of missing values, ids with gaps, copies, parts of a split."""

from typing import Any

from hypothesis import strategies as st

from fuzz.judging import Case

SLIPS = {"mark": "values_far_away", "id": "index_like_feature", "is_test": "feature_is_split"}
MARKS = ["-999", "-9999", "9999", "99999", "1e30"]


def add_slip(draw: Any, case: Case, names: list[str], columns: list[list[str]]) -> None:
    """One more column, of which a study has to know."""
    name = draw(st.sampled_from([*SLIPS, "copied"]))
    if name in names:
        return
    n = len(columns[0])
    if name == "mark":
        mark = draw(st.sampled_from(MARKS))
        column = [mark if i % 4 == 0 else f"0.{i * 37 % 101:03}" for i in range(n)]
    elif name == "id":
        start, step = draw(st.sampled_from([2, 1000])), draw(st.sampled_from([1, -1, 3, 0.5]))
        column = [str(start + step * i) for i in range(n)]
    elif name == "is_test":
        column = [str(int(i % 5 == 0)) for i in range(n)]
    else:
        column = [f"{i * 53 % 97}.5" for i in range(n)]
        names.append("copy of it")
        columns.append(column)
    case.story.append(f"a column {name}")
    case.findings.add(SLIPS.get(name, "features_identical"))
    names.append(name)
    columns.append([*column])


def judge_slips(case: Case, names: list[str], columns: list[list[str]], n: int) -> None:
    """They are found where they are learnt from, and where there are rows enough."""
    for name, id in SLIPS.items():
        if name not in names or (name == "id" and n != len({*columns[names.index(name)]})):
            case.findings.discard(id)
    if n < 16 or not {"copied", "copy of it"} <= {*names}:
        case.findings.discard("features_identical")
