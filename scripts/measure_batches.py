"""Measure a few batches of a network's training, from which a study is forecast."""

import json
from pathlib import Path

from ecosobriety.forecast.turns import measure_model
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0]):
    params = snakemake.params
    about = {
        "data": snakemake.input.data,
        "sha256": Path(snakemake.input.identity).read_text(encoding="utf-8").strip(),
        "model": snakemake.wildcards.model,
        "network": json.loads(params.model),
        "sizes": params.sizes,
        "seed": params.seed,
        "parameters": params.training,
        "code": params.trained_by,
        "threads": snakemake.threads,
        "attempts": params.attempts,
    }
    measure_model(about, Path(snakemake.output[0]))
