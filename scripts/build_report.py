"""Build the report of a study in one language."""

import json
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import claims, reporting
    from ecosobriety.steps import logs
    from ecosobriety.study.study import StudyFiles, read_study

with logs.logged_to(snakemake.log[0]):
    config = json.loads(snakemake.params.config)
    files = {name: Path(snakemake.input[name]) for name in json.loads(snakemake.params.study_files)}
    ids = json.loads(snakemake.params.figures)
    figures = {
        figure: Path(path).read_text(encoding="utf-8")
        for figure, path in zip(ids, snakemake.input.figures, strict=True)
    }
    study = read_study(config, StudyFiles(**files))
    page = reporting.build_report(
        study,
        claims.put_to_test(study, claims.load_claims(*map(Path, snakemake.input.claims)))
        if snakemake.input.claims
        else None,
        json.loads(Path(snakemake.input.provenance).read_text(encoding="utf-8")),
        snakemake.params.language,
        figures,
        Path(snakemake.input.template).parent,
    )
    Path(snakemake.output[0]).write_text(page, encoding="utf-8")
