# The measured rule. Nothing about countries, sources, prices, margins or plots may reach it.
# One process trains `training.runs_per_job` seeds of a size one after another, or all seeds of
# several sizes; as their outputs differ in more than wildcards, each such batch is a rule of its own.
SIZE = "{dataset}/{model}/n{n_train}"

for name, dataset, model, sizes, seeds in TRAINING_JOBS:

    rule:
        name:
            name
        input:
            data=ancient(f"{RESULTS}/data/{dataset}.npz"),
            identity=f"{RESULTS}/data/{dataset}.sha256",
        output:
            # Not removed beforehand: what is finished among them stays.
            update(
                [
                    f"{RESULTS}/runs/{dataset}/{model}/n{n_train}/seed{seed}.json"
                    for n_train in sizes
                    for seed in seeds
                ]
            ),
        log:
            f"{LOGS}/train_model/{dataset}/{model}/{batch_name(sizes, seeds)}.log",
        benchmark:
            f"{BENCHMARKS}/train_model/{dataset}/{model}/{batch_name(sizes, seeds)}.tsv"
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
            attempts=f"{RESULTS}/attempts/{config['dataset']['name']}",
            checkpoints=f"{RESULTS}/checkpoints/{config['dataset']['name']}",
            training=TRAINING,
            model=network(model),
            code=TRAINING_CODE,
        script:
            "../../scripts/train_model.py"


# Whoever asks for a record by its path, such as a cell, pays for no other size.
workflow.ruleorder("train_model", *SHARED_JOBS)
