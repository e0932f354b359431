"""Rows in groups, such as several of each person, with a column that says whose they are."""

from typing import Any

from hypothesis import strategies as st

from fuzz.judging import Case


def with_persons(
    draw: Any,
    case: Case,
    columns: list[list[str]],
    spellings: list[str],
    meanings: list[Any],
) -> tuple[list[list[str]], list[str], list[Any]]:
    """More rows, several of each person, who has one label; each is in both parts by chance."""
    pairs = sorted({*zip(meanings, spellings, strict=True)}, key=repr)
    persons = draw(st.integers(8, 12))
    each = draw(st.integers(6, 10))
    # Numbers next to each other have different labels.
    rows = [(7 * i + 3, *pairs[i % len(pairs)]) for i in range(persons) for _ in range(each)]
    missing = {meaning for meaning, _ in pairs} - {meaning for _, meaning, _ in rows}
    rows += [(7 * persons + 3, *pair) for pair in pairs for _ in range(4) if pair[0] in missing]
    rows = draw(st.permutations(rows))
    case.story.append(f"{persons} persons, {each} rows each")
    case.findings.add("values_of_one_class")
    if missing:
        case.findings.discard("values_of_one_class")
    copies = [[column[i % len(column)] for i in range(len(rows))] for column in columns]
    if "a copy of the label" in case.story:
        # Of the row's own label, as before.
        codes = dict(zip(meanings, columns[-1], strict=True))
        copies[-1] = [codes[meaning] for _, meaning, _ in rows]
    copies.append([str(person) for person, _, _ in rows])
    return copies, [spelling for _, _, spelling in rows], [meaning for _, meaning, _ in rows]


def judge_persons(
    case: Case, names: list[str], columns: list[list[str]], labels: list[Any]
) -> None:
    """They are found if enough rows of the training part are different ones of one person."""
    if "person" not in names:
        case.findings.discard("values_of_one_class")
        return
    persons = [int(text) for text in columns[names.index("person")]]
    different = len({*zip(*([float(text) for text in column] for column in columns), strict=True)})
    of_persons = dict(zip(persons, labels, strict=True))
    few = different - len(labels) * 0.25 - len(of_persons) < 25
    in_order = [of_persons[person] for person in sorted(of_persons)]
    if few or len({*labels}) < 2 or in_order in (sorted(in_order), sorted(in_order)[::-1]):
        case.findings.discard("values_of_one_class")
