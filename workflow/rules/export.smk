# Made when asked for: `snakemake export_study`, which `make report` does.
rule export_study:
    input:
        **STUDY_FILES,
        levers=table("levers"),
        records=RECORDS,
        provenance=f"{RESULTS}/provenance.json",
        tables=[
            path
            for name in TABLES
            for path in table_files(name)
            if path.endswith(".csv")
        ],
        results=[
            *reports(),
            f"{RESULTS}/recommendation.json",
            f"{RESULTS}/method_ranks.json",
            f"{RESULTS}/provenance.json",
        ],
        figures=[
            f"{path}.{suffix}"
            for language in config["languages"]
            for path in figure_paths(language)
            for suffix in ("svg", "png")
        ],
        software=own("CITATION.cff"),
        texts=sorted(
            str(path)
            for language in config["languages"]
            for path in Path(LOCALE, language).glob("*.yaml")
        ),
        snakefile=own("workflow/Snakefile"),
    output:
        directory(EXPORT),
    log:
        f"{LOGS}/export_study.log",
    benchmark:
        f"{BENCHMARKS}/export_study.tsv"
    conda:
        ENVIRONMENT
    params:
        config=canonical(config),
        study_files=canonical([*STUDY_FILES, "levers"]),
        languages=config["languages"],
        tables=own_content("export_study"),
        code=code("export_study"),
    script:
        "../../scripts/export_study.py"
