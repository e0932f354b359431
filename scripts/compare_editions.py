"""Put the study's answers under two editions of the factors side by side."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import claims, electricity, tables
    from ecosobriety.claims import editions
    from ecosobriety.electricity.sources import load_costs, load_sources
    from ecosobriety.footprint import Factors
    from ecosobriety.steps import logs
    from ecosobriety.study.study import StudyFiles, read_study

with logs.logged_to(snakemake.log[0], snakemake.output):
    names = json.loads(snakemake.params.study_files)
    files = StudyFiles(**{name: Path(snakemake.input[name]) for name in names})
    study = read_study(json.loads(snakemake.params.config), files)
    asked = snakemake.input.claims
    sources = load_sources(Path(snakemake.input.other_sources))
    settings = json.loads(snakemake.params.other_countries)
    # A table of the user's own, or a service's, is of no edition.
    countries = (
        electricity.prepare(settings, sources, Path(snakemake.output[0]).parent)[0]
        if settings
        else study.countries
    )
    other = Factors(countries, sources, load_costs(Path(snakemake.input.other_costs)))
    table = editions.compare_editions(
        snakemake.params.editions,
        [study, editions.under(study, other)],
        claims.load_claims(*map(Path, asked)) if asked else [],
    )
    tables.write_table("editions", table, Path(snakemake.output[0]))
