"""Tables: whatever program wrote them, they are read as they were meant, or refused."""

from pathlib import Path

from hypothesis import example, given

from ecosobriety.datasets import intake
from ecosobriety.metrics import ACCURACY
from ecosobriety.readers import take_in
from fuzz.doubt_cases import HARMLESS, Doubt, doubt_cases
from fuzz.judging import READ, REFUSED, SPEC, Case, judge, share_of_examples
from fuzz.parquet_cases import parquet_cases
from fuzz.table_cases import csv_cases, literal

ROWS = "".join(f"{i % 7},{i % 9},{i % 2}\n" for i in range(40))
PERSONS = "".join(f"{i * 37 % 101},{i % 12},{i % 12 % 5 % 2}\n" for i in range(96))
PRICES = "".join(f"{i * 37 % 101},{i % 12},{i % 12 * 7 % 5}.5\n" for i in range(96))


@share_of_examples(20)
@given(case=csv_cases())
@example(literal(f"length,kind\n{ROWS}", "kind", REFUSED))
@example(literal(f"kind,length\n{ROWS}", "kind", REFUSED))
@example(literal(f"a,kind,kind\n{ROWS}", "kind", REFUSED))
@example(literal(f"Unnamed: 0,a,kind\n{ROWS}", "kind", REFUSED))
@example(literal(f",a,kind\n{ROWS}", "kind", REFUSED))
@example(literal(f"__index_level_0__,a,kind\n{ROWS}", "kind", REFUSED))
@example(literal(f"a,person,kind\n{PERSONS}", "kind", READ, ["values_of_one_class"]))
@example(
    literal(f"a,house,price\n{PRICES}", "price", READ, ["values_of_one_class"], task="regression")
)
def test_a_csv_file(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(case.content)
    judge(case, path, tmp_path / "kept.npz")


@share_of_examples(10)
@given(doubt=doubt_cases())
def test_a_table_with_a_slip(tmp_path: Path, doubt: Doubt) -> None:
    path = tmp_path / "table.csv"
    doubt.table.to_csv(path, index=False)
    described = take_in({**SPEC, "name": "csv", "path": str(path), "label": "kind"})
    found = {finding.id for finding in described.findings} - HARMLESS
    if doubt.wanted:
        assert found & doubt.wanted, found
    else:
        assert not found
    # What a constant answer meets decides nothing.
    share = described.baseline_score(ACCURACY)
    assert share is not None
    for margin, decides in ((0.9 * (1 - share), True), (1.1 * (1 - share), False)):
        assert (intake.unanswerable(described, margin, ACCURACY) is None) == decides


@share_of_examples(15)
@given(case=parquet_cases())
def test_a_parquet_file(tmp_path: Path, case: Case) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(case.content)
    judge(case, path, tmp_path / "kept.npz")
