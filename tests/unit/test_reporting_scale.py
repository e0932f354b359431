"""Ten thousand runs are still a page that opens, and figures that can be read."""

import re

import pytest
from synthetic import (
    REPORT_DIR,
    draw_svgs,
    make_claims,
    make_many_runs,
    make_provenance,
    make_study,
)

from ecosobriety.figures import draw, svg
from ecosobriety.reporting import build_report
from ecosobriety.reporting.sentences import pareto_caption
from ecosobriety.reporting.whatif import size_table
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

SIZES, SEEDS = 200, 50
TEXT = Texts.load("en", REPORT_DIR / "locale")


@pytest.fixture(scope="module")
def study():
    return make_study(make_many_runs(SIZES, SEEDS), coverage=(1.0,))


@pytest.fixture(scope="module")
def svgs(study):
    return draw_svgs(study, TEXT)


def test_the_page_stays_under_ten_megabytes_and_folds_its_long_tables(study, svgs):
    page = build_report(study, make_claims(study), make_provenance(study), "en", svgs, REPORT_DIR)
    assert len(page.encode()) < 10e6
    tables = re.findall(r'<div class="scroll( tall)?".*?</table>', page, flags=re.DOTALL)
    bodies = re.findall(r"<tbody>(.*?)</tbody>", page, flags=re.DOTALL)
    rows = [body.count("<tr>") for body in bodies]
    assert len(rows) == len(tables)
    assert max(rows) >= SIZES
    assert [bool(tall) for tall in tables] == [count > 25 for count in rows]


def test_the_front_names_its_best_and_some_others(study, svgs):
    names = {
        int(name.replace(",", "")) for name in re.findall(r"<!-- ([\d,]+) -->", svgs["pareto"])
    }
    front = study.efficiency[study.efficiency["on_front"]]
    assert int(front.loc[front["accuracy_mean"].idxmax(), "n_train"]) in names
    assert 5 < len(names & set(study.efficiency["n_train"])) < SIZES / 4


def test_the_caption_does_not_list_hundreds_of_sizes(study):
    told = pareto_caption(study, TEXT)
    assert "300, 600, 900, 1,200, 1,500, …, " in told
    assert len(told) < 600


def test_lines_have_as_many_markers_as_can_be_told_apart(svgs):
    few = make_study(coverage=(1.0,))
    for name in ("accuracy_energy-mlp", "source_emissions-mlp", "source_cost-mlp"):
        alone = svg(draw(name, few, TEXT))
        assert 0 < svgs[name].count("<use ") - alone.count("<use ") < 25 * 30


def test_the_table_without_script_shows_the_sizes_that_decide(study):
    (case,) = study.cases()
    table = size_table(case, TEXT)
    shown = [int(column.title.replace(",", "")) for column in table.columns[1:]]
    assert shown == sorted(shown)
    assert {300, case.decision.stop, case.decision.reference} <= set(shown)
    assert len(shown) <= 12
    assert (
        table.notes[0]
        == f"{len(shown)} of the 200 sizes are shown; the table scenarios has them all."
    )
