"""Draw one figure of one model in one language."""

import json
from pathlib import Path

from ecosobriety import figures, logs, texts, views

with logs.logged_to(snakemake.log[0]):
    paths = {name: Path(path) for name, path in snakemake.input.items()}
    texts_path = paths.pop("texts")
    config = json.loads(snakemake.params.config)
    case = views.read_study(config, **paths).case(
        config["dataset"]["name"], snakemake.wildcards.model
    )
    text = texts.Texts.load(snakemake.wildcards.language, texts_path.parent)
    figures.save(
        figures.draw(snakemake.wildcards.figure, case, text),
        Path(snakemake.output.svg),
        Path(snakemake.output.png),
    )
