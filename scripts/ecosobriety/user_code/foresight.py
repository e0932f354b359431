"""What a user's networks would fail on in their training, known before anything is run.

Their constructors are called and a few batches are trained on, in a process of its own, which their
code can neither change nor end. What passed is remembered, by all that decides it, so that it is
tried once; what failed may have failed for want of a file, and is tried again.
"""

import hashlib
import json
import logging
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ecosobriety.user_code.apart import run_apart
from ecosobriety.user_code.words import ended_by_itself

logger = logging.getLogger(__name__)

LIMIT_S = 120
"""What takes longer is found by the rehearsal of its training."""


def foresee(
    networks: Sequence[Mapping[str, Any]],
    about: Mapping[str, Any],
    decided_by: Mapping[str, Any],
    folder: Path,
    warn: Callable[[str], object],
) -> tuple[int, str] | None:
    """Try networks out.

    Args:
        networks: `class_path`, `init_args` and `source` (the fingerprint of its code) of each.
        about: `dataset` (the configuration's section and the study's `task`), `prepared` (the path
            of its file; None: it is small, and read), `parameters` (those of the training),
            `sizes`, `seed`, and `alone` (whether it is the study's only model).
        decided_by: what else decides how it ends, such as the fingerprint of the data.
        folder: where to remember what passed.
        warn: gets a sentence on what could not be tried to its end.

    Returns:
        The place of the first network that cannot be trained, and why, in one sentence; None: no
        fault was found.
    """
    about = {**about, "prepared": about["prepared"] and str(Path(about["prepared"]).absolute())}
    new = {
        i: folder / _digest({"network": network, "about": about, **decided_by})
        for i, network in enumerate(networks)
    }
    for sentence in (line for passed in new.values() for line in _known(passed)):
        warn(sentence)
    new = {i: passed for i, passed in new.items() if not passed.exists()}
    if not new:
        return None
    answers, ended, unknown = _ask({**about, "networks": [networks[i] for i in new]})
    for (i, passed), (refusal, odd) in zip(new.items(), answers, strict=False):
        if refusal is not None:
            return i, refusal
        for sentence in odd:
            warn(sentence)
        # A folder that may only be read is tried again.
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            passed.write_text(json.dumps(odd))
    if unknown is not None:
        culprit = networks[[*new][len(answers)]]["class_path"]
        warn(f"models: {culprit} {unknown}: neither it nor any model after it was checked")
    if ended is None:
        return None
    place = [*new][len(answers)]
    return place, str(ended_by_itself(networks[place]["class_path"], ended))


def _known(passed: Path) -> list[str]:
    """What was odd about a network that passed."""
    try:
        return [str(sentence) for sentence in json.loads(passed.read_bytes())]
    # It has not passed yet.
    except (OSError, ValueError):
        return []


def _ask(
    content: Mapping[str, Any],
) -> tuple[list[tuple[str | None, list[str]]], int | None, str | None]:
    """What is said of the first networks.

    Returns:
        For each, why it is refused, or None, and what is odd about it; the status with which the
        next network ended the process; and what else became of that one.
    """
    with tempfile.TemporaryDirectory() as name:
        question, answer = Path(name) / "about.json", Path(name) / "answers.json"
        question.write_text(json.dumps(content))
        status, files = None, (str(question), str(answer))
        try:
            done = run_apart("training.foreseen", *files, path=sys.path, timeout_s=LIMIT_S)
            status = done.returncode
            logger.info("networks tried out: %s", done.stderr)
        except subprocess.TimeoutExpired:
            logger.info("networks tried out: not finished")
        try:
            said = json.loads(answer.read_bytes())
        except (OSError, ValueError):
            # Nothing was tried yet, for want of the data.
            said = {"answers": [], "warnings": [], "trying": status is None}
    answers = [*zip(said["answers"], said["warnings"], strict=True)]
    if not said["trying"]:
        return answers, None, None
    if status is None:
        return answers, None, f"was not finished after {LIMIT_S} s"
    # What needs more memory than there is beside this process may have enough in its training.
    if status == -signal.SIGKILL:
        return answers, None, "was killed, perhaps for want of memory"
    return answers, status, None


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
