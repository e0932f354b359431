"""How a table's bytes are packed, damaged and put beside others."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from fuzz.judging import Case

# Spelling in the file, and the class that is meant.
BYTES = ("damaged bytes", "foreign encoding", "two packed", "packed tar")


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/table.csv", content)
    return stream.getvalue()


PACKINGS: dict[str, Any] = {
    "gzip": gzip.compress,
    "gzip in two members": lambda content: gzip.compress(content[:9]) + gzip.compress(content[9:]),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "Zstandard": lambda content: pa.compress(content, codec="zstd", asbytes=True),
    "zip": zipped,
}


def damaged(draw: Any, case: Case, content: bytes) -> bytes:
    way = draw(st.sampled_from(["cut", "flipped", "garbage behind"]))
    place = draw(st.integers(0, len(content) - 1))
    case.allow_refusal(f"{way} at {place} of {len(content)} bytes")
    if way == "cut":
        case.refuse("cut")
        return content[:place]
    if way == "garbage behind":
        return content + b"garbage"
    flipped = content[place] ^ (1 << draw(st.integers(0, 7)))
    return content[:place] + bytes([flipped]) + content[place + 1 :]


def pack_two(content: bytes, way: str | None) -> bytes:
    stream = io.BytesIO()
    if way == "two packed":
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("train.csv", content)
            archive.writestr("test.csv", content)
        return stream.getvalue()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo("table.csv")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()
