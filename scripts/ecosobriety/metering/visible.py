"""Which GPUs of a machine a process sees."""

from collections.abc import Mapping

from ecosobriety.errors import MeteringError, quote

CUDA, HIP, ROCR = "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"
_WHOLE, _PART = "GPU-", "MIG-"


def visible_gpus(
    uuids: Mapping[int, str], environment: Mapping[str, str], *, amd: bool
) -> set[int]:
    """The GPUs that a process sees, by their index.

    As CUDA reads its variable: numbers, or UUIDs that may be cut short, up to the first that is not
    there; an empty list hides all (CUDA C++ programming guide, environment variables). Of AMD's,
    ROCR's variable chooses first, and HIP's, or else CUDA's, among those.

    Args:
        uuids: of all that there are, by their index.
        environment: of the process.
        amd: whether they are AMD's.

    Raises:
        MeteringError: it sees a part of a GPU, of which no counter reads the energy, or an AMD GPU
            by another UUID than the meter knows it by.
    """
    names = [ROCR, HIP if HIP in environment else CUDA] if amd else [CUDA]
    seen = sorted(uuids)
    for name in names:
        if name in environment:
            seen = _chosen(seen, uuids, name, environment[name], amd=amd)
    return {*seen}


def _chosen(
    among: list[int], uuids: Mapping[int, str], name: str, listed: str, *, amd: bool
) -> list[int]:
    """Those of some GPUs that a variable lists."""
    found: list[int] = []
    for entry in map(str.strip, listed.split(",")):
        if entry.startswith(_PART):
            raise MeteringError(
                f"{name} names {quote(entry)}, a part of a GPU, whose energy no counter reads "
                "alone: let the training see the whole GPU, or none"
            )
        if entry.isdecimal():
            named = among[int(entry) : int(entry) + 1]
        else:
            named = [index for index in among if entry and uuids[index].startswith(entry)]
        if len(named) != 1:
            if amd and entry.startswith(_WHOLE):
                raise MeteringError(
                    f"{name} names {quote(entry)}, which the meter does not know: name GPUs by "
                    "their numbers"
                )
            break
        found += named
    return found
