rule prepare_dataset:
    input:
        # Snakemake would take braces in a name for wildcards; `files` shows all changes anyway.
        [
            name
            for name in readers.input_files(config["dataset"])
            if not {*"{}"} & {*name}
        ],
    output:
        data=f"{RESULTS}/data/{{dataset}}.npz",
        # The trainings depend on this small file alone: the same data, prepared again, retrains
        # nothing.
        identity=f"{RESULTS}/data/{{dataset}}.sha256",
        # What later steps need to know of the data, so that none reads the arrays for it.
        intake=f"{RESULTS}/data/{{dataset}}.intake.json",
    log:
        f"{LOGS}/prepare_dataset/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare_dataset/{{dataset}}.tsv"
    conda:
        ENVIRONMENT
    params:
        spec=canonical({**config["dataset"], "task": config["task"]}),
        # An older file in the place of a newer one would else go unnoticed.
        files=readers.stamp(config["dataset"]),
        # A command reads the file by itself.
        copied=any(
            "data" in commands.placeholders(model["command"])
            for model in COMMANDS.values()
        ),
        code=code("prepare_dataset"),
    script:
        "../../scripts/prepare_dataset.py"
