"""Put a study's files together for others: records, tables, reports, forms, citation, a crate."""

import json
import shutil
from pathlib import Path

import yaml

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import exporting, texts
    from ecosobriety.files import write_json
    from ecosobriety.records import bundle
    from ecosobriety.steps import logs
    from ecosobriety.study.study import StudyFiles, read_study

with logs.logged_to(snakemake.log[0]):
    export = Path(snakemake.output[0])
    forms = export / exporting.FOLDER
    forms.mkdir(parents=True)
    files = {name: Path(snakemake.input[name]) for name in json.loads(snakemake.params.study_files)}
    provenance = json.loads(Path(snakemake.input.provenance).read_text(encoding="utf-8"))
    software = yaml.safe_load(Path(snakemake.input.software).read_text(encoding="utf-8"))
    disclosed = exporting.Disclosed(
        study=read_study(json.loads(snakemake.params.config), StudyFiles(**files)),
        records=bundle.read_bundle(Path(snakemake.input.records)),
        provenance=provenance,
        software=software,
        texts=[
            texts.Texts.load(language, Path(snakemake.input.texts[0]).parents[1])
            for language in snakemake.params.languages
        ],
    )
    for path in map(Path, [*snakemake.input.tables, *snakemake.input.results]):
        shutil.copyfile(path, export / path.name)
    for name, report in exporting.boamps_records(disclosed).items():
        write_json(export / "boamps" / name, report)
    for name, content in exporting.disclose(disclosed).items():
        (forms / name).write_text(content, encoding="utf-8")
    pictures = export / exporting.FIGURES
    pictures.mkdir()
    for path in exporting.pictures_of(disclosed.study, map(Path, snakemake.input.figures)):
        shutil.copyfile(path, pictures / path.name)
    for name, table in exporting.figure_tables(disclosed.study).items():
        table.to_csv(pictures / name, index=False)
    for name, drawn in exporting.badges(disclosed.study, disclosed.texts).items():
        (export / name).write_text(drawn, encoding="utf-8")
    (export / "EMBED.md").write_text(exporting.embedding(disclosed.study, disclosed.texts), "utf-8")
    for text in disclosed.texts:
        exporting.draw_pdf(disclosed.study, text, pictures)
        cited = exporting.citation(provenance, software, text)
        (export / f"CITATION.{text.language}.txt").write_text(cited, encoding="utf-8")
    exporting.write_crate(export, Path(snakemake.input.snakefile), provenance, software)
