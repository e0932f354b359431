"""A study that was measured on several kinds of hardware: the report warns and tells them apart."""

import dataclasses

import pytest
from synthetic import REPORT_DIR, make_study

from ecosobriety.reporting.hardware import hardware_table, hardware_warning
from ecosobriety.reporting.tables import Cell, remark_cell
from ecosobriety.texts import Texts

pytestmark = pytest.mark.slow

OTHER = "Another CPU"
SLOWER = 3.0
REFERENCE = 60_000


@pytest.fixture(scope="module", params=["en", "fr"])
def text(request):
    return Texts.load(request.param, REPORT_DIR / "locale")


def case_with(change):
    """The made-up study's only case, with changed rows of `runs`."""
    study = make_study()
    return dataclasses.replace(study, runs=change(study.runs.copy())).cases()[0]


def on_another_machine(runs):
    """Two of five seeds on a machine that takes three times the energy, but not at 60,000."""
    moved = (runs["seed"] > 3) & (runs["n_train"] < REFERENCE)
    runs.loc[moved, "device"] = OTHER
    runs.loc[moved, "energy_kwh"] *= SLOWER
    return runs


def test_one_kind_of_hardware_needs_no_word(text):
    case = case_with(lambda runs: runs)
    assert hardware_warning(case, text) is None
    assert hardware_table(case, text) is None


def test_two_kinds_are_named_with_their_trainings(text):
    case = case_with(on_another_machine)
    warning = hardware_warning(case, text)
    threads = case.runs["threads"].iloc[0]
    assert f"{OTHER}, {threads}" in warning
    assert case.runs["device"].iloc[0] in warning
    # Six sizes with two seeds each, and the rest.
    assert ": 12)" in warning.replace("\N{NO-BREAK SPACE}:", ":")
    assert f": {len(case.runs) - 12})" in warning.replace("\N{NO-BREAK SPACE}:", ":")


def test_another_number_of_threads_is_other_hardware(text):
    assert hardware_warning(
        case_with(lambda runs: runs.assign(threads=runs["seed"].clip(upper=2))), text
    )


def test_the_table_never_averages_over_hardware(text):
    case = case_with(on_another_machine)
    table = hardware_table(case, text)
    cells = {(row[0].text, row[1].text): [cell.text for cell in row] for row in table.rows}
    assert len(cells) == 7 + 6
    size = text.integer(30_000)
    names = sorted({name for name, _ in cells})
    other = next(name for name in names if name.startswith(OTHER))
    own = next(name for name in names if name != other)
    assert (cells[own, size][2], cells[other, size][2]) == ("3", "2")
    # Both are means of about 0.3 Wh before the factor of three.
    energies = [float(cells[name, size][5].replace(",", ".")) for name in (own, other)]
    assert energies[1] / energies[0] == pytest.approx(SLOWER, rel=0.15)


def test_a_share_is_told_only_against_the_same_hardware(text):
    table = hardware_table(case_with(on_another_machine), text)
    for row in table.rows:
        alone = row[0].text.startswith(OTHER)
        assert (row[6].text == text("missing")) == alone
    shares = [row[6].text for row in table.rows if row[1].text == text.integer(REFERENCE)]
    assert shares == [text.share(1.0)]


@pytest.mark.parametrize(
    ("language", "remark"), [("en", "no GPU found"), ("fr", "aucun GPU trouvé")]
)
def test_a_reason_of_the_meter_is_told_in_the_pages_language(language, remark):
    text = Texts.load(language, REPORT_DIR / "locale")
    assert remark_cell("no GPU found", text) == Cell(remark)
    # The user's own words, or another version's, stay as they are.
    assert remark_cell("it was so", text) == Cell("it was so", lang="en")
