"""The what-if calculator: its choices, the factors that it computes with, and a table without it.

The page computes what `scenarios` derives, from the same factors, so that its answers are those of
the table wherever that has a cell, and hold between the table's coverages too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ecosobriety.decision.intervals import linearised_ratio, mean_interval
from ecosobriety.footprint.derive import average_energy, convert_costs
from ecosobriety.footprint.water import PLACES
from ecosobriety.reporting.equivalents import equivalents_table
from ecosobriety.reporting.grid_prices import consumer_note
from ecosobriety.reporting.sentences import legend
from ecosobriety.reporting.tables import Cell, Column, Table, collate
from ecosobriety.reporting.water import VOLUME_UNITS
from ecosobriety.study.electricity_view import MARKS
from ecosobriety.study.study import Case, Study
from ecosobriety.study.wording import country_name, source_name
from ecosobriety.tables import GRID_SOURCE
from ecosobriety.texts import Texts, is_known
from ecosobriety.units import ENERGY_UNITS, MASS_UNITS, READABLE_MASS_UNITS, readable_unit

TEXTS = (
    *("missing", "unit.co2e", "unit.interval"),
    *("whatif.no_intensity", "whatif.no_range", "whatif.one_seed", "whatif.no_cost"),
    *("whatif.no_grid_price", "whatif.no_cost_range", "whatif.saved", "whatif.reference"),
    *("whatif.less", "whatif.more", "whatif.grid_coverage", "whatif.no_year"),
    *("whatif.year", "whatif.year_site", "whatif.year_less", "whatif.year_more"),
)
"""What the script says, by its keys in the catalogue."""

_SHOWN_SIZES = 10

Bounds = list[float | None]
"""A central value, its low and its high end; None where unknown."""


def whatif(study: Study, text: Texts) -> dict[str, Any]:
    """What the section holds.

    Returns:
        `options`: for each of dataset, model, size, country and source the (value, name) of each
        choice, values as in the tables; `chosen`: the value of each that is shown first; `labels`
        of the two numbers that are typed in, and what stands there until then (`unset`);
        `beyond`: what the study knows of a training beyond its electricity; `data`: as `factors`
        gives it; `tables`: for readers without script; `notes`.
    """
    cases = study.cases()
    first = cases[0]
    sources = sorted(study.scenarios["source"].unique())
    return {
        "options": {
            "dataset": _same({case.dataset: None for case in cases}),
            "model": _same({case.model: None for case in cases}),
            "size": [(str(size), text.integer(size)) for size in _sizes(study)],
            "country": sorted(_countries(study, text), key=lambda option: collate(option[1])),
            "source": sorted(
                ((name, text.name("source", name)) for name in sources),
                key=lambda option: (option[0] != GRID_SOURCE, collate(option[1])),
            ),
        },
        "chosen": {
            "dataset": first.dataset,
            "model": first.model,
            "size": str(first.decision.stop or first.decision.reference),
            "country": first.electricity.country,
            "source": GRID_SOURCE,
            "coverage": first.electricity.coverage or 1.0,
            **_usage(study),
        },
        "beyond": list(dict.fromkeys(name for case in cases for name in _beyond(case))),
        # Of a sober study that is `plan.full_n_train`, trained or not.
        "labels": {
            "trainings": text("whatif.trainings"),
            "training": text("whatif.training", n_train=text.integer(first.decision.full)),
        },
        "unset": {name: text(f"whatif.unset.{name}") for name in ("trainings", "training")},
        "data": factors(study, text),
        # Without the calculator, its answers as tables.
        "tables": [
            *(size_table(case, text) for case in cases),
            *(equivalents_table(case, text) for case in cases),
        ],
        "notes": [*consumer_note(study, text), *_marks(study, text)],
    }


def _marks(study: Study, text: Texts) -> list[str]:
    """What the marks mean of what it computes with: equivalents, and prices of mixes."""
    tables = [study.equivalents, study.consumer_prices]
    verified = [str(how) for table in tables if table is not None for how in table["verified"]]
    return legend([MARKS.get(how, "") for how in verified], text)


def _usage(study: Study) -> dict[str, str]:
    """What the study's file says of a year; empty where it says nothing."""
    usage = study.config.get("usage", {})
    keys = {"trainings": "trainings_per_year", "training": "energy_per_training_kwh"}
    written = {name: usage.get(key) for name, key in keys.items()}
    return {name: "" if value is None else f"{value:.15g}" for name, value in written.items()}


