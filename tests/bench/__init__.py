"""Benchmarks: each figure is a ratio between two opponents that take turns in the same run."""
