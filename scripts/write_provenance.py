"""Write down where every number of the study comes from."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import provenance
    from ecosobriety.files import write_json
    from ecosobriety.records import bundle
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    facts = provenance.describe(
        config=json.loads(snakemake.params.config),
        runs=bundle.read_bundle(Path(snakemake.input.records)),
        data_path=Path(snakemake.input.data),
        intake_path=Path(snakemake.input.intake),
        factor_paths=[Path(path) for path in snakemake.input.factors],
        countries_path=Path(snakemake.input.countries),
        country_data_path=Path(snakemake.input.country_data),
        repository=Path(provenance.__file__).parents[2],
    )
    write_json(Path(snakemake.output[0]), facts)
