# What the rules share: the software's own files, the paths of the contract, what decides a job.
import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

from snakemake.io import report as in_report
from snakemake.utils import update_config

from ecosobriety import datasets, electricity, files, imported, readers, tables
from ecosobriety.electricity import consumer_prices, editions, water_factors
from ecosobriety.electricity.sources import load_sources
from ecosobriety.errors import ConfigError, EcosobrietyError
from ecosobriety.forecast import kept
from ecosobriety.languages import REPORT_FILES
from ecosobriety.records import collecting, left_out, tracker_runs
from ecosobriety.records.decided_epochs import DecidedEpochs
from ecosobriety.steps import orphans, seals, slurm
from ecosobriety.study import figure_names, leftovers
from ecosobriety.study_config import config as study_config
from ecosobriety.study_config import files as study_files
from ecosobriety.study_config import layers as config_layers
from ecosobriety.study_config import levers
from ecosobriety.study_config import plan
from ecosobriety.study_config.schema import fault, read_schema, show
from ecosobriety.user_code import classes, commands, own_code


def own(path):
    """A file of the software's: by its short name where the software lies in the user's folder."""
    if ROOT.resolve() == Path.cwd():
        return path
    if {*"{}"} & {*str(ROOT)}:
        sys.exit(
            f"error: {ROOT}: Snakemake takes braces in the paths of files for wildcards; run the "
            "software in its own folder, or move it"
        )
    return str(ROOT / path)


# For `--software-deployment-method conda`; without it, every rule runs in the caller's environment.
# Snakemake formats its path, in which braces are to stay.
ENVIRONMENT = str(ROOT / "environment.yml").replace("{", "{{").replace("}", "}}")
FACTORS = Path(own("config/factors"))
METHOD_FACTORS = dict(
    constants=own("config/factors/method_constants.csv"),
    hardware=own("config/factors/hardware_tdp.csv"),
    green_algorithms=own("config/factors/green_algorithms_intensity.csv"),
)
# What the poster claims, and the file's form.
CLAIMS = [own("config/claims.yaml"), own("workflow/schemas/claims.schema.yaml")]
EQUIVALENTS = own("config/factors/equivalents.csv")
HARDWARE_EMBODIED = own("config/factors/hardware_embodied.csv")
REPORT_PARTS = own("workflow/report")
LOCALE = f"{REPORT_PARTS}/locale"


include: "config.smk"


EDITION = config["factors"] = editions.resolve(config["factors"], FACTORS)
# What the study's answers are compared with: the poster's factors, or for those the newest.
OTHER_EDITION = editions.resolve(
    editions.LATEST if EDITION == editions.POSTER else editions.POSTER, FACTORS
)
SOURCE_INTENSITY = str(editions.table_path(FACTORS, EDITION, "source_intensity"))
SOURCE_COST = str(editions.table_path(FACTORS, EDITION, "source_cost"))
# Which edition it is, and where the carbon intensities of its countries come from.
COUNTRY_DATA = editions.country_settings(config["country_data"], FACTORS, EDITION)
KNOWN_COUNTRIES = electricity.known_countries(COUNTRY_DATA)
COUNTRIES = KNOWN_COUNTRIES["country_iso3"].tolist()

STUDY = config["study"]
RESULTS = f"results/{STUDY}"
# All of them in one file: each path among a step's inputs costs the planning of ten thousand runs.
RECORDS = f"{RESULTS}/records.jsonl"
# What is known of the data set: sizes, classes, baseline, findings (`datasets.intake`).
INTAKE = f"{RESULTS}/data/{config['dataset']['name']}.intake.json"
LOGS = f"logs/{STUDY}"
BENCHMARKS = f"benchmarks/{STUDY}"
REPORTS = {
    language: f"reports/{STUDY}/{name}" for language, name in REPORT_FILES.items()
}
FIGURES = figure_names.figure_ids(model["name"] for model in config["models"])

# The digest of the data set's content.
IDENTITY = f"{RESULTS}/data/{config['dataset']['name']}.sha256"
# How many records that do not count are named one by one.
MAX_TOLD = 5

# Snakemake lowers it to the cores that a job may take.
ALL_CORES = 1_000_000


def record_paths(runs):
    """The records of trainings that are given as (data set, model, size, seed)."""
    return [
        f"{RESULTS}/runs/{dataset}/{model}/n{n_train}/seed{seed}.json"
        for dataset, model, n_train, seed in runs
    ]


def records():
    """The records of every training of the study."""
    return record_paths(study_config.run_grid(config))


def tracker_files():
    """What carbontracker and Eco2AI stated of each model on each size where they are run."""
    return [
        f"{RESULTS}/trackers/{config['dataset']['name']}/{model['name']}/n{n_train}.json"
        for model in config["models"]
        for n_train in config["methods"]["tracker_sizes"]
    ]


