"""Put a study's files together for others: records, tables, reports, citation, and a crate."""

import json
import shutil
from pathlib import Path

import yaml

from ecosobriety import exporting, texts
from ecosobriety.files import write_json
from ecosobriety.records import bundle
from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0]):
    export = Path(snakemake.output[0])
    export.mkdir(parents=True)
    provenance = json.loads(Path(snakemake.input.provenance).read_text(encoding="utf-8"))
    software = yaml.safe_load(Path(snakemake.input.software).read_text(encoding="utf-8"))
    for path in map(Path, [*snakemake.input.tables, *snakemake.input.results]):
        shutil.copyfile(path, export / path.name)
    for run in bundle.read_bundle(Path(snakemake.input.records)):
        name = f"{run.dataset}-{run.model}-n{run.n_train}-seed{run.seed}.json"
        report = exporting.boamps_report(run, provenance["dataset"])
        write_json(export / "boamps" / name, report)
    for language in snakemake.params.languages:
        text = texts.Texts.load(language, Path(snakemake.params.locale))
        cited = exporting.citation(provenance, software, text)
        (export / f"CITATION.{language}.txt").write_text(cited, encoding="utf-8")
    exporting.write_crate(export, Path(snakemake.input.snakefile), provenance, software)
