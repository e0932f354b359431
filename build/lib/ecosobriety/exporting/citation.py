"""How to cite a study: which study, with which software, on which data, and when."""

from collections.abc import Mapping
from typing import Any

from ecosobriety.study.wording import study_title
from ecosobriety.texts import Texts


def citation(provenance: Mapping[str, Any], software: Mapping[str, Any], text: Texts) -> str:
    """The text of a citation in one language.

    Args:
        provenance: as `provenance.describe` gives it.
        software: the content of CITATION.cff.
        text: the language.
    """
    config, trainings = provenance["config"], provenance["trainings"]
    return (
        "\n".join(
            [
                text(
                    "citation.study",
                    authors=", ".join(author["name"] for author in software["authors"]),
                    title=study_title(config, text.language),
                    year=trainings["last_ended_at"][:4],
                    number=text.integer(trainings["number"]),
                    last=text.day(trainings["last_ended_at"][:10]),
                ),
                text(
                    "citation.software",
                    name=software["title"],
                    version=software["version"],
                    commit=provenance["code"]["git_commit"] or text("missing"),
                    license=software["license"],
                ),
                text(
                    "citation.data",
                    dataset=provenance["dataset"]["name"],
                    sha256=provenance["dataset"]["sha256"],
                ),
            ]
        )
        + "\n"
    )
