from snakemake.io import IOFile
from snakemake.settings.types import RerunTrigger


# What counts by its content, whatever its time is.
def own_content(rule, more=lambda wildcards: []):
    """The digest of the software's tables and texts that a rule reads, as a parameter.

    One that is put back, or comes with another release, may be older than what was made of another.
    Were it a function of the input, Snakemake would not compare it; `more` gives what the rule's
    own functions of the wildcards do.
    """

    def content(wildcards):
        folders = [Path(own(name)).absolute() for name in ("config", "workflow")]
        files = [file for file in getattr(rules, rule).input if isinstance(file, str)]
        read = [
            file.format(**wildcards)
            for file in files
            if any(Path(file).absolute().is_relative_to(folder) for folder in folders)
        ]
        return commands.watched_digest([*read, *more(wildcards)], Path.cwd())

    return content


LANGUAGES = {Path(report).stem: language for language, report in REPORTS.items()}


def page_texts(wildcards):
    """What a page says, in its language."""
    return sorted(map(str, Path(LOCALE, LANGUAGES[wildcards.page]).glob("*.yaml")))


def derived_files():
    """What a study always derives: tables, answers, figures and pages."""
    made = [path for name in TABLES for path in table_files(name)]
    made += [
        f"{RESULTS}/{name}.json"
        for name in ("recommendation", "method_ranks", "provenance")
    ]
    for language in config["languages"]:
        paths = figure_paths(language)
        made += [f"{path}.{kind}" for path in paths for kind in ("svg", "png")]
    return [*made, *reports()]


def made_of_unknown():
    """Derived files that Snakemake has no true notes of, and data that were prepared otherwise.

    It finds changed settings by its notes alone; where `.snakemake` was deleted, or not copied, it
    takes all that is there as up to date.
    """
    if RerunTrigger.PARAMS not in workflow.rerun_triggers:
        return []
    made = [STUDY_FILES["countries"], STUDY_FILES["country_data"], RECORDS]
    made += derived_files()
    made += Path(RESULTS, "growth").glob("*/*/[!.]*.json")
    made += Path(RESULTS, "cells").glob("*/*/[!.]*")
    made += [FORECAST, *Path(RESULTS, "forecast").glob("*/*.json")]
    copied = notes_are_of_others()
    made = [
        path for path in made if is_unnoted(path) or (copied and Path(path).is_file())
    ]
    if is_unnoted(INTAKE) and prepared_data() is None:
        made.append(INTAKE)
    return made


def notes_are_of_others():
    """Whether other results were copied over those that Snakemake has notes of."""
    path = Path(RESULTS, "provenance.json")
    if not path.is_file() or is_unnoted(path):
        return False
    try:
        made_with = json.loads(path.read_text(encoding="utf-8"))["config"]
    except (ValueError, TypeError, KeyError):
        # Edited by hand: `seals` sees it.
        return False
    return (
        repr(canonical(made_with))
        not in workflow.persistence.metadata(IOFile(str(path))).params
    )


def is_unnoted(path):
    """Whether a file is there, and no note of Snakemake's on what it was made by."""
    return (
        Path(path).is_file()
        and workflow.persistence.metadata(IOFile(str(path))) is None
    )
