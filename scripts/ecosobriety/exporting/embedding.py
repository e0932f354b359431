"""What others put into their pages and notebooks: figures, their data, badges, lines to paste."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from ecosobriety import figures
from ecosobriety.exporting.badge import badge, badge_answer, badge_label
from ecosobriety.exporting.markdown import escape
from ecosobriety.reporting.notebook import notebook_line
from ecosobriety.study.figure_names import figure_id, figure_ids
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import study_title
from ecosobriety.texts import Texts

FIGURES = "figures"
"""The folder of the figures in the export."""
_FIRST = "accuracy_energy"


def figures_of(study: Study) -> list[str]:
    """The names of all figures of a study, without those of models that were not trained."""
    models = [model["name"] for model in study.config["models"]]
    return figure_ids(name for name in models if name not in study.untrained)


def pictures_of(study: Study, paths: Iterable[Path]) -> list[Path]:
    """Of the files of figures, those of `figures_of`: others only say why they are empty."""
    names = set(figures_of(study))
    return [path for path in paths if path.name.partition(".")[0] in names]


def figure_tables(study: Study) -> dict[str, pd.DataFrame]:
    """What each figure shows, by the name of its file."""
    return {f"{name}.csv": figures.shown_in(name, study) for name in figures_of(study)}


def draw_pdf(study: Study, text: Texts, folder: Path) -> None:
    """Draw each figure of a study once more, as PDF."""
    for name in figures_of(study):
        drawn = figures.draw(name, study, text)
        figures.save(drawn, folder / f"{name}.{text.language}.pdf")


def badges(study: Study, texts: Sequence[Texts]) -> dict[str, str]:
    """A badge of each model in each language, by the name of its file."""
    return {
        _badge_file(case, text): badge(badge_label(case, text), *badge_answer(case, text))
        for text in texts
        for case in study.cases()
    }


def embedding(study: Study, texts: Sequence[Texts]) -> str:
    """A sheet of lines to paste: badges and first pictures in Markdown, and one of Python."""
    parts = []
    for text in (text.of(study.metric) for text in texts):
        title = study_title(study.config, text.language)
        figure = text(f"figure.{_FIRST}.title")
        images: dict[str, list[str]] = {"badge": [], "figure": []}
        for case in study.cases():
            answer, _ = badge_answer(case, text)
            images["badge"].append(_image(answer, _badge_file(case, text)))
            images["figure"].append(_image(figure, _figure(case, text)))
        parts.append(f"# {escape(text('embed.title', title=title))}")
        for heading, lines in images.items():
            parts += [f"## {text(f'embed.{heading}')}", _block("markdown", lines)]
        parts += [f"## {text('embed.notebook')}", _block("python", [notebook_line(".")])]
    return "\n\n".join(parts) + "\n"


def _badge_file(case: Case, text: Texts) -> str:
    return f"badge-{case.model}.{text.language}.svg"


def _figure(case: Case, text: Texts) -> str:
    return f"{FIGURES}/{figure_id(_FIRST, case.model)}.{text.language}.svg"


def _image(words: str, path: str) -> str:
    return f"![{escape(words)}]({path})"


def _block(language: str, lines: Sequence[str]) -> str:
    return "\n".join([f"```{language}", *lines, "```"])
