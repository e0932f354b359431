rule plot_figure:
    input:
        **STUDY_FILES,
        texts=f"{LOCALE}/{{language}}/figures.yaml",
    output:
        svg=report(
            f"{FIGURE}.svg",
            caption="../report/captions/figure.rst",
            category="Figures",
            labels={"figure": "{figure}", "language": "{language}"},
        ),
        png=f"{FIGURE}.png",
    log:
        f"{LOGS}/plot_figure/{{figure}}.{{language}}.log",
    benchmark:
        f"{BENCHMARKS}/plot_figure/{{figure}}.{{language}}.tsv"
    conda:
        ENVIRONMENT
    params:
        # Not the whole configuration: a new language or title draws nothing anew.
        config=canonical(
            {key: config[key] for key in ("dataset", "metering", "cost", "figures")}
        ),
        code=code("plot_figure"),
    script:
        "../../scripts/plot_figure.py"
