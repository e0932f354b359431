rule collect_runs:
    input:
        # Without a name: of named ones Snakemake forgets which rule was meant to make them.
        *([study_records] if SOBER else records()),
        identity=looked_at_records,
    output:
        runs=reported("runs"),
        epochs=reported("epochs"),
        records=RECORDS,
    log:
        f"{LOGS}/collect_runs.log",
    benchmark:
        f"{BENCHMARKS}/collect_runs.tsv"
    conda:
        ENVIRONMENT
    params:
        runs=(
            (lambda wildcards: canonical(study_runs()))
            if SOBER
            else canonical(study_runs())
        ),
        asked=ASKED,
        metric=METRIC,
        metering=canonical(study_config.adjustments(config)),
        code=code("collect_runs"),
    script:
        "../../scripts/collect_runs.py"


# What decides the verdicts; a target is looked up only afterwards.
DECISION = {
    key: config["analysis"][key]
    for key in ("reference_n_train", "margin", "confidence")
}
# Where the full size may stay untrained, the largest that is trained is no reference for others.
MAY_END_EARLY = SOBER or BUDGET_KWH is not None
FULL_N_TRAIN = config["plan"]["full_n_train"] if SOBER else None
if MAY_END_EARLY:
    DECISION["reference_n_train"] = "max"
    FULL_N_TRAIN = FULL_N_TRAIN or max(config["grid"]["n_train"])


rule fit_curves:
    input:
        runs=table("runs"),
        intake=INTAKE,
    output:
        reported("curve"),
    log:
        f"{LOGS}/fit_curves.log",
    benchmark:
        f"{BENCHMARKS}/fit_curves.tsv"
    conda:
        ENVIRONMENT
    params:
        analysis=canonical({**DECISION, "full_n_train": FULL_N_TRAIN}),
        metric=canonical({**config["metric"], "unit": None}),
        code=code("fit_curves"),
    script:
        "../../scripts/fit_curves.py"


# How energy becomes emissions and money; as arguments of `footprint.Accounting`.
ACCOUNTING = dict(
    coverage=config["grid"]["coverage"],
    confidence=config["analysis"]["confidence"],
    pue=config["metering"]["pue"],
    **ELECTRICITY_COST,
)
# What is derived for some countries; as arguments of `footprint.derive_tables`.
ELECTRICITY = dict(
    accounting=ACCOUNTING,
    source_names=config["grid"]["sources"],
    # Of one that grows, which is the largest is known only by then.
    reference_n_train=(
        "max" if MAY_END_EARLY else study_config.reference_n_train(config)
    ),
)
# Levers and answer need no other country, nor its price: neither makes them again.
OWN_COUNTRY = config["metering"]["country"]
OWN_PRICES = {
    country: price
    for country, price in ELECTRICITY_COST["grid_price_per_kwh"].items()
    if country == OWN_COUNTRY
}
OWN_ELECTRICITY = canonical(
    {
        **ELECTRICITY,
        "accounting": {**ACCOUNTING, "grid_price_per_kwh": OWN_PRICES},
        "country_codes": [OWN_COUNTRY],
    }
)
ELECTRICITY_FILES = dict(
    countries=STUDY_FILES["countries"], sources=SOURCE_INTENSITY, costs=SOURCE_COST
)


rule derive_scenarios:
    input:
        **ELECTRICITY_FILES,
        runs=table("runs"),
    output:
        scenarios=reported("scenarios"),
        savings=reported("savings"),
    log:
        f"{LOGS}/derive_scenarios.log",
    benchmark:
        f"{BENCHMARKS}/derive_scenarios.tsv"
    conda:
        ENVIRONMENT
    params:
        electricity=canonical(
            {
                **ELECTRICITY,
                "country_codes": study_config.scenario_countries(config, COUNTRIES),
            }
        ),
        metric=METRIC,
        tables=own_content("derive_scenarios"),
        code=code("derive_scenarios"),
    script:
        "../../scripts/derive_scenarios.py"


rule compare_levers:
    input:
        **ELECTRICITY_FILES,
        runs=table("runs"),
        epochs=table("epochs"),
        intake=INTAKE,
    output:
        reported("levers"),
    log:
        f"{LOGS}/compare_levers.log",
    benchmark:
        f"{BENCHMARKS}/compare_levers.tsv"
    conda:
        ENVIRONMENT
    params:
        analysis=canonical({**DECISION, "full_n_train": FULL_N_TRAIN}),
        metric=canonical(config["metric"]),
        # In the order of the models, for each that may be the first with trainings.
        levers=json.dumps(levers.levers_by_reference(config)),
        country=config["metering"]["country"],
        electricity=OWN_ELECTRICITY,
        tables=own_content("compare_levers"),
        code=code("compare_levers"),
    script:
        "../../scripts/compare_levers.py"


