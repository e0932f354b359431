# Runs that exist already: read from a table, all of a model at once; nothing is trained or metered.
from ecosobriety.metrics import metric_from


def try_out_imports():
    """Read imported runs once before any job: what is wrong with them ends here."""
    if not workflow.is_main_process:
        return
    for place, model in enumerate(config["models"]):
        if model["name"] not in IMPORTS:
            continue
        try:
            found = imported.read_imports(
                study_config.import_spec(config, model),
                config["grid"]["n_train"],
                config["grid"]["seeds"],
                metric_from(config["metric"]),
                Path.cwd(),
            )
        except imported.RunsError as error:
            import_fault(place, error)
        for note in found.notes:
            print(f"note: {note}", file=sys.stderr)


try_out_imports()


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
