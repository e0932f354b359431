"""Read the runs of a model that exist already; write a record of each."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import imported
    from ecosobriety.metrics import metric_from
    from ecosobriety.records import collecting
    from ecosobriety.records.record import write_record
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    network = json.loads(snakemake.params.model)
    sizes, seeds = map(json.loads, (snakemake.params.sizes, snakemake.params.seeds))
    dataset, model = snakemake.wildcards.dataset, snakemake.wildcards.model
    spec = imported.ImportSpec.of({**network, "name": model}, dataset)
    metric = metric_from(json.loads(snakemake.params.metric))
    found = imported.read_imports(spec, sizes, seeds, metric, Path.cwd())
    sha256 = Path(snakemake.input.identity).read_text(encoding="utf-8").strip()
    origin = imported.Origin(spec, network["source"], sha256, snakemake.params.code)
    records = imported.imported_records(
        found.runs,
        origin,
        lambda key: collecting.identity_of(
            sha256, model, network, *key, {}, origin.code_fingerprint
        ),
    )
    paths = {path.parts[-2:]: path for path in map(Path, snakemake.output)}
    for (n_train, seed), record in records.items():
        write_record(paths[f"n{n_train}", f"seed{seed}.json"], record)
