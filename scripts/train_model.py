"""Train one network once, measured, and write its record."""

import json
import shutil
import sys
from pathlib import Path

from ecosobriety import datasets, logs, metering, records, training

with logs.logged_to(snakemake.log[0]):
    parameters = json.loads(snakemake.params.training)
    checkpoints = Path(snakemake.params.checkpoints)
    ledger = metering.Ledger(Path(snakemake.params.attempts))
    record = training.train(
        datasets.load(Path(snakemake.input.data)),
        model=snakemake.wildcards.model,
        init_args=json.loads(snakemake.params.model),
        n_train=int(snakemake.wildcards.n_train),
        seed=int(snakemake.wildcards.seed),
        settings=training.settings_from(parameters),
        meter=metering.meter_from(parameters),
        ledger=ledger,
        threads=snakemake.threads,
        code_fingerprint=snakemake.params.code,
        checkpoints=checkpoints if parameters["training.checkpoint"] else None,
        progress_bar=sys.stderr.isatty(),
    )
    # Before the record: a checkpoint of a finished training would be taken up by a later one.
    shutil.rmtree(checkpoints, ignore_errors=True)
    records.write_record(Path(snakemake.output.record), record)
    ledger.complete(record.energy_kwh, record.train_duration_s)
