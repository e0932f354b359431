"""A few steps of a user's network in a process of its own, before its training.

The training itself must find everything as if nobody had looked: a class may count its calls, keep
statistics, hold files or locks, draw by chance, or compile itself. So it is another process that
builds it once more, trains it on a few batches by the same Trainer, tests it and counts operations.
What fails there would fail in the training; a count that fails is missing, with the reason.
"""

import json
import logging
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ecosobriety.errors import ConfigError, EcosobrietyError
from ecosobriety.training.batches import Slices
from ecosobriety.training.flops import Cost
from ecosobriety.training.operations import count
from ecosobriety.training.play import Play, content_of
from ecosobriety.training.stage import Stage
from ecosobriety.user_code.apart import run_apart
from ecosobriety.user_code.words import cut, described, ended_by_itself

logger = logging.getLogger(__name__)

LIMIT_S = 300
"""A rehearsal that takes longer is given up; the training is not."""


@dataclass(frozen=True)
class Rehearsed:
    """What a rehearsal has found.

    Attributes:
        cost: What the training costs in FLOP, or why that cannot be said.
        noticed: What is odd about it and may be meant so; see `reasons.trained`.
    """

    cost: Cost | str
    noticed: tuple[str, ...] = ()


_known: dict[str, Rehearsed] = {}
"""What was found in this process: other seeds need no rehearsal of their own."""


def rehearse(play: Play, batches: Slices, test_batches: Slices) -> Rehearsed:
    """Try a user's network out.

    Raises:
        ConfigError: it cannot be trained or scored; what it raises itself, in one sentence.
    """
    content = content_of(play, batches, test_batches)
    shape = content["x_test"].shape[1:]
    key = json.dumps(
        [play.class_path, play.init_args, asdict(play.settings), play.n_train, shape],
        default=str,
    )
    if key not in _known:
        _known[key] = _ask(content, play.class_path)
    return _known[key]


def _ask(content: Mapping[str, Any], class_path: str) -> Rehearsed:
    with tempfile.TemporaryDirectory() as folder:
        play, answer = Path(folder) / "play.pt", Path(folder) / "answer.json"
        torch.save(dict(content), play)
        files = str(play), str(answer)
        try:
            done = run_apart("training.rehearsal", *files, path=sys.path, timeout_s=LIMIT_S)
        except subprocess.TimeoutExpired:
            return Rehearsed(f"the rehearsal took longer than {LIMIT_S} s")
        logger.info("rehearsal of %s: %s", class_path, done.stderr)
        with suppress(OSError, ValueError):
            said = json.loads(answer.read_bytes())
            noticed = tuple(said["noticed"])
            for sentence in noticed:
                logger.warning("models: %s: %s", class_path, sentence)
            if said["refusal"] is not None:
                raise ConfigError(said["refusal"])
            if said["ended"]:
                cost = said["reason"] if said["cost"] is None else Cost(**said["cost"])
                return Rehearsed(cost, noticed)
            # A memory that is full may kill it, and yet be enough for the training alone.
            if not said["tried"] and done.returncode != -signal.SIGKILL:
                raise ended_by_itself(class_path, done.returncode)
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return Rehearsed(f"the rehearsal ended by itself ({done.returncode}): {cut(last)}")


@contextmanager
def _answering(path: Path) -> Iterator[dict[str, Any]]:
    answer: dict[str, Any] = {"refusal": None, "cost": None, "reason": None}
    answer |= {"noticed": [], "tried": False, "ended": False}
    # What ends the process without a word leaves this behind.
    path.write_text(json.dumps(answer))
    yield answer
    path.write_text(json.dumps(answer | {"ended": True}))


def _main() -> None:
    content = torch.load(sys.argv[1], weights_only=True)
    torch.set_num_threads(content["threads"])
    stage = Stage(content)
    # To compile takes long, and PyTorch's counter sees nothing of what is compiled.
    eager = torch.compiler.set_stance("force_eager")
    with eager, _answering(Path(sys.argv[2])) as answer:
        try:
            stage.try_out()
        except EcosobrietyError as error:
            traceback.print_exc()
            answer["refusal"] = str(error)
            return
        answer |= {"tried": True, "noticed": stage.noticed}
        Path(sys.argv[2]).write_text(json.dumps(answer))
        try:
            found = count(stage)
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            found = f"counting failed: {described(error)}"
        if isinstance(found, Cost):
            answer["cost"] = asdict(found)
        else:
            answer["reason"] = found


if __name__ == "__main__":
    _main()
