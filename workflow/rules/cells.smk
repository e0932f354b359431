# Which cells may be asked for, and which were made before.
from contextlib import suppress

from ecosobriety.study_config import cells

CELLS = f"{RESULTS}/cells/"
CELL = cells.NAME


@cache
def known_sources():
    """The sources of electricity that a cell may have."""
    return [tables.GRID_SOURCE, *load_sources(Path(SOURCE_INTENSITY))["source"]]


def cell_runs(name):
    """The trainings that a cell needs."""
    return cells.cell_runs(
        config, name, countries=COUNTRIES, sources=known_sources(), take_in=take_in
    )


def made_cells():
    """Cells that were made before and need no training but the study's own.

    Left as they are, they would be read as of today. A job makes none.
    """
    made, kept = [], []
    if workflow.is_main_process:
        made = sorted(map(str, Path(CELLS).glob("n*/*/*.json")))
    own = own_runs() if made else set()
    for path in made:
        # Of another state of the study, which has it no more.
        with suppress(EcosobrietyError):
            if own.issuperset(
                cell_runs(path.removeprefix(CELLS).removesuffix(".json"))
            ):
                kept.append(path)
    return kept


def own_runs():
    """The trainings that the study has or will have; of one that grows, those that it has."""
    if not SOBER:
        return {*study_config.run_grid(config)}
    if not Path(IDENTITY).exists():
        return set()
    there = records_there()
    asked = collecting.Asked.read(Path(IDENTITY), ASKED)
    refused = collecting.find_refused(there, asked)
    return {key for path, key in there.items() if path not in refused}


def refuse_other_cells(**_):
    """End with a sentence where a cell is asked for that does not exist.

    Of an error in a rule's inputs, Snakemake says where it was raised and not what was asked for.
    """
    for path in workflow.dag_settings.targets:
        if path.startswith(CELLS):
            try:
                cell_runs(path.removeprefix(CELLS).removesuffix(".json"))
            except EcosobrietyError as error:
                sys.exit(f"error: {path}: {error}")


if workflow.is_main_process:
    workflow.execute = files.preceded(workflow.execute, refuse_other_cells)
