"""Water: what cools the site, and what the power plants consume, for the energy of a training."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ecosobriety.decision.rows import on_mix
from ecosobriety.footprint.embodied import BOUNDS

PLACES = ("site", "source")
"""Where water is consumed: where the computers are, and where their electricity comes from."""


def add_water(
    recommendation: Mapping[str, Any],
    scenarios: pd.DataFrame,
    country: str,
    section: Mapping[str, Any],
    pue: float,
) -> dict[str, Any]:
    """Add to each result the water that a training of each size consumes, in litres.

        site   = energy_kwh x site_l_per_kwh              (WUE of The Green Grid: per kWh of IT)
        source = energy_kwh x PUE x source_l_per_kwh      (per kWh that the site takes)

    The bounds are those of the figures; the energy enters as its mean.

    Args:
        recommendation: as `decision.recommend` gives it.
        scenarios: the table `scenarios`; `energy_kwh` is IT energy.
        country: of the study (ISO-3166 alpha-3).
        section: as `electricity.water_factors.figures` gives it.
        pue: energy of the site over IT energy.

    Returns:
        A copy in which each result has `water`, null where the section names no figure::

            {site_l_per_kwh, source_l_per_kwh, source_of, sizes: [{n_train, site_l, source_l}]}

        Each is a mapping of low, central and high (low and high null without a range), or null
        where the section does not name it. `source_of` is the energy source whose figures they are,
        with their reference, null where they are the study's own. `yearly`, where it is not null,
        gets `site_l` and `source_l` of a year on the full size, likewise.
    """
    figures = {place: _range(section[f"{place}_l_per_kwh"]) for place in PLACES}
    asked = any(figure is not None for figure in figures.values())
    named = section["source_l_per_kwh"]
    of = named.get("of") if isinstance(named, Mapping) else None
    results = [
        {
            **result,
            "water": {"source_of": of, **_water(result, scenarios, country, figures, pue)}
            if asked
            else None,
            "yearly": _with_year(result.get("yearly"), figures, pue),
        }
        for result in recommendation["results"]
    ]
    return {**recommendation, "results": results}


def _range(figure: Any) -> dict[str, float | None] | None:
    if figure is None:
        return None
    known = figure if isinstance(figure, Mapping) else {"central": figure}
    return {bound: float(known[bound]) if bound in known else None for bound in BOUNDS}


def _with_year(
    year: Mapping[str, Any] | None,
    figures: Mapping[str, Mapping[str, float | None] | None],
    pue: float,
) -> dict[str, Any] | None:
    if year is None:
        return None
    # A year's energy is the site's.
    energy_of = {"site": year["energy_kwh"] / pue, "source": year["energy_kwh"]}
    litres = {f"{place}_l": _times(figures[place], energy_of[place]) for place in PLACES}
    return {**year, **litres}


def _water(
    result: Mapping[str, Any],
    scenarios: pd.DataFrame,
    country: str,
    figures: Mapping[str, Mapping[str, float | None] | None],
    pue: float,
) -> dict[str, Any]:
    own = on_mix(result, scenarios, country).sort_values("n_train")
    energy_of = {"site": 1.0, "source": pue}
    return {
        **{f"{place}_l_per_kwh": figures[place] for place in PLACES},
        "sizes": [
            {
                "n_train": int(n_train),
                **{
                    f"{place}_l": _times(figures[place], float(energy_kwh) * energy_of[place])
                    for place in PLACES
                },
            }
            for n_train, energy_kwh in zip(own["n_train"], own["energy_kwh"], strict=True)
        ],
    }


def _times(
    figure: Mapping[str, float | None] | None, energy_kwh: float
) -> dict[str, float | None] | None:
    if figure is None:
        return None
    return {
        bound: None if litres is None else litres * energy_kwh for bound, litres in figure.items()
    }
