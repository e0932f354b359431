"""MNIST's idx format: what is read and what is refused."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecosobriety.datasets.idx import decompress, parse_idx
from ecosobriety.errors import DataError


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
