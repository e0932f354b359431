"""Run the user's command once for a size and a seed, measured; write the record of it."""

import json
from pathlib import Path

from ecosobriety import datasets, metering
from ecosobriety.forecast.gate import Gate
from ecosobriety.hardware import usable_cpus
from ecosobriety.metrics import metric_from
from ecosobriety.outside.command import lay_out, train_by_command
from ecosobriety.outside.recording import CommandTraining
from ecosobriety.records import collecting, decided_epochs
from ecosobriety.steps import logs
from ecosobriety.user_code.behind import Behind

with logs.logged_to(snakemake.log[0]):
    params = snakemake.params
    parameters = json.loads(params.metering)
    network = decided_epochs.shortened(json.loads(params.model), params.epochs)
    wildcards, data = snakemake.wildcards, Path(snakemake.input.data)
    dataset = datasets.declared.load(data) or datasets.load(data)
    training = CommandTraining(
        model=wildcards.model,
        n_train=int(wildcards.n_train),
        seed=int(wildcards.seed),
        threads=min(snakemake.threads, usable_cpus()),
        code_fingerprint=params.code,
        **{name: network.get(name) for name in ("command", "shell", "epochs", "accelerator")},
    )
    behind = Behind(training.model, network, params.files, Path.cwd())
    model, *key = training.model, training.n_train, training.seed
    identity = collecting.identity_of(dataset.sha256, model, network, *key, parameters, params.code)
    output, scratch = Path(snakemake.output[0]), Path(params.scratch).absolute()
    if not collecting.stands(output, (dataset.name, model, *key), identity):
        place = "{}/n{}/seed{}".format(model, *key)
        ledger = metering.Ledger(Path(params.attempts, place).absolute(), identity=identity)
        idle = metering.Idle(params.baseline_s, lambda: metering.meter_from(parameters))
        gate = Gate(params.budget, data, dataset.sha256, training.threads)
        with gate.room_for((model, *key), ledger.attempt) as granted:
            if granted:
                idle.measure()
                what = training, dataset, lay_out(training, dataset, data, scratch, identity)
                record = train_by_command(
                    *what,
                    time_limit_s=params.time_limit_s,
                    metric=metric_from(json.loads(params.metric)),
                    ledger=ledger,
                    parameters=parameters,
                    log=Path(snakemake.log[0]),
                )
                metering.keep(idle.add_to(record), output, ledger, scratch, behind.changed())
