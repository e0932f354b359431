"""Strubell, Ganesh and McCallum 2019, https://arxiv.org/abs/1906.02243."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecosobriety.methods.inputs import Inputs
from ecosobriety.methods.kinds import Kind
from ecosobriety.methods.method import (
    GRAMS_PER_POUND,
    NOBODY_COUNTS,
    Estimate,
    NotApplicableError,
    estimate_from_energy,
    known,
)
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunRecord
from ecosobriety.units import joules_to_kwh, kwh_to_joules

Sample = tuple[str, str, str | None]
"""Data set, model and device (None: not known): trainings that draw the same power."""


@dataclass(frozen=True)
class Strubell:
    """Average power of a short run x hours, with the world's PUE and the USA's intensity.

    Args:
        inputs: the tables of factors.
        power_w: average power in W of CPU, memory and GPUs, sampled on a short run of each kind.
    """

    inputs: Inputs
    power_w: Mapping[Sample, float]
    id: str = "strubell"
    unit: str = "lb CO2e"
    ignores: tuple[str, ...] = ("changing_power", "site", *NOBODY_COUNTS)

    def estimate(self, run: RunRecord) -> Estimate:
        """Energy p = 1.58 t (p_c + p_r + g p_g) / 1000 in kWh; emissions = 0.954 p in lb."""
        duration_s = known(run.train_duration_s, "no_duration")
        kind = _kind(run)
        if kind not in self.power_w:
            raise NotApplicableError(reason("no_sample", model=run.model, device=run.device))
        return estimate_from_energy(
            joules_to_kwh(self.power_w[kind] * duration_s),
            self.unit,
            pue=self.inputs.constant("strubell_pue"),
            intensity_g_per_kwh=self.inputs.constant("strubell_intensity_lb_per_kwh")
            * GRAMS_PER_POUND,
        )


def sample_power_w(runs: Sequence[RunRecord]) -> dict[Sample, float]:
    """Average power of the shortest run of each data set, model and device, in W.

    As its authors did, a short run stands for the long ones. A run on a GPU without the GPU's
    energy is no sample. An imported energy is taken as that of all devices.
    """
    powers = {}
    for run in sorted(runs, key=lambda run: (run.n_train, run.seed), reverse=True):
        whole = run.accelerator == "cpu" or run.energy_gpu_kwh is not None
        if run.train_duration_s is not None and (whole or run.window == "imported"):
            powers[_kind(run)] = kwh_to_joules(run.energy_kwh) / run.train_duration_s
    return powers


def _kind(run: RunRecord) -> Sample:
    return run.dataset, run.model, run.device


KINDS = (
    Kind(
        "strubell",
        6,
        lambda study: Strubell(study.inputs, sample_power_w(study.runs)),
        constants={"strubell_pue": "1", "strubell_intensity_lb_per_kwh": "lb/kWh"},
    ),
)
