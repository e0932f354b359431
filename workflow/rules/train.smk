# The measured rule. Nothing about countries, sources, prices, margins or plots may reach it.
SIZE = "{dataset}/{model}/n{n_train}"
RUN = f"{SIZE}/seed{{seed}}"
# One process trains all seeds of a size, one after another, or a single one.
BY_SIZE = config["training"]["process"] == "size"
# For how many epochs a job trains, by the decision that is made before its size is asked for; None:
# for all. Where all sizes have all, it is no function, which costs each job.
DECIDED = DecidedEpochs.read(DECIDED_EPOCHS)
EPOCHS = (
    (lambda wildcards: DECIDED.of(wildcards.model, int(wildcards.n_train)))
    if plan.adapts_epochs(config)
    else None
)


rule train_model:
    input:
        data=ancient(f"{RESULTS}/data/{{dataset}}.npz"),
        identity=f"{RESULTS}/data/{{dataset}}.sha256",
    output:
        # Not removed beforehand: what is finished among them stays.
        update(
            expand(
                f"{RESULTS}/runs/{RUN}.json",
                seed=config["grid"]["seeds"],
                allow_missing=True,
            )
            if BY_SIZE
            else f"{RESULTS}/runs/{RUN}.json"
        ),
    log:
        f"{LOGS}/train_model/{SIZE if BY_SIZE else RUN}.log",
    benchmark:
        f"{BENCHMARKS}/train_model/{SIZE if BY_SIZE else RUN}.tsv"
    wildcard_constraints:
        model=one_of(OWN_LOOP),
    # What a budget is spent on first.
    priority: first_large
    conda:
        ENVIRONMENT
    # What runs beside a measured training would be counted as its energy.
    threads: ALL_CORES
    resources:
        energy_meter=1,
        # On Slurm, the whole node for the same reason.
        slurm_extra="--exclusive",
        gpu=int(config["training"]["accelerator"] == "gpu"),
    params:
        # As it takes the output, Snakemake does not compare it: which seeds share a process retrains
        # nothing.
        seeds=lambda wildcards, output: seeds_of(wildcards),
        # Measured beside trainings: nor does it train anything again.
        baseline_s=lambda wildcards, output: config["metering"]["baseline_s"],
        # Whether a training may begin decides none that has ended.
        budget=lambda wildcards, output: BUDGET,
        epochs=EPOCHS,
        attempts=f"{RESULTS}/attempts/{config['dataset']['name']}",
        checkpoints=f"{RESULTS}/checkpoints/{config['dataset']['name']}",
        training=TRAINING,
        model=network(),
        files=own_files,
        code=TRAINING_CODE,
    script:
        "../../scripts/train_model.py"


# The same of a model that is a command of the user's: one process for each training.
rule run_command:
    input:
        data=ancient(f"{RESULTS}/data/{{dataset}}.npz"),
        identity=f"{RESULTS}/data/{{dataset}}.sha256",
    output:
        # Not removed beforehand: one that does not count is set aside.
        update(f"{RESULTS}/runs/{RUN}.json"),
    log:
        f"{LOGS}/run_command/{RUN}.log",
    benchmark:
        f"{BENCHMARKS}/run_command/{RUN}.tsv"
    wildcard_constraints:
        model=one_of(COMMANDS),
    priority: first_large
    conda:
        ENVIRONMENT
    threads: ALL_CORES
    resources:
        energy_meter=1,
        slurm_extra="--exclusive",
        gpu=int(config["training"]["accelerator"] == "gpu"),
    params:
        attempts=f"{RESULTS}/attempts/{config['dataset']['name']}",
        scratch=lambda wildcards, output: f"{RESULTS}/commands/{RUN.format(**wildcards)}",
        metering=canonical(study_config.metering_parameters(config)),
        # None is compared: another metric, limit or baseline trains nothing again.
        baseline_s=lambda wildcards, output: config["metering"]["baseline_s"],
        budget=lambda wildcards, output: BUDGET,
        metric=lambda wildcards, output: METRIC,
        time_limit_s=lambda wildcards, output: COMMANDS[wildcards.model].get(
            "time_limit_s"
        ),
        epochs=EPOCHS,
        model=lambda wildcards: MODELS[wildcards.model],
        files=own_files,
        code=COMMAND_CODE,
    script:
        "../../scripts/run_command.py"
