"""Decide whether the next larger training set is worth its price; write the numbers behind it."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import datasets, decision
    from ecosobriety.files import write_json
    from ecosobriety.metrics import metric_from
    from ecosobriety.records import collecting
    from ecosobriety.records.epochs import epoch_table
    from ecosobriety.records.left_out import left_out
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    keys = [tuple(key) for key in json.loads(snakemake.params.runs)]
    paths = [Path(path) for path in snakemake.input.records]
    asked = collecting.Asked.read(snakemake.input.identity, snakemake.params.asked)
    metric = metric_from(json.loads(snakemake.params.metric))
    known = datasets.intake.read(Path(snakemake.input.intake))
    # A budget may have left out the largest of them: the decision is then the study's last.
    ended = [path for path in paths if left_out(path) is None]
    rule = decision.GrowthRule(**json.loads(snakemake.params.rule))
    if ended:
        records = collecting.read_all(dict(zip(paths, keys, strict=True)), asked, metric)
        runs = collecting.runs_of(records, metric)
        found = decision.decide(
            runs,
            rule,
            shortened=asked.decided.shortened_sizes(snakemake.wildcards.model),
            epochs=epoch_table(runs, records, metric),
            metric=metric,
            test_examples=known.counted(metric),
        )
    else:
        found = decision.undecided(*keys[0][:2], int(snakemake.wildcards.n_train), rule)
    write_json(Path(snakemake.output[0]), {**found, "cut_short": len(ended) < len(paths)})