def seeds_of(wildcards):
    """The seeds that one process trains: its own one, or all of its size."""
    own = wildcards.get("seed")
    return config["grid"]["seeds"] if own is None else [int(own)]


@cache
def look_at_records():
    """Let records be made again that do not count, and tables that were changed by hand.

    Records may be whole, and yet of another training; no file's time shows it. Nothing is moved
    here: a dry run plans the same.
    """
    folders = [Path(RESULTS), Path(RESULTS, "tables"), Path(RESULTS, "data")]
    # Of each data set and model the decisions, of each size and country the cells.
    folders += [
        found
        for name in ("growth", "cells")
        for found in Path(RESULTS, name).glob("*/*")
    ]
    changed = seals.find_changed(folders)
    for path in changed:
        logger.warning(f"{path} was changed after it had been written: it is rebuilt")
    unknown = made_of_unknown()
    if unknown:
        logger.warning(
            f"{unknown[0]} and what else is derived in {RESULTS} ({len(unknown)} files) is made again: "
            ".snakemake does not say by which settings it was made"
        )
    workflow.dag.forcefiles.update(map(str, [*changed, *unknown]))
    identity = Path(IDENTITY)
    if not identity.exists():
        return
    asked = collecting.Asked.read(identity, ASKED)
    there = records_there()
    again = [path for path in there if may_begin_now(path)]
    if again:
        logger.warning(
            f"{len(again)} trainings that were left out are asked for again: the budget has "
            "room for more, or is gone"
        )
    workflow.dag.forcefiles.update(map(str, again))
    refused = collecting.find_refused(there, asked)
    workflow.dag.forcefiles.update(map(str, refused))
    for model in IMPORTS:
        again = [path for path in refused if there[path][1] == model]
        if again:
            logger.warning(
                f"runs of {model} are imported again ({len(again)}): their table or their records "
                "have changed"
            )
        refused = {path: refused[path] for path in refused if path not in again}
    for sentence in [*refused.values()][:MAX_TOLD]:
        logger.warning(f"{sentence}; it is set aside as *.refused and trained again")
    if len(refused) > MAX_TOLD:
        logger.warning(f"{len(refused) - MAX_TOLD} more records are trained again")


def records_there():
    """The records that lie in the study's folder, and the trainings that they must be of."""
    place = rf"{config['dataset']['name']}/([^/]+)/n([0-9]+)/seed([0-9]+)\.json"
    there = {}
    for path in Path(RESULTS, "runs").glob("*/*/n*/seed*.json"):
        found = re.fullmatch(place, path.relative_to(f"{RESULTS}/runs").as_posix())
        if found and found[1] in MODELS:
            key = (config["dataset"]["name"], found[1], int(found[2]), int(found[3]))
            there[path] = key
    return there


def looked_at_records(wildcards):
    """The data set's digest, an input of the steps that read records: these are looked at first."""
    if workflow.is_main_process:
        look_at_records()
    return IDENTITY


def network():
    """What decides a job's model; fixed if it can be, as a function costs each job."""
    if len(MODELS) == 1:
        return next(iter(MODELS.values()))
    return lambda wildcards: MODELS[wildcards.model]


def own_files(wildcards, output):
    """The user's own files behind a job's model; as it takes the output, it is not compared."""
    return study_config.model_files(config, wildcards.model)


def figure_paths(language):
    """The figures of one language, in the order of `FIGURES`, without their suffix."""
    return [f"{RESULTS}/figures/{figure}.{language}" for figure in FIGURES]


def reports():
    """The report in every language of the study."""
    return [REPORTS[language] for language in config["languages"]]


def table_files(name):
    """The files of a table of the contract; steps read the first."""
    rows = study_config.scenario_rows(config, COUNTRIES)
    return [
        f"{RESULTS}/tables/{name}{suffix}"
        for suffix in tables.table_suffixes(name, rows)
    ]


def table(name):
    """The path from which steps read a table of the contract."""
    return table_files(name)[0]


def reported(name):
    """A table's files as outputs; those in plain text are in `snakemake --report` too."""
    entry = dict(
        caption="../report/captions/table.rst",
        category="Tables",
        labels={"table": name},
    )
    return [
        in_report(path, **entry) if path.endswith(".csv") else path
        for path in table_files(name)
    ]


OWN_CODE = own_code.own_code(
    ROOT / "scripts", Path(".snakemake/ecosobriety/own_code.json")
)


def code(rule):
    """The fingerprint of all that decides a rule's result: its script and what that imports."""
    return OWN_CODE[rule]


TRAINING = canonical(study_config.training_parameters(config))


def study_file():
    """The study's file, as a message names it."""
    return os.path.relpath(
        (workflow.overwrite_configfiles or ["config/config.yaml"])[-1]
    )


def import_fault(place, error):
    """End with what is wrong with imported runs."""
    sys.exit(
        f"error: {fault(study_file(), f'models[{place}].{error.key}', error.text)}"
    )


