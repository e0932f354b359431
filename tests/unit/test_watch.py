"""A step that dies without a word is told by another process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ecosobriety

pytestmark = pytest.mark.slow

STEP = """
import os, signal, sys
from ecosobriety.steps.watch import told_if_it_dies
with told_if_it_dies("models: nets.Mine", sys.argv[1]):
    {work}
"""
SENTENCE = (
    "error: models: nets.Mine: its process ended without a word: it was killed, as where memory is "
    "full, or its code ended it (os._exit)\n"
)


@pytest.mark.parametrize(
    ("work", "told"),
    [
        ("os._exit(0)", SENTENCE),
        ("os.kill(os.getpid(), signal.SIGKILL)", SENTENCE),
        ("os.killpg(os.getpgrp(), signal.SIGKILL)", SENTENCE),
        ("pass", ""),
        ("sys.exit('error: what it is')", "error: what it is\n"),
    ],
)
def test_who_ends_without_a_word_is_named(tmp_path: Path, work: str, told: str) -> None:
    log = tmp_path / "step.log"
    log.write_text("before\n")
    # Its standard error ends when the last process that holds it has ended.
    done = subprocess.run(
        [sys.executable, "-c", STEP.format(work=work), str(log)],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(ecosobriety.__file__).parents[1])},
        text=True,
        start_new_session=True,
    )
    assert done.stderr == told
    assert log.read_text() == "before\n" + (told if told == SENTENCE else "")
