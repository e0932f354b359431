# Several finished studies on one page, when asked for: `snakemake compare`. Nothing of them is run.
from ecosobriety import studies as compared_studies
from ecosobriety.languages import COMPARISON_FILES

# A name has no `+`.
COMPARISON = f"reports/compare/{'+'.join(COMPARED or [STUDY])}"


def compared_digests(_=None):
    """That all that are compared have their results, and of which content these are."""
    try:
        names = compared_studies.names_to_compare(*ASKED_TO_COMPARE)
        return compared_studies.require_finished(names, Path("results"), Path("config"))
    except EcosobrietyError as error:
        raise WorkflowError(str(error))


if workflow.is_main_process and workflow.config_settings.config.get("studies"):
    # Asked for now: here an error is one sentence, and a job's would say where it was raised too.
    try:
        compared_digests()
    except WorkflowError as error:
        sys.exit(f"error: {error}")


rule compare_studies:
    input:
        texts=sorted(str(path) for path in Path(LOCALE).glob("*/*.yaml")),
        parts=[
            f"{REPORT_PARTS}/{name}"
            for name in (
                "comparison.html.j2",
                "style.css",
                "sections/_table.html.j2",
            )
        ],
    output:
        table=f"{COMPARISON}/comparison.csv",
        pages=[f"{COMPARISON}/{name}" for name in COMPARISON_FILES.values()],
    log:
        f"logs/compare_studies/{'+'.join(COMPARED or [STUDY])}.log",
    benchmark:
        f"benchmarks/compare_studies/{'+'.join(COMPARED or [STUDY])}.tsv"
    conda:
        ENVIRONMENT
    params:
        studies=COMPARED,
        digests=compared_digests,
        code=code("compare_studies"),
    script:
        "../../scripts/compare_studies.py"


rule compare:
    input:
        rules.compare_studies.output,
