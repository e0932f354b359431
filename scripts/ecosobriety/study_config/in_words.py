"""Numbers of a study's file that may be meant otherwise, said in words."""

from collections.abc import Mapping
from typing import Any

from ecosobriety.study_config.hardware import PLAUSIBLE_KG

LONG_YEARS = 15.0
"""Longer than anybody trains on the same hardware."""
LARGE_SHARE = 0.7
"""Of all examples, as a share to train on is written."""


def odd_hardware(hardware: Mapping[str, Any]) -> str | None:
    """What is probably written in another unit, in words; None: nothing.

    Args:
        hardware: of a completed configuration.
    """
    own, years = hardware["embodied_kg"], hardware["lifetime_years"]
    kg = own["central"] if isinstance(own, Mapping) else own
    if kg is not None and not PLAUSIBLE_KG[0] <= kg <= PLAUSIBLE_KG[1]:
        other = f"g are {kg / 1000:g}" if kg > 1 else f"t are {1000 * kg:g}"
        return f"hardware.embodied_kg is {kg:g} kg of CO2e: {kg:g} {other} kg"
    if years is not None and years > LONG_YEARS:
        return f"hardware.lifetime_years is {years:g}: {years:g} months are {years / 12:.2g} years"
    return None


def large_test(dataset: Mapping[str, Any]) -> str | None:
    """A test part that may be meant as the one to train on, in words; None: it is not so large.

    Args:
        dataset: of a completed configuration.
    """
    share = dataset["test_share"]
    if share < LARGE_SHARE:
        return None
    return (
        f"dataset.test_share is {share:g}: {100 * share:g} % of the examples are held out for the "
        f"test, and {100 * (1 - share):.3g} % are left to train on"
    )
