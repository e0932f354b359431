"""Recommend the sufficient size at several margins, with what it saves."""

import json
from pathlib import Path

from ecosobriety import curves, logs, recommendation, records, tables

with logs.logged_to(snakemake.log[0]):
    runs, scenarios, savings = (
        tables.read_table(name, Path(snakemake.input[name]))
        for name in ("runs", "scenarios", "savings")
    )
    decided = curves.recommend(runs, **json.loads(snakemake.params.analysis))
    answer = recommendation.add_savings(decided, scenarios, savings, snakemake.params.country)
    records.write_json(Path(snakemake.output[0]), answer)
