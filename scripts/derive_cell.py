"""Derive one cell of size x country x source from that size's trainings alone."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import footprint, tables
    from ecosobriety.files import write_json
    from ecosobriety.metrics import metric_from
    from ecosobriety.records import adjusted, collecting
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    keys = [tuple(key) for key in json.loads(snakemake.params.runs)]
    paths = [Path(path) for path in snakemake.input.records]
    asked = collecting.Asked.read(snakemake.input.identity, snakemake.params.asked)
    metric = metric_from(json.loads(snakemake.params.metric))
    runs = collecting.collect(dict(zip(paths, keys, strict=True)), asked, metric)
    if snakemake.input.calibrated:
        study = tables.read_table("runs", Path(snakemake.input.calibrated), metric)
        runs = adjusted.scaled_as(runs, study)
    cell = footprint.describe_cell(
        runs,
        footprint.Factors.read(snakemake.input),
        footprint.Accounting(**json.loads(snakemake.params.accounting)),
        footprint.load_equivalents(Path(snakemake.input.equivalents)),
        country=snakemake.wildcards.country,
        source=snakemake.wildcards.source,
    )
    write_json(Path(snakemake.output[0]), cell)
