"""Parquet files whose truth is known: types, metadata, layout, and damage."""

import io
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from fuzz.judging import Case, Truth, sometimes
from fuzz.table_cases import COLUMN_NAMES

_WHOLE = (st.integers(-100, 100), st.integers(0, 100))
FEATURES: dict[str, tuple[pa.DataType, Any]] = {
    **{f"int{n}": (getattr(pa, f"int{n}")(), _WHOLE[0]) for n in (8, 16, 32, 64)},
    **{f"uint{n}": (getattr(pa, f"uint{n}")(), _WHOLE[1]) for n in (8, 16, 32, 64)},
    "float16": (pa.float16(), st.sampled_from([0.5, -1.25, 3.0, 65504.0]).map(np.float16)),
    "float32": (pa.float32(), st.floats(-1e6, 1e6, width=32)),
    "float64": (pa.float64(), st.floats(-1e6, 1e6)),
    "bool": (pa.bool_(), st.booleans()),
    "decimal": (pa.decimal128(10, 2), st.decimals(-100, 100, places=2)),
    "identifiers": (pa.int64(), st.integers(2**53 - 1, 2**53 + 2)),
    "large": (pa.uint64(), st.integers(2**64 - 2, 2**64 - 1)),
    "coded": (pa.dictionary(pa.int8(), pa.int32()), st.integers(-5, 5)),
    "seconds": (pa.int64(), st.integers(1_700_000_000, 1_700_000_100)),
}
NO_NUMBERS: dict[str, tuple[pa.DataType, Any]] = {
    "text": (pa.string(), "5"),
    "coded text": (pa.dictionary(pa.int8(), pa.string()), "5"),
    "large text": (pa.large_string(), "5"),
    "bytes": (pa.binary(), b"5"),
    "times": (pa.timestamp("us", "UTC"), datetime(2024, 1, 1, tzinfo=UTC)),
    "dates": (pa.date32(), datetime(2024, 1, 1, tzinfo=UTC).date()),
    "durations": (pa.duration("s"), 5),
    "lists": (pa.list_(pa.float64()), [1.0, 2.0]),
    "records": (pa.struct([("a", pa.float64())]), {"a": 1.0}),
    "nothing": (pa.null(), None),
    "a missing number": (pa.float64(), None),
    "nan": (pa.float64(), float("nan")),
    "infinity": (pa.float32(), float("-inf")),
}
LABELS: dict[str, tuple[pa.DataType, list[Any], list[str]]] = {
    "text": (pa.string(), ["cat", "dog", "cow"], ["cat", "dog", "cow"]),
    "large text": (pa.large_string(), ["NA", "null", "nan"], ["NA", "null", "nan"]),
    "text view": (pa.string_view(), ["cat ", "cat", "dog"], ["cat", "cat", "dog"]),
    "coded text": (pa.dictionary(pa.int8(), pa.string()), ["b", "a", "01"], ["b", "a", "01"]),
    "bytes": (pa.binary(), ["é".encode(), b"a"], ["é", "a"]),
    "int64": (pa.int64(), [-1, 0, 2**53 + 1, 2**53], ["-1", "0", str(2**53 + 1), str(2**53)]),
    "uint64": (pa.uint64(), [2**64 - 1, 2**64 - 2], [str(2**64 - 1), str(2**64 - 2)]),
    "int8": (pa.int8(), [1, 10, 2], ["1", "10", "2"]),
    "floats": (pa.float64(), [1.0, 0.0], ["1", "0"]),
    "bool": (pa.bool_(), [True, False], ["True", "False"]),
    "decimal": (pa.decimal128(5, 1), [Decimal("1.0"), Decimal("2.0")], ["1", "2"]),
}
NO_LABELS: list[tuple[pa.DataType, Any]] = [
    (pa.string(), None),
    (pa.string(), ""),
    (pa.string(), "\u00a0"),
    (pa.float64(), 0.5),
    (pa.float64(), float("nan")),
    (pa.binary(), b"\xff"),
    (pa.date32(), datetime(2024, 1, 1, tzinfo=UTC).date()),
    (pa.list_(pa.int8()), [1]),
    (pa.int64(), None),
]


