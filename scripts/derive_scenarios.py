"""Derive emissions and cost for every size, country, source and coverage, and what is saved."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import footprint, tables
    from ecosobriety.metrics import metric_from
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    metric = metric_from(json.loads(snakemake.params.metric))
    runs = tables.read_table("runs", Path(snakemake.input.runs), metric)
    derived, saved = footprint.derive_tables(
        runs, footprint.Factors.read(snakemake.input), **json.loads(snakemake.params.electricity)
    )
    tables.write_large_table("scenarios", derived, Path(snakemake.output.scenarios[0]))
    tables.write_large_table("savings", saved, Path(snakemake.output.savings[0]))
