"""Tables whose truth is known, written as people's programs write them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from fuzz.group_cases import judge_persons, with_persons
from fuzz.judging import READ, Case, Truth, sometimes

# Spelling in the file, and the class that is meant.
from fuzz.packing import BYTES, PACKINGS, damaged, pack_two
from fuzz.slip_cases import add_slip, judge_slips

WORDS = [("cat", "cat"), ("dog", "dog"), ("bird", "bird")]
NAMES_OF_CLASSES = [
    WORDS,
    [("cat", "cat"), ("cat ", "cat"), ("cat\u00a0", "cat"), ("dog", "dog"), ("\ufeffdog", "dog")],
    [("caf\u00e9", "caf\u00e9"), ("cafe\u0301", "caf\u00e9"), ("th\u00e9", "th\u00e9")],
    [("NA", "NA"), ("None", "None"), ("null", "null"), ("nan", "nan"), ("-", "-")],
    [("0", "0"), ("1", "1"), ("2", "2")],
    [("01", "01"), ("1", "1"), ("01000", "01000"), ("1000", "1000")],
    [("1.0", "1.0"), ("1", "1"), ("1e0", "1e0")],
    [("18446744073709551615", "18446744073709551615"), ("-1", "-1")],
    [("9007199254740993", "9007199254740993"), ("9007199254740992", "9007199254740992")],
    [("cat", "cat"), ("Cat", "Cat"), ("dog", "dog")],
    [("True", "True"), ("False", "False")],
    [("yes, or no", "yes, or no"), ('6" nails', '6" nails'), ("two\nlines", "two\nlines")],
    [("b'a'", "b'a'"), ("'a'", "'a'"), ("#a", "#a"), ("=1+1", "=1+1"), ("\\N", "\\N")],
    [("\u732b", "\u732b"), ("\U0001f431", "\U0001f431"), ("\u0642\u0637", "\u0642\u0637")],
    [("x" * 300, "x" * 300), ("x" * 299 + "y", "x" * 299 + "y")],
    [("1,5", "1,5"), ("2,5", "2,5"), ("2.5", "2.5")],
    [("yes", "yes"), ("Y", "Y"), ("no", "no")],
    [("1", "1"), ("2", "2"), ("3", "3"), ("99", "99")],
    [("iris setosa", "iris setosa"), ("iris-setosa", "iris-setosa"), ("iris", "iris")],
]
NAMED_CLASSES = {
    "Cat": "classes_differ_by_case",
    "Y": "classes_same_word",
    "99": "class_outside_count",
    "iris-setosa": "classes_look_alike",
}
ODD_NAMES = ["length", "width", "kind.1", "a b", "été", "x,y", 'in "', "1", "2.5", "V1", "#"]
ODD_NAMES += ["two\nlines", "a.b", "f" * 200, "Length", "id", "class", "'q'", "\u6e29\u5ea6", "NA"]
ODD_NAMES += ["None", "a;b", "a\tb"]
COLUMN_NAMES = st.sampled_from(ODD_NAMES)
WHOLE = st.integers(-9, 9).map(str)
DECIMALS = st.decimals(-100, 100, places=2).map(str)
NUMBERS = {
    "whole": WHOLE,
    "decimals": DECIMALS,
    "floats": st.floats(-1e6, 1e6).map(repr),
    "tiny": st.floats(1e-300, 1e-290).map(repr),
    "spelled": st.sampled_from(["+1", "-0", "0.50", ".5", "5.", "1e3", "1E-3", "007", "-1.5e+2"]),
    "seconds": st.integers(1_700_000_000, 1_700_000_100).map(str),
    "identifiers": st.integers(2**53 - 2, 2**53 + 3).map(str),
    "long": st.integers(2**64 - 3, 2**64 + 3).map(str),
    "digits": st.sampled_from(["0.1", "0.10000000000000000001", "0.3", "0.1000000000000000055"]),
    "vanishing": st.sampled_from(["0", "1e-400", "1"]),
    "bits": st.sampled_from(["0", "1"]),
}
KINDS = st.sampled_from(
    ["whole", "decimals", "floats", "spelled", "seconds", "bits"] * 4 + [*NUMBERS]
)
MISSING = ["", "NA", "NaN", "nan", "null", "None", "-", "?", "inf", "-inf", "Infinity", "1.#QNAN"]
MISSING += ["#N/A", "N/A", " ", ".", "NULL", "\\N", "1e400", "-1e999"]
ODD = [
    "1_000",
    "1,000",
    "1 000",
    "1\u00a0000",
    "5%",
    "$5",
    "0x1F",
    "1.5.2",
    "1e",
    "\u22125",
    "five",
]
ODD += ["\uff15", "\u0663", "1.5f", "1d5", "TRUE", "true", "2020-01-01", "12:30", "1/2", "(5)"]
ODD += [
    "5 cm",
    "1.5-",
    "--1",
    "+-1",
    "1,5",
    "\u00bd",
    "1e5.5",
    "e5",
    "'5",
    "=5",
    "5\u200b",
    "\ufeff5",
]
ODD += ["1'000", "1.000,5", "5e", "0b1", "1j", "nan(5)", "5\n6", "5\x00"]
ZONES = ("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "mac-roman", "cp437")


@dataclass
class Table:
    """Names and cells as text, the label's among them; each row has one label's spelling."""

    names: list[str]
    columns: list[list[str]]
    label: str
    spellings: list[str]
    meanings: list[Any]

    def rows(self) -> list[list[str]]:
        return [list(row) for row in zip(*self.columns, strict=True)]


@st.composite
def tables(draw: Any, task: str) -> tuple[Table, Case]:
    """A table, and the case that it is for."""
    n = draw(st.integers(8, 40))
    names = draw(st.lists(COLUMN_NAMES, min_size=1, max_size=4, unique=True))
    kinds = [draw(KINDS) for _ in names]
    columns = [draw(st.lists(NUMBERS[kind], min_size=n, max_size=n)) for kind in kinds]
    case = Case([f"{n} rows", *kinds], {"label": "target", "task": task}, None)
    if task == "regression":
        kind = draw(st.sampled_from(["decimals", "seconds", "identifiers", "digits", "vanishing"]))
        spellings = draw(st.lists(NUMBERS[kind], min_size=n, max_size=n))
        meanings: list[Any] = [float(text) for text in spellings]
        _judge_numbers(case, spellings)
        if len(set(meanings)) < n:
            case.allow_refusal("targets that may all be equal")
    else:
        pairs = draw(st.sampled_from(NAMES_OF_CLASSES))
        # Each class often enough that both parts hold it.
        chosen = [*pairs * 4, *draw(st.lists(st.sampled_from(pairs), max_size=10))]
        chosen = draw(st.permutations(chosen))
        n = len(chosen)
        columns = [[column[i % len(column)] for i in range(n)] for column in columns]
        spellings, meanings = (list(part) for part in zip(*chosen, strict=True))
        case.findings |= {id for name, id in NAMED_CLASSES.items() if name in meanings}
        if any(spelling != meaning for spelling, meaning in chosen):
            case.findings.add("names_normalised")
    if task == "classification" and sometimes(draw, 6):
        names.append("copy")
        codes = {meaning: str(7 * i - 3) for i, meaning in enumerate(sorted(set(meanings)))}
        columns.append([codes[meaning] for meaning in meanings])
        case.story.append("a copy of the label")
        if n >= 24 and len(codes) < 4:
            case.findings.add("label_copy")
    if sometimes(draw, 4):
        add_slip(draw, case, names, columns)
    if sometimes(draw, 3):
        columns, spellings, meanings = with_persons(draw, case, columns, spellings, meanings)
        names.append("person")
    _choose_features(draw, case, names, columns, meanings)
    place = draw(st.integers(0, len(names)))
    table = Table(
        [*names[:place], "target", *names[place:]],
        [*columns[:place], spellings, *columns[place:]],
        "target",
        spellings,
        meanings,
    )
    return table, case


def _choose_features(
    draw: Any, case: Case, names: list[str], columns: list[list[str]], meanings: list[Any]
) -> None:
    chosen = list(range(len(names)))
    if sometimes(draw, 4):
        chosen = draw(st.permutations(chosen))[: draw(st.integers(1, len(chosen)))]
        case.spec["features"] = [names[i] for i in chosen]
        case.story.append("features named")
        if "copy" not in case.spec["features"]:
            case.findings.discard("label_copy")
    for i in chosen:
        _judge_numbers(case, columns[i])
    values = [[float(text) for text in columns[i]] for i in chosen]
    case.truth = Truth(
        Counter(zip(zip(*values, strict=True), meanings, strict=True)),
        features=tuple(names[i] for i in chosen),
    )
    case.findings.add("features_used")
    judge_slips(case, [names[i] for i in chosen], [columns[i] for i in chosen], len(meanings))
    if "values_of_one_class" in case.findings:
        judge_persons(case, [names[i] for i in chosen], [columns[i] for i in chosen], meanings)


def _judge_numbers(case: Case, texts: list[str]) -> None:
    """Two numbers that float64 takes for one are refused, and so is one that it takes for 0."""
    exact = {Decimal(text) for text in texts}
    floats = {float(number) for number in exact}
    if len(floats) < len(exact) or any(number and not float(number) for number in exact):
        case.refuse("numbers that float64 merges")
    spread = [float(text) for text in texts]
    if all(b - a == 1 for a, b in pairwise(spread)):
        case.allow_refusal("a column that counts")


@st.composite
def csv_cases(draw: Any) -> Case:
    """A CSV file: harmless habits, and in half of the cases one thing that forbids reading it."""
    task = draw(st.sampled_from(["classification", "classification", "regression"]))
    table, case = draw(tables(task))
    case.spec["name"] = "csv"
    rows, header = table.rows(), list(table.names)
    damage = draw(st.sampled_from([*CELLS, *TEXTS, *BYTES])) if sometimes(draw) else None
    delimiter = ","
    if damage in CELLS:
        delimiter = CELLS[damage](draw, case, header, rows) or delimiter
        case.refuse(damage)
    elif sometimes(draw, 6):
        case.story.append("blanks around numbers")
        for row in rows:
            row[:] = [
                f" {cell} " if name != table.label else cell
                for name, cell in zip(header, row, strict=True)
            ]
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = _written([header, *rows], draw(st.booleans()), delimiter, end)
    text = text.removesuffix(end) + end * draw(st.sampled_from([1, 0, 2]))
    if damage in TEXTS:
        text = TEXTS[damage](draw, text, end)
        case.refuse(damage)
    case.story.append(f"line ends {end!r}")
    encoding = "utf-8-sig" if sometimes(draw, 4) else "utf-8"
    content = text.encode(encoding)
    packing = draw(st.sampled_from([*PACKINGS])) if sometimes(draw) else None
    if damage == "damaged bytes":
        packing = draw(st.sampled_from([*PACKINGS]))
    if damage == "foreign encoding":
        content = ("été" + text).encode(draw(st.sampled_from(ZONES)), errors="replace")
        case.refuse(damage)
    elif packing:
        content = PACKINGS[packing](content)
        case.story.append(packing)
    if damage == "damaged bytes":
        content = damaged(draw, case, content)
    elif damage in ("two packed", "packed tar"):
        content = pack_two(content, damage)
        case.refuse(damage)
    case.content = content
    return case


def _written(rows: list[list[str]], quote_all: bool, delimiter: str, end: str) -> str:
    """As programs write CSV: what holds a delimiter, a quote or a line break is quoted."""

    def field(cell: str) -> str:
        quoted = quote_all or any(c in cell for c in (delimiter, '"', "\n", "\r"))
        return '"' + cell.replace('"', '""') + '"' if quoted else cell

    return "".join(delimiter.join(map(field, row)) + end for row in rows)


def _cell(values: list[str], only_label: bool = False) -> Any:
    def change(draw: Any, case: Case, header: list[str], rows: list[Any]) -> None:
        value = draw(st.sampled_from(values))
        used = [i for i, name in enumerate(header) if _is_used(case, name)]
        place = header.index("target") if only_label else draw(st.sampled_from(used))
        draw(st.sampled_from(rows))[place] = value
        case.story.append(repr(value))

    return change


def _is_used(case: Case, name: str) -> bool:
    assert case.truth is not None
    assert case.truth.features is not None
    return name in case.truth.features


def _decimal_commas(draw: Any, case: Case, header: list[str], rows: list[Any]) -> str | None:
    """`12.5` becomes `12,5`, in quotes, between semicolons, or, the worst, as it is."""
    place = draw(st.sampled_from([i for i, name in enumerate(header) if _is_used(case, name)]))
    for i, row in enumerate(rows):
        row[place] = f"{i % 7},{i % 9}"
    way = draw(st.sampled_from(["quoted", "semicolons", "bare", "bare in one row"]))
    case.story.append(way)
    if way.startswith("bare"):
        for row in rows[: 1 if "one" in way else None]:
            row[place : place + 1] = row[place].split(",")
    if way == "bare in one row":
        for row in rows[1:]:
            row[place] = row[place].replace(",", ".")
    return ";" if way == "semicolons" else None


def _row_numbers(draw: Any, case: Case, header: list[str], rows: list[Any]) -> None:
    start = draw(st.sampled_from([0, 1]))
    name = draw(
        st.sampled_from([None, "", " ", "Unnamed: 0", "index", "__index_level_0__", "rownr"])
    )
    for i, row in enumerate(rows):
        row.insert(0, str(i + start))
    case.spec["features"] = None
    if name is not None:
        header.insert(0, name)


def _twice(draw: Any, case: Case, header: list[str], rows: list[Any]) -> None:
    place = draw(st.sampled_from(range(len(header))))
    header.append(header[place] + draw(st.sampled_from(["", " ", "\u00a0"])))
    for row in rows:
        row.append(draw(st.sampled_from([row[place], "5"])))


def _nameless(draw: Any, case: Case, header: list[str], rows: list[Any]) -> None:
    """A comma at the end of each row, with the header's or without."""
    for row in rows:
        row.append("")
    if sometimes(draw):
        header.append("")