def _same(values: Iterable[str]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


def _sizes(study: Study) -> list[int]:
    return sorted(int(size) for size in study.curve["n_train"].unique())


def _countries(study: Study, text: Texts) -> list[tuple[str, str]]:
    rows = study.countries_in_use[["country_iso3", "country_name"]]
    return [(iso3, text.country(iso3, name)) for iso3, name in rows.itertuples(index=False)]


def factors(study: Study, text: Texts) -> dict[str, Any]:
    """What the calculator computes with: factors and not the table, which has far more cells.

    Returns:
        Ready for JSON: `cases` (energy in kWh of a training on the full size; and by size, with its
        interval over the seeds, the share that it saves against the reference with its own, and
        what `_beyond` gives), `countries` (g CO2e/kWh, and the price of the mix), `sources` (g
        CO2e/kWh and cost per kWh), `pue`, `equivalents`, `units`, `formats`, `texts`. Money is in
        the study's currency.
    """
    cost = study.config["cost"]
    names = set(study.scenarios["source"].unique())
    asked = study.costs[study.costs["source"].isin(names)]
    prices = convert_costs(asked, cost["currency"], cost["usd_per_unit"])
    countries = study.countries_in_use[["country_iso3", "intensity_g_per_kwh"]]
    return {
        "pue": float(study.config["metering"]["pue"]),
        "grid": GRID_SOURCE,
        "cases": [_case(case) for case in study.cases()],
        "countries": {
            iso3: {"g_per_kwh": _plain(intensity), "price_per_kwh": study.grid_prices.get(iso3)}
            for iso3, intensity in countries.itertuples(index=False)
        },
        "sources": {
            row["source"]: {
                "g_per_kwh": _bounds(row, "_g_per_kwh"),
                "price_per_kwh": _bounds(prices.loc[row["source"]], "_per_kwh")
                if row["source"] in prices.index
                else [None] * 3,
            }
            for _, row in study.sources.iterrows()
            if row["source"] in names
        },
        "equivalents": [
            {
                "name": text.name("whatif.equivalent", row["equivalent"])
                + (f"\N{NO-BREAK SPACE}{mark}" if mark else ""),
                "quantity": row["quantity"],
                "amount": float(row["amount"]),
            }
            for row in study.equivalents.to_dict("records")
            for mark in [MARKS.get(row["verified"], "")]
        ],
        "units": {
            "energy": [[unit.symbol, unit.size] for unit in ENERGY_UNITS],
            "mass": [[unit.symbol, unit.size] for unit in READABLE_MASS_UNITS],
            "volume": [[unit.symbol, unit.size] for unit in VOLUME_UNITS],
        },
        "formats": text.formats(cost["currency"]),
        "texts": {key: text.template(key) for key in TEXTS},
    }


def _case(case: Case) -> dict[str, Any]:
    energies = average_energy(
        case.runs, case.decision.confidence, case.decision.reference
    ).set_index("n_train")
    used_kwh = case.runs.pivot(index="seed", columns="n_train", values="energy_kwh")
    full = used_kwh[case.decision.reference]
    beyond = _beyond(case)
    sizes = {}
    for n_train in energies.index.tolist():
        row = energies.loc[n_train]
        sizes[str(n_train)] = {
            "energy_kwh": [_plain(row[f"energy_kwh{end}"]) for end in ("", "_low", "_high")],
            "saved_share": [
                _plain(case.electricity.saving(n_train)["saved_share"]),
                *_saved_share_ends(full - used_kwh[n_train], full, case.decision.confidence),
            ],
            "beyond": {name: amounts[str(n_train)] for name, amounts in beyond.items()},
        }
    return {
        "dataset": case.dataset,
        "model": case.model,
        "reference": str(case.decision.reference),
        "full_kwh": case.decision.result["study_cost"]["full_training_kwh"],
        "sizes": sizes,
    }


def _beyond(case: Case) -> dict[str, dict[str, Bounds]]:
    """What a training of each size takes beyond its electricity, as far as the study knows it.

    The same in every country: `embodied` in g CO2e, `water_site` and `water_source` in litres.
    """
    result = case.decision.result
    columns = {"embodied": "embodied_g", **{f"water_{place}": f"{place}_l" for place in PLACES}}
    sizes = {
        name: (result["embodied" if name == "embodied" else "water"] or {}).get("sizes", [])
        for name in columns
    }
    found = {
        name: {
            str(size["n_train"]): [size[column][end] for end in ("central", "low", "high")]
            for size in sizes[name]
            if size[column] is not None
        }
        for name, column in columns.items()
    }
    return {name: amounts for name, amounts in found.items() if amounts}


def _saved_share_ends(saved_kwh: pd.Series, full_kwh: pd.Series, confidence: float) -> Bounds:
    """The interval of a saved share over the seeds that ran at both sizes; null with one."""
    paired_kwh = saved_kwh.dropna()
    if len(paired_kwh) < 2:
        return [None, None]
    shares = linearised_ratio(paired_kwh.to_numpy(), full_kwh[paired_kwh.index].to_numpy())
    return [_plain(end) for end in mean_interval(shares, confidence, highest=1.0)[1:]]


def _bounds(row: pd.Series | Mapping[str, Any], unit: str) -> Bounds:
    return [_plain(row[end + unit]) for end in ("central", "low", "high")]


def _plain(value: Any) -> float | None:
    return float(value) if is_known(value) else None


def size_table(case: Case, text: Texts) -> Table:
    """Emissions of one training by electricity and size, in the metering country."""
    sizes = _shown_sizes(case)
    largest = float(case.electricity.source_cells["emissions_g"].max())
    unit = readable_unit(largest if is_known(largest) else 1.0, MASS_UNITS)
    order = case.electricity.source_order("emissions_g")
    emissions_g = case.electricity.source_cells.pivot(
        index="source", columns="n_train", values="emissions_g"
    )
    shown = emissions_g.loc[order, sizes] / unit.size
    rows = [
        [
            Cell(source_name(case, source, text, case.electricity.intensity_mark(source))),
            *(Cell(text.number(float(value))) for value in values),
        ]
        for source, values in zip(order, shown.to_numpy(), strict=True)
    ]
    columns = [
        Column(text("column.source"), numeric=False),
        *(Column(text.integer(size)) for size in sizes),
    ]
    caption = text(
        "table.whatif",
        model=case.model,
        country=country_name(case, text),
        coverage=text.exact_share(case.electricity.coverage),
        unit=unit.symbol,
    )
    marks = [case.electricity.intensity_mark(source) for source in order]
    notes = legend(marks, text)
    if len(sizes) < len(case.decision.curve):
        counts = {"shown": len(sizes), "sizes": text.integer(len(case.decision.curve))}
        notes = [text("table.whatif_sizes", **counts), *notes]
    return Table("whatif", caption, columns, rows, notes)


def _shown_sizes(case: Case) -> list[int]:
    """The sizes of a study, or of many some: from the smallest up, with those that decide."""
    sizes = [int(size) for size in case.decision.curve.index]
    deciding = {case.decision.reference, case.decision.stop or case.decision.reference}
    picked = {*sizes[:: -(-len(sizes) // _SHOWN_SIZES)], *deciding}
    return [size for size in sizes if size in picked]
