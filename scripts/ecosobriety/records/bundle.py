"""A study's records in one file: what comes after them opens one file and not ten thousand.

A file of JSON Lines, one record a line, which Snakemake follows as it would follow each record.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from ecosobriety.errors import RecordError
from ecosobriety.files import open_atomically
from ecosobriety.records.left_out import left_out
from ecosobriety.records.record import RunRecord, parse_record


def write_bundle(path: Path, records: Iterable[Path]) -> None:
    """Put the files of records together, in the order given; atomically.

    What a budget has left out is none.
    """
    with open_atomically(path) as file:
        for record in (path for path in records if left_out(path) is None):
            content = json.loads(record.read_text(encoding="utf-8"))
            file.write(f"{json.dumps(content, ensure_ascii=False)}\n".encode())


def read_bundle(path: Path) -> list[RunRecord]:
    """Read and check records that were put together.

    Raises:
        RecordError: a line is no valid record; the message names the file and the line.
    """
    records = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            records.append(parse_record(line))
        except RecordError as error:
            raise RecordError(
                f"{path}: line {number} is not a valid run record ({error}); delete the file and "
                "run the study again"
            ) from error
    return records
