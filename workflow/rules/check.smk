# What a user's commands, runs and networks would fail on, known before any job. Of the processes
# that read the rules, the first alone looks.
from contextlib import suppress

from ecosobriety.metrics import metric_from
from ecosobriety.study_config.config import epochs_of_sizes
from ecosobriety.study_config.in_words import large_test, odd_hardware
from ecosobriety.study_config.metric import wide_margin
from ecosobriety.study_config.money import inverse_rate
from ecosobriety.study_config.unread import (
    equal_models,
    fixed_epochs,
    never_stops,
    uneven_steps,
    unread_training,
)
from ecosobriety.user_code import foresight, optimisers


def say_odd_numbers():
    """Say in words what may be meant otherwise: a margin, a rate, units and a share."""
    odd = [wide_margin(config), inverse_rate(config["cost"])]
    odd += [odd_hardware(config["hardware"]), large_test(config["dataset"])]
    known = take_in({**config["dataset"], "task": config["task"]})
    margin, metric = config["analysis"]["margin"], metric_from(config["metric"])
    odd.append(datasets.intake.hardly_resolved(known, margin, metric))
    for said in filter(None, odd):
        print(f"note: {said}", file=sys.stderr)


def say_unread_training():
    """Name keys that change nothing for the models that there are."""
    schema = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
    if keys := unread_training(config, schema):
        print(
            f"note: {', '.join(keys)} reach no model: commands, and runs that exist already, have "
            "settings of their own",
            file=sys.stderr,
        )
    if said := never_stops(config):
        print(f"note: {said}", file=sys.stderr)
    for model in fixed_epochs(config):
        print(
            f"note: plan.epochs adaptive shortens nothing of {model}", file=sys.stderr
        )
    for model in uneven_steps(config):
        print(
            f"note: training.budget steps counts batches, and sizes differ in steps: {model}",
            file=sys.stderr,
        )


def say_equal_models():
    """Name models whose trainings are the same, each of which is done and paid for."""
    networks = {name: json.loads(network) for name, network in MODELS.items()}
    for one, other in equal_models(networks, json.loads(TRAINING)):
        print(
            f"note: the models {one} and {other} have the same settings: each training is done "
            "twice",
            file=sys.stderr,
        )


def try_out_commands():
    """Report what the shell cannot read in a command, or does not find."""
    for i, model in enumerate(config["models"]):
        if "command" not in model:
            continue
        place = f"models[{i}].command"
        shell = model.get("shell", commands.SHELLS[0])
        if unreadable := commands.shell_fault(shell, model["command"]):
            sys.exit(f"error: {ConfigError(f'{study_file()}: {place} {unreadable}')}")
        if odd := commands.program_fault(shell, model["command"], Path.cwd()):
            print(f"warning: {place} {odd}", file=sys.stderr)
        if script := commands.missing_script(model["command"], Path.cwd()):
            print(
                f"warning: {place} runs {script}, which is not in {Path.cwd()}",
                file=sys.stderr,
            )
        for script in commands.unwatched(
            model["command"], model.get("watch", ()), Path.cwd()
        ):
            print(
                f"warning: {place} rests on {script}, which is not in watch: a change of it would "
                "train nothing again",
                file=sys.stderr,
            )


def try_out_imports():
    """Read imported runs once before any job: what is wrong with them ends here."""
    read = []
    for place, model in enumerate(config["models"]):
        if model["name"] not in IMPORTS:
            continue
        spec = study_config.import_spec(config, model)
        try:
            found = imported.read_imports(
                spec,
                config["grid"]["n_train"],
                config["grid"]["seeds"],
                metric_from(config["metric"]),
                Path.cwd(),
            )
            read.append((spec, found))
            imported.require_own_rows(read, Path.cwd())
        except imported.RunsError as error:
            import_fault(place, error)
        for note in found.notes:
            print(f"note: {note}", file=sys.stderr)


def prepared_data():
    """The data set's file, if it was prepared from what the study's file names now."""
    spec = canonical({**config["dataset"], "task": config["task"]})
    source = datasets.intake.source_of(spec, readers.stamp(config["dataset"]))
    try:
        known = datasets.intake.read(Path(INTAKE))
    except EcosobrietyError:
        return None
    data = Path(INTAKE.replace(".intake.json", ".npz"))
    return str(data) if known.source == source and data.exists() else None


def try_out_networks():
    """Try the user's own networks on a few batches, where the data are at hand or small."""
    networks = [json.loads(MODELS[model["name"]]) for model in config["models"]]
    own = [
        i
        for i, network in enumerate(networks)
        if "class_path" in network and network["source"] is not None
    ]
    if not own:
        return
    dataset = {**config["dataset"], "task": config["task"]}
    prepared = prepared_data()
    small = dataset["name"] in datasets.BUNDLED or (
        dataset["class_path"] is None
        and look_at(json.dumps(dataset)).y_train is not None
    )
    if prepared is None and not small:
        return
    found = foresight.foresee(
        [{**networks[i], "watch": config["models"][i].get("watch", [])} for i in own],
        dict(
            dataset=dataset,
            prepared=prepared,
            parameters=json.loads(TRAINING),
            sizes=config["grid"]["n_train"],
            seed=config["grid"]["seeds"][0],
            alone=len(networks) == 1,
        ),
        dict(files=readers.stamp(config["dataset"]), code=TRAINING_CODE),
        Path(".snakemake/ecosobriety/tried"),
        lambda sentence: print(f"warning: {sentence}", file=sys.stderr),
    )
    if found is not None:
        place, sentence = own[found[0]], found[1].removeprefix("models: ")
        sys.exit(
            f"error: {ConfigError(f'{study_file()}: models[{place}]: {sentence}')}"
        )


def try_out_optimisers():
    """Name what is odd about the optimisers of networks that come along; own ones are tried out."""
    places, asked, told = [], [], set()
    for i, model in enumerate(config["models"]):
        network = json.loads(MODELS[model["name"]])
        if "class_path" not in network or network["source"] is not None:
            continue
        training = config["training"] | model.get("training", {})
        pair = [training.get(kind) for kind in ("optimizer", "lr_scheduler")]
        if any(pair):
            for epochs in epochs_of_sizes(config, training):
                places.append(i)
                asked.append([*pair, training["learning_rate"], epochs])
    for i, (ended, odd) in zip(places, optimisers.find_odd_apart(asked), strict=True):
        if ended is not None:
            sys.exit(f"error: {ConfigError(f'{study_file()}: models[{i}]: {ended}')}")
        for sentence in odd:
            if (i, sentence) not in told:
                name = config["models"][i]["name"]
                print(f"warning: models: {name}: {sentence}", file=sys.stderr)
            told.add((i, sentence))


def say_fallback():
    """Name a table that still stands in for one that could not be had."""
    with suppress(OSError, ValueError):
        facts = json.loads(Path(STUDY_FILES["country_data"]).read_bytes())
        if facts["fallback_reason"] and facts["requested"] == COUNTRY_DATA["provider"]:
            print(
                f"note: an earlier run had no answer from {facts['requested']}, and its fallback "
                f"stands: delete {STUDY_FILES['countries']} to ask again",
                file=sys.stderr,
            )


if workflow.is_main_process:
    say_odd_numbers()
    say_unread_training()
    say_fallback()
    try_out_commands()
    try_out_imports()
    say_equal_models()
    try_out_networks()
    try_out_optimisers()
