"""Run the user's command once for a size and a seed, measured; write the record of it."""

import json
from pathlib import Path

from ecosobriety import datasets, metering
from ecosobriety.hardware import usable_cpus
from ecosobriety.metrics import metric_from
from ecosobriety.outside.command import (
    CommandTraining,
    command_record,
    lay_out,
    run_command,
)
from ecosobriety.records import collecting
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0]):
    parameters, network = map(json.loads, (snakemake.params.metering, snakemake.params.model))
    dataset, wildcards = datasets.load(Path(snakemake.input.data)), snakemake.wildcards
    training = CommandTraining(
        model=wildcards.model,
        command=network["command"],
        shell=network["shell"],
        n_train=int(wildcards.n_train),
        seed=int(wildcards.seed),
        threads=min(snakemake.threads, usable_cpus()),
        code_fingerprint=snakemake.params.code,
    )
    key = (training.model, network, training.n_train, training.seed)
    identity = collecting.identity_of(dataset.sha256, *key, parameters, snakemake.params.code)
    place = f"{training.model}/n{training.n_train}/seed{training.seed}"
    ledger = metering.Ledger(Path(snakemake.params.attempts, place).absolute(), identity=identity)
    lost_kwh = metering.lost_energy_kwh(ledger.folder, identity)
    scratch = Path(snakemake.params.scratch).absolute()
    meter = metering.meter_from(parameters)
    run = run_command(
        training,
        lay_out(training, dataset, Path(snakemake.input.data), scratch),
        time_limit_s=snakemake.params.time_limit_s,
        metric=metric_from(json.loads(snakemake.params.metric)),
        meter=meter,
        ledger=ledger,
        parameters=parameters,
        log=Path(snakemake.log[0]),
    )
    record = command_record(
        dataset, training, run, ledger, metering=meter.describe(), lost_kwh=lost_kwh
    )
    metering.keep(record, Path(snakemake.output[0]), ledger, scratch)
