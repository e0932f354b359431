"""Compare every setting of a study with one reference: examples, epochs, models."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import datasets, decision, footprint, tables
    from ecosobriety.metrics import metric_from
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    metric = metric_from(json.loads(snakemake.params.metric))
    runs, epochs = (
        tables.read_table(name, Path(snakemake.input[name]), metric) for name in ("runs", "epochs")
    )
    known = datasets.intake.read(Path(snakemake.input.intake))
    # A budget may have left out the first model as a whole: the next one is the reference.
    trained = set(runs["model"])
    lever_of = next(
        one for one in json.loads(snakemake.params.levers) if next(iter(one)) in trained
    )
    scenarios, _ = footprint.derive_tables(
        runs, footprint.Factors.read(snakemake.input), **json.loads(snakemake.params.electricity)
    )
    levers = decision.compare_levers(
        runs,
        epochs,
        scenarios,
        decision.Criteria(**json.loads(snakemake.params.analysis)),
        country_iso3=snakemake.params.country,
        lever_of=lever_of,
        data=decision.TestPart.of(known, metric),
        metric=metric,
    )
    tables.write_table("levers", levers, Path(snakemake.output[0]), metric)
