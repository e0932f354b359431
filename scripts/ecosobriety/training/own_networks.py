"""What is asked of a network that a user brings, and what it brings that is not asked for."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import torch
from pytorch_lightning.core.hooks import ModelHooks
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ecosobriety.errors import ConfigError, shorten
from ecosobriety.training.ranges import Ranges
from ecosobriety.user_code.lightnings import is_lightning, lightning_of
from ecosobriety.user_code.words import described


def materialise(network: nn.Module, x: Tensor) -> None:
    """Let lazy layers take their shape from examples, before an optimiser asks for their weights.

    A network without such layers is not touched.

    Args:
        network: as built.
        x: (n, *input_shape) a few real examples.

    Raises:
        ConfigError: its forward does not come to one of them.
    """
    if not _lazy_parts(network):
        return
    with evaluating(network), torch.no_grad():
        network(x)
    if left := _lazy_parts(network):
        raise ConfigError(
            f"models: {type(network).__name__}: its forward does not come to the lazy layer of "
            f"{shorten(left[0])}, so that this has no shape: write the size of its input"
        )


def _lazy_parts(network: nn.Module) -> list[str]:
    named = (*network.named_parameters(), *network.named_buffers())
    return [name for name, part in named if is_lazy(part)]


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put a network into the mode of the test, and then each layer back into its own."""
    modes = {part: part.training for part in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


@contextmanager
def unlogged(network: nn.Module) -> Iterator[None]:
    """Let a module's `self.log` pass outside its own training, where nobody takes it.

    The test calls its forward from another module, and Lightning would refuse that.
    """
    if not is_lightning(network) or "log" in vars(network):
        yield
        return
    object.__setattr__(network, "log", lambda *_args, **_kwargs: None)
    try:
        yield
    finally:
        object.__delattr__(network, "log")


def require_logits(
    network: nn.Module,
    class_path: str,
    x: Tensor,
    num_classes: int,
    *,
    untrained: Callable[[], nn.Module] | None = None,
) -> None:
    """Send a few real examples through a user's network, as the test does.

    Args:
        network: The network.
        class_path: Its name, for messages.
        x: (n, *input_shape) the examples.
        num_classes: Numbers that it must give for each.
        untrained: Builds it anew, if this one is trained: one that diverged gives NaN by right, and
            its training will be told so.

    Raises:
        ConfigError: it fails on them, gives something else than one number of any sign and size for
            each class.
    """
    trains_itself = is_lightning(network)
    # Of numbers, the study's own loss decides how they are scaled; of classes, a module's may.
    bounded = num_classes == 1 or not trains_itself
    ranges = Ranges()
    try:
        with torch.no_grad(), unlogged(network), evaluating(network):
            with ranges if bounded else nullcontext():
                logits = network(x)
            where = f"for inputs of the shape {tuple(x.shape)}"
            require_shape(logits, class_path, (len(x), num_classes), where)
            if not bool((logits < math.inf).all()):
                if untrained is not None and _gives_finite(untrained().to(x.device), x):
                    return
                raise ConfigError(
                    f"models: {class_path} gives NaN or infinity for examples of finite numbers"
                )
            if not trains_itself and num_classes > 1:
                _require_no_probabilities(logits, class_path)
            found = ranges.of(logits)
            if bounded and found.too_narrow(num_classes):
                why = "must give logits of any sign and size, as the loss has its own softmax"
                if num_classes == 1:
                    why = "its targets are standardised, and of any sign and size"
                raise ConfigError(f"models: {class_path} ends in {found.end}, but {why}: remove it")
    except ConfigError:
        raise
    # Whatever the user's code raises is reported with its class's name.
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"models: {class_path} fails on inputs of the shape {tuple(x.shape)}: "
            f"{described(error)}"
        ) from error


def require_shape(logits: Any, class_path: str, wanted: tuple[int, int], where: str) -> None:
    """Refuse what is no tensor of one number for each example and class.

    Args:
        logits: What the network gives.
        class_path: Its name, for messages.
        wanted: Examples and classes; with one number each, the second may be left out.
        where: When it gives this, for messages.

    Raises:
        ConfigError: it gives something else.
    """
    found: object
    found, hint = type(logits).__name__, "; a LightningModule may have a loss of several outputs"
    if isinstance(logits, Tensor):
        found, hint = tuple(logits.shape), ""
    if found != wanted and not (wanted[1] == 1 and found == wanted[:1]):
        raise ConfigError(
            f"models: {class_path} gives {found} {where}, but must give one logit for each class "
            f"(one number, for a regression): {wanted}{hint}"
        )


def _gives_finite(network: nn.Module, x: Tensor) -> bool:
    """A module of Lightning's may need its Trainer; then nothing is known against it."""
    with suppress(Exception), torch.no_grad(), unlogged(network), evaluating(network):
        return bool((network(x) < math.inf).all())
    return True


def are_probabilities(outputs: Tensor) -> bool:
    """Whether outputs (n, classes) are from 0 on and sum to 1 for each example."""
    if bool((outputs < 0).any()):
        return False
    sums = outputs.float().sum(1)
    digits = 1e-3 if outputs.dtype in (torch.float32, torch.float64) else 1e-2
    return torch.allclose(sums, torch.ones_like(sums), atol=digits)


def _require_no_probabilities(logits: Tensor, class_path: str) -> None:
    """Whatever makes them: the study's loss takes them for logits."""
    if are_probabilities(logits):
        raise ConfigError(
            f"models: {class_path} gives probabilities (each row sums to 1), but must give logits: "
            "remove the softmax at its end"
        )


def uncalled_hooks(network: type) -> list[str]:
    """What a plain network's class has of a LightningModule's, and the study's loop ignores."""
    hooks = [name for name in vars(ModelHooks) if name.startswith("on_")]
    return [name for name in ("configure_optimizers", *hooks) if hasattr(network, name)]


def unused_hooks(network: nn.Module) -> list[str]:
    """What a user's network brings and the study does not call."""
    package = lightning_of(type(network))
    if package is None:
        return uncalled_hooks(type(network))

    def own(name: str) -> bool:
        return getattr(type(network), name) is not getattr(package.LightningModule, name)

    names = ["test_step", "predict_step", "test_dataloader", "predict_dataloader"]
    names += ["on_test_start", "on_test_epoch_start", "on_test_batch_start"]
    if not own("val_dataloader"):
        names.append("validation_step")
    return [name for name in names if own(name)]


def failure(class_path: str, error: BaseException, where: str = "", hint: str = "") -> ConfigError:
    """What a user's network raises while it is trained, as one sentence with its name."""
    if isinstance(error, AttributeError) and "NoneType" in str(error):
        hint = "; a study gives a module no logger and no trainer.datamodule"
    # Lightning's own words, which do not say that nothing is validated.
    elif "conditioned on metric" in str(error):
        hint = "; a study validates only on what a module's own val_dataloader gives"
    return ConfigError(f"models: {class_path} cannot be trained{where}: {described(error)}{hint}")
