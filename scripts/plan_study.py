"""Show what a study will take, as it was forecast."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety.forecast import kept, words
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0]):
    path, study = Path(snakemake.input[0]), snakemake.params.study
    found = json.loads(path.read_bytes())
    past = kept.past_forecasts(path.parents[1], [study])
    ended = [tuple(key) for key in json.loads(snakemake.params.ended)]
    for line in words.lines(found, study, snakemake.params.country, past, ended):
        print(line, flush=True)
