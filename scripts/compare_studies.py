"""Put several finished studies side by side, in a table and on a page in each language."""

from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import studies, tables
    from ecosobriety.languages import COMPARISON_FILES
    from ecosobriety.reporting.comparison import build_comparison
    from ecosobriety.steps import logs

with logs.logged_to(snakemake.log[0], snakemake.output):
    compared = [studies.read_finished(name, Path("results")) for name in snakemake.params.studies]
    table = studies.compare(compared)
    tables.write_table("comparison", table, Path(snakemake.output.table))
    report_dir = Path(snakemake.input.parts[0]).parent
    for language, path in zip(COMPARISON_FILES, snakemake.output.pages, strict=True):
        page = build_comparison(compared, table, language, report_dir)
        Path(path).write_text(page, encoding="utf-8")
