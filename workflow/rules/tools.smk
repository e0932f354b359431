# The other measured rule: other people's trackers around the same trainings. It adds no run to the
# study. Without the trackers (`make trackers`) it trains nothing and says so.
rule compare_tools:
    input:
        data=ancient(f"{RESULTS}/data/{{dataset}}.npz"),
        identity=f"{RESULTS}/data/{{dataset}}.sha256",
    output:
        f"{RESULTS}/tools/{SIZE}.json",
    log:
        f"{LOGS}/compare_tools/{SIZE}.log",
    benchmark:
        f"{BENCHMARKS}/compare_tools/{SIZE}.tsv"
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
        # One that was installed since is run.
        trackers=canonical(tracker_runs.installed_trackers()),
        code=code("compare_tools"),
    script:
        "../../scripts/compare_tools.py"
