"""Draw all figures in one language."""

import json
import logging
from pathlib import Path

from ecosobriety.startup import imports_in_peace

with imports_in_peace():
    from ecosobriety import figures, texts
    from ecosobriety.steps import logs
    from ecosobriety.study.study import StudyFiles, read_study

with logs.logged_to(snakemake.log[0]):
    paths = {name: Path(path) for name, path in snakemake.input.items()}
    texts_path = paths.pop("texts")
    study = read_study(json.loads(snakemake.params.config), StudyFiles(**paths))
    text = texts.Texts(snakemake.wildcards.language, texts.load_catalogue([texts_path]))
    drawn = zip(snakemake.params.figures, snakemake.output.svg, snakemake.output.png, strict=True)
    for figure, svg, png in drawn:
        # Should the next one fail, the log names it.
        logging.info("drawing %s", figure)
        figures.save(figures.draw(figure, study, text), Path(svg), Path(png))
