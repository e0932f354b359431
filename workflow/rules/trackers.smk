# The other measured rule: other people's trackers around the same trainings. It adds no run to the
# study. Without the trackers (`make trackers`) it trains nothing and says so.
rule run_trackers:
    input:
        data=ancient(f"{RESULTS}/data/{{dataset}}.npz"),
        identity=f"{RESULTS}/data/{{dataset}}.sha256",
    output:
        f"{RESULTS}/trackers/{SIZE}.json",
    log:
        f"{LOGS}/run_trackers/{SIZE}.log",
    benchmark:
        f"{BENCHMARKS}/run_trackers/{SIZE}.tsv"
    conda:
        ENVIRONMENT
    # As for `train_model`, with which it is compared.
    threads: ALL_CORES
    resources:
        energy_meter=1,
        slurm_extra="--exclusive",
        gpu=int(config["training"]["accelerator"] == "gpu"),
    params:
        # Whatever the order in which they are written.
        seed=min(config["grid"]["seeds"]),
        training=TRAINING,
        model=network(),
        files=own_files,
        # One that was installed since is run.
        trackers=canonical(tracker_runs.installed_trackers()),
        code=code("run_trackers"),
    script:
        "../../scripts/run_trackers.py"
