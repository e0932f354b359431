# A sober study grows: which sizes and seeds it trains is known only as it decides.
SOBER = plan.is_sober(config)
DECISION_FILE = f"{RESULTS}/growth/{{dataset}}/{{model}}/n{{n_train}}{{look}}.json"
# A first look has one seed at every size; a last one may have more at the last two sizes.
FIRST, LAST = ".one_seed", ""


def read_decision(model, n_train, look=LAST):
    """A decision that was made; where it was not, Snakemake makes it first."""
    place = dict(
        dataset=config["dataset"]["name"], model=model, n_train=str(n_train), look=look
    )
    if workflow.is_main_process and not Path(DECISION_FILE.format(**place)).exists():
        # Snakemake makes nothing that is missing before what is there and looks up to date.
        workflow.dag.forcefiles.add(RECORDS)
    made = checkpoints.decide_growth.get(**place)
    return json.loads(Path(made.output[0]).read_text(encoding="utf-8"))


def growth_runs(model, n_train, look):
    """The trainings behind a decision, as `study_config.run_grid` gives them."""
    asks_more = (
        plan.adds_seeds(config)
        and look == LAST
        and n_train < config["plan"]["full_n_train"]
        and read_decision(model, n_train, FIRST)["decision"] == "more_seeds"
    )
    return plan.growth_runs(config, model, n_train, more_seeds=asks_more)


def grown():
    """The last decisions of a sober study as (model, size), and all trainings up to there."""
    decisions, runs = [], []
    for model in MODELS:
        sizes = plan.decision_sizes(config)
        for n_train in sizes:
            decisions.append((model, n_train))
            runs += growth_runs(model, n_train, LAST)
            found = read_decision(model, n_train)
            # What a budget cuts short, grows no further.
            if found["decision"] == "stop" or found["cut_short"]:
                break
    return decisions, list(dict.fromkeys(runs))


def study_runs(*_):
    """The trainings of the study, as far as it has grown; each decision comes first."""
    return grown()[1] if SOBER else study_config.run_grid(config)


def study_records(wildcards):
    """The records of these trainings."""
    return record_paths(study_runs())


def study_decisions(wildcards):
    """The decisions of the study, made one after another."""
    if not SOBER:
        return []
    return [
        DECISION_FILE.format(
            dataset=config["dataset"]["name"], model=model, n_train=n_train, look=LAST
        )
        for model, n_train in grown()[0]
    ]


def beside_plan():
    """The trainings that were done or begun, and that the study no longer asks for."""
    return leftovers.find_beside_plan(
        Path(RESULTS), config["dataset"]["name"], MODELS, study_runs()
    )


def old_decisions():
    """Decisions that lie there and are not of the study as it is now."""
    looks = [FIRST, LAST] if SOBER and plan.adds_seeds(config) else [LAST]
    asked = {
        f"{config['dataset']['name']}/{model}": {
            f"n{n_train}{look}.json": plan.growth_rule(
                config, model, first_look=look == FIRST
            )
            for n_train in plan.decision_sizes(config)
            for look in looks
        }
        for model in (MODELS if SOBER else [])
    }
    cut = any(may_begin_now(path) for path in records_there())
    return leftovers.find_old_decisions(
        Path(RESULTS, "growth"), asked, no_cut_short=cut
    )


def refuse_smaller_full_size():
    """End with a sentence where the study is to end below what is trained already."""
    full = config["plan"]["full_n_train"]
    larger = {path: key for path, key in records_there().items() if key[2] > full}
    if not larger or not Path(IDENTITY).exists():
        return
    asked = collecting.Asked.read(IDENTITY, ASKED)
    refused = collecting.find_refused(larger, asked)
    trained = max(
        (key[2] for path, key in larger.items() if path not in refused), default=0
    )
    if trained:
        message = (
            f"{study_file()}: plan.full_n_train is {full}, but must be at least {trained}: so "
            f"many examples are trained on already in {RESULTS}; take a larger full size, or "
            "another name for the study"
        )
        sys.exit(f"error: {ConfigError(message)}")


if SOBER and workflow.is_main_process:
    refuse_smaller_full_size()


checkpoint decide_growth:
    input:
        records=lambda w: record_paths(growth_runs(w.model, int(w.n_train), w.look)),
        identity=looked_at_records,
        intake=INTAKE,
    output:
        DECISION_FILE,
    log:
        f"{LOGS}/decide_growth/{{dataset}}/{{model}}/n{{n_train}}{{look}}.log",
    benchmark:
        f"{BENCHMARKS}/decide_growth/{{dataset}}/{{model}}/n{{n_train}}{{look}}.tsv"
    wildcard_constraints:
        look=r"(\.one_seed)?",
    conda:
        ENVIRONMENT
    params:
        runs=lambda w: canonical(growth_runs(w.model, int(w.n_train), w.look)),
        rule=lambda w: canonical(
            plan.growth_rule(config, w.model, first_look=w.look == FIRST)
        ),
        asked=ASKED,
        metric=canonical({**config["metric"], "unit": None}),
        code=code("decide_growth"),
    script:
        "../../scripts/decide_growth.py"
