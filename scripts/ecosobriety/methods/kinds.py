"""The methods that there are: each module of this folder declares its own as `KINDS`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ecosobriety.methods.inputs import Inputs
from ecosobriety.methods.method import Method
from ecosobriety.records.record import RunRecord


@dataclass(frozen=True, eq=False)
class Setting:
    """What a study's methods are made from.

    Attributes:
        runs: all trainings of the study: two methods take an average power from them.
        inputs: the tables of factors.
        country_iso3: the metering country.
        codecarbon_g_per_kwh: its intensity in CodeCarbon's own table; None: not there.
        usage: of Green Algorithms.
        pragmatic_scaling_factor: of Green Algorithms.
    """

    runs: Sequence[RunRecord]
    inputs: Inputs
    country_iso3: str
    codecarbon_g_per_kwh: float | None
    usage: float
    pragmatic_scaling_factor: float


@dataclass(frozen=True)
class Kind:
    """One method as a study knows it.

    Attributes:
        id: its name in the table `methods`; the report's texts have it as `method.{id}`.
        place: where it stands among the others, from the first on.
        create: makes the method; None for a tracker, which speaks of the trainings that it ran
            around alone.
        harmonised: whether its model of energy can stand alone, with the study's PUE and intensity.
        constants: those that it needs of `config/factors/method_constants.csv`, and their units.
    """

    id: str
    place: float
    create: Callable[[Setting], Method] | None
    harmonised: bool = True
    constants: Mapping[str, str] = field(default_factory=dict)
