"""Green Algorithms: Lannelongue, Grealey and Inouye 2021, Advanced Science 8, 2100707.

Constants are those of version 3.0 of the calculator (2025), in `config/factors`.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from ecosobriety.methods.inputs import Inputs
from ecosobriety.methods.kinds import Kind
from ecosobriety.methods.method import NOBODY_COUNTS, Estimate, estimate_from_energy, known
from ecosobriety.reasons import reason
from ecosobriety.records.record import RunRecord
from ecosobriety.units import watt_seconds_to_kwh

VERSION = "3.0"
MB_PER_GB = 1e3


@dataclass(frozen=True)
class GreenAlgorithms:
    """Thermal design power x usage of cores and GPU, and power of the memory that is there.

    Args:
        inputs: the tables of factors.
        country_iso3: the metering country, for the calculator's own intensity.
        pue: power usage effectiveness.
        usage: share (0-1) of its power that a processor draws.
        pragmatic_scaling_factor: how often the computation was done for one result.
    """

    inputs: Inputs
    country_iso3: str
    pue: float
    usage: float = 1.0
    pragmatic_scaling_factor: float = 1.0
    id: str = "green_algorithms"
    unit: str = "g CO2e"
    ignores: tuple[str, ...] = ("load", "idle_hosts", *NOBODY_COUNTS)

    def estimate(self, run: RunRecord) -> Estimate:
        """E = t x PUE x (n_c P_c u_c + n_g P_g u_g + n_m 0.3725) x PSF; emissions = E x intensity.

        A processor that is in no table counts as the calculator's own entry for any.
        """
        duration_s = known(run.train_duration_s, "no_duration")
        power_w = (self.processors_w(run) + self.graphics_w(run)) * self.usage + self.memory_w(run)
        energy_kwh = watt_seconds_to_kwh(power_w, duration_s)
        return estimate_from_energy(
            energy_kwh * self.pragmatic_scaling_factor,
            self.unit,
            pue=self.pue,
            intensity_g_per_kwh=self.intensity_g_per_kwh,
            reason=reason("green_algorithms_no_row", country=self.country_iso3),
        )

    @cached_property
    def intensity_g_per_kwh(self) -> float | None:
        """The calculator's own intensity of the country; None: it has none."""
        table = self.inputs.green_algorithms_intensity
        found = table.loc[table["country_iso3"] == self.country_iso3, "intensity_g_per_kwh"]
        return None if found.empty else float(found.iloc[0])

    def processors_w(self, run: RunRecord) -> float:
        """Power in W of the cores at work: their share of the processor's.

        More logical processors than two for each of its cores are those of several processors.
        """
        threads, processor = known(run.threads, "no_threads"), self.inputs.processor(run)
        if processor is None or processor.cores is None:
            return threads * self.inputs.constant("green_algorithms_cpu_core_w")
        logical = run.hardware.get("cpus_machine") or 1
        processors = math.ceil(logical / (2 * processor.cores))
        return min(threads, processors * processor.cores) * processor.tdp_w / processor.cores

    def graphics_w(self, run: RunRecord) -> float:
        """Power in W of the graphics processor; 0 for a training on the CPU."""
        if self.inputs.on_cpu(run):
            return 0.0
        device = self.inputs.device(known(run.device, "no_device"), "gpu")
        return device.tdp_w if device else self.inputs.constant("green_algorithms_gpu_w")

    def memory_w(self, run: RunRecord) -> float:
        """Power in W of the machine's memory, used or not."""
        memory_gb = float(known(run.hardware.get("memory_mb"), "no_memory")) / MB_PER_GB
        return memory_gb * self.inputs.constant("green_algorithms_memory_w_per_gb")


KINDS = (
    Kind(
        "green_algorithms",
        5,
        lambda study: GreenAlgorithms(
            study.inputs,
            study.country_iso3,
            study.inputs.constant("green_algorithms_pue"),
            study.usage,
            study.pragmatic_scaling_factor,
        ),
        constants={
            "green_algorithms_pue": "1",
            "green_algorithms_memory_w_per_gb": "W/GB",
            "green_algorithms_cpu_core_w": "W",
            "green_algorithms_gpu_w": "W",
        },
    ),
)
