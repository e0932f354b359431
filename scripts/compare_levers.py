"""Compare every setting of a study with one reference: examples, epochs, models."""

import json
from pathlib import Path

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
    # Of its own country alone: it need not wait for the others, nor be made again for one more.
    country = snakemake.params.country
    scenarios = footprint.derive_scenarios(
        runs,
        footprint.Factors.read(
            *(Path(snakemake.input[name]) for name in ("countries", "sources", "costs"))
        ),
        footprint.Accounting(**json.loads(snakemake.params.accounting)),
        country_codes=[country],
        source_names=json.loads(snakemake.params.names),
    )
    levers = decision.compare_levers(
        runs,
        epochs,
        scenarios,
        decision.Criteria(**json.loads(snakemake.params.analysis)),
        country_iso3=country,
        lever_of=lever_of,
        data=decision.TestPart.of(known, metric),
        metric=metric,
    )
    tables.write_table("levers", levers, Path(snakemake.output[0]), metric)
