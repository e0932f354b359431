# The only measured rule. Nothing about countries, sources, prices, margins or plots may reach it.
rule train_model:
    input:
        data=ancient(f"{RESULTS}/data/{{dataset}}.npz"),
        identity=f"{RESULTS}/data/{{dataset}}.sha256",
    output:
        record=f"{RESULTS}/runs/{RUN}.json",
    log:
        f"{LOGS}/train_model/{RUN}.log",
    benchmark:
        f"{BENCHMARKS}/train_model/{RUN}.tsv"
    conda:
        ENVIRONMENT
    # All cores: what runs beside a measured training would be counted as its energy.
    threads: workflow.cores
    resources:
        energy_meter=1,
    params:
        attempts=f"{RESULTS}/attempts/{RUN}",
        checkpoints=f"{RESULTS}/checkpoints/{RUN}",
        training=canonical(study_config.training_parameters(config)),
        model=lambda wildcards: study_config.model_parameters(config, wildcards.model)[
            "init_args"
        ],
        code=code(*fingerprint.TRAINING_MODULES),
    script:
        "../../scripts/train_model.py"
