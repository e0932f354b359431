# All figures of a language: reading the study takes longer than drawing one of them.
rule plot_figures:
    input:
        **STUDY_FILES,
        levers=table("levers"),
        texts=f"{LOCALE}/{{language}}/figures.yaml",
    output:
        svg=[
            report(
                f"{path}.svg",
                caption=f"../report/captions/figures/{figure.partition('-')[0]}.rst",
                category="Figures",
                labels={"figure": figure, "language": "{language}"},
            )
            for figure, path in zip(FIGURES, figure_paths("{language}"))
        ],
        png=[f"{path}.png" for path in figure_paths("{language}")],
    log:
        f"{LOGS}/plot_figures/{{language}}.log",
    benchmark:
        f"{BENCHMARKS}/plot_figures/{{language}}.tsv"
    # What takes longest begins first: else all other jobs end before the last language is drawn.
    priority: 1
    conda:
        ENVIRONMENT
    params:
        figures=FIGURES,
        # Not the whole configuration: a new language or title draws nothing again.
        config=canonical(
            {key: config[key] for key in ("dataset", "metering", "cost", "figures")}
        ),
        tables=own_content("plot_figures"),
        code=code("plot_figures"),
    script:
        "../../scripts/plot_figures.py"
