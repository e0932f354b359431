rule prepare_dataset:
    output:
        data=f"{RESULTS}/data/{{dataset}}.npz",
        # The trainings depend on this small file alone: the same data, prepared again, retrains
        # nothing.
        identity=f"{RESULTS}/data/{{dataset}}.sha256",
    log:
        f"{LOGS}/prepare_dataset/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/prepare_dataset/{{dataset}}.tsv"
    conda:
        ENVIRONMENT
    params:
        spec=canonical(config["dataset"]),
        code=code("datasets"),
    script:
        "../../scripts/prepare_dataset.py"
