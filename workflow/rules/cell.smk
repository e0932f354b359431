# One cell of size x country x source, on demand: nothing asks for it but its own path.
CELL = "n{n_train}/{country}/{source}"


rule derive_cell:
    input:
        **ELECTRICITY_FILES,
        records=lambda wildcards: record_paths(cell_runs(wildcards)),
        identity=looked_at_records,
        equivalents=EQUIVALENTS,
    output:
        f"{RESULTS}/cells/{CELL}.json",
    log:
        f"{LOGS}/derive_cell/{CELL}.log",
    benchmark:
        f"{BENCHMARKS}/derive_cell/{CELL}.tsv"
    wildcard_constraints:
        country=r"[A-Z]{3}",
        source=r"[a-z][a-z0-9_]*",
    conda:
        ENVIRONMENT
    params:
        runs=lambda wildcards: canonical(cell_runs(wildcards)),
        asked=ASKED,
        metric=METRIC,
        accounting=canonical(ACCOUNTING),
        code=code("derive_cell"),
    script:
        "../../scripts/derive_cell.py"
