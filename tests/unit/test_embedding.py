"""What others put into their pages and notebooks: figures, their data, badges, lines to paste."""

import re
from types import SimpleNamespace
from typing import get_args
from xml.etree import ElementTree

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from synthetic import REPORT_DIR, make_runs, make_study

from ecosobriety import exporting, figures
from ecosobriety.decision.evidence import Obstacle
from ecosobriety.exporting.badge import badge, badge_answer
from ecosobriety.figures.style import new_figure
from ecosobriety.metrics import ACCURACY
from ecosobriety.reporting.notebook import notebook_line
from ecosobriety.study.figure_names import figure_ids
from ecosobriety.texts import Texts

TEXTS = [Texts.load(language, REPORT_DIR / "locale") for language in ("en", "fr")]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def shown(poster_study):
    return {name: figures.shown_in(name, poster_study) for name in figure_ids(["mlp"])}


def test_each_figure_has_its_data(shown):
    for name, table in shown.items():
        # This study has no lever but the number of examples.
        assert len(table) or name == "levers", name
        assert len(set(table.columns)) == len(table.columns)
        assert list(table.index) == list(range(len(table)))


def test_the_data_are_the_study_s_tables(poster_study, shown):
    curve = poster_study.curve
    assert shown["accuracy_energy-mlp"]["energy_kwh_mean"].tolist() == (
        curve["energy_kwh_mean"].tolist()
    )
    cost = shown["source_cost-mlp"]
    cells = poster_study.scenarios
    own = cells[(cells["country_iso3"] == "FRA") & (cells["source"] == "coal")]
    full = own[(own["n_train"] == 60_000) & (own["coverage"] == 1.0)]
    found = cost[(cost["source"] == "coal") & (cost["n_train"] == 60_000)]
    assert found["cost"].tolist() == full["cost"].tolist()
    cell = shown["emissions_map-mlp"].set_index(["country_iso3", "source"])
    grid = cells[(cells["source"] == "grid") & (cells["n_train"] == 60_000)]
    assert cell.loc[("POL", "grid"), "emissions_g"] == pytest.approx(
        grid.set_index("country_iso3").loc["POL", "emissions_g"]
    )
    ranking = shown["country_ranking-mlp"]
    assert ranking["rank"].is_monotonic_decreasing
    assert shown["pareto"]["on_front"].any()


def case_of(**decision):
    """A case of which only the decision matters."""
    known = {
        "stopped": False,
        "no_recommendation": None,
        "smaller_suffices": False,
        "sufficient": 60_000,
        "reference": 60_000,
        "full": 60_000,
        "rule_stop": None,
        "stop": 50_000,
    }
    return SimpleNamespace(decision=SimpleNamespace(**{**known, **decision}))


@pytest.mark.parametrize(
    ("decision", "english", "french", "found"),
    [
        (
            {"smaller_suffices": True, "sufficient": 50_000},
            "50,000 of 60,000 examples are enough",
            "50 000 exemples suffisent sur 60 000",
            True,
        ),
        (
            {},
            "fewer than 60,000 examples are not shown to be enough",
            "moins de 60 000 exemples : rien ne montre que cela suffit",
            False,
        ),
        (
            {"no_recommendation": "baseline_not_beaten"},
            "no answer: the model does not beat a constant answer",
            "pas de réponse : le modèle ne bat pas une réponse constante",
            False,
        ),
        (
            {"stopped": True, "no_recommendation": "full_size_untrained", "rule_stop": 8000},
            "stopped at 8,000 of 60,000 examples: more would hardly help",
            "arrêt à 8 000 exemples sur 60 000 : davantage n’aiderait guère",
            True,
        ),
        (
            {"stop": None},
            "60,000 examples: no smaller size was tried",
            "60 000 exemples : aucune taille plus petite n’a été essayée",
            False,
        ),
    ],
)
def test_a_badge_is_honest_in_both_languages(decision, english, french, found):
    said = [badge_answer(case_of(**decision), text) for text in TEXTS]
    plain = [re.sub(r"\s", " ", words) for words, _ in said]
    assert plain == [english, french]
    assert [is_answer for _, is_answer in said] == [found, found]


@pytest.mark.parametrize("reason", get_args(Obstacle))
def test_every_obstacle_has_its_words(reason):
    for text in TEXTS:
        assert badge_answer(case_of(no_recommendation=reason), text)[1] is False


