# Which forecast is asked for, and what of it is there; a study's run reads it where it lies.
FORECAST = f"{RESULTS}/forecast.json"
# Imported runs take nothing any more.
PLANNED = canonical(
    {
        name: {
            **plan.trainings_of(config, name),
            # A command of the user's is forecast from those of its trainings that have ended.
            "keys": (
                [key for key in study_config.run_grid(config) if key[1] == name]
                if name in COMMANDS
                else []
            ),
        }
        for name in MODELS
        if name not in IMPORTS
    }
)
PRICED = canonical(
    dict(
        country_iso3=config["metering"]["country"],
        sources=config["grid"]["sources"],
        cost=ELECTRICITY_COST,
        pue=config["metering"]["pue"],
        machine_price_per_hour=config["cost"]["machine_price_per_hour"],
        edition=str(EDITION),
        country_data=COUNTRY_DATA,
    )
)
# One process trains all seeds of a size only in our own loop.
PROCESS = json.dumps(BY_SIZE)
ASKED_DIGEST = kept.digest(ASKED, PLANNED, PROCESS)
PRICED_DIGEST = kept.digest(PRICED)


def kept_forecast():
    """The forecast that was made of the study as it is asked for now; None: there is none."""
    return kept.kept_forecast(Path(FORECAST), ASKED_DIGEST)


def show_forecast(*_, executor_plugin, **__):
    """In a dry run, show the forecast that there is; nothing is measured for it."""
    if not executor_plugin.common_settings.dryrun_exec:
        return
    ended, asked = trainings_ended(), json.loads(PLANNED)
    done = Counter(key[1:3] for key in ended)
    left = [
        (name, int(n_train))
        for name, trainings in asked.items()
        for n_train, count in trainings["most"].items()
        if done[name, int(n_train)] < count
    ]
    if not left:
        return
    found = kept_forecast()
    if found is None or found["priced"] != PRICED_DIGEST:
        print(
            "note: what the trainings will take is not forecast yet: `make plan CONFIG="
            f"{study_file()}` measures a few batches and shows it",
            file=sys.stderr,
        )
        return
    # Seldom needed, and slow to import.
    from ecosobriety.forecast import words

    past = kept.past_forecasts(Path("results"), [STUDY])
    for line in words.lines(found, STUDY, config["metering"]["country"], past, ended):
        print(line, file=sys.stderr)


if workflow.is_main_process:
    workflow.execute = files.preceded(workflow.execute, show_forecast)
