"""Records in one file: nothing is lost on the way, and a broken line is named."""

import pytest
from synthetic import make_record

from ecosobriety.errors import RecordError
from ecosobriety.records.bundle import read_bundle, write_bundle
from ecosobriety.records.record import write_record


@pytest.fixture
def bundle(tmp_path):
    paths = [tmp_path / f"seed{seed}.json" for seed in (1, 2)]
    for path, seed in zip(paths, (1, 2), strict=True):
        # A line break within a text must not end the record.
        write_record(path, make_record(seed=seed, energy_kwh=0.1 + 0.2, device="a CPU\n\u2028é"))
    write_bundle(tmp_path / "records.jsonl", paths)
    return tmp_path / "records.jsonl"


def test_records_come_back_to_the_last_digit_and_in_order(bundle):
    records = read_bundle(bundle)
    assert [record.seed for record in records] == [1, 2]
    assert {record.energy_kwh for record in records} == {0.1 + 0.2}
    assert {record.device for record in records} == {"a CPU\n\u2028é"}


def test_a_broken_line_is_named(bundle):
    first, second = bundle.read_bytes().splitlines()
    bundle.write_bytes(first + b"\n" + second[:-9])
    with pytest.raises(RecordError, match=r"records\.jsonl: line 2 is not a valid run record"):
        read_bundle(bundle)
