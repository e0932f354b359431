"""What an amount of CO2e or of electricity is like in everyday life."""

from pathlib import Path
from typing import Any

import pandas as pd

from ecosobriety.electricity.factor_tables import read_factors, require

QUANTITIES = ("emissions", "energy")


def load_equivalents(path: Path) -> pd.DataFrame:
    """Read the table of equivalents.

    Args:
        path: a CSV file with the columns below.

    Returns:
        equivalent; quantity (`emissions` or `energy`), amount of one equivalent (in `unit`: g CO2e
        or kWh); reference, year, url, verified.

    Raises:
        DataError: the file cannot be read or a value is wrong; names file, row and column.
    """
    table = read_factors(path, key="equivalent", numbers=["amount"], texts=["quantity", "unit"])
    known = table["quantity"].isin(QUANTITIES)
    require(path, table, "equivalent", "quantity", known, " or ".join(QUANTITIES))
    expected = table["quantity"].map({"emissions": "g", "energy": "kWh"})
    allowed = "g for emissions and kWh for energy"
    require(path, table, "equivalent", "unit", table["unit"] == expected, allowed)
    return table


def equivalents_of(
    emissions_g: float | None, energy_kwh: float | None, factors: pd.DataFrame
) -> list[dict[str, Any]]:
    """Count how many of each equivalent an emission or an amount of electricity is.

    count = quantity / amount of one.

    Args:
        emissions_g: emissions in g CO2e; None where they are not known.
        energy_kwh: electricity of the whole site in kWh; None where it is not known.
        factors: as `load_equivalents` gives it.

    Returns:
        One entry per row of `factors`, in its order and with its columns, and `count`; None where
        the quantity is not known.
    """
    quantities = {"emissions": emissions_g, "energy": energy_kwh}
    return [
        {
            **{str(name): value for name, value in row.items()},
            "count": None
            if (known := quantities[row["quantity"]]) is None
            else known / row["amount"],
        }
        for row in factors.to_dict("records")
    ]
