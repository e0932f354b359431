"""Measure a few batches of a network's training, from which a study is forecast."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety.hardware import begin_probing

    begin_probing()

    from ecosobriety.forecast.pilot import measure_model
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0]):
    params = snakemake.params
    about = {
        "data": snakemake.input.data,
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
