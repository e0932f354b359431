"""A measured training: batches, network, loop, what is counted, a rehearsal before it."""

from ecosobriety.training.recording import Training
from ecosobriety.training.train import settings_from, train

__all__ = ["Training", "settings_from", "train"]
