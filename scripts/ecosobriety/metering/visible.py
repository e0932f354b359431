"""Which GPUs of a machine a process sees."""

from collections.abc import Mapping

from ecosobriety.errors import MeteringError, quote

VARIABLES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES")
"""What hides GPUs from a process; the first that is set counts."""
_WHOLE, _PART = "GPU-", "MIG-"


def visible_gpus(uuids: Mapping[int, str], environment: Mapping[str, str]) -> set[int]:
    """The GPUs that a process sees, by their index.

    As CUDA reads it: numbers, or UUIDs that may be cut short, up to the first that is not there;
    an empty list hides all (CUDA C++ programming guide, environment variables).

    Args:
        uuids: of all that there are, by their index.
        environment: of the process.

    Raises:
        MeteringError: it sees a part of a GPU, of which no counter reads the energy, or an AMD GPU
            by another UUID than the meter knows it by.
    """
    name = next((name for name in VARIABLES if name in environment), None)
    if name is None:
        return {*uuids}
    found = set[int]()
    for entry in map(str.strip, environment[name].split(",")):
        if entry.startswith(_PART):
            raise MeteringError(
                f"{name} names {quote(entry)}, a part of a GPU, whose energy no counter reads "
                "alone: let the training see the whole GPU"
            )
        if entry.isdecimal():
            named = [index for index in uuids if index == int(entry)]
        else:
            named = [index for index, uuid in uuids.items() if entry and uuid.startswith(entry)]
        if len(named) != 1:
            if name != VARIABLES[0] and entry.startswith(_WHOLE):
                raise MeteringError(
                    f"{name} names {quote(entry)}, which the meter does not know: name GPUs by "
                    "their numbers"
                )
            break
        found |= {*named}
    return found
