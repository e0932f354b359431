# The measured rule. Nothing about countries, sources, prices, margins or plots may reach it.
SIZE = "{dataset}/{model}/n{n_train}"
RUN = f"{SIZE}/seed{{seed}}"
# One process trains all seeds of a size, one after another, or a single one.
BY_SIZE = config["training"]["process"] == "size"


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
        attempts=f"{RESULTS}/attempts/{config['dataset']['name']}",
        checkpoints=f"{RESULTS}/checkpoints/{config['dataset']['name']}",
        training=TRAINING,
        model=network(),
        code=TRAINING_CODE,
    script:
        "../../scripts/train_model.py"
