# The measured rule. Nothing about countries, sources, prices, margins or plots may reach it.
# One process trains `training.runs_per_job` seeds of a size one after another; with several such
# batches, each is a rule of its own, as their outputs differ in more than wildcards.
SIZE = "{dataset}/{model}/n{n_train}"

for number, seeds in enumerate(seed_batches()):

    rule:
        name:
            f"train_model_{number + 1}" if number else "train_model"
        input:
            data=ancient(f"{RESULTS}/data/{{dataset}}.npz"),
            identity=f"{RESULTS}/data/{{dataset}}.sha256",
        output:
            # Not removed beforehand: what is finished among them stays.
            update([f"{RESULTS}/runs/{SIZE}/seed{seed}.json" for seed in seeds]),
        log:
            f"{LOGS}/train_model/{SIZE}/{batch_name(seeds)}.log",
        benchmark:
            f"{BENCHMARKS}/train_model/{SIZE}/{batch_name(seeds)}.tsv"
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
            attempts=f"{RESULTS}/attempts/{SIZE}",
            checkpoints=f"{RESULTS}/checkpoints/{SIZE}",
            training=canonical(study_config.training_parameters(config)),
            model=network(),
            # Not all that the script imports: a changed log retrains nothing.
            code=fingerprint.code_fingerprint(fingerprint.TRAINING_MODULES),
        script:
            "../../scripts/train_model.py"
