"""What a user's module changes for the whole process is refused, or given back."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

from ecosobriety.errors import ConfigError
from ecosobriety.user_code.classes import ClassSpec, build

_NUMBER = count()


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Build a network whose module, or whose `__init__`, holds a line of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    precision = torch.get_float32_matmul_precision()

    def build_with(at_the_top: str = "", within: str = "pass") -> Any:
        name = f"own_defaults_{next(_NUMBER)}"
        (tmp_path / f"{name}.py").write_text(
            f"import torch\n{at_the_top}\nclass Net(torch.nn.Module):\n    def __init__(self):\n"
            f"        super().__init__()\n        {within}\n"
        )
        return build(ClassSpec("network", f"{name}.Net", {}), {})

    yield build_with
    torch.set_float32_matmul_precision(precision)
    torch.set_printoptions(profile="default")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("torch.set_default_device('meta')", "default device from cpu to meta"),
        ("torch.set_default_dtype(torch.float64)", "from torch.float32 to torch.float64"),
        ("torch.set_grad_enabled(False)", "gradients from on to off"),
    ],
)
def test_a_default_that_is_changed_is_refused_and_put_back(
    built: Any, line: str, said: str
) -> None:
    for place in ({"at_the_top": line}, {"within": line}):
        with pytest.raises(ConfigError, match=said) as caught:
            built(**place)
        assert len(str(caught.value)) <= 300
        made = torch.ones(1, requires_grad=True) * 2
        assert (made.device.type, made.dtype, made.requires_grad) == ("cpu", torch.float32, True)


@pytest.mark.parametrize(
    "line",
    [
        "torch.set_default_device('cpu')",
        "torch.set_default_device(None)",
        "torch.set_default_device('cuda' if torch.cuda.is_available() else 'cpu')",
        "torch.set_default_dtype(torch.float32)",
        "torch.set_grad_enabled(True)",
        "torch.manual_seed(0)",
        "torch.set_float32_matmul_precision('high')",
        "torch.backends.cudnn.benchmark = False",
        "torch.set_printoptions(precision=3)",
        "device = torch.device('cpu')",
        "kept = torch.zeros(2, dtype=torch.float64)",
    ],
)
def test_what_changes_no_default_is_taken(built: Any, line: str) -> None:
    built(at_the_top=line)
    built(within=line)


def test_a_default_for_some_lines_alone_is_taken(built: Any) -> None:
    built(within="with torch.no_grad(), torch.device('meta'): self.w = torch.nn.Linear(2, 2)")
    built("with torch.device('meta'): LAYER = torch.nn.Linear(2, 2)")


def test_the_number_of_threads_stays_the_studys(built: Any) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        built(at_the_top="torch.set_num_threads(1)")
        built(within="torch.set_num_threads(1)")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
