"""Decide the sufficient training-set size and describe the learning curve."""

import json
from pathlib import Path

from ecosobriety import curves, logs, records, tables

with logs.logged_to(snakemake.log[0]):
    runs = tables.read_table("runs", Path(snakemake.input.runs))
    analysis = json.loads(snakemake.params.analysis)
    target_accuracy = analysis.pop("target_accuracy")
    tables.write_table("curve", curves.fit_curves(runs, **analysis), Path(snakemake.output.curve))
    recommendation = curves.recommend(runs, **analysis, target_accuracy=target_accuracy)
    records.write_json(Path(snakemake.output.recommendation), recommendation)
