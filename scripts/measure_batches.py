"""Measure a few batches of a network's training, from which a study is forecast."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety.hardware import begin_probing

    begin_probing()

    from ecosobriety import datasets, metering
    from ecosobriety.files import write_json
    from ecosobriety.forecast.pilot import measure
    from ecosobriety.steps import logs
    from ecosobriety.training import Training, settings_from

with logs.logged_to(snakemake.log[0]):
    parameters, network = map(json.loads, (snakemake.params.training, snakemake.params.model))
    sizes = json.loads(snakemake.params.sizes)
    attempts = Path(snakemake.params.attempts).absolute()
    training = Training(
        model=snakemake.wildcards.model,
        class_path=network["class_path"],
        init_args=network["init_args"],
        n_train=min(sizes),
        seed=snakemake.params.seed,
        settings=settings_from(parameters, network["training"]),
        threads=snakemake.threads,
        code_fingerprint="",
    )
    measured = measure(
        datasets.load(Path(snakemake.input.data)),
        training,
        (min(sizes), max(sizes)),
        metering.meter_from(parameters),
        lambda: metering.Ledger(attempts),
        attempts if parameters["training.checkpoint"] else None,
    )
    write_json(Path(snakemake.output[0]), measured)
