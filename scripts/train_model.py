"""Train one network on one size with each seed, measured; write a record of each."""

import json
import sys
from pathlib import Path

from ecosobriety.startup import imports_in_peace, settle

with imports_in_peace():
    from ecosobriety.hardware import begin_probing

    begin_probing()  # It takes as long as the imports below.

    from ecosobriety import datasets, metering
    from ecosobriety.forecast.gate import Gate
    from ecosobriety.records import collecting, decided_epochs
    from ecosobriety.steps import logs, watch
    from ecosobriety.training import Training, settings_from, train
    from ecosobriety.user_code.behind import Behind

with logs.logged_to(snakemake.log[0]):
    params = snakemake.params
    parameters, network = map(json.loads, (params.training, params.model))
    network = decided_epochs.shortened(network, params.epochs)
    dataset = datasets.load(data := Path(snakemake.input.data))
    model, n_train = snakemake.wildcards.model, int(snakemake.wildcards.n_train)
    behind = Behind(model, network, params.files, Path.cwd())
    gate = Gate(params.budget, data, dataset.sha256, snakemake.threads)
    what = (model, network["class_path"], network["init_args"], n_train)
    settings = settings_from(parameters, network["training"])
    idle = metering.Idle(params.baseline_s, lambda: metering.meter_from(parameters))
    for seed, path in zip(params.seeds, snakemake.output, strict=True):
        output = Path(path).absolute()
        place = f"{model}/n{n_train}/seed{seed}"
        of_identity = dataset.sha256, model, network, n_train, seed, parameters, params.code
        identity = collecting.identity_of(*of_identity)
        # A run that was killed, or that another seed joins, redoes none that is finished.
        if collecting.stands(output, (dataset.name, model, n_train, seed), identity):
            continue
        checkpoints = Path(params.checkpoints, place).absolute()
        ledger = metering.Ledger(Path(params.attempts, place).absolute(), identity=identity)
        with gate.room_for((model, n_train, seed), ledger.attempt) as granted:
            if not granted:
                continue
            settle()
            with watch.told_if_it_dies(f"models: {network['class_path']}", snakemake.log[0]):
                record = train(
                    dataset,
                    Training(*what, seed, settings, snakemake.threads, params.code),
                    meter=idle.meter(),
                    ledger=ledger,
                    checkpoints=checkpoints if parameters["training.checkpoint"] else None,
                    progress_bar=sys.stderr.isatty(),
                )
            metering.keep(idle.add_to(record), output, ledger, checkpoints, behind.changed())
