# What a study will take, before it begins. Nothing of it is part of a study's run: `plan_study` asks
# for it, and what it wrote is read where it lies.
FORECAST = f"{RESULTS}/forecast.json"
# Imported runs take nothing any more.
PLANNED = canonical(
    {
        name: {
            **plan.trainings_of(config, name),
            # A command of the user's is forecast from those of its trainings that have ended.
            "keys": (
                [key for key in study_config.run_grid(config) if key[1] == name]
                if name in COMMANDS
                else []
            ),
        }
        for name in MODELS
        if name not in IMPORTS
    }
)
PRICED = canonical(
    dict(
        country_iso3=config["metering"]["country"],
        sources=config["grid"]["sources"],
        cost=ELECTRICITY_COST,
        pue=config["metering"]["pue"],
        machine_price_per_hour=config["cost"]["machine_price_per_hour"],
        edition=str(EDITION),
        country_data=COUNTRY_DATA,
    )
)
# One process trains all seeds of a size only in our own loop.
PROCESS = json.dumps(BY_SIZE)
ASKED_DIGEST = kept.digest(ASKED, PLANNED, PROCESS)
PRICED_DIGEST = kept.digest(PRICED)


def kept_forecast():
    """The forecast that was made of the study as it is asked for now; None: there is none."""
    return kept.kept_forecast(Path(FORECAST), ASKED_DIGEST)


def forecasts_kwh():
    """What measuring batches has taken, by model."""
    return {
        model: kept.spent_kwh(Path(RESULTS), config["dataset"]["name"], model)
        for model in OWN_LOOP
    }


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
        sizes=canonical(
            [min(config["grid"]["n_train"]), max(config["grid"]["n_train"])]
        ),
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
        identity=IDENTITY,
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
            str(path) for path, key in records_there().items() if key[1] in COMMANDS
        ],
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
        ended=lambda wildcards: canonical([*records_there().values()]),
    script:
        "../../scripts/plan_study.py"


def show_forecast(*_, executor_plugin, **__):
    """In a dry run, show the forecast that there is; nothing is measured for it."""
    if not executor_plugin.common_settings.dryrun_exec:
        return
    if not any(job.rule.name in MEASURED for job in workflow.dag.needrun_jobs()):
        return
    found = kept_forecast()
    if found is None or found["priced"] != PRICED_DIGEST:
        print(
            "note: what the trainings will take is not forecast yet: `make plan CONFIG="
            f"{study_file()}` measures a few batches and shows it",
            file=sys.stderr,
        )
        return
    # Seldom needed, and slow to import.
    from ecosobriety.forecast import words

    past = kept.past_forecasts(Path("results"), [STUDY])
    for line in words.lines(
        found, STUDY, config["metering"]["country"], past, records_there()
    ):
        print(line, file=sys.stderr)


MEASURED = ("train_model", "run_command")
if workflow.is_main_process:
    workflow.execute = files.preceded(workflow.execute, show_forecast)
