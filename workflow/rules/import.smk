# Runs that exist already: read from a table, all of a model at once; nothing is trained or metered.
rule import_runs:
    input:
        identity=f"{RESULTS}/data/{{dataset}}.sha256",
    output:
        expand(
            f"{RESULTS}/runs/{RUN}.json",
            n_train=config["grid"]["n_train"],
            seed=config["grid"]["seeds"],
            allow_missing=True,
        ),
    log:
        f"{LOGS}/import_runs/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/import_runs/{{dataset}}/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(IMPORTS),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        model=lambda wildcards: MODELS[wildcards.model],
        sizes=canonical(config["grid"]["n_train"]),
        seeds=canonical(config["grid"]["seeds"]),
        # A score of another name stands in another column.
        metric=METRIC,
        code=IMPORT_CODE,
    script:
        "../../scripts/import_runs.py"