@st.composite
def parquet_cases(draw: Any) -> Case:
    """A Parquet file: harmless habits, and in half of the cases one thing that forbids it."""
    n = draw(st.integers(16, 40))
    names = draw(st.lists(COLUMN_NAMES, min_size=1, max_size=4, unique=True))
    kinds = [draw(st.sampled_from([*FEATURES])) for _ in names]
    kind = draw(st.sampled_from([*LABELS]))
    label_type, values, told = LABELS[kind]
    # Each class often enough that both parts hold it.
    chosen = [i % len(values) for i in range(n)]
    case = Case([*kinds, f"labels: {kind}"], {"name": "parquet", "label": "target"}, None)
    arrays, columns = [], []
    for name in kinds:
        dtype, elements = FEATURES[name]
        cells = draw(st.lists(elements, min_size=n, max_size=n))
        arrays.append(_typed(cells, dtype))
        columns.append([float(cell) for cell in cells])
        if len(set(columns[-1])) < len({*map(Decimal, map(str, map(_exact, cells)))}):
            case.refuse("numbers that float64 merges")
    case.truth = Truth(
        Counter(zip(zip(*columns, strict=True), [told[i] for i in chosen], strict=True)),
        features=tuple(names),
    )
    if any({b - a for a, b in pairwise(c)} == {1.0} for c in columns):
        case.allow_refusal("a column that counts")
    labels = _typed([values[i] for i in chosen], label_type)
    damage = draw(st.sampled_from([*DAMAGES])) if sometimes(draw) else None
    place = draw(st.integers(0, len(names)))
    fields = [*names[:place], "target", *names[place:]]
    arrays.insert(place, labels)
    metadata: dict[str, str] | None = {"pandas": json.dumps({"index_columns": []})}
    if damage in COLUMN_DAMAGES:
        metadata = DAMAGES[damage](draw, case, fields, arrays) or metadata
        case.refuse(damage)
    table = pa.table(arrays, names=fields).replace_schema_metadata(metadata)
    stream = io.BytesIO()
    pq.write_table(
        table,
        stream,
        compression=draw(st.sampled_from(["none", "snappy", "gzip", "zstd", "brotli", "lz4"])),
        row_group_size=draw(st.sampled_from([5, 100])),
        use_dictionary=draw(st.booleans()),
        data_page_version=draw(st.sampled_from(["1.0", "2.0"])),
        write_statistics=draw(st.booleans()),
        write_page_checksum=draw(st.booleans()),
    )
    case.content = stream.getvalue()
    if damage in ("cut", "a bit turned"):
        case.content = _spoilt(draw, case, damage)
    return case


def _exact(value: Any) -> Any:
    """A cell as text tells it exactly."""
    return (
        int(value)
        if isinstance(value, bool)
        else Decimal(float(value))
        if isinstance(value, np.floating | float)
        else value
    )


def _typed(cells: list[Any], dtype: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(dtype):
        return pa.array(cells, dtype.value_type).dictionary_encode()
    return pa.array(cells, dtype)


def _no_number(draw: Any, case: Case, fields: list[str], arrays: list[Any]) -> None:
    kind = draw(st.sampled_from([*NO_NUMBERS]))
    dtype, value = NO_NUMBERS[kind]
    n = len(arrays[0])
    places = (
        {draw(st.integers(0, n - 1))}
        if kind in ("a missing number", "nan", "infinity")
        else {*range(n)}
    )
    arrays.append(_typed([value if i in places else 1.0 for i in range(n)], dtype))
    fields.append("odd")
    case.story.append(kind)


def _no_label(draw: Any, case: Case, fields: list[str], arrays: list[Any]) -> None:
    dtype, value = draw(st.sampled_from(NO_LABELS))
    n, place = len(arrays[0]), fields.index("target")
    good = {"string": "cat", "double": 1.0, "binary": b"cat", "int64": 1}.get(str(dtype), value)
    cells = [good] * n
    cells[draw(st.integers(0, n - 1))] = value
    arrays[place] = pa.array(cells, dtype)
    case.story.append(f"{dtype}: {value!r}")


def _twice(draw: Any, case: Case, fields: list[str], arrays: list[Any]) -> None:
    place = draw(st.integers(0, len(fields) - 1))
    fields.append(fields[place] + draw(st.sampled_from(["", " "])))
    arrays.append(arrays[draw(st.sampled_from([place, 0]))])


def _index(draw: Any, case: Case, fields: list[str], arrays: list[Any]) -> dict[str, str] | None:
    """Rows' index as pandas keeps it: numbered, or named, with metadata that say so."""
    name = draw(st.sampled_from(["__index_level_0__", "row", "Unnamed: 0", "customer"]))
    n = len(arrays[0])
    fields.append(name)
    start = draw(st.sampled_from([0, 1]))
    numbers = list(range(start, start + n))
    if name == "customer":
        numbers = draw(st.permutations(numbers))
        arrays.append(pa.array(numbers))
        return {"pandas": json.dumps({"index_columns": [name]})}
    arrays.append(pa.array(numbers))
    return None


def _nameless(draw: Any, case: Case, fields: list[str], arrays: list[Any]) -> None:
    fields.append(draw(st.sampled_from(["", " ", "\u200b"])))
    arrays.append(arrays[0])


COLUMN_DAMAGES: dict[str | None, Any] = {
    "no numbers": _no_number,
    "no labels": _no_label,
    "a name twice": _twice,
    "an index": _index,
    "a nameless column": _nameless,
}
DAMAGES = {**COLUMN_DAMAGES, "cut": None, "a bit turned": None}


def _spoilt(draw: Any, case: Case, how: str) -> bytes:
    content: bytes = case.content
    place = draw(st.integers(0, len(content) - 1))
    if how == "cut":
        case.refuse(f"cut at {place} of {len(content)} bytes")
        return content[:place]
    # Parquet has no checksum for most bytes: what is read may be other numbers.
    case.allow_refusal(f"a bit turned in byte {place} of {len(content)}")
    case.truth = None
    turned = content[place] ^ (1 << draw(st.integers(0, 7)))
    return content[:place] + bytes([turned]) + content[place + 1 :]
