# One cell of size x country x source, on demand: nothing asks for it but its own path.
rule derive_cell:
    input:
        **ELECTRICITY_FILES,
        records=lambda wildcards: record_paths(cell_runs(CELL.format(**wildcards))),
        identity=looked_at_records,
        equivalents=EQUIVALENTS,
        # A wall meter's reading is compared with the study's trainings.
        calibrated=(
            table("runs")
            if study_config.adjustments(config).get("calibration")
            else []
        ),
    output:
        f"{CELLS}{CELL}.json",
    log:
        f"{LOGS}/derive_cell/{CELL}.log",
    benchmark:
        f"{BENCHMARKS}/derive_cell/{CELL}.tsv"
    conda:
        ENVIRONMENT
    params:
        runs=lambda wildcards: canonical(cell_runs(CELL.format(**wildcards))),
        asked=ASKED,
        metric=METRIC,
        accounting=canonical(ACCOUNTING),
        tables=own_content("derive_cell"),
        code=code("derive_cell"),
    script:
        "../../scripts/derive_cell.py"
