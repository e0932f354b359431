"""Archives of NumPy whose truth is known, written as people write them."""

import io
import warnings
import zipfile
from collections import Counter
from typing import Any

import numpy as np
from hypothesis import strategies as st

from fuzz.judging import Case, Truth, sometimes

INPUT_TYPES = ["u1", "u1", "f4", "f4", "f8", "f2", "i8", "i4", "i2", "i1", "u2", "u4", "u8", "?"]
SHAPES = [(3,), (1,), (4, 4), (8, 8), (3, 6, 6), (6, 6, 3), (1, 6, 6), (2, 5), (1, 1, 1, 2)]
LABELS: dict[str, Any] = {
    "int64": (np.array([0, 1, 2]), ["0", "1", "2"]),
    "int8": (np.array([-1, 0, 1], np.int8), ["-1", "0", "1"]),
    "uint64": (np.array([2**64 - 1, 2**63, 0], np.uint64), [str(2**64 - 1), str(2**63), "0"]),
    "neighbours": (np.array([2**53, 2**53 + 1]), [str(2**53), str(2**53 + 1)]),
    "floats": (np.array([0.0, 1.0, -2.0]), ["0", "1", "-2"]),
    "half floats": (np.array([5, 6, 7], np.float16), ["5", "6", "7"]),
    "big-endian": (np.array([256, 1], ">i4"), ["256", "1"]),
    "truth values": (np.array([False, True]), ["False", "True"]),
    "text": (np.array(["cat", "dog", "cow"]), ["cat", "dog", "cow"]),
    "text with blanks": (
        np.array(["cat", "cat ", "dog\u00a0", "dog"]),
        ["cat", "cat", "dog", "dog"],
    ),
    "forms": (
        np.array(["caf\u00e9", "cafe\u0301", "th\u00e9"]),
        ["caf\u00e9", "caf\u00e9", "th\u00e9"],
    ),
    "codes": (np.array(["01", "1", "NA", "None"]), ["01", "1", "NA", "None"]),
    "bytes": (np.array(["a", "é"]).astype("U2"), ["a", "é"]),
    "capitals": (np.array(["cat", "Cat", "dog"]), ["cat", "Cat", "dog"]),
}


@st.composite
def archive_cases(draw: Any) -> Case:
    """An archive: harmless habits, and in a third of the cases one thing that forbids reading."""
    split, dtype = draw(st.booleans()), np.dtype(draw(st.sampled_from(INPUT_TYPES)))
    shape = draw(st.sampled_from(SHAPES))
    names = draw(st.sampled_from([*LABELS]))
    distinct, meanings = LABELS[names]
    case = Case([str(dtype), str(shape), f"labels: {names}"], {"name": "npz"}, None)
    if names == "capitals":
        case.findings.add("classes_differ_by_case")
    parts: list[tuple[Any, Any, list[str]]] = []
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    for count in (draw(st.integers(12, 30)), draw(st.integers(12, 20)))[: 2 if split else 1]:
        rows = np.concatenate(
            [np.arange(len(distinct))] * 3 + [random.integers(0, len(distinct), count)]
        )
        x = _values(random, dtype, (len(rows), *shape))
        parts.append((x, distinct[rows], [meanings[i] for i in rows]))
    if split and sometimes(draw, 4):
        parts[1][0][:3] = parts[0][0][:3]
    examples = [Counter(zip(_rows(x), told, strict=True)) for x, _, told in parts]
    case.truth = Truth(sum(examples, Counter()), test=examples[1] if split else None)
    _set_options(draw, case, parts[0][0])
    if len(shape) > 1 and dtype.kind == "f":
        case.allow_refusal("floats that auto may find to have no common scale")
    if dtype.kind == "f":
        # The two parts are of one kind, but of few examples and values.
        case.allow_refusal("floats by chance on two scales") if split and np.prod(
            shape
        ) < 3 else None
    arrays: dict[str, Any] = {}
    labels = ("x_train", "y_train", "x_test", "y_test") if split else ("x", "y")
    for i, (x, y, _) in enumerate(parts):
        arrays[labels[2 * i]], arrays[labels[2 * i + 1]] = _stored(draw, case, x), y
        if sometimes(draw, 5):
            case.story.append("labels (n, 1)")
            arrays[labels[2 * i + 1]] = y[:, None]
        if names == "bytes":
            arrays[labels[2 * i + 1]] = np.char.encode(y, "utf-8")
    if sometimes(draw, 5):
        case.findings.add("arrays_unused")
        arrays["classes"] = np.array(["a", "b"])
    damage = draw(st.sampled_from([*DAMAGES])) if sometimes(draw, 3) else None
    if damage:
        DAMAGES[damage](draw, case, arrays)
        case.refuse(damage)
    case.content = _archive(arrays, compressed=draw(st.booleans()))
    if damage is None and sometimes(draw, 5):
        case.content = _spoilt(draw, case, case.content)
    return case


