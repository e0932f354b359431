"""Compare every size with the reference and describe the learning curve."""

import json
from pathlib import Path

from ecosobriety import datasets, decision, tables
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    runs = tables.read_table("runs", Path(snakemake.input.runs))
    known = datasets.intake.read(Path(snakemake.input.intake))
    curve = decision.fit_curves(
        runs, test_examples=known.test_examples, **json.loads(snakemake.params.analysis)
    )
    tables.write_table("curve", curve, Path(snakemake.output[0]))