def _ragged(draw: Any, case: Case, header: list[str], rows: list[Any]) -> None:
    row = draw(st.sampled_from(rows))
    if sometimes(draw):
        row.append(draw(st.sampled_from(["", "1", "cat"])))
    elif len(row) > 2 or sometimes(draw):
        row.pop()
    else:
        row[:] = [""]


def _repeated(draw: Any, case: Case, header: list[str], rows: list[Any]) -> None:
    rows.insert(draw(st.integers(0, len(rows))), list(header))


def _units(draw: Any, case: Case, header: list[str], rows: list[Any]) -> None:
    rows.insert(0, ["(cm)" for _ in header])


def _total(draw: Any, case: Case, header: list[str], rows: list[Any]) -> None:
    rows.append(["Total", *["" for _ in header[1:]]])


def _other_delimiter(draw: Any, case: Case, header: list[str], rows: list[Any]) -> str:
    return str(draw(st.sampled_from([";", "\t", "|", ":", " "])))


CELLS: dict[str | None, Any] = {
    "a number missing": _cell(MISSING),
    "no number": _cell(ODD),
    "a label missing": _cell(["", " ", "\u00a0", "\u200b"], only_label=True),
    "decimal commas": _decimal_commas,
    "row numbers": _row_numbers,
    "a name twice": _twice,
    "a nameless column": _nameless,
    "a ragged row": _ragged,
    "the header again": _repeated,
    "a row of units": _units,
    "a row of totals": _total,
    "another delimiter": _other_delimiter,
}


