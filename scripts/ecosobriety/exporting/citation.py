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
    data = provenance["dataset"]
    ended = trainings["last_ended_at"]
    imported = "imported" in trainings["windows"].values()
    dates = {} if ended is None else {"year": ended[:4], "last": text.day(ended[:10])}
    return (
        "\n".join(
            [
                text(
                    "citation." + ("study" if not imported else "imported" if dates else "undated"),
                    authors=", ".join(author["name"] for author in software["authors"]),
                    title=study_title(config, text.language),
                    number=text.integer(trainings["number"]),
                    **dates,
                ),
                text(
                    "citation.software",
                    name=software["title"],
                    version=software["version"],
                    commit=provenance["code"]["git_commit"] or text("missing"),
                    license=software["license"],
                ),
                text("citation.declared", dataset=data["name"])
                if data["declared"]
                else text("citation.data", dataset=data["name"], sha256=data["sha256"]),
            ]
        )
        + "\n"
    )