def test_a_badge_escapes_its_words_and_fits_them():
    evil = '</text><script>alert("x")</script> & $y$'
    written = badge(evil, "enough", True)
    root = ElementTree.fromstring(written)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags == {"svg", "title", "clipPath", "rect", "g", "text"}
    label, answer = (element.text for element in root.iter(f"{SVG}text"))
    assert (label, answer) == (evil, "enough")
    assert root.get("aria-label") == f"{evil}: enough"
    short = ElementTree.fromstring(badge("a", "enough", True))
    assert int(root.get("width")) > int(short.get("width"))
    assert "href" not in written
    assert not re.search(r"\son\w+=", re.sub(r'"[^"]*"', "", written))


def test_an_answer_and_none_have_different_colours():
    fills = [
        {
            rect.get("fill")
            for rect in ElementTree.fromstring(badge("a", "b", found)).iter(f"{SVG}rect")
        }
        for found in (True, False)
    ]
    assert len(fills[0] & fills[1]) == 2  # the label's, and none of the clip


def test_each_model_has_a_badge_and_lines_to_paste(poster_study):
    written = exporting.badges(poster_study, TEXTS)
    assert set(written) == {"badge-mlp.en.svg", "badge-mlp.fr.svg"}
    assert "40,000 of 60,000 examples are enough" in written["badge-mlp.en.svg"]
    sheet = exporting.embedding(poster_study, TEXTS)
    blocks = [token for token in MarkdownIt().parse(sheet) if token.type == "fence"]
    assert [block.info for block in blocks] == ["markdown", "markdown", "python"] * 2
    assert blocks[0].content == "![40,000 of 60,000 examples are enough](badge-mlp.en.svg)\n"
    shown = MarkdownIt().render(blocks[1].content)
    assert 'src="figures/accuracy_energy-mlp.en.svg"' in shown


@pytest.mark.slow
def test_models_are_told_apart_on_their_badges():
    runs = pd.concat([make_runs("mlp"), make_runs("cnn", accuracy_shift=0.01)])
    study = make_study(runs)
    written = exporting.badges(study, TEXTS[:1])
    assert set(written) == {"badge-mlp.en.svg", "badge-cnn.en.svg"}
    assert "ecosobriety: cnn" in written["badge-cnn.en.svg"]


def test_the_line_for_a_notebook_opens_every_table(tmp_path):
    frame = pd.DataFrame({"a": [1, 2]})
    for name in ("runs.csv", "savings.csv"):
        frame.to_csv(tmp_path / name, index=False)
    frame.astype({"a": "int8"}).to_parquet(tmp_path / "savings.parquet")
    (tmp_path / ".runs.csv.sha256").write_text("ab")
    (tmp_path / "CITATION.en.txt").write_text("cite")
    (tmp_path / "EMBED.md").write_text("#")
    (tmp_path / "figures").mkdir()
    line = notebook_line(str(tmp_path))
    assert "\n" not in line
    found = {}
    exec(line, found)
    assert set(found["tables"]) == {"runs", "savings"}
    assert str(found["tables"]["savings"]["a"].dtype) == "int8"


def test_a_figure_is_saved_in_three_formats_without_a_date(tmp_path):
    figure = new_figure(1.0)
    figure.text(0.5, 0.5, "<b>&")
    for folder in ("first", "second"):
        paths = [tmp_path / folder / f"a.{suffix}" for suffix in ("svg", "png", "pdf")]
        figures.save(figure, *paths)
    for suffix, magic in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")):
        first, second = ((tmp_path / f / f"a.{suffix}").read_bytes() for f in ("first", "second"))
        assert first == second
        assert first.startswith(magic)


def test_settings_of_levers_have_their_data_and_say_their_values():
    table = pd.DataFrame(
        {
            "dataset": "digits",
            "model": ["mlp", "mlp", "cnn"],
            "n_train": [1400, 600, 600],
            "epochs": [10.0, 10.0, 5.0],
            "stop": [10, 10, 5],
            "lever": ["reference", "examples", "combined"],
            "energy_kwh_mean": [3e-5, 2e-5, 1e-5],
            "score_mean": [0.9, 0.895, 0.893],
            "path_step": pd.array([0, 1, 2], dtype="Int64"),
        }
    )
    recommendation = {"levers": [{}], "margin": 0.01}
    study = SimpleNamespace(levers=table, recommendation=recommendation, metric=ACCURACY)
    data = figures.tables()["levers"](study)
    assert data["energy_kwh_mean"].tolist() == [3e-5, 2e-5, 1e-5]
    assert data["on_front"].all()
    drawn = figures.svg(figures.drawings()["levers"](study, TEXTS[0]))
    said = [title.text for title in ElementTree.fromstring(drawn).iter(f"{SVG}title")]
    assert "cnn, 600 examples, 5 epochs: 0.0100\N{NO-BREAK SPACE}Wh, 89.3%" in said