def _line_in_middle(line: str) -> Any:
    def change(draw: Any, text: str, end: str) -> str:
        lines = text.split(end)
        lines.insert(draw(st.sampled_from([0, 1])), line)
        return end.join(lines)

    return change


TEXTS: dict[str | None, Any] = {
    "a blank line": _line_in_middle(""),
    "a comment": _line_in_middle("# written by a program"),
    "a title": _line_in_middle("My measurements,,"),
    "Excel's line": _line_in_middle("sep=,"),
    "a quote without end": lambda draw, text, end: text.rstrip("\r\n") + end + '"cat,1',
    "a web page": lambda draw, text, end: "<!DOCTYPE html>\n<html><p>404, not found</p></html>\n",
    "JSON": lambda draw, text, end: '[{"length": 1,\n "target": "cat"}]\n',
    "no rows": lambda draw, text, end: "length,target" + end,
    "nothing": lambda draw, text, end: draw(st.sampled_from(["", "\n", " ", "target"])),
    "a single row": lambda draw, text, end: "length,target" + end + "1,cat" + end,
}


def literal(
    content: str | bytes, label: str, meant: str, findings: Collection[str] = (), **spec: Any
) -> Case:
    """A case of the list of faults, as it stands there."""
    content = content.encode() if isinstance(content, str) else content
    spec = {"name": "csv", "label": label, **spec}
    return Case(["literal"], spec, None, meant, {*findings}, content)


__all__ = ["READ", "Table", "csv_cases", "literal", "tables"]
