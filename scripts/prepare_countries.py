"""Obtain the carbon intensities of countries, check them and record where they come from."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import electricity, tables
    from ecosobriety.electricity.sources import load_sources
    from ecosobriety.files import write_json
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    countries, provenance = electricity.prepare(
        json.loads(snakemake.params.country_data),
        load_sources(Path(snakemake.input.sources)),
        snapshots=Path(snakemake.output.countries).parent,
    )
    tables.write_table("countries", countries, Path(snakemake.output.countries))
    write_json(Path(snakemake.output.country_data), provenance)
