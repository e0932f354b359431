"""Recommend the sufficient size at several margins, with what it saves."""

import json
from pathlib import Path

from ecosobriety import datasets, decision, tables
from ecosobriety.files import write_json
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    runs, scenarios, savings = (
        tables.read_table(name, Path(snakemake.input[name]))
        for name in ("runs", "scenarios", "savings")
    )
    known = datasets.intake.read(Path(snakemake.input.intake))
    data = decision.TestPart(known.baseline.score, known.test_examples, known.train_examples)
    growth = [json.loads(Path(path).read_text("utf-8")) for path in snakemake.input.growth]
    country = snakemake.params.country
    decided = decision.recommend(runs, data=data, **json.loads(snakemake.params.analysis))
    answer = decision.add_savings(decided, scenarios, savings, country)
    answer = decision.add_growth(answer, growth)
    answer = decision.add_study_cost(answer, runs, scenarios, country)
    write_json(Path(snakemake.output[0]), answer)