rule recommend_size:
    input:
        **ELECTRICITY_FILES,
        runs=table("runs"),
        epochs=table("epochs"),
        levers=table("levers"),
        intake=INTAKE,
        growth=study_decisions if SOBER else [],
        identity=looked_at_records,
        # They train again, which is part of what the study costs.
        trackers=tracker_files(),
        embodied=HARDWARE_EMBODIED,
    output:
        f"{RESULTS}/recommendation.json",
    log:
        f"{LOGS}/recommend_size.log",
    benchmark:
        f"{BENCHMARKS}/recommend_size.tsv"
    conda:
        ENVIRONMENT
    params:
        analysis=canonical(
            {**config["analysis"], **DECISION, "full_n_train": FULL_N_TRAIN}
        ),
        metric=canonical(config["metric"]),
        rules=canonical(
            {
                model: plan.growth_rule(config, model, first_look=False)
                for model in MODELS
            }
        ),
        ladder=config["grid"]["n_train"] if SOBER else [],
        # Paid for, and part of what the study costs.
        beside_plan=lambda wildcards: canonical(beside_plan()),
        asked=ASKED,
        country=config["metering"]["country"],
        electricity=OWN_ELECTRICITY,
        usage=canonical(
            {
                **config["usage"],
                "machine_price_per_hour": config["cost"]["machine_price_per_hour"],
            }
        ),
        hardware=canonical(config["hardware"]),
        water=canonical(
            water_factors.figures(
                config["water"],
                editions.table_path(FACTORS, EDITION, water_factors.TABLE),
            )
        ),
        pue=config["metering"]["pue"],
        # What was expected of the trainings; a budget measures what it takes to say that.
        forecast=lambda wildcards: canonical(kept_forecast()),
        planned=canonical(
            dict(
                trainings=json.loads(PLANNED),
                by_size=BY_SIZE,
                machine_price_per_hour=config["cost"]["machine_price_per_hour"],
            )
        ),
        budget=BUDGET,
        tables=own_content("recommend_size"),
        code=code("recommend_size"),
    script:
        "../../scripts/recommend_size.py"


rule compare_methods:
    input:
        **METHOD_FACTORS,
        # The methods need more than the table `runs` holds: the memory, for example.
        records=RECORDS,
        trackers=tracker_files(),
        countries=STUDY_FILES["countries"],
    output:
        methods=reported("methods"),
        ranks=STUDY_FILES["method_ranks"],
    log:
        f"{LOGS}/compare_methods.log",
    benchmark:
        f"{BENCHMARKS}/compare_methods.tsv"
    conda:
        ENVIRONMENT
    params:
        settings=canonical(
            {
                key: config["methods"][key]
                for key in ("usage", "pragmatic_scaling_factor")
            }
        ),
        country=config["metering"]["country"],
        pue=config["metering"]["pue"],
        tables=own_content("compare_methods"),
        code=code("compare_methods"),
    script:
        "../../scripts/compare_methods.py"


rule write_provenance:
    input:
        # Hardware and versions are in the records and not in the table.
        records=RECORDS,
        data=ancient(f"{RESULTS}/data/{config['dataset']['name']}.npz"),
        intake=INTAKE,
        countries=STUDY_FILES["countries"],
        country_data=STUDY_FILES["country_data"],
        factors=[
            *(SOURCE_INTENSITY, SOURCE_COST, EQUIVALENTS, HARDWARE_EMBODIED),
            *METHOD_FACTORS.values(),
            *CONSUMER_PRICES.values(),
        ],
    output:
        f"{RESULTS}/provenance.json",
    log:
        f"{LOGS}/write_provenance.log",
    benchmark:
        f"{BENCHMARKS}/write_provenance.tsv"
    conda:
        ENVIRONMENT
    params:
        config=canonical(config),
        tables=own_content("write_provenance"),
        code=code("write_provenance"),
    script:
        "../../scripts/write_provenance.py"


# The study's own edition of the factors, and the one that it is compared with.
rule compare_editions:
    input:
        **STUDY_FILES,
        claims=CLAIMS if "claims" in TABLES else [],
        other_sources=str(
            editions.table_path(FACTORS, OTHER_EDITION, "source_intensity")
        ),
        other_costs=str(editions.table_path(FACTORS, OTHER_EDITION, "source_cost")),
    output:
        reported("editions"),
    log:
        f"{LOGS}/compare_editions.log",
    benchmark:
        f"{BENCHMARKS}/compare_editions.tsv"
    conda:
        ENVIRONMENT
    params:
        config=canonical(
            {
                **{
                    key: config[key]
                    for key in ("dataset", "models", "grid", "metering", "analysis")
                },
                "cost": ELECTRICITY_COST,
            }
        ),
        study_files=canonical(list(STUDY_FILES)),
        editions=[str(EDITION), str(OTHER_EDITION)],
        other_countries=canonical(other_country_data()),
        tables=own_content("compare_editions"),
        code=code("compare_editions"),
    script:
        "../../scripts/compare_editions.py"


rule check_claims:
    input:
        **STUDY_FILES,
        claims=CLAIMS[0],
        claims_schema=CLAIMS[1],
    output:
        reported("claims"),
    log:
        f"{LOGS}/check_claims.log",
    benchmark:
        f"{BENCHMARKS}/check_claims.tsv"
    conda:
        ENVIRONMENT
    params:
        config=canonical({key: config[key] for key in ("dataset", "models", "cost")}),
        tables=own_content("check_claims"),
        code=code("check_claims"),
    script:
        "../../scripts/check_claims.py"
