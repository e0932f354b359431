"""Run the user's command once for a size and a seed, measured; write the record of it."""

import json
from pathlib import Path

from ecosobriety import datasets, metering
from ecosobriety.forecast.gate import Gate
from ecosobriety.hardware import usable_cpus
from ecosobriety.metrics import metric_from
from ecosobriety.outside.command import CommandTraining, lay_out, train_by_command
from ecosobriety.records import collecting, decided_epochs
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0]):
    parameters, network = map(json.loads, (snakemake.params.metering, snakemake.params.model))
    network = decided_epochs.shortened(network, snakemake.params.epochs)
    data, wildcards = Path(snakemake.input.data), snakemake.wildcards
    dataset = datasets.declared.load(data) or datasets.load(data)
    training = CommandTraining(
        model=wildcards.model,
        command=network["command"],
        shell=network["shell"],
        n_train=int(wildcards.n_train),
        seed=int(wildcards.seed),
        threads=min(snakemake.threads, usable_cpus()),
        code_fingerprint=snakemake.params.code,
        epochs=network.get("epochs"),
    )
    key = (training.model, network, training.n_train, training.seed)
    identity = collecting.identity_of(dataset.sha256, *key, parameters, snakemake.params.code)
    output, scratch = Path(snakemake.output[0]), Path(snakemake.params.scratch).absolute()
    of_record = (dataset.name, training.model, training.n_train, training.seed)
    place = f"{training.model}/n{training.n_train}/seed{training.seed}"
    if not collecting.stands(output, of_record, identity):
        attempts = Path(snakemake.params.attempts, place)
        ledger = metering.Ledger(attempts.absolute(), identity=identity)
        idle = metering.Idle(snakemake.params.baseline_s, lambda: metering.meter_from(parameters))
        gate = Gate(snakemake.params.budget, data, dataset.sha256, training.threads)
        with gate.room_for(of_record[1:], ledger.attempt) as granted:
            if granted:
                idle.measure()
                record = train_by_command(
                    training,
                    dataset,
                    lay_out(training, dataset, data, scratch, identity),
                    time_limit_s=snakemake.params.time_limit_s,
                    metric=metric_from(json.loads(snakemake.params.metric)),
                    ledger=ledger,
                    parameters=parameters,
                    log=Path(snakemake.log[0]),
                )
                metering.keep(idle.add_to(record), output, ledger, scratch)
