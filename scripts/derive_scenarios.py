"""Derive emissions and cost for every size, country, source and coverage, and what is saved."""

import json
from pathlib import Path

from ecosobriety import footprint, tables
from ecosobriety.metrics import metric_from
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    derived = footprint.derive_scenarios(
        tables.read_table(
            "runs", Path(snakemake.input.runs), metric_from(json.loads(snakemake.params.metric))
        ),
        footprint.Factors.read(
            *(Path(snakemake.input[name]) for name in ("countries", "sources", "costs"))
        ),
        footprint.Accounting(**json.loads(snakemake.params.accounting)),
        country_codes=json.loads(snakemake.params.countries),
        source_names=json.loads(snakemake.params.names),
    )
    saved = footprint.derive_savings(derived, snakemake.params.reference)
    tables.write_large_table("scenarios", derived, Path(snakemake.output.scenarios[0]))
    tables.write_large_table("savings", saved, Path(snakemake.output.savings[0]))
