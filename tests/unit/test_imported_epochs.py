"""Tables of runs in which a run has a row for each of several epochs."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imported_cases import SEEDS, SIZES, reading, records, refusal  # noqa: F401

from ecosobriety.imported.by_epoch import by_epoch
from ecosobriety.imported.roles import find_columns
from ecosobriety.imported.sheet import Sheet
from ecosobriety.metrics import ACCURACY
from ecosobriety.records.collecting import runs_of
from ecosobriety.records.epochs import epoch_table
from ecosobriety.tables import check_table

EPOCHS = {"epoch": "epoch"}
HEAD = "n_train,seed,epoch,accuracy,energy_kwh,duration_s"
RUNS = list(itertools.product(SIZES, SEEDS))


def rows(*epochs, head=HEAD):
    """Each run at some epochs: 36 s and 0.001 kWh an epoch, which are 100 W."""
    found = [
        f"{n},{seed},{epoch},{1 - 0.5 / epoch},{epoch / 1000},{36 * epoch}"
        for n, seed in RUNS
        for epoch in epochs
    ]
    return "\n".join([head, *found])


def with_epochs(number, text):
    """Rows that say how many epochs their run took."""
    head, *lines = text.splitlines()
    return "\n".join([f"{head},epochs", *(f"{line},{number}" for line in lines)])


def test_the_last_epoch_is_the_run_and_the_others_are_on_its_way(read):
    # Whatever their order in the table.
    found = read(rows(4, 1, 2), columns=EPOCHS)
    assert [note for note in found.notes if "not used" in note] == []
    record = records(read, found)[200, 1]
    assert (record.scores["accuracy"], record.energy_kwh, record.epochs) == (0.875, 0.004, 4.0)
    assert record.energy_source == "runs.csv, row 7"
    table = check_table("epochs", epoch_table(runs_of([record]), [record], ACCURACY))
    assert table["epoch"].tolist() == [1.0, 2.0, 4.0]
    assert table["test_accuracy"].tolist() == [0.5, 0.75, 0.875]
    assert table["energy_kwh"].tolist() == pytest.approx([0.001, 0.002, 0.004])
    assert table["train_duration_s"].tolist() == pytest.approx([36.0, 72.0, 144.0])
    assert table["evaluation_energy_kwh"].isna().all()
    assert (table["reason"] == "the imported table does not say it").all()


def test_a_single_row_is_as_before(read):
    record = records(read, read(rows(5)))[100, 2]
    assert record.epoch_log == []
    assert record.epochs is None
    table = check_table("epochs", epoch_table(runs_of([record]), [record], ACCURACY))
    assert table["only_last_reason"].tolist() == ["the imported table does not say it"]


def test_a_single_row_among_several_is_of_its_epoch(read):
    lines = rows(1, 2, 4).splitlines()
    short = "\n".join(line for line in lines if not line.startswith(("200,1,2,", "200,1,4,")))
    found = read(short, columns=EPOCHS)
    assert records(read, found)[200, 1].epochs == 1.0
    assert [note for note in found.notes if "epoch" in note] == [
        "runs.csv: the runs end after 1 to 4 epochs, as that with n_train 200 and seed 1 after 1: "
        "the last row of each is taken as its end"
    ]


def test_epochs_that_agree_with_the_rows_are_taken(read):
    assert records(read, read(with_epochs(4, rows(2, 4)), columns=EPOCHS))[100, 1].epochs == 4.0


def test_what_the_rows_do_not_say_is_null(read):
    text = "\n".join(line.rpartition(",")[0] for line in rows(1, 2).splitlines())
    record = records(read, read(text, columns=EPOCHS))[100, 1]
    table = check_table("epochs", epoch_table(runs_of([record]), [record], ACCURACY))
    assert table["train_duration_s"].isna().all()
    assert table["energy_kwh"].tolist() == pytest.approx([0.001, 0.002])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rows(1, 1), "rows 1 and 2 are both of n_train 100 and seed 1, epoch 1: keep the one"),
        (
            rows(1, 2).replace("100,1,1,", "100,1,1.5,"),
            '"epoch" is "1.5": it must be a whole number of at least 1',
        ),
        (rows(1, 2).replace("100,1,1,", "100,1,,"), '"epoch" is empty: it must be a whole number'),
        (
            rows(1, 2).replace("0.002,72", "0.0009,36.5"),
            "must be above the 0.001 of the epoch before: energy_kwh counts from the start",
        ),
        (
            rows(1, 2).replace("0.002,72", "0.002,36"),
            "must be above the 36 of the epoch before: duration_s counts from the start",
        ),
        (
            with_epochs(3, rows(1, 2)),
            '"epochs" is "3": it must be 2, the epoch of the run\'s last row (columns.epochs: null',
        ),
    ],
)
def test_rows_that_cannot_be_of_one_run_are_refused(read, text, said):
    assert said in refusal(read, text, columns=EPOCHS)


def test_epochs_of_runs_that_did_not_finish_are_not_told_apart(read):
    ended = [f"{line},done" for line in rows(1, 2).splitlines()[1:]]
    dead = "100,1,1,0.1,0.001,36,failed"
    once = read("\n".join([f"{HEAD},state", *ended, dead]), columns=EPOCHS)
    assert once.runs[100, 1].lost_kwh == pytest.approx(0.001)
    said = refusal(read, "\n".join([f"{HEAD},state", *ended, dead, dead]), columns=EPOCHS)
    assert "must be left out, with its energy in lost_energy_kwh" in said


def test_where_each_run_has_one_row_two_that_failed_are_two_attempts(read):
    """As Weights & Biases exports trainings by Lightning: the column is their last epoch."""
    ended = [f"{line},finished" for line in rows(2).splitlines()[1:]]
    dead = ["100,1,1,0.1,0.001,36,crashed", "100,1,2,0.1,0.0015,40,crashed"]
    found = read("\n".join([f"{HEAD},state", *ended, *dead]))
    assert found.runs[100, 1].lost_kwh == pytest.approx(0.0025)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=20, unique=True), st.randoms())
def test_rows_are_in_the_order_of_their_epochs(epochs, random):
    shuffled = random.sample(epochs, len(epochs))
    cells = {"n_train": "1", "seed": "1", "accuracy": "0.5"}
    cells = {name: [text] * len(epochs) for name, text in cells.items()}
    cells["epoch"] = [str(epoch) for epoch in shuffled]
    columns = find_columns(Sheet("runs", "x.csv", [*cells], cells, len(epochs)), {}, ACCURACY)
    found = by_epoch(columns, range(len(epochs)), "it", told_apart=True)
    assert [row.epoch for row in found] == sorted(epochs)
    assert [shuffled[row.place] for row in found] == sorted(epochs)


def test_several_rows_of_a_run_are_its_epochs_only_where_the_study_says_so(read):
    """A first try, and a search for a learning rate, have rows like these."""
    head, first, *others = rows(9).splitlines()
    again = "\n".join([head, first, *others, "100,1,19,0.861,0.019,684"])
    for text in (again, rows(9, 40), rows(1, 2).replace(",1,1,", ",1,1.5,")):
        said = refusal(read, text)
        assert "are both of n_train 100 and seed 1: keep the one that counts; if they are" in said
        assert said.endswith("one run at several epochs, say columns: {epoch: epoch}")
    assert "rows 1 and 5 are" in refusal(read, again)
    read(again, columns=EPOCHS)
    # Under another name, or none.
    for text, columns in (
        (rows(1, 2, head=HEAD.replace("epoch", "done")), {}),
        (again, {"epoch": None}),
    ):
        said = refusal(read, text, columns=columns)
        assert said.endswith("one run at several epochs, name them in columns.epoch")


@pytest.mark.parametrize(
    "ends", [{100: 30, 200: 10}, {100: 28, 200: 7}, {100: 20, 200: 10}, {100: 3, 200: 30}]
)
def test_runs_end_after_any_epoch_also_after_their_first_test(read, ends):
    lines = [
        f"{n},{seed},{epoch},{0.8 + epoch / 1000 + n / 1e4},{n * epoch * 1e-5},{n * epoch * 0.36}"
        for n, end in ends.items()
        for seed in (1, 2)
        for epoch in sorted({*range(10, end + 1, 10), end})
    ]
    table = read("\n".join([HEAD, *lines]), columns=EPOCHS)
    assert {n: run.epochs[-1].epoch + 1 for (n, _), run in table.runs.items()} == ends
    # One that stopped early.
    early = "\n".join([HEAD, *(line for line in lines if not line.startswith("100,2,2"))])
    read(early, columns=EPOCHS)


def test_epochs_that_are_counted_from_0_are_refused_with_the_way_out(read):
    counted = rows(1, 2).replace(",1,0.5,", ",0,0.5,")
    assert "must be at least 1: add 1 to all, where they are counted from 0" in refusal(
        read, counted, columns=EPOCHS
    )


def test_runs_that_have_names_of_their_own_are_no_epochs(read):
    """A search for a learning rate, with early stopping, as a tracker exports it."""
    lines = rows(9, 40).splitlines()
    named = [f"{lines[0]},ID", *(f"{line},id{i}" for i, line in enumerate(lines[1:]))]
    # The number of a row, and the name of an epoch, say nothing of runs.
    for head, names in (("id", range(99)), ("name", ["ep9", "ep40"] * 9), ("created", range(99))):
        read(
            "\n".join([f"{lines[0]},{head}", *map("{},{}".format, lines[1:], names)]),
            columns=EPOCHS,
        )
    said = refusal(read, "\n".join(named), columns=EPOCHS)
    assert 'rows 1 and 2 are both of n_train 100 and seed 1, and are two runs by "ID"' in said
    # All rows of a run have one.
    ids = [f"{line},{'-'.join(line.split(',')[:2])}" for line in lines[1:]]
    read("\n".join([f"{lines[0]},ID", *ids]), columns=EPOCHS)


@pytest.mark.parametrize(
    ("epoch", "taken"),
    [("12", False), ("100", True), ("99", True), ("99.99", True), ("101", False)],
)
def test_epochs_that_were_asked_for_are_not_those_that_were_done(read, epoch, taken):
    lines = rows(9).replace(",9,", f",{epoch},").splitlines()
    table = "\n".join([f"{lines[0]},epochs", *(f"{line},100" for line in lines[1:])])
    if taken:
        read(table)
        return
    said = refusal(read, table)
    assert f'must agree with "epoch", {epoch}' in said
    assert "with columns.epochs, and set columns.epoch to null" in said


def test_an_epoch_that_was_not_tested_has_no_score_and_the_last_one_must(read):
    text = rows(1, 2, 3).replace("1,0.5,", "1,,").replace("2,0.75,", "2,nan,")
    record = records(read, read(text, columns=EPOCHS))[100, 1]
    table = check_table("epochs", epoch_table(runs_of([record]), [record], ACCURACY))
    assert table["epoch"].tolist() == [1.0, 2.0, 3.0]
    assert table["test_accuracy"].isna().tolist() == [True, True, False]
    assert table["energy_kwh"].tolist() == pytest.approx([0.001, 0.002, 0.003])
    assert table["only_last_reason"].tolist()[2] == "the imported table does not say it"
    last = rows(1, 2).replace("2,0.75,", "2,,")
    assert '"accuracy" is empty: it must be a number' in refusal(read, last, columns=EPOCHS)


def test_rows_of_a_run_that_says_until_its_end_that_it_runs_are_its_epochs_or_refused(read):
    head, *lines = rows(1, 2, 3).splitlines()
    states = ["running", "running", "finished"]
    log = [f"{line},{states[i % 3]}" for i, line in enumerate(lines)]
    text = "\n".join([f"{head},state", *log])
    said = refusal(read, text, columns=EPOCHS)
    assert "whose energy would count as lost (columns.state: null takes all rows)" in said
    found = read(text, columns={**EPOCHS, "state": None})
    assert records(read, found)[100, 1].energy_kwh == pytest.approx(0.003)
    # An attempt that failed before, whether or not the run has such an epoch, too.
    done, dead = [f"{line},done" for line in lines], "100,1,1,0.1,0.001,36,failed"
    for kept in (done, [line for line in done if line.split(",")[2] != "1"]):
        failed = "\n".join([f"{head},state", *kept, dead])
        assert read(failed, columns=EPOCHS).runs[100, 1].lost_kwh == pytest.approx(0.001)
