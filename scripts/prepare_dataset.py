"""Obtain the data set, check it and keep it in one file."""

import json
from pathlib import Path

from ecosobriety import datasets, logs

with logs.logged_to(snakemake.log[0]):
    dataset = datasets.obtain(json.loads(snakemake.params.spec))
    dataset.require_size(snakemake.params.n_train)
    datasets.save(dataset, Path(snakemake.output.data))
    Path(snakemake.output.identity).write_text(dataset.sha256 + "\n", encoding="utf-8")
