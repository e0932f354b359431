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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from ecosobriety.errors import ConfigError, EcosobrietyError
from ecosobriety.training import soundness
from ecosobriety.training.batches import Slices
from ecosobriety.training.few_batches import FewBatches, OneEpoch, Seen
from ecosobriety.training.fitting import (
    Batch,
    Counted,
    Passed,
    TrainingSettings,
    limits,
    make_trainer,
)
from ecosobriety.training.flops import Cost, Counter, cost_of, counting
from ecosobriety.training.learner import Learner, build_module
from ecosobriety.training.networks import build_network
from ecosobriety.training.own_networks import failure, materialise, require_logits, unlogged
from ecosobriety.training.tasks import Classification, Regression, Task
from ecosobriety.user_code.apart import run_apart
from ecosobriety.user_code.lightnings import is_lightning, lightning_of
from ecosobriety.user_code.words import cut, described, ended_by_itself

logger = logging.getLogger(__name__)

LIMIT_S = 300
"""A rehearsal that takes longer is given up; the training is not."""
FEW = 8
"""Examples on which operations are counted and the test is tried."""
PATIENCE = 32
"""Batches after which a module that has given no loss for any gives none at all."""


@dataclass(frozen=True)
class Play:
    """What is rehearsed.

    Attributes:
        class_path, init_args: the user's network.
        task: what it is trained for.
        settings: the hyper-parameters.
        seed: that of the training.
        threads: CPU threads for PyTorch.
        n_train: examples of the training.
    """

    class_path: str
    init_args: Mapping[str, Any]
    task: Task
    settings: TrainingSettings
    seed: int
    threads: int
    n_train: int


_known: dict[str, Cost | str] = {}
"""What was found in this process: other seeds need no rehearsal of their own."""