def deciding(place, model):
    """What decides a model; a file of it that cannot be read ends here."""
    try:
        return canonical(
            study_config.model_parameters(config, model["name"], Path.cwd())
        )
    except imported.RunsError as error:
        import_fault(place, error)
    except EcosobrietyError as error:
        sys.exit(
            f"error: {ConfigError(f'{study_file()}: models[{place}].watch {error}')}"
        )


MODELS = {model["name"]: deciding(i, model) for i, model in enumerate(config["models"])}


# Trained in our own loop, by a command of the user's, and before the study.
COMMANDS = {m["name"]: m for m in config["models"] if "command" in m}
IMPORTS = {m["name"]: m for m in config["models"] if "runs" in m}
OWN_LOOP = [name for name in MODELS if name not in {*COMMANDS, *IMPORTS}]


def one_of(names):
    """The wildcard of these names, of which each is a whole one."""
    return "|".join(map(re.escape, names)) or "(?!)"


# Not all that the script imports: a changed log retrains nothing.
TRAINING_CODE = OWN_CODE[own_code.TRAINING]
COMMAND_CODE = OWN_CODE[own_code.COMMAND]
IMPORT_CODE = OWN_CODE[own_code.IMPORT]
# Where a study that grows says for how many epochs it trains a size.
DECIDED_EPOCHS = dict(
    folder=f"{RESULTS}/growth/{config['dataset']['name']}",
    decided_at=plan.epochs_decided_at(config),
    all_epochs=(
        {name: plan.all_epochs(config, name) for name in MODELS}
        if plan.adapts_epochs(config)
        else {}
    ),
)
# What a record must be of to count, besides its data; as arguments of `collecting.Asked`.
ASKED = canonical(
    dict(
        networks={name: json.loads(network) for name, network in MODELS.items()},
        parameters=json.loads(TRAINING),
        code_fingerprint=TRAINING_CODE,
        command_fingerprint=COMMAND_CODE,
        import_fingerprint=IMPORT_CODE,
        decided_epochs=DECIDED_EPOCHS,
    )
)

# What the trainings are scored by; what its margin is, and its unit, matter to the decision alone.
METRIC = canonical({key: config["metric"][key] for key in ("name", "better")})

# What consumers pay, where the study asks for it: the configuration stays as it was written.
PRICES = editions.table_path(FACTORS, EDITION, consumer_prices.TABLE)
CONSUMER_PRICES = dict(prices=str(PRICES)) if config["cost"]["consumer_prices"] else {}
# What derives the cost of electricity: an hour of the machine is no price of it.
ELECTRICITY_COST = {
    **{key: config["cost"][key] for key in ("currency", "usd_per_unit")},
    "grid_price_per_kwh": consumer_prices.grid_prices(config["cost"], PRICES),
}

EXPORT = f"reports/{STUDY}/export"

TABLES = [
    *("runs", "epochs", "curve", "scenarios", "savings", "levers", "methods"),
    "editions",
]
if config["claims"] == "poster":
    TABLES.append("claims")

# What a study is read from, by the names of `study.read_study`.
STUDY_FILES = dict(
    runs=table("runs"),
    epochs=table("epochs"),
    curve=table("curve"),
    scenarios=table("scenarios"),
    savings=table("savings"),
    methods=table("methods"),
    method_ranks=f"{RESULTS}/method_ranks.json",
    recommendation=f"{RESULTS}/recommendation.json",
    countries=f"{RESULTS}/data/countries.csv",
    country_data=f"{RESULTS}/data/countries.json",
    sources=SOURCE_INTENSITY,
    costs=SOURCE_COST,
    equivalents=EQUIVALENTS,
    intake=INTAKE,
    **METHOD_FACTORS,
    **CONSUMER_PRICES,
)

# What `snakemake refresh` writes: today's copy of Our World in Data's table.
REFRESHED = f"config/countries/owid-{datetime.now(UTC):%Y-%m-%d}.csv"


def other_country_data():
    """The country data of the edition that answers are compared with; None: the study's own."""
    provider = COUNTRY_DATA["provider"]
    if provider not in (editions.EMBER, editions.CODECARBON):
        return None
    section = {**config["country_data"], "provider": None}
    return editions.country_settings(section, FACTORS, OTHER_EDITION)


def remove_leftovers():
    """Remove what the study wrote before and is no longer of it: it would be read as of today."""
    found = leftovers.find_leftovers(
        Path(RESULTS),
        Path(f"reports/{STUDY}"),
        models=[model["name"] for model in config["models"]],
        languages=config["languages"],
        claims="claims" in TABLES,
    )
    # No training is under way before the run.
    for path in Path(RESULTS, "budget").glob("*.json"):
        path.unlink()
    for path in [*found, *old_decisions()]:
        path.unlink()
        seals.unseal([path])
        print(f"Removed {path}: the study no longer has it.", file=sys.stderr)
