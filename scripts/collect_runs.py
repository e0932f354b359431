"""Collect the records of all trainings into the tables `runs` and `epochs`, and into one file."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import tables
    from ecosobriety.metrics import metric_from
    from ecosobriety.records import bundle, collecting, epochs
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    keys = [tuple(key) for key in json.loads(snakemake.params.runs)]
    paths = [Path(path) for path in snakemake.input[:-1]]
    asked = collecting.Asked.read(snakemake.input.identity, snakemake.params.asked)
    metric = metric_from(json.loads(snakemake.params.metric))
    metering = json.loads(snakemake.params.metering)
    records = collecting.read_all(dict(zip(paths, keys, strict=True)), asked, metric)
    runs = collecting.runs_of(records, metric, metering)
    tables.write_table("runs", runs, Path(snakemake.output.runs[0]), metric)
    by_epoch = epochs.epoch_table(runs, records, metric)
    tables.write_table("epochs", by_epoch, Path(snakemake.output.epochs[0]), metric)
    bundle.write_bundle(Path(snakemake.output.records), paths)
