# What the study may spend, and which trainings it has left out for want of that.
BUDGET_KWH = config["budget"]["energy_kwh"]
# All that a training needs to know to ask whether it may begin.
BUDGET = canonical(
    None
    if BUDGET_KWH is None
    else dict(
        energy_kwh=BUDGET_KWH,
        results=RESULTS,
        dataset=config["dataset"]["name"],
        sizes=config["grid"]["n_train"],
        seeds=config["grid"]["seeds"],
        models=list(MODELS),
        # One that grows begins no training before those that it needs first have ended.
        ranked=not plan.is_sober(config),
        by_size=config["training"]["process"] == "size",
        networks={name: json.loads(MODELS[name]) for name in OWN_LOOP},
        parameters=TRAINING,
        code=TRAINING_CODE,
        asked=ASKED,
    )
)


def first_large(wildcards):
    """A job's priority: with a budget, the largest size comes first."""
    ranked = BUDGET_KWH is not None and not plan.is_sober(config)
    return int(wildcards.n_train) if ranked else 0


def may_begin_now(path):
    """Whether a training was left out that the study's budget may have room for now."""
    why = left_out.left_out(path)
    return why is not None and left_out.is_asked_again(why, BUDGET_KWH)


def trainings_ended():
    """The trainings of the study as it is now whose records lie there."""
    there = {
        path: key
        for path, key in records_there().items()
        if left_out.left_out(path) is None
    }
    if not (there and Path(IDENTITY).exists()):
        return []
    asked = collecting.Asked.read(IDENTITY, ASKED)
    refused = collecting.find_refused(there, asked)
    return [key for path, key in there.items() if path not in refused]
