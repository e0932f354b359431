"""All trainings of a study as BoAmps records, by the names of their files."""

import math
from typing import Any

from ecosobriety.decision.intervals import finite_or_none
from ecosobriety.exporting.boamps import boamps_report
from ecosobriety.exporting.disclosure import Disclosed
from ecosobriety.exporting.network_size import NetworkSize, network_size
from ecosobriety.records.adjusted import factor_in


def boamps_records(disclosed: Disclosed) -> dict[str, dict[str, Any]]:
    """The content of each record, by its file's name."""
    dataset = disclosed.provenance["dataset"]
    countries = disclosed.study.countries.set_index("country_iso3")["intensity_g_per_kwh"]
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
            # CodeCarbon's file may name another country than the study's.
            mix_g_per_kwh=finite_or_none(countries.get(run.metering["country_iso3"], math.nan)),
            size=sizes[run.model],
            factor=1.0 if run.window == "imported" else factor,
        )
    return reports
