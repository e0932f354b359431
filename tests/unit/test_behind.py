"""A training is refused where the user's files are not those with which the run began."""

from pathlib import Path
from typing import Any

import pytest

from ecosobriety.errors import ConfigError
from ecosobriety.user_code.behind import Behind, digests
from ecosobriety.user_code.commands import watched_digest

CLASS = "class Net:\n    width = {}\n"


@pytest.fixture
def network(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "net.py").write_text("from blocks import Block\n" + CLASS.format(2))
    (tmp_path / "blocks.py").write_text("class Block: ...\n")
    (tmp_path / "steps.py").write_text("class Own: ...\n")
    (tmp_path / "weights.pt").write_bytes(b"1")
    return {"classes": ["steps.Own"], "watch": ["weights.pt"]}


def behind(folder: Path, files: dict[str, Any]) -> Any:
    found = digests("net.Net", **files, folder=folder)
    return lambda: Behind("mine", {"class_path": "net.Net", **found}, files, folder)


def test_files_that_are_as_they_were(tmp_path: Path, network: dict[str, Any]) -> None:
    assert behind(tmp_path, network)().changed() is None
    begun = behind(tmp_path, network)
    (tmp_path / "net.py").write_text(
        "# said otherwise\nfrom blocks import Block\n" + CLASS.format(2)
    )
    assert begun().changed() is None
    (tmp_path / "other.py").write_text("")
    assert begun().changed() is None


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("net.py", "from blocks import Block\n" + CLASS.format(3), "its code"),
        ("blocks.py", "class Block: depth = 1\n", "its code"),
        ("steps.py", "class Own: rate = 1\n", "its code"),
        ("weights.pt", "2", "what its watch holds"),
    ],
)
def test_a_file_that_changed_before_a_training(
    tmp_path: Path, network: dict[str, Any], name: str, content: str, what: str
) -> None:
    begun = behind(tmp_path, network)
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=f"models: mine: {what} has changed since this run began"):
        begun()


def test_in_a_training_only_what_is_watched_counts(tmp_path: Path, network: dict[str, Any]) -> None:
    begun = behind(tmp_path, network)()
    (tmp_path / "net.py").write_text(CLASS.format(3))
    assert begun.changed() is None
    (tmp_path / "weights.pt").write_bytes(b"2")
    assert "what its watch holds has changed" in str(begun.changed())
    (tmp_path / "weights.pt").unlink()
    assert 'watch is "weights.pt", but cannot be read' in str(begun.changed())


def test_the_files_of_a_command(tmp_path: Path) -> None:
    script, files = tmp_path / "train.py", {"classes": [], "watch": ["train.py"]}
    script.write_text("1")
    deciding = {"command": "python train.py", "source": watched_digest(["train.py"], tmp_path)}
    begun = Behind("mine", deciding, files, tmp_path)
    assert begun.changed() is None
    script.write_text("2")
    assert "does the training write there?" in str(begun.changed())
    with pytest.raises(ConfigError):
        Behind("mine", deciding, files, tmp_path)


def test_what_comes_along_has_no_files(tmp_path: Path) -> None:
    deciding = {"class_path": "linear", "source": None}
    begun = Behind("linear", deciding, {"classes": [], "watch": None}, tmp_path)
    assert begun.changed() is None
