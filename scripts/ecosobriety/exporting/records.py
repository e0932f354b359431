"""All trainings of a study as BoAmps records, by the names of their files."""

from typing import Any

from ecosobriety.exporting.boamps import boamps_report
from ecosobriety.exporting.disclosure import Disclosed
from ecosobriety.exporting.network_size import NetworkSize, network_size
from ecosobriety.records.adjusted import factor_in


def boamps_records(disclosed: Disclosed) -> dict[str, dict[str, Any]]:
    """The content of each record, by its file's name."""
    dataset = disclosed.provenance["dataset"]
    intensities = {m.case.model: m.electricity.g_per_kwh for m in disclosed.models}
    # Of one model, every training has the same network.
    sizes: dict[str, NetworkSize | None] = {}
    reports, factor = {}, factor_in(disclosed.study.runs)
    for run in disclosed.records:
        if run.model not in sizes:
            sizes[run.model] = network_size(run, dataset)
        name = f"{run.dataset}-{run.model}-n{run.n_train}-seed{run.seed}.json"
        reports[name] = boamps_report(
            run,
            dataset,
            mix_g_per_kwh=intensities[run.model],
            size=sizes[run.model],
            factor=1.0 if run.window == "imported" else factor,
        )
    return reports
