"""Apply every method of quantification to every training, and compare how they rank them."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import methods, tables
    from ecosobriety.electricity.codecarbon_table import load_countries
    from ecosobriety.files import write_json
    from ecosobriety.records import bundle, tracker_runs
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    settings = json.loads(snakemake.params.settings)
    country, pue = snakemake.params.country, snakemake.params.pue
    countries = tables.read_table("countries", Path(snakemake.input.countries))
    runs = bundle.read_bundle(Path(snakemake.input.records))
    inputs = methods.load_inputs(
        Path(snakemake.input.constants),
        Path(snakemake.input.hardware),
        Path(snakemake.input.green_algorithms),
    )
    own_g_per_kwh = methods.intensity_of(load_countries(), country)
    applied = methods.methods_of(
        methods.Setting(runs, inputs, country, codecarbon_g_per_kwh=own_g_per_kwh, **settings)
    )
    applied += methods.tracked_methods(tracker_runs.read_all(snakemake.input.trackers))
    compared = methods.compare(
        runs, applied, pue=pue, intensity_g_per_kwh=methods.intensity_of(countries, country)
    )
    tables.write_table("methods", compared, Path(snakemake.output.methods[0]))
    write_json(Path(snakemake.output.ranks), methods.rank_correlations(compared))
