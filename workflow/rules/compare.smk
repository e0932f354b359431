# Several finished studies on one page, when asked for: `snakemake compare`. Nothing of them is run.
rule compare_studies:
    input:
        compared_anew,
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
        tables=own_content("compare_studies"),
        code=code("compare_studies"),
    script:
        "../../scripts/compare_studies.py"


rule compare:
    input:
        rules.compare_studies.output,
