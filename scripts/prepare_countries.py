"""Obtain the carbon intensities of countries, check them and tell where they come from."""

import json
from pathlib import Path

from ecosobriety import country_data, grid, logs, records, tables

with logs.logged_to(snakemake.log[0], snakemake.output):
    countries, provenance = country_data.prepare(
        json.loads(snakemake.params.country_data),
        grid.load_sources(Path(snakemake.input.sources)),
        snapshots=Path(snakemake.output.countries).parent,
    )
    tables.write_table("countries", countries, Path(snakemake.output.countries))
    records.write_json(Path(snakemake.output.country_data), provenance)
