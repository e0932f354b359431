"""Compare every size with the reference and describe the learning curve."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import datasets, decision, tables
    from ecosobriety.metrics import metric_from
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    metric = metric_from(json.loads(snakemake.params.metric))
    runs = tables.read_table("runs", Path(snakemake.input.runs), metric)
    known = datasets.intake.read(Path(snakemake.input.intake))
    curve = decision.fit_curves(
        runs,
        metric=metric,
        test_examples=known.counted(metric),
        **json.loads(snakemake.params.analysis),
    )
    tables.write_table("curve", curve, Path(snakemake.output[0]), metric)
