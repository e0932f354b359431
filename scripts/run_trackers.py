"""Train one network on one size again, once with each tracker in CodeCarbon's place."""

import json
from functools import partial
from pathlib import Path

from ecosobriety.records import tracker_runs
from ecosobriety.startup import imports_in_peace
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0]):
    parameters = json.loads(snakemake.params.training)
    network = json.loads(snakemake.params.model)
    dataset, model = snakemake.wildcards.dataset, snakemake.wildcards.model
    n_train, seed = int(snakemake.wildcards.n_train), snakemake.params.seed
    versions = json.loads(snakemake.params.trackers)
    key = (dataset, model, n_train, seed)
    runs = [tracker_runs.not_installed(name, key) for name, at in versions.items() if at is None]
    if len(runs) < len(versions):
        # Here, as they take seconds to import.
        with imports_in_peace():
            from ecosobriety import datasets
            from ecosobriety.metering.other_trackers import run_tracker
            from ecosobriety.training import Training, settings_from, train
            from ecosobriety.user_code.behind import Behind

        Behind(model, network, snakemake.params.files, Path.cwd())
        train = partial(
            train,
            datasets.load(Path(snakemake.input.data)),
            Training(
                model=model,
                class_path=network["class_path"],
                init_args=network["init_args"],
                n_train=n_train,
                seed=seed,
                # Its epochs are tested in the study's own training.
                settings=settings_from(
                    {**parameters, "training.score_epochs": False}, network["training"]
                ),
                threads=snakemake.threads,
                code_fingerprint=snakemake.params.code,
            ),
        )
        place, interval_s = parameters["metering.country"], parameters["metering.interval_s"]
        runs += [
            run_tracker(name, at, key, train=train, country_iso3=place, interval_s=interval_s)
            for name, at in versions.items()
            if at is not None
        ]
    tracker_runs.write_tracker_runs(Path(snakemake.output[0]), runs)
