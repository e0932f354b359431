"""A data module is read in the dry run, in a process of its own, without preparing its data."""

from pathlib import Path
from typing import Any

import pytest

from ecosobriety.errors import DataError
from ecosobriety.readers import foresee_module, foreseen

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


@pytest.fixture
def foresee(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(HERE)

    def run(name: str, **init_args: Any) -> Any:
        class_path = f"leaking_loaders.{name}"
        spec = {"name": "mine", "class_path": class_path, "init_args": init_args}
        return foresee_module({**spec, "task": "classification"})

    return run


def test_what_is_wrong_is_known_before_the_study(foresee: Any) -> None:
    with pytest.raises(DataError, match=r"^leaking_loaders.OneStream: test_dataloader gives the"):
        foresee("OneStream")


def test_sizes_and_findings_are_known_before_the_study(foresee: Any) -> None:
    intake = foresee("Repeating")
    assert (intake.train_examples, intake.test_examples, intake.classes) == (11, 11, ("0", "1"))
    assert [finding.id for finding in intake.findings] == ["train_test_duplicates"]


def test_data_that_are_prepared_later_are_not_known(foresee: Any) -> None:
    assert foresee("Prepared").train_examples is None
    assert not Path("prepared").exists()
    assert foresee("Elsewhere").train_examples is None
    Path("prepared").touch()
    assert foresee("Prepared").train_examples == 11


def test_what_takes_long_is_left_to_the_study(
    foresee: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The warm Python of the tests may answer in a tenth of a second.
    monkeypatch.setattr(foreseen, "LIMIT_S", 0.001)
    assert foresee("OneStream").train_examples is None


def test_a_class_that_ends_its_process_is_named(foresee: Any) -> None:
    with pytest.raises(DataError, match="Ending ended its process with status 3"):
        foresee("Ending")
