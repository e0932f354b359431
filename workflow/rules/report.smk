report: "../report/captions/workflow.rst"


rule build_report:
    input:
        **STUDY_FILES,
        editions=table("editions"),
        levers=table("levers"),
        claims=CLAIMS if "claims" in TABLES else [],
        provenance=f"{RESULTS}/provenance.json",
        figures=lambda wildcards: [
            f"{path}.svg" for path in figure_paths(LANGUAGES[wildcards.page])
        ],
        texts=page_texts,
        template=f"{REPORT_PARTS}/template.html.j2",
        sections=sorted(str(path) for path in Path(REPORT_PARTS).glob("sections/*")),
        parts=[
            f"{REPORT_PARTS}/{name}"
            for name in (
                *("style.css", "poster.css"),
                *("sections.js", "whatif.js", "tables.js", "pictures.js"),
                "references.yaml",
            )
        ],
    output:
        report(
            f"reports/{STUDY}/{{page}}.html",
            caption="../report/captions/page.rst",
            category="Report",
            labels={"page": "{page}"},
        ),
    log:
        f"{LOGS}/build_report/{{page}}.log",
    benchmark:
        f"{BENCHMARKS}/build_report/{{page}}.tsv"
    wildcard_constraints:
        page="|".join(LANGUAGES),
    conda:
        ENVIRONMENT
    params:
        config=canonical(config),
        study_files=canonical([*STUDY_FILES, "editions", "levers"]),
        figures=canonical(FIGURES),
        language=lambda wildcards: LANGUAGES[wildcards.page],
        tables=own_content("build_report", page_texts),
        code=code("build_report"),
    script:
        "../../scripts/build_report.py"
