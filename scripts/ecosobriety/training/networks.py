"""The networks of a study, the user's own among them."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import Any

from pytorch_lightning.utilities.seed import isolate_rng
from torch import Tensor, nn

from ecosobriety.datasets.inputs import image_shape
from ecosobriety.errors import ConfigError, DataError
from ecosobriety.user_code import classes
from ecosobriety.user_code.classes import ClassSpec

INPUT_DIMENSIONS_OF_AN_IMAGE = 2


def linear(input_shape: Sequence[int], num_classes: int) -> nn.Module:
    """Softmax or linear regression: one linear layer on the flattened input."""
    return nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), num_classes))


def mlp(input_shape: Sequence[int], num_classes: int, hidden: Sequence[int] = (256,)) -> nn.Module:
    """A multi-layer perceptron with ReLU; `hidden` gives the width of each hidden layer."""
    widths = [prod(input_shape), *hidden]
    layers: list[nn.Module] = [nn.Flatten()]
    for width_in, width_out in pairwise(widths):
        layers += [nn.Linear(width_in, width_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], num_classes))


def cnn(
    input_shape: Sequence[int],
    num_classes: int,
    channels: Sequence[int] = (16, 32),
    layout: str | None = None,
) -> nn.Module:
    """A small convolutional network: 3 x 3 convolutions with ReLU, each halving the image.

    `input_shape` is (height, width) for one channel, (height, width, channels), or with the layout
    `first` (channels, height, width).
    """
    try:
        height, width, depth = image_shape(input_shape, layout)
    except DataError as error:
        raise ConfigError(f"models: cnn: {error}") from error
    rows, columns, depths = height, width, [depth, *channels]
    layers: list[nn.Module] = [_ChannelsFirst(layout)]
    for depth_in, depth_out in pairwise(depths):
        layers += [nn.Conv2d(depth_in, depth_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        height, width = height // 2, width // 2
    if height == 0 or width == 0:
        raise ConfigError(
            f"models: cnn: channels {list(channels)} halve an image of {(rows, columns)} "
            f"{len(channels)} times, to nothing; allowed are fewer channels"
        )
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(depths[-1] * height * width, num_classes))


class _ChannelsFirst(nn.Module):
    """(n, height, width[, channels]) to (n, channels, height, width), as convolutions want it."""

    def __init__(self, layout: str | None):
        super().__init__()
        self.layout = layout

    def forward(self, x: Tensor) -> Tensor:
        if self.layout == "first":
            return x
        has_channels = x.dim() > INPUT_DIMENSIONS_OF_AN_IMAGE + 1
        return x.permute(0, 3, 1, 2) if has_channels else x.unsqueeze(1)


NETWORKS: Mapping[str, Callable[..., nn.Module]] = {"linear": linear, "mlp": mlp, "cnn": cnn}


def build_network(
    class_path: str,
    init_args: Mapping[str, Any],
    input_shape: Sequence[int],
    num_classes: int,
    *,
    channels: str | None = None,
    whole_numbers: bool = False,
) -> nn.Module:
    """Build a network for inputs of `input_shape` (without the batch) and its classes.

    Args:
        class_path: A name of `NETWORKS`, or the path of the user's own `nn.Module`, which gets
            `input_shape` and `num_classes` where its `__init__` names them.
        init_args: The network's own arguments.
        input_shape: Shape of one example.
        num_classes: Number of outputs: the classes, or 1 for a regression.
        channels: Which dimension of an example the channels are: `first`, `last`, or None.
        whole_numbers: Whether the inputs are int64 and not float32.

    Raises:
        ConfigError: there is no such network, or it cannot be built.
    """
    if class_path in NETWORKS:
        if whole_numbers:
            raise ConfigError(
                f"models: {class_path} cannot learn from whole numbers as they are: if they are "
                "measurements, say in dataset.normalise how they are normalised (global, feature "
                "or channel)"
            )
        options = {"layout": channels} if class_path == "cnn" else {}
        return NETWORKS[class_path](tuple(input_shape), num_classes, **init_args, **options)
    if "." not in class_path:
        allowed = ", ".join(NETWORKS)
        raise ConfigError(
            f"models: unknown network {class_path!r}; allowed are {allowed}, or a class_path"
        )
    return own_network(class_path, init_args, input_shape, num_classes)()


def own_network(
    class_path: str, init_args: Mapping[str, Any], input_shape: Sequence[int], num_classes: int
) -> Callable[[], nn.Module]:
    """What builds a user's network, each time anew; the arguments are those of `build_network`.

    Raises:
        ConfigError: there is no such class, or it refuses its arguments.
    """
    given = {"input_shape": tuple(input_shape), "num_classes": num_classes}
    # What a module draws, or seeds, where it is imported would count for the first training alone.
    with isolate_rng():
        return classes.maker(ClassSpec("network", class_path, init_args), given)
