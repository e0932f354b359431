"""How large a network is: its parameters and layers, where the study's own arguments say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecosobriety.records.record import RunRecord
from ecosobriety.startup import imports_in_peace
from ecosobriety.study_config.contradictions import NETWORK_NAMES


@dataclass(frozen=True)
class NetworkSize:
    """The size of a network.

    Attributes:
        parameters: all of its weights and biases.
        layers: its layers with weights.
    """

    parameters: int
    layers: int


def network_size(run: RunRecord, dataset: Mapping[str, Any]) -> NetworkSize | None:
    """The size of one of our own networks.

    Args:
        run: the training's record.
        dataset: the entry `dataset` of the study's provenance.

    Returns:
        None for a user's own network, a command and an imported run: no record holds theirs.
    """
    name = run.training.get("class_path")
    if run.window != "fit" or name not in NETWORK_NAMES or dataset["input_shape"] is None:
        return None
    # PyTorch takes seconds to import, and nothing else here needs it.
    with imports_in_peace():
        import torch

        from ecosobriety.training.networks import build_network

    # Shapes alone: on this device nothing takes memory.
    with torch.device("meta"):
        network = build_network(
            name,
            run.training["init_args"],
            dataset["input_shape"],
            len(dataset["classes"]) if dataset["task"] == "classification" else 1,
            channels=dataset.get("channels"),
        )
    layers = [part for part in network.modules() if list(part.parameters(recurse=False))]
    return NetworkSize(sum(weights.numel() for weights in network.parameters()), len(layers))
