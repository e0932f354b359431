"""Compare every size with the reference and describe the learning curve."""

import json
from pathlib import Path

from ecosobriety import decision, tables
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    runs = tables.read_table("runs", Path(snakemake.input.runs))
    curve = decision.fit_curves(runs, **json.loads(snakemake.params.analysis))
    tables.write_table("curve", curve, Path(snakemake.output[0]))
