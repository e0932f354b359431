"""The networks: shapes, parameters, and FLOP equal to a count by hand."""

import pytest
import torch
from torch import nn

from ecosobriety.errors import ConfigError
from ecosobriety.study_config.contradictions import NETWORK_NAMES
from ecosobriety.training.flops import count_flops, counting
from ecosobriety.training.networks import NETWORKS, build_network
from ecosobriety.training.own_networks import materialise, require_logits
from ecosobriety.training.tasks import Classification


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("name", "init_args", "expected"),
    [
        ("linear", {}, 784 * 10 + 10),
        ("mlp", {"hidden": [256]}, 784 * 256 + 256 + 256 * 10 + 10),
        ("mlp", {"hidden": [64, 32]}, 784 * 64 + 64 + 64 * 32 + 32 + 32 * 10 + 10),
        # 3 x 3 kernels; 28 -> 14 -> 7 after two poolings
        ("cnn", {"channels": [8, 16]}, 9 * 8 + 8 + 9 * 8 * 16 + 16 + 16 * 49 * 10 + 10),
    ],
)
def test_networks_have_the_parameters_of_their_layers(name, init_args, expected):
    network = build_network(name, init_args, (28, 28), 10)
    assert network(torch.zeros(3, 28, 28)).shape == (3, 10)
    assert parameters(network) == expected


def test_a_cnn_takes_colour_images():
    network = build_network("cnn", {"channels": [4]}, (8, 8, 3), 5)
    assert network(torch.zeros(2, 8, 8, 3)).shape == (2, 5)


def test_a_cnn_that_halves_the_image_to_nothing_is_refused():
    with pytest.raises(ConfigError, match="to nothing"):
        build_network("cnn", {"channels": [4, 4, 4, 4]}, (8, 8), 10)


def test_an_unknown_network_is_refused():
    with pytest.raises(
        ConfigError, match="'resnet'; allowed are linear, mlp, cnn, or a class_path"
    ):
        build_network("resnet", {}, (8, 8), 10)


def test_flops_of_an_mlp_equal_the_count_by_hand():
    network = build_network("mlp", {"hidden": [256]}, (28, 28), 10)
    batch = torch.zeros(7, 28, 28), torch.zeros(7, dtype=torch.int64)
    forward, both = count_flops(network, batch, Classification(10))
    first, second = 2 * 784 * 256, 2 * 256 * 10  # a multiply-accumulate is 2 FLOP
    assert forward == first + second
    # Backward: the weights' gradients of both layers, the inputs' of the second alone.
    assert both == forward + (first + second) + second
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("groups", [1, 2, 8])
@pytest.mark.parametrize(
    ("kind", "sides", "places"),
    [
        (nn.Conv1d, (9,), 7),
        (nn.Conv2d, (6, 5), 4 * 3),
        (nn.Conv3d, (4, 4, 4), 8),
        # Each input goes to nine places.
        (nn.ConvTranspose2d, (6, 5), 6 * 5),
    ],
)
@pytest.mark.parametrize("of_inputs", [False, True])
def test_flops_of_convolutions_in_groups_equal_the_count_by_hand(
    kind, sides, places, groups, of_inputs
):
    layer = kind(8, 16, 3, groups=groups)
    with counting() as (mode, unseen):
        layer(torch.rand(5, 8, *sides, requires_grad=of_inputs)).sum().backward()
    # Each of 16 outputs is made of the 8 inputs of its group, at each place of the kernel.
    forward = 2 * 5 * places * 3 ** len(sides) * 16 * (8 // groups)
    # Backward: as much for the weights, and for the inputs.
    assert mode.get_total_flops() == (3 if of_inputs else 2) * forward
    assert not unseen.names


def test_a_users_network_is_built_for_its_data():
    network = build_network("user_classes.Perceptron", {"width": 5}, (8, 8), 10)
    assert parameters(network) == 64 * 5 + 5 + 5 * 10 + 10
    assert network.training


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("WrongShape", r"gives \(2, 64\) for inputs of the shape \(2, 8, 8\)"),
        ("Broken", r'fails on inputs of the shape \(2, 8, 8\): RuntimeError: "out of order"'),
    ],
)
def test_a_users_network_that_gives_no_logits_is_refused(name, reason):
    class_path = f"user_classes.{name}"
    network = build_network(class_path, {}, (8, 8), 10)
    with pytest.raises(ConfigError, match=f"models: {class_path} {reason}"):
        require_logits(network, class_path, torch.zeros(2, 8, 8), 10)


def test_a_lazy_layer_that_forward_does_not_come_to_is_named():
    network = nn.Sequential(nn.Linear(4, 2))
    network.beside = nn.LazyLinear(2)
    network.forward = network[0].forward
    with pytest.raises(ConfigError, match=r"does not come to the lazy layer of beside\.weight"):
        materialise(network, torch.zeros(2, 4))


def test_lazy_layers_get_their_shape_and_nothing_else_changes():
    network = build_network("user_classes.Dropping", {}, (8, 8), 10)
    network.layers[3].eval()
    materialise(network, torch.rand(2, 8, 8))
    assert parameters(network) == 64 * 16 + 16 + 2 * 16 + 16 * 10 + 10
    assert network.layers[2].num_batches_tracked == 0
    assert [part.training for part in network.layers] == [True, True, True, False, True]


def test_a_cnn_needs_images():
    with pytest.raises(ConfigError, match=r"shape \(13,\), but must be an image"):
        build_network("cnn", {"channels": [4]}, (13,), 3)


def test_counting_flops_changes_neither_statistics_nor_chance():
    network = build_network("user_classes.Dropping", {}, (8, 8), 10)
    materialise(network, torch.rand(2, 8, 8))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(7)
    count_flops(
        network, (torch.rand(7, 8, 8), torch.zeros(7, dtype=torch.int64)), Classification(10)
    )
    expected = torch.rand(1)
    torch.manual_seed(7)
    torch.rand(7, 8, 8)
    assert torch.rand(1) == expected
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_cnn_is_told_where_the_channels_are():
    x = torch.arange(2 * 3 * 8 * 10.0).reshape(2, 3, 8, 10)
    torch.manual_seed(0)
    first = build_network("cnn", {"channels": [4]}, (3, 8, 10), 5, channels="first")
    torch.manual_seed(0)
    last = build_network("cnn", {"channels": [4]}, (8, 10, 3), 5, channels="last")
    assert torch.equal(first(x), last(x.permute(0, 2, 3, 1)))


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 16, 16), (3, 8, 3), (4, 4, 4), (32, 32, 9)])
def test_a_cnn_guesses_no_channels(shape):
    with pytest.raises(ConfigError, match="whether its channels are first"):
        build_network("cnn", {"channels": [4]}, shape, 5)


@pytest.mark.parametrize(("shape", "channels"), [((8, 8), "first"), ((2, 8, 8, 3), None)])
def test_a_cnn_takes_images_alone(shape, channels):
    with pytest.raises(ConfigError, match="but must be an image"):
        build_network("cnn", {"channels": [4]}, shape, 5, channels=channels)


@pytest.mark.parametrize("name", ["linear", "mlp", "cnn"])
def test_whole_numbers_as_they_are_suit_no_network_of_the_study(name):
    with pytest.raises(ConfigError, match="how they are normalised"):
        build_network(name, {}, (8, 8), 5, whole_numbers=True)


def test_the_names_that_a_configuration_may_hold_are_those_of_the_networks():
    assert (*NETWORKS,) == NETWORK_NAMES
