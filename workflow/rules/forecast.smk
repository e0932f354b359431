# What a study will take, before it begins: for `make plan`, and no part of a study's run.
rule measure_batches:
    input:
        data=ancient(f"{RESULTS}/data/{{dataset}}.npz"),
        identity=f"{RESULTS}/data/{{dataset}}.sha256",
    output:
        f"{RESULTS}/forecast/{{dataset}}/{{model}}.json",
    log:
        f"{LOGS}/measure_batches/{{dataset}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/measure_batches/{{dataset}}/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(OWN_LOOP),
    conda:
        ENVIRONMENT
    # As the trainings that it is measured for.
    threads: ALL_CORES
    resources:
        energy_meter=1,
        slurm_extra="--exclusive",
        gpu=int(config["training"]["accelerator"] == "gpu"),
    params:
        sizes=[min(config["grid"]["n_train"]), max(config["grid"]["n_train"])],
        seed=config["grid"]["seeds"][0],
        attempts=f"{RESULTS}/attempts/{{dataset}}/{{model}}/{kept.FOLDER}",
        training=TRAINING,
        model=network(),
        trained_by=TRAINING_CODE,
        code=code("measure_batches"),
    script:
        "../../scripts/measure_batches.py"


rule forecast_study:
    input:
        pilots=[
            f"{RESULTS}/forecast/{config['dataset']['name']}/{model}.json"
            for model in OWN_LOOP
        ],
        identity=looked_at_records,
        countries=STUDY_FILES["countries"],
        sources=SOURCE_INTENSITY,
        costs=SOURCE_COST,
    output:
        FORECAST,
    log:
        f"{LOGS}/forecast_study.log",
    benchmark:
        f"{BENCHMARKS}/forecast_study.tsv"
    conda:
        ENVIRONMENT
    params:
        planned=PLANNED,
        priced=PRICED,
        by_size=BY_SIZE,
        asked=ASKED,
        asked_digest=ASKED_DIGEST,
        priced_digest=PRICED_DIGEST,
        # Trainings of a command that have ended since say more.
        ended=lambda wildcards: [
            list(key) for key in trainings_ended() if key[1] in COMMANDS
        ],
        tables=own_content("forecast_study"),
        code=code("forecast_study"),
    script:
        "../../scripts/forecast_study.py"


# `make plan`: it writes nothing, and so shows the forecast each time.
rule plan_study:
    input:
        FORECAST,
    log:
        f"{LOGS}/plan_study.log",
    conda:
        ENVIRONMENT
    params:
        study=STUDY,
        country=config["metering"]["country"],
        ended=lambda wildcards: canonical(trainings_ended()),
    script:
        "../../scripts/plan_study.py"
