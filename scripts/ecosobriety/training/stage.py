"""A user's network on its stage: built as for its training, and trained and tested in small."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from itertools import cycle, islice
from typing import Any, cast

import pytorch_lightning as pl
import torch
from torch import Tensor

from ecosobriety.errors import ConfigError, EcosobrietyError
from ecosobriety.reasons import reason
from ecosobriety.training import soundness, undetermined
from ecosobriety.training.configured import changes_later, listening, unused_keys
from ecosobriety.training.doubts import OF_LABELS, Watch, are_among, find_doubts, find_untrained
from ecosobriety.training.few_batches import FewBatches, NoLossError, OneEpoch, Seen, few_examples
from ecosobriety.training.fitting import (
    Batch,
    Counted,
    Passed,
    TrainingSettings,
    lend_callbacks,
    limits,
    make_trainer,
    run_test,
)
from ecosobriety.training.gradients import OPPOSED, OPPOSITE, Gradients, cosine, own_gradients
from ecosobriety.training.learner import Learner, build_module
from ecosobriety.training.losses import Losses
from ecosobriety.training.networks import own_network
from ecosobriety.training.own_networks import failure, materialise, require_logits
from ecosobriety.training.play import FEW, renumbered
from ecosobriety.training.tasks import Classification, Regression, Task
from ecosobriety.user_code.lightnings import is_lightning, lightning_of

FEWEST_STEPS = 2
"""What one step has used may be used again by the next."""
PATIENCE = 32
"""Batches after which a module that has given no loss gives none, or changed no weight, none."""


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
        self._passed: Passed | None = None
        """What was counted of the last fit, of a module that trains itself."""
        self.noticed: list[str] = []
        """What may be meant so, and should be known; see `reasons.trained`."""
        self._undetermined: list[str] = []

    @property
    def scheduled_by_batch(self) -> bool:
        """Whether the last fit had a learning rate that changes with each batch."""
        return self._watch.by_batch

    @property
    def length(self) -> int:
        """Batches of an epoch."""
        return int(self._content["length"])

    @cached_property
    def _make(self) -> Callable[[], torch.nn.Module]:
        # Its arguments are read once: that takes longer than most networks take to be built.
        init_args = json.loads(self._content["init_args"])
        shape, outputs = self.x_test.shape[1:], self.task.outputs
        return own_network(self.class_path, init_args, shape, outputs)

    def build(self, changed_by: int = 0) -> torch.nn.Module:
        """The network, as built and shaped before its training, or before that of another seed."""
        pl.seed_everything(self._content["seed"] ^ changed_by, verbose=False)
        network = self._make()
        try:
            materialise(network, self.x_test[:2])
        except ConfigError:
            raise
        except (Exception, SystemExit) as error:
            raise failure(self.class_path, error) from error
        return network

    def fit(
        self, network: torch.nn.Module, acts: Sequence[Batch], *callbacks: pl.Callback
    ) -> tuple[pl.Trainer, pl.LightningModule]:
        """Train, with all that Lightning does around an epoch."""
        # There may be fewer batches here than gradients are accumulated over.
        settings = replace(self.settings, accumulate_grad_batches=1)
        module, scorer = build_module(network, settings, self.task)
        length = self._content["length"]
        leaves = soundness.Leaves(network)
        self._losses = losses = Losses(
            self.class_path, self.settings.precision, trains_itself=is_lightning(network)
        )
        self._gradients = gradients = Gradients(network, self.class_path)
        self._watch = watch = Watch(network)
        few: list[pl.Callback] = [*callbacks, leaves, losses, gradients, watch, OneEpoch(len(acts))]
        if isinstance(module, Learner):
            see = self.class_path, leaves.see, losses.see
            module.task = cast(Task, soundness.Watched(module.task, *see))
            blocks = FewBatches([iter([batch]) for batch in acts], length)
            trainer = make_trainer(
                self.settings, few, **limits(module, self.settings, length), validation_batches=1
            )
            trainer.fit(module, blocks)
            soundness.require_early(network, trainer, self.class_path)
        else:
            few_batches = FewBatches(acts, length)
            examples = few_examples(acts, self._content["y"])
            counted = Counted(few_batches, examples, self.settings.batch_size)
            self._passed = passed = Passed(counted)
            if self.task.outputs <= soundness.Pairs.MOST:
                few.append(soundness.Pairs(self.class_path, network, self.task.outputs))
            package = lightning_of(type(module))
            trainer = make_trainer(
                self.settings,
                [passed, *few],
                **limits(module, self.settings, length),
                validation_batches=1,
                package=package,
            )
            with listening() as heard:
                trainer.fit(module, counted)
            watch.odd_groups |= dict.fromkeys(unused_keys(heard))
            own = {id(parameter) for parameter in module.parameters()}
            if module.automatic_optimization and not any(
                id(parameter) in own for parameter in soundness.optimised(trainer)
            ):
                raise ConfigError(
                    f"models: {self.class_path} has no optimiser of its parameters, so that "
                    "nothing would be learnt: configure_optimizers must return one"
                )
            if module.automatic_optimization and passed.passes_of_a_batch == {0}:
                raise NoLossError
        if watch.too_short is not None:
            raise ConfigError(f"models: {self.class_path}: {watch.too_short}")
        known = [*soundness.optimised(trainer), *(tensor for batch in acts for tensor in batch)]
        leaves.require_trained(known, self.class_path)
        if not isinstance(module, pl.LightningModule):
            # The scorer is of this package, whatever the module is.
            tester = make_trainer(self.settings, [], epochs=1)
            lend_callbacks(trainer, tester)
            return tester, scorer
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
        told = renumbered(self._content["classes"]) if is_lightning(network) else None
        try:
            network, acts, first, trainer, scorer = self._trained()
        except ConfigError as error:
            if told is None or "out of bounds" not in str(error):
                raise
            raise ConfigError(f"{error} (its {reason('labels_renumbered', **told)})") from error
        self.noticed += [reason("labels_renumbered", **told)] if told else []
        rate = f"training.learning_rate is {self.settings.learning_rate:g}"
        if is_lightning(network):
            rate = "of its configure_optimizers"
        self._require_right_way()
        self._losses.require_finite(network, rate, [len(y) for _, y in acts])
        watch = self._watch
        seen = self._losses, watch, self.x_test, self.task.outputs
        self.noticed += find_doubts(self.build, network, *seen, self._look_longer)
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
        with suppress(NoLossError):
            self._fit_named(self.build(1), acts, other)
        if soundness.are_replicates(first, other, self.class_path):
            self.noticed.append(reason("same_weights"))
        # What fails with other labels says nothing of the training.
        with suppress(Exception, SystemExit):
            known = watch.learnt.asked or are_among(OF_LABELS, self.noticed)
            open_ = is_lightning(network) and not known and not changes_later(network)
            if open_ and self._ignores_labels(acts):
                self.noticed.append(reason("labels_unused"))
        if self._undetermined:
            self.noticed.append(reason("undetermined", names=", ".join(self._undetermined[:3])))

    def _trained(
        self,
    ) -> tuple[
        torch.nn.Module,
        Sequence[Batch],
        soundness.Beginning,
        pl.Trainer,
        pl.LightningModule,
    ]:
        """Train on the few batches, and on more of them where those say too little.

        Raises:
            ConfigError: it fails, gives no loss, learns nothing, or stops before a first epoch.
        """
        # Of a single batch, it is not seen what the first step does.
        acts = self.acts if len(self.acts) > 1 else self.acts * 2
        network, first = self.build(), soundness.Beginning()
        with suppress(NoLossError):
            trainer, scorer = self._fit_named(network, acts, first)
            stopped = self._stopped(len(acts))
            # Gradients of several batches may be added up before a step.
            few = self._passed is not None and self._gradients.steps < FEWEST_STEPS
            still = self._gradients.at_rate_0 or self._gradients.unchanged(first.weights)
            # Behind what begins with 0, gradients are 0 at first.
            still |= any(
                id(weight) in self._losses.reached - self._losses.moved
                for weight in network.parameters()
            )
            # A layer may be left out by chance.
            still |= find_untrained(self.build, network, self._losses, self.x_test) is not None
            if not (stopped or few or still or self._losses.grown):
                return network, acts, first, trainer, scorer
        # It may leave the first batches out, or warm up.
        network, acts, first = self.build(), self._many, soundness.Beginning()
        try:
            trainer, scorer = self._fit_named(network, acts, first)
        except NoLossError as error:
            raise ConfigError(
                f"models: {self.class_path}: its training_step gives no loss for any of "
                f"{PATIENCE} batches, so that nothing would be learnt: it must return the loss"
            ) from error
        steps, whole = self._gradients, self._content["length"] <= PATIENCE
        if whole or steps.steps:
            steps.require_learning(first.weights, trainer, network)
        if self._passed is not None and steps.before_first >= self._content["length"]:
            self._require_steps()
        if self._stopped(len(self.acts)):
            raise ConfigError(
                f"models: {self.class_path} ends its training within the first batches of its "
                f"first epoch (by trainer.should_stop), before it saw each of {self.n_train} "
                "examples once: what it learns is not that of so many; stop it after whole epochs"
            )
        return network, acts, first, trainer, scorer

    def _require_steps(self) -> None:
        """Refuse a module that waits for more batches than its epochs have.

        Raises:
            ConfigError: it takes no step in several of them, and begins to wait anew in each.
        """
        network, length = self.build(), self._content["length"]
        for _ in range(-(-PATIENCE // length)):
            with suppress(NoLossError):
                self._fit_named(network, self._many[:length])
                if self._gradients.steps:
                    return
        raise ConfigError(
            f"models: {self.class_path} takes no step in an epoch (batches: {length}), so that "
            "nothing would be learnt: does it wait for the gradients of more batches than that?"
        )

    def _ignores_labels(self, acts: Sequence[Batch]) -> bool:
        """Whether batches train it in the same way when their examples exchange their labels."""
        for some in (acts, self._many):
            one, other = (self._trained_on(some, places) for places in (0, 1))
            if not soundness.same(one, other):
                return False
        # Of one label alone, or before anything is learnt, nothing is known.
        start = soundness.weights(self.build())
        return self._watch.learnt.mixed and not soundness.same(start, one)

    def _trained_on(self, acts: Sequence[Batch], places: int) -> list[torch.Tensor]:
        network = self.build()
        self._fit_named(network, [(x, y.roll(places)) for x, y in acts])
        return soundness.weights(network)

    def _look_longer(self) -> Watch:
        self._fit_named(self.build(), self._many)
        return self._watch

    @property
    def _many(self) -> list[Batch]:
        """The batches and others in turns: a class may keep something for each, or use few."""
        return [*islice(cycle(self.acts + self._content["others"]), PATIENCE)]

    def _require_right_way(self) -> None:
        """Refuse steps that lead away from the answers, and gradients that pile up.

        Raises:
            ConfigError: a loss has the wrong sign, or no gradient is cleared between two steps.
        """
        steps, away = self._gradients, False
        steps.require_cleared()
        # What fails here says nothing of the training.
        with suppress(Exception, SystemExit):
            away = self._leads_away(steps)
        if away:
            raise steps.opposite()

    def _leads_away(self, steps: Gradients) -> bool:
        x, y = self.acts[0]
        before, own = own_gradients(self.build(), self.task, x, y)
        if (angle := cosine(steps.first, own)) > OPPOSED:
            return False
        network, kept = self.build(), self._losses
        try:
            self._fit_named(network, self._many)
            losses = self._losses.values
        finally:
            self._losses = kept
        # A quantile of numbers lies elsewhere than their mean, and has a loss above 0.
        scored = angle < OPPOSITE or any(
            (-1 if steps.maximised else 1) * loss < 0 for loss in losses[-1:]
        )
        worse = own_gradients(network.cpu(), self.task, x, y)[0] > before
        return worse and (scored or self.task.outputs > 1)

    def _stopped(self, most: int) -> bool:
        """Whether a module ended the training after so many batches at most, and less than all."""
        after = self._passed.stopped_after if self._passed else None
        whole = min(self._content["length"], self.settings.max_steps or self._content["length"])
        return after is not None and after <= most and after < whole

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
            run_test(trainer, scorer, FewBatches([(x, y)], 1))
        except (Exception, SystemExit) as error:
            raise failure(self.class_path, error) from error
        finally:
            handle.remove()
        return given[0].float().cpu()

    def _fit_named(
        self, network: torch.nn.Module, acts: Sequence[Batch], *callbacks: pl.Callback
    ) -> tuple[pl.Trainer, pl.LightningModule]:
        seen = Seen()
        try:
            with undetermined.noting(self._undetermined):
                return self.fit(network, acts, seen, *callbacks)
        except (EcosobrietyError, NoLossError):
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
            return isinstance(error, NoLossError)
        return True

    def _require_logits(
        self, network: torch.nn.Module, untrained: Callable[[], torch.nn.Module] | None = None
    ) -> None:
        device = make_trainer(self.settings, [], epochs=1).strategy.root_device
        given = network.to(device), self.class_path, self.x_test.to(device), self.task.outputs
        require_logits(*given, untrained=untrained)
