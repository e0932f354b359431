"""Made-up trainings: the tables `runs` and `epochs`, with plausible values."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ecosobriety.metrics import ACCURACY as ACCURACY_METRIC
from ecosobriety.metrics import Metric
from ecosobriety.tables import check_table

ACCURACY = {
    5_000: 0.840,
    10_000: 0.851,
    20_000: 0.8625,
    30_000: 0.8705,
    40_000: 0.8765,
    50_000: 0.881,
    60_000: 0.885,
}
SEEDS = (1, 2, 3, 4, 5)


def make_runs(
    model: str = "mlp", energy_factor: float = 1.0, accuracy_shift: float = 0.0
) -> pd.DataFrame:
    """Accuracy 0.84 to 0.885 and energy 0.05 to 0.6 Wh, as on Fashion-MNIST; or another model's."""
    rng = np.random.default_rng(7)
    rows = []
    for n_train, mean_accuracy in ACCURACY.items():
        for seed in SEEDS:
            accuracy = mean_accuracy + accuracy_shift + rng.normal(0, 0.0015)
            energy_kwh = energy_factor * 1e-5 * n_train / 1000 * (1 + rng.normal(0, 0.03))
            rows.append(
                {
                    "dataset": "fashion-mnist",
                    "model": model,
                    "n_train": n_train,
                    "seed": seed,
                    "epochs": 10.0,
                    "steps": 10 * -(-n_train // 128),
                    "batch_size": 128,
                    "test_accuracy": round(accuracy, 4),
                    "test_loss": 0.35,
                    "train_duration_s": 0.4 * n_train / 1000,
                    "energy_kwh": energy_kwh,
                    "energy_cpu_kwh": 0.6 * energy_kwh,
                    "energy_gpu_kwh": None,
                    "energy_ram_kwh": 0.4 * energy_kwh,
                    "eval_energy_kwh": 2e-6,
                    "lost_energy_kwh": 5e-5 if (n_train, seed) == (20_000, 3) else 0.0,
                    "energy_quality": "estimated",
                    "energy_source": "cpu_load+ram_model",
                    "flop_forward": 406_528,
                    "flop_train": 1_200_000 * n_train * 10,
                    "device": "A processor",
                    "accelerator": "cpu",
                    "threads": 2,
                    "peak_memory_mb": 612.5,
                    "short_window": n_train == 5_000 and seed == 1,
                    # All seeds of a size in one process, as the default study trains them.
                    "attempt": f"20260101T00000{seed}Z-host-{n_train}-{n_train + seed:06x}",
                }
            )
    return check_table("runs", pd.DataFrame(rows))


def make_epochs(runs: pd.DataFrame, metric: Metric = ACCURACY_METRIC) -> pd.DataFrame:
    """Scores of all epochs but the last: 40 % of the way to the last one's left after each."""
    rows = []
    for run in runs.to_dict("records"):
        last = int(run["epochs"]) if run["epochs"] == run["epochs"] else 1
        for epoch in range(1, last):
            score = run[metric.test_column] * (1 - metric.sign * 0.05 * 0.4**epoch)
            rows.append(
                {
                    **{key: run[key] for key in ("dataset", "model", "n_train", "seed")},
                    "epoch": float(epoch),
                    metric.test_column: score,
                    "train_duration_s": run["train_duration_s"] * epoch / last,
                    "energy_kwh": run["energy_kwh"] * epoch / last,
                    "only_last_reason": None,
                }
            )
    columns = ["dataset", "model", "n_train", "seed", "epoch", metric.test_column]
    columns += ["train_duration_s", "energy_kwh", "only_last_reason"]
    return pd.DataFrame(rows, columns=columns)


def make_many_runs(sizes: int, seeds: int) -> pd.DataFrame:
    """Runs of many sizes up to 60,000 and many seeds, along a power law of accuracy."""
    rng = np.random.default_rng(11)
    n_train = np.repeat(np.linspace(300, 60_000, sizes).astype(int), seeds)
    energy_kwh = 1e-8 * n_train * (1 + rng.normal(0, 0.03, n_train.size))
    accuracy = 0.9 - 1.2 * n_train**-0.35 + rng.normal(0, 0.0015, n_train.size)
    runs = pd.DataFrame([first_run()] * n_train.size).assign(
        n_train=n_train,
        seed=np.tile(np.arange(1, seeds + 1), sizes),
        test_accuracy=accuracy.clip(0, 1),
        energy_kwh=energy_kwh,
        energy_cpu_kwh=0.6 * energy_kwh,
        energy_ram_kwh=0.4 * energy_kwh,
        train_duration_s=0.0004 * n_train,
        short_window=False,
    )
    return check_table("runs", runs)


@cache
def first_run() -> dict[Any, Any]:
    """One of them, as a record has its values."""
    return make_runs().iloc[0].to_dict()