def _values(random: np.random.Generator, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    if dtype.kind == "f":
        return random.normal(size=shape).astype(dtype)
    if dtype == np.uint8:
        return random.integers(0, 256, shape).astype(np.uint8)
    # Words of a vocabulary, of which some need the whole width of the type.
    most = min(int(np.iinfo(dtype).max), 2**63 - 1)
    x = random.integers(0, min(most, 30_000), shape).astype(dtype)
    x.flat[0] = most
    return x


def _rows(x: Any) -> list[tuple[Any, ...]]:
    return list(map(tuple, x.reshape(len(x), -1).astype(x.dtype.newbyteorder("=")).tolist()))


def _set_options(draw: Any, case: Case, x: Any) -> None:
    normalise = draw(st.sampled_from(["auto", "auto", "none", "global", "feature", "channel"]))
    channels = draw(st.sampled_from([None, None, None, "first", "last"]))
    case.spec |= {"normalise": normalise, "channels": channels}
    if channels and x.ndim == 2:
        case.refuse("channels of vectors")
    elif normalise == "channel" and not channels:
        case.refuse("unknown channels")
    elif normalise not in ("auto", "none") and x.dtype.itemsize == 8 and x.dtype.kind in "iu":
        case.refuse("numbers beyond 2^53 are normalised")
    elif normalise == "none" and x.dtype == np.float64:
        case.allow_refusal("float64 that float32 may merge")


def _stored(draw: Any, case: Case, x: Any) -> Any:
    """The same values, laid out otherwise."""
    if x.dtype.kind not in "b" and x.dtype.itemsize > 1 and sometimes(draw, 4):
        case.story.append("big-endian")
        x = x.astype(x.dtype.newbyteorder(">"))
    if sometimes(draw, 4):
        case.story.append("Fortran order")
        x = np.asfortranarray(x)
    return x


def _archive(arrays: dict[str, Any], *, compressed: bool) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


def _spoilt(draw: Any, case: Case, content: bytes) -> bytes:
    place = draw(st.integers(0, len(content) - 1))
    if draw(st.booleans()):
        case.refuse(f"cut at {place} of {len(content)} bytes")
        return content[:place]
    case.allow_refusal(f"a bit turned in byte {place} of {len(content)}")
    # The names of arrays that are not read may be others.
    case.findings.discard("arrays_unused")
    turned = content[place] ^ (1 << draw(st.integers(0, 7)))
    return content[:place] + bytes([turned]) + content[place + 1 :]


def _first(arrays: dict[str, Any], kind: str) -> str:
    return next(name for name in arrays if name.startswith(kind))


def _change(kind: str, *changes: Any) -> Any:
    """Change the inputs or the labels of the training part in one of several ways."""

    def change(draw: Any, case: Case, arrays: dict[str, Any]) -> None:
        name = _first(arrays, kind)
        arrays[name] = draw(st.sampled_from(changes))(arrays[name])

    return change


def _put(value: float) -> Any:
    def put(x: Any) -> Any:
        x = x.astype(np.float64)
        x.flat[x.size // 2] = value
        return x

    return put


def _rename(draw: Any, case: Case, arrays: dict[str, Any]) -> None:
    name = draw(st.sampled_from([name for name in arrays if name[0] in "xy"]))
    arrays[draw(st.sampled_from(["X", "data", name.upper(), f"{name} "]))] = arrays.pop(name)


def _both(draw: Any, case: Case, arrays: dict[str, Any]) -> None:
    for name in ("x", "y", "x_train", "y_train", "x_test", "y_test"):
        arrays.setdefault(name, arrays[_first(arrays, name[0])])


def _one_scaled(draw: Any, case: Case, arrays: dict[str, Any]) -> None:
    """Bytes in the one part, and shares from 0 to 1 in the other."""
    random = np.random.default_rng(1)
    for name, most in (("x_train", 255), ("x_test", 1)):
        arrays[name] = random.uniform(0, most, (40, 4, 4)).astype(np.float32)
        arrays[name.replace("x", "y")] = np.arange(40) % 2
    arrays.pop("x", None), arrays.pop("y", None)


def _test_class(draw: Any, case: Case, arrays: dict[str, Any]) -> None:
    for part in ("train", "test"):
        arrays[f"x_{part}"] = np.arange(24, dtype=np.float32).reshape(12, 2)
        arrays[f"y_{part}"] = np.arange(12) % (2 if part == "train" else 3)
    arrays.pop("x", None), arrays.pop("y", None)


DAMAGES: dict[str, Any] = {
    "a number missing": _change("x", _put(np.nan), _put(np.inf), _put(-np.inf), _put(1e39)),
    "Python objects": _change("xy"[0], lambda x: x.astype(object)),
    "labels as objects": _change("y", lambda y: y.astype(object)),
    "no inputs": _change(
        "x",
        lambda x: x.astype(complex),
        lambda x: x.astype(str),
        lambda x: x.astype("m8[s]") if x.dtype.kind in "iu" else x.astype(np.longdouble),
        lambda x: x[:0],
        lambda x: x[:, ..., :0],
        lambda x: x[:-1],
        lambda x: x.reshape(-1)[: len(x)],
        lambda x: np.zeros(len(x), [("a", "f4"), ("b", "i4")]),
    ),
    "no labels": _change(
        "y",
        lambda y: np.eye(3)[np.arange(len(y)) % 3],
        lambda y: np.where(np.arange(len(y)) == 3, 0.5, np.arange(len(y)) % 2),
        lambda y: np.where(np.arange(len(y)) == 3, np.nan, np.arange(len(y)) % 2),
        lambda y: np.where(np.arange(len(y)) == 3, "", "cat"),
        lambda y: np.where(np.arange(len(y)) == 3, " \u00a0", "cat"),
        lambda y: y[:-1],
        lambda y: y.reshape(1, -1),
        lambda y: np.zeros(len(y), int),
        lambda y: np.zeros(len(y), "M8[D]"),
        lambda y: np.array([b"\xff", b"a"] * len(y))[: len(y)],
        lambda y: np.float64(3),
    ),
    "another name": _rename,
    "split and whole": _both,
    "parts on two scales": _one_scaled,
    "a class of the test alone": _test_class,
}


def packed(**arrays: Any) -> bytes:
    """An archive of these arrays."""
    return _archive(arrays, compressed=False)


def twice(**arrays: Any) -> bytes:
    """An archive that holds each array twice, under one name."""
    stream = io.BytesIO(packed(**arrays))
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(stream, "a") as archive:
        for name in archive.namelist():
            archive.writestr(name, archive.read(name))
    return stream.getvalue()
