"""What is asked of a network that a user brings, and what it brings that is not asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ecosobriety.errors import ConfigError
from ecosobriety.user_code.words import described


def materialise(network: nn.Module, x: Tensor) -> None:
    """Let lazy layers take their shape from examples, before an optimiser asks for their weights.

    A network without such layers is not touched.

    Args:
        network: as built.
        x: (n, *input_shape) a few real examples.
    """
    if not any(is_lazy(part) for part in (*network.parameters(), *network.buffers())):
        return
    modes = {part: part.training for part in network.modules()}
    network.eval()
    with torch.no_grad():
        network(x)
    for part, training in modes.items():
        part.training = training


@contextmanager
def unlogged(network: nn.Module) -> Iterator[None]:
    """Let a module's `self.log` pass outside its own training, where nobody takes it.

    The test calls its forward from another module, and Lightning would refuse that.
    """
    if not isinstance(network, pl.LightningModule) or "log" in vars(network):
        yield
        return
    object.__setattr__(network, "log", lambda *_args, **_kwargs: None)
    try:
        yield
    finally:
        object.__delattr__(network, "log")


def require_logits(network: nn.Module, class_path: str, x: Tensor, num_classes: int) -> None:
    """Send a few real examples through a user's network, as the test does.

    Raises:
        ConfigError: it fails on them, or gives something else than one number for each class.
    """
    shape = tuple(x.shape)
    network.eval()
    try:
        with torch.no_grad(), unlogged(network):
            logits = network(x)
    # Whatever the user's code raises is reported with its class's name.
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"models: {class_path} fails on inputs of the shape {shape}: {described(error)}"
        ) from error
    found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    wanted = (len(x), num_classes)
    if found != wanted:
        raise ConfigError(
            f"models: {class_path} gives {found} for inputs of the shape {shape}, but must give "
            f"one logit for each class (one number, for a regression): {wanted}"
        )
    sums = logits.sum(1)
    # A module's own training_step may know what to do with them; the study's loss does not.
    if (
        num_classes > 1
        and not isinstance(network, pl.LightningModule)
        and bool((logits >= 0).all())
        and torch.allclose(sums, torch.ones_like(sums), atol=1e-3)
    ):
        raise ConfigError(
            f"models: {class_path} gives probabilities (each row sums to 1), but must give logits: "
            "remove the softmax at its end"
        )


def unused_hooks(network: nn.Module) -> list[str]:
    """What a user's network brings and the study does not call."""
    if not isinstance(network, pl.LightningModule):
        return [name for name in ("configure_optimizers",) if hasattr(network, name)]

    def own(name: str) -> bool:
        return getattr(type(network), name) is not getattr(pl.LightningModule, name)

    names = ["test_step", "predict_step", "test_dataloader", "predict_dataloader"]
    if not own("val_dataloader"):
        names.append("validation_step")
    return [name for name in names if own(name)]


def failure(class_path: str, error: BaseException, where: str = "", hint: str = "") -> ConfigError:
    """What a user's network raises while it is trained, as one sentence with its name."""
    if isinstance(error, AttributeError) and "NoneType" in str(error):
        hint = "; a study gives a module no logger and no trainer.datamodule"
    return ConfigError(f"models: {class_path} cannot be trained{where}: {described(error)}{hint}")
