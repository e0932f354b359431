"""Data modules: the examples that their loaders give in each epoch, or refused."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given

from fuzz.judging import Case, judge, share_of_examples
from fuzz.module_cases import module_cases

NUMBER = [0]


@pytest.mark.filterwarnings("ignore")
@share_of_examples(13)
@given(case=module_cases())
def test_a_data_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    # Each has a name of its own, as Python keeps what it has imported.
    NUMBER[0] += 1
    name = f"generated_data_{NUMBER[0]}"
    (tmp_path / f"{name}.py").write_text(case.content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    case.spec["class_path"] = f"{name}.Data"
    try:
        judge(case, None, tmp_path / "kept.npz")
        assert os.getcwd() == str(tmp_path)  # noqa: PTH109
    finally:
        sys.modules.pop(name, None)
