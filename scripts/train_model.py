"""Train one network on one size, once for each seed, measured; write a record of each."""

import json
import shutil
import sys
from pathlib import Path

from ecosobriety.hardware import begin_probing

begin_probing()

from ecosobriety import datasets, logs, metering, records, training  # noqa: E402 (takes as long)

with logs.logged_to(snakemake.log[0]):
    parameters = json.loads(snakemake.params.training)
    model, network = snakemake.wildcards.model, json.loads(snakemake.params.model)
    n_train = int(snakemake.wildcards.n_train)
    dataset = datasets.load(Path(snakemake.input.data))
    for output in map(Path, snakemake.output):
        seed = int(output.stem.removeprefix("seed"))
        identity = training.identity_of(
            dataset.sha256, model, network, n_train, seed, parameters, snakemake.params.code
        )
        # A run that was killed, or that another seed joins, redoes none that is finished.
        if records.stands(output, identity):
            output.touch()
            continue
        checkpoints = Path(snakemake.params.checkpoints) / output.stem
        ledger = metering.Ledger(Path(snakemake.params.attempts) / output.stem, identity=identity)
        record = training.train(
            dataset,
            model=model,
            class_path=network["class_path"],
            init_args=network["init_args"],
            n_train=n_train,
            seed=seed,
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
        # The record comes last: where it stands, all is said.
        ledger.complete(record.energy_kwh, record.train_duration_s)
        records.write_record(output, record)
