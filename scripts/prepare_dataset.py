"""Obtain the data set, check it, and keep it in one file with a description beside it."""

import json
import logging
from dataclasses import replace
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import datasets, readers
    from ecosobriety.datasets import declared, intake
    from ecosobriety.metrics import metric_from
    from ecosobriety.steps import logs, watch

with logs.logged_to(snakemake.log[0]):
    spec = json.loads(snakemake.params.spec)
    data = Path(snakemake.output.data)
    what = spec["class_path"] or spec["name"]
    dataset: datasets.Dataset | datasets.Declared
    if datasets.is_declared(spec):
        dataset = readers.read_declared(spec)
        declared.save(dataset, data)
        known = intake.describe_declared(dataset, spec)
    else:
        with watch.told_if_it_dies(f"dataset: {what}", snakemake.log[0]):
            dataset = readers.obtain(spec, scratch=data.parent)
        known = intake.describe(dataset, spec["task"])
        if not readers.is_read_early(spec):
            # Of the configuration and no parameter: once these are known, the check compares them.
            asked = snakemake.config
            dataset.require_size(max(asked["grid"]["n_train"]))
            intake.require_fit(
                known, asked["analysis"]["margin"], metric_from(asked["metric"]), asked["grid"]
            )
        datasets.save(dataset, data, copied=snakemake.params.copied)
    known = replace(known, source=intake.source_of(snakemake.params.spec, snakemake.params.files))
    for finding in known.findings:
        logging.log(logging.WARNING if finding.headline else logging.INFO, finding.sentence())
    intake.write(known, Path(snakemake.output.intake))
    Path(snakemake.output.identity).write_text(dataset.sha256 + "\n", encoding="utf-8")
