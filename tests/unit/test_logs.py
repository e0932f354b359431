"""What a step says where it fails, and what its log keeps."""

import pytest
import torch

from ecosobriety.steps import logs


def fill_with_torch():
    torch.empty(2**60)


def fill_with_python():
    bytearray(2**62)


@pytest.mark.parametrize("fill", [fill_with_torch, fill_with_python])
def test_memory_that_is_full_is_one_sentence(tmp_path, fill):
    log = tmp_path / "step.log"
    full = r"^error: the memory that this process may use is full; "
    with pytest.raises(SystemExit, match=full), logs.logged_to(log):
        fill()
    assert "Traceback" in log.read_text()


def test_another_failure_goes_on_with_its_traceback(tmp_path):
    with (
        pytest.raises(RuntimeError, match=r"^shapes differ$"),
        logs.logged_to(tmp_path / "step.log"),
    ):
        raise RuntimeError("shapes differ")
