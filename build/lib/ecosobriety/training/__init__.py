"""A measured training: batches, network, loop, what is counted, a rehearsal before it."""

from ecosobriety.training.train import keep, settings_from, train

__all__ = ["keep", "settings_from", "train"]
