rule collect_runs:
    input:
        records(),
    output:
        table("runs"),
    log:
        f"{LOGS}/collect_runs.log",
    benchmark:
        f"{BENCHMARKS}/collect_runs.tsv"
    params:
        code=code("records", "tables"),
    conda:
        ENVIRONMENT
    script:
        "../../scripts/collect_runs.py"


rule fit_curves:
    input:
        runs=table("runs"),
    output:
        curve=table("curve"),
        recommendation=f"{RESULTS}/recommendation.json",
    log:
        f"{LOGS}/fit_curves.log",
    benchmark:
        f"{BENCHMARKS}/fit_curves.tsv"
    params:
        analysis=canonical(config["analysis"]),
        code=code("curves", "tables"),
    conda:
        ENVIRONMENT
    script:
        "../../scripts/fit_curves.py"


rule derive_scenarios:
    input:
        runs=table("runs"),
        sources=SOURCE_INTENSITY,
        costs=SOURCE_COST,
    output:
        scenarios=table("scenarios"),
        savings=table("savings"),
    log:
        f"{LOGS}/derive_scenarios.log",
    benchmark:
        f"{BENCHMARKS}/derive_scenarios.tsv"
    params:
        countries=canonical(study_config.scenario_countries(config, COUNTRIES)),
        names=canonical(config["grid"]["sources"]),
        coverage=canonical(config["grid"]["coverage"]),
        cost=canonical(config["cost"]),
        pue=config["metering"]["pue"],
        confidence=config["analysis"]["confidence"],
        reference=study_config.reference_n_train(config),
        code=code("grid", "scenarios", "tables", "units"),
    conda:
        ENVIRONMENT
    script:
        "../../scripts/derive_scenarios.py"


rule write_provenance:
    input:
        # The records too: hardware and versions stand in them and not in the table.
        records=records(),
        data=ancient(f"{RESULTS}/data/{config['dataset']['name']}.npz"),
        sources=SOURCE_INTENSITY,
        costs=SOURCE_COST,
    output:
        f"{RESULTS}/provenance.json",
    log:
        f"{LOGS}/write_provenance.log",
    benchmark:
        f"{BENCHMARKS}/write_provenance.tsv"
    params:
        config=canonical(config),
        code=code("provenance"),
    conda:
        ENVIRONMENT
    script:
        "../../scripts/write_provenance.py"
