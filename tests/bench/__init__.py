"""Benchmarks: each figure is a ratio to a baseline that takes turns with ours in the same run."""
