"""MNIST's idx format: what is read and what is refused."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecosobriety.datasets.idx import decompress, parse_idx
from ecosobriety.errors import DataError
from ecosobriety.readers import take_in


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def test_idx_by_hand() -> None:
    content = bytes.fromhex("00000803 00000001 00000002 00000003") + bytes([1, 2, 3, 4, 5, 255])
    assert parse_idx(content, 3, "f").tolist() == [[[1, 2, 3], [4, 5, 255]]]
    assert parse_idx(bytes.fromhex("00000801 00000002 0709"), 1, "f").tolist() == [7, 9]


@given(arrays(np.uint8, st.tuples(*[st.integers(1, 4)] * 3)), st.data())
def test_every_truncated_idx_is_refused_by_name(array: np.ndarray, data: st.DataObject) -> None:
    content = idx(array)
    assert np.array_equal(parse_idx(content, 3, "f"), array)
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(DataError, match="train-images"):
        parse_idx(content[:cut], 3, "train-images")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>not found</html>", "starts with 3c 68 74 6d, allowed is 00 00 08 01"),
        (bytes.fromhex("00000d01 00000001 00000000"), "starts with 00 00 0d 01"),  # floats
        (bytes.fromhex("00000803 00000001"), "starts with 00 00 08 03"),  # images, not labels
        (bytes.fromhex("00000801 00000002 070809"), r"claims \(2,\), that is 2 bytes, but 3"),
        (bytes.fromhex("00000801 ffffffff 07"), "that is 4294967295 bytes, but 1"),
        (
            bytes.fromhex("00000d01 00000001 00000000"),
            "it is an idx file of 32-bit floats in 1 dim",
        ),
        (bytes.fromhex("00000c03 00000001"), "of 32-bit whole numbers in 3 dimension"),
        (bytes.fromhex("01080000 02000000 0708"), "in 1 dimension.s., written in the other order"),
        (bytes.fromhex("00000801 02000000 0708"), r"sizes are in the other order of bytes: \(2,\)"),
        (bytes.fromhex("00000801 00000001 0708"), "but 2 follow .bytes too many"),
        (bytes.fromhex("00000801 00000003 0708"), "but 2 follow .truncated"),
        (bytes.fromhex("00000a01 00000001 07"), "it starts with 00 00 0a 01"),
        (b"", "starts with nothing"),
    ],
)
def test_foreign_idx_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        parse_idx(content, 1, "labels-file")
    assert str(caught.value).startswith("labels-file: ")


def test_gzip_is_undone_and_a_truncated_one_refused() -> None:
    content = idx(np.arange(100))
    packed = gzip.compress(content)
    assert decompress(packed, "f") == decompress(content, "f") == content
    damaged = packed[:20] + bytes([packed[20] ^ 0xFF]) + packed[21:]
    for broken in (packed[:-1], packed[:30], packed[:2], damaged):
        with pytest.raises(DataError, match=r"labels\.gz: .*truncated or damaged"):
            decompress(broken, "labels.gz")


@pytest.mark.parametrize("name", ["npz", "csv"])
@pytest.mark.parametrize("start", ["00000803", "00000d01", "03080000"])
def test_an_idx_file_is_told_from_an_archive_and_a_table(
    tmp_path: Path, name: str, start: str
) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(bytes.fromhex(f"{start} 00000002 00000001 00000001 0708"))
    given = {"name": name, "path": str(path), "label": "y", "features": None, "test_share": 0.2}
    with pytest.raises(DataError, match=f"{path.name}: is an idx file of .*, but must be a"):
        take_in({**given, "format": None})
