"""How a measured training ends: its record stands, and its attempt is complete."""

import shutil
from pathlib import Path

from ecosobriety.errors import EcosobrietyError, RecordError
from ecosobriety.metering.ledger import Ledger
from ecosobriety.records.record import RunRecord, contradiction, write_record


def keep(
    record: RunRecord,
    path: Path,
    ledger: Ledger,
    scratch: Path,
    refused: EcosobrietyError | None = None,
) -> None:
    """Write the record of a training, whose attempt is then complete and needs no scratch folder.

    Args:
        record: what came of it.
        path: where it belongs.
        ledger: its attempt.
        scratch: what it went on with after an interruption.
        refused: why it does not count although it has ended; it is raised.

    Raises:
        RecordError: the record contradicts itself: the attempt has failed.
    """
    duration_s = record.train_duration_s or 0.0
    if refused is None and (problem := contradiction(record)):
        refused = RecordError(
            f"{path} is not written, as its parts contradict each other: {problem}"
        )
    # First: a checkpoint of a training that has ended would be taken up by a later one.
    shutil.rmtree(scratch, ignore_errors=True)
    if refused is not None:
        spent_kwh = record.energy_kwh - ledger.carried_energy_kwh
        ledger.close("failed", spent_kwh, duration_s, error=str(refused))
        raise refused
    # The record comes last: where it stands, all is said.
    ledger.complete(record.energy_kwh, duration_s)
    write_record(path, record)
