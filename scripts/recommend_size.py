"""Recommend the sufficient size at several margins, with what it saves."""

import json
from pathlib import Path

from ecosobriety import curves, datasets, logs, recommendation, records, tables

with logs.logged_to(snakemake.log[0], snakemake.output):
    runs, scenarios, savings = (
        tables.read_table(name, Path(snakemake.input[name]))
        for name in ("runs", "scenarios", "savings")
    )
    known = datasets.intake.read(Path(snakemake.input.intake))
    data = curves.TestPart(known.baseline.score, known.test_examples, known.train_examples)
    decided = curves.recommend(runs, data=data, **json.loads(snakemake.params.analysis))
    answer = recommendation.add_savings(decided, scenarios, savings, snakemake.params.country)
    records.write_json(Path(snakemake.output[0]), answer)
