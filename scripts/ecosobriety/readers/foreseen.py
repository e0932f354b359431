"""A user's data module, read before anything of a study is run.

Run as a program, in a process of its own, which the user's code can neither change nor end. What
prepares data, as a download does, is left to the study itself: data that are not at hand, and those
that take long to read, are read by the study alone.
"""

import json
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ecosobriety.datasets import intake
from ecosobriety.datasets.intake import Intake
from ecosobriety.errors import ConfigError, DataError, EcosobrietyError
from ecosobriety.readers.data_module import NotAtHandError, read_module
from ecosobriety.user_code.apart import run_apart

LIMIT_S = 60
"""What takes longer is read by the study."""


def foresee_module(spec: Mapping[str, Any]) -> Intake:
    """What is known of a data module's examples, once they are read.

    Args:
        spec: the configuration's section `dataset`, with a `class_path`, and the study's `task`.

    Returns:
        Their description; without any number where they could not be read yet.

    Raises:
        DataError: they are no data to learn from.
    """
    unknown = Intake(spec["name"], spec["task"])
    with tempfile.TemporaryDirectory() as folder:
        question, refusal = Path(folder) / "spec.json", Path(folder) / "refusal.txt"
        described = Path(folder) / "intake.json"
        question.write_text(json.dumps(dict(spec)))
        files = (str(question), str(refusal), str(described))
        try:
            done = run_apart("readers.foreseen", *files, path=sys.path, timeout_s=LIMIT_S)
        except subprocess.TimeoutExpired:
            return unknown
        if refusal.exists():
            raise DataError(refusal.read_text())
        if described.exists():
            return intake.with_labels(intake.read(described), described.with_suffix(".npz"))
        # A memory that is full may kill it, and yet be enough for the study alone.
        if done.returncode in (0, -signal.SIGKILL):
            return unknown
        raise DataError(
            f"{spec['class_path']} ended its process with status {done.returncode}, when its data "
            "were read: the study would end so too"
        )


def _main() -> None:
    question, refusal, described = map(Path, sys.argv[1:])
    spec = json.loads(question.read_bytes())
    try:
        dataset = read_module(spec, prepare=False)
        np.savez(described.with_suffix(".npz"), y_train=dataset.y_train)
        intake.write(intake.describe(dataset, spec["task"]), described)
    except (NotAtHandError, ConfigError):
        # A class that cannot be built is named by the check of all classes.
        traceback.print_exc()
    except EcosobrietyError as error:
        traceback.print_exc()
        refusal.write_text(str(error))


if __name__ == "__main__":
    _main()
