# Which finished studies `snakemake compare` puts side by side.
import atexit

from ecosobriety.languages import COMPARISON_FILES

# A name has no `+`.
COMPARISON = f"reports/compare/{'+'.join(COMPARED or [STUDY])}"


def compared_digests(_=None):
    """That all that are compared have their results, and of which content these are."""
    # Every job parses this, and only a comparison needs it.
    from ecosobriety import studies as compared_studies

    try:
        names = compared_studies.names_to_compare(*ASKED_TO_COMPARE)
        return compared_studies.require_finished(names, Path("results"), Path("config"))
    except EcosobrietyError as error:
        raise WorkflowError(str(error))


def compared_anew(_):
    """No input; lets a comparison be made again that Snakemake has no notes of."""
    if workflow.is_main_process:
        made = map(str, Path(COMPARISON).glob("[!.]*"))
        workflow.dag.forcefiles.update(path for path in made if is_unnoted(path))
    return []


def say_old_comparisons():
    """Name comparisons that were made of other results of this study than those that there are."""
    answer = Path(RESULTS, "recommendation.json")
    for page in Path("reports/compare").glob("*/comparison.csv"):
        names = page.parent.name.split("+")
        if STUDY not in names or not answer.exists():
            continue
        if page.stat().st_mtime < answer.stat().st_mtime:
            asked = f"studies='[{', '.join(names)}]'"
            print(
                f"note: {page.parent} is older than the results of {STUDY}: snakemake --cores 2 "
                f"--config {asked} -- compare makes it again",
                file=sys.stderr,
            )


def refuse_to_compare(**_):
    """End with a sentence where a comparison is asked for that cannot be.

    Of an error in a rule's parameters, Snakemake says where it was raised, too.
    """
    asked = [
        target
        for target in workflow.dag_settings.targets
        if target in ("compare", "compare_studies")
        or target.startswith("reports/compare/")
    ]
    if not asked and not ASKED_TO_COMPARE[0]:
        return
    try:
        compared_digests()
    except WorkflowError as error:
        sys.exit(f"error: {error}")
    from ecosobriety.studies import other_settings
    from ecosobriety.user_code.words import cut_list

    if STUDY in COMPARED and (keys := other_settings(STUDY, Path("results"), config)):
        print(
            f"warning: compare: the results of {STUDY} are of other settings than "
            f"{study_file()} has now ({cut_list(', '.join(keys))}): run it first",
            file=sys.stderr,
        )


if workflow.is_main_process:
    workflow.execute = files.preceded(workflow.execute, refuse_to_compare)
    # At its end, when the results are there.
    atexit.register(say_old_comparisons)