def rehearse(play: Play, batches: Slices, test_batches: Slices) -> Cost | str:
    """Try a user's network out.

    Returns:
        What its training costs in FLOP, or why that cannot be said.

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


def content_of(play: Play, batches: Slices, test_batches: Slices) -> dict[str, Any]:
    """What a `Stage` needs, in plain types."""
    size = play.settings.batch_size
    (x, y), (x_test, _) = next(iter(batches)), next(iter(test_batches))
    acts = [(x, y)]
    # The last batch of an epoch, on which statistics over a batch may fail.
    if play.n_train > size and play.n_train % size:
        acts.append((x[: play.n_train % size], y[: play.n_train % size]))
    return {
        **{name: getattr(play, name) for name in ("class_path", "seed", "threads", "n_train")},
        "init_args": json.dumps(dict(play.init_args)),
        "settings": asdict(play.settings),
        "deviation": getattr(play.task, "deviation", None),
        "outputs": play.task.outputs,
        "acts": acts,
        "x_test": x_test[:FEW],
        "length": len(batches),
    }


def _ask(content: Mapping[str, Any], class_path: str) -> Cost | str:
    with tempfile.TemporaryDirectory() as folder:
        play, answer = Path(folder) / "play.pt", Path(folder) / "answer.json"
        torch.save(dict(content), play)
        files = str(play), str(answer)
        try:
            done = run_apart("training.rehearsal", *files, path=sys.path, timeout_s=LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"the rehearsal took longer than {LIMIT_S} s"
        logger.info("rehearsal of %s: %s", class_path, done.stderr)
        with suppress(OSError, ValueError):
            said = json.loads(answer.read_bytes())
            if said["refusal"] is not None:
                raise ConfigError(said["refusal"])
            if said["ended"]:
                return said["reason"] if said["cost"] is None else Cost(**said["cost"])
            # A memory that is full may kill it, and yet be enough for the training alone.
            if not said["tried"] and done.returncode != -signal.SIGKILL:
                raise ended_by_itself(class_path, done.returncode)
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return f"the rehearsal ended by itself ({done.returncode}): {cut(last)}"


class Stage:
    """Builds the network as the training will, and trains it on a few batches."""

    def __init__(self, content: Mapping[str, Any]):
        self._content = content
        self.class_path: str = content["class_path"]
        self.settings = TrainingSettings(**content["settings"])
        self.n_train: int = content["n_train"]
        deviation = content["deviation"]
        self.task: Task = (
            Classification(content["outputs"]) if deviation is None else Regression(deviation)
        )
        self.acts: list[Batch] = content["acts"]
        self.x_test: Tensor = content["x_test"]

    def build(self, changed_by: int = 0) -> torch.nn.Module:
        """The network, as built and shaped before its training, or before that of another seed."""
        pl.seed_everything(self._content["seed"] ^ changed_by, verbose=False)
        network = build_network(
            self.class_path,
            json.loads(self._content["init_args"]),
            self.x_test.shape[1:],
            self.task.outputs,
        )
        try:
            materialise(network, self.x_test[:2])
        except (Exception, SystemExit) as error:
            raise failure(self.class_path, error) from error
        return network

    def fit(
        self, network: torch.nn.Module, acts: Sequence[Batch], *callbacks: pl.Callback
    ) -> tuple[pl.Trainer, pl.LightningModule]:
        """Train, with all that Lightning does around an epoch."""
        module, scorer = build_module(
            network, self.settings.learning_rate, self.task, self.settings.max_steps
        )
        length = self._content["length"]
        leaves = soundness.Leaves(network)
        few: list[pl.Callback] = [*callbacks, leaves, OneEpoch(len(acts))]
        if isinstance(module, Learner):
            module.task = cast(Task, soundness.Watched(module.task, leaves))
            blocks = FewBatches([iter([batch]) for batch in acts], length)
            trainer = make_trainer(
                self.settings, few, epochs=self.settings.epochs, validation_batches=1
            )
            trainer.fit(module, blocks)
            soundness.require_early(network, trainer, self.class_path)
        else:
            counted = Counted(FewBatches(acts, length))
            passed = Passed(counted)
            if self.task.outputs == 1:
                few.append(soundness.Pairs(self.class_path))
            package = lightning_of(type(module))
            trainer = make_trainer(
                self.settings,
                [passed, *few],
                **limits(module, self.settings, length),
                validation_batches=1,
                package=package,
            )
            trainer.fit(module, counted)
            own = {id(parameter) for parameter in module.parameters()}
            if module.automatic_optimization and not any(
                id(parameter) in own for parameter in soundness.optimised(trainer)
            ):
                raise ConfigError(
                    f"models: {self.class_path} has no optimiser of its parameters, so that "
                    "nothing would be learnt: configure_optimizers must return one"
                )
            if module.automatic_optimization and passed.passes_of_a_batch == {0}:
                raise _NoLossError
        known = [*soundness.optimised(trainer), *(tensor for batch in acts for tensor in batch)]
        leaves.require_trained(known, self.class_path)
        if not isinstance(module, pl.LightningModule):
            # The scorer is of this package, whatever the module is.
            return make_trainer(self.settings, [], epochs=1), scorer
        return trainer, scorer

    def try_out(self) -> None:
        """The training and the test, in small.

        Raises:
            ConfigError: either fails.
        """
        network = self.build()
        start = soundness.weights(network)
        if not is_lightning(network):
            self._require_logits(network)
            network = self.build()
        acts, first = self.acts, soundness.Beginning()
        try:
            trainer, scorer = self._fit_told(network, acts, first)
        except _NoLossError:
            # It may leave the first batches out.
            network, acts, first = self.build(), [acts[0]] * PATIENCE, soundness.Beginning()
            try:
                trainer, scorer = self._fit_told(network, acts, first)
            except _NoLossError as error:
                raise ConfigError(
                    f"models: {self.class_path}: its training_step gives no loss for any of "
                    f"{PATIENCE} batches, so that nothing would be learnt: it must return the loss"
                ) from error
        self._require_logits(network, self.build)
        soundness.require_alone(
            partial(self._tested, trainer, scorer),
            min(FEW, len(self.acts[0][1])),
            self.class_path,
            exact=self.settings.precision == "32-true"
            and trainer.strategy.root_device.type == "cpu",
        )
        soundness.require_same_beginning(self.build(), start, self.class_path)
        other = soundness.Beginning()
        with suppress(_NoLossError):
            self._fit_told(self.build(1), acts, other)
        soundness.require_replicates(first, other, self.class_path)

    def _tested(
        self, trainer: pl.Trainer, scorer: pl.LightningModule, part: slice, seed: int
    ) -> Tensor:
        """(n, outputs) of some examples in one batch of the test, after the module's hooks."""
        # A network may change its inputs in place.
        x, y = (tensor[:FEW][part].clone() for tensor in self.acts[0])
        given: list[Tensor] = []
        handle = scorer.register_forward_hook(lambda _, __, output: given.append(output))
        try:
            pl.seed_everything(seed, verbose=False)
            trainer.test(scorer, FewBatches([(x, y)], 1), verbose=False)
        except (Exception, SystemExit) as error:
            raise failure(self.class_path, error) from error
        finally:
            handle.remove()
        return given[0].float().cpu()

    def _fit_told(
        self, network: torch.nn.Module, acts: Sequence[Batch], *callbacks: pl.Callback
    ) -> tuple[pl.Trainer, pl.LightningModule]:
        seen = Seen()
        try:
            return self.fit(network, acts, seen, *callbacks)
        except (EcosobrietyError, _NoLossError):
            raise
        except (Exception, SystemExit) as error:
            where, hint = "", ""
            if not seen.batches or (acts is self.acts and self._fails_on_the_last(seen.batches)):
                size = len(acts[seen.batches][1])
                where = f" on a batch of {size} example{'s' * (size > 1)}"
            if seen.batches and where and self.n_train % self.settings.batch_size == 1:
                hint = (
                    f"; the last batch of an epoch is that small, as {self.n_train} (grid.n_train) "
                    f"modulo {self.settings.batch_size} (training.batch_size) is 1: change either"
                )
            raise failure(self.class_path, error, where, hint) from error

    def _fails_on_the_last(self, batches: int) -> bool:
        """Whether what failed after so many batches passes if the last one is as large."""
        if len(self.acts) != batches + 1:
            return False
        try:
            self.fit(self.build(), [self.acts[0]] * len(self.acts))
        except (Exception, SystemExit) as error:
            return isinstance(error, _NoLossError)
        return True

    def _require_logits(
        self, network: torch.nn.Module, untrained: Callable[[], torch.nn.Module] | None = None
    ) -> None:
        device = make_trainer(self.settings, [], epochs=1).strategy.root_device
        given = network.to(device), self.class_path, self.x_test.to(device), self.task.outputs
        require_logits(*given, untrained=untrained)

    def count(self) -> Cost | str:
        """FLOP, or why they cannot be counted."""
        x, y = self.acts[0]
        most = min(FEW, len(y))
        sizes = [most, most, *([most // 2, most // 4] if most >= FEW else [])]
        acts = [(x[:n], y[:n]) for n in sizes]
        network = self.build()
        with counting() as (mode, unseen):
            counter = Counter(mode, sizes)
            trainer, _ = self.fit(network, acts, counter)
            counted = counter.finish()
        device = trainer.strategy.root_device
        network.to(device).eval()
        with torch.no_grad(), unlogged(network), counting() as (forward, unseen_forward):
            network(x[:most].to(device))
        if names := unseen.names | unseen_forward.names:
            return f"PyTorch's counter does not know {', '.join(sorted(names)[:3])}"
        if isinstance(counted, str):
            return counted
        if not is_lightning(network):
            # The study's own loop: one backward pass for each batch.
            counted = [type(batch)(batch.examples, 1, batch.flop) for batch in counted]
        return cost_of(forward.get_total_flops() // most, counted)


class _NoLossError(Exception):
    """No batch has had a backward pass."""


@contextmanager
def _answering(path: Path) -> Iterator[dict[str, Any]]:
    answer: dict[str, Any] = {"refusal": None, "cost": None, "reason": None}
    answer |= {"tried": False, "ended": False}
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
        answer["tried"] = True
        Path(sys.argv[2]).write_text(json.dumps(answer))
        try:
            found = stage.count()
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            found = f"counting failed: {described(error)}"
        if isinstance(found, Cost):
            answer["cost"] = asdict(found)
        else:
            answer["reason"] = found


if __name__ == "__main__":
    _main()
