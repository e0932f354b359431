"""Draw one figure in one language."""

import json
from pathlib import Path

from ecosobriety import figures, logs, texts, views

with logs.logged_to(snakemake.log[0]):
    paths = {name: Path(path) for name, path in snakemake.input.items()}
    texts_path = paths.pop("texts")
    study = views.read_study(json.loads(snakemake.params.config), **paths)
    text = texts.Texts(snakemake.wildcards.language, texts.load_catalogue([texts_path]))
    figures.save(
        figures.draw(snakemake.wildcards.figure, study, text),
        Path(snakemake.output.svg),
        Path(snakemake.output.png),
    )
