"""Why an energy is estimated or missing: every such sentence of a record, in one place.

A record holds the sentence in English; `recognise` gives its id and values back, from which a
report makes a sentence in its own language.
"""

import re
from typing import Any

REASONS = {
    "load_model": "no readable hardware counter; TDP {tdp_w} W from {origin}",
    "constant_power": "no readable hardware counter or load; TDP {tdp_w} W from {origin}",
    "memory_size": "guessed from the memory's size",
    "given": "{key}",
    "memory_unknown": "the size of the memory is not known",
    "no_cpu": "CodeCarbon found no CPU to track",
    "no_gpu": "no GPU found",
    "power_only": "no energy counter; its power is read at each sample",
    "unreadable": "{counter} was not readable in this window",
    "stands": "{counter} stood still in this window",
    "jumps": "{counter} jumped in this window",
    "falls": "{counter} was set back in this window",
    "too_short": "{counter} did not move yet: the window is too short for it",
    "power_instead": "{counter} did not move in a window this short; its power at the end is taken",
    "unreadable_filled": "{counter} was not readable for {gap_s} of {window_s} s{fill}",
    "stands_filled": "{counter} stood still for {gap_s} of {window_s} s{fill}",
    "jumps_filled": "{counter} jumped; unknown are {gap_s} of {window_s} s{fill}",
    "falls_filled": "{counter} was set back; unknown are {gap_s} of {window_s} s{fill}",
    "uneven": "{counter} moved by {high_w} W at once, by {low_w} W else: a jump, or work",
    "gpu_zero": "the meter gave 0 kWh for a training on the GPU",
    "no_energy": "the meter gave no energy for it",
    "part_missing": "the energy of {components} is missing: {reason}",
}
FILL = ", filled in with the mean power of the rest"


def reason(id_: str, **values: Any) -> str:
    """The sentence of an id with its values."""
    return REASONS[id_].format(fill=FILL, **values)


def recognise(sentence: str) -> tuple[str, dict[str, str]] | None:
    """The id and the values of a sentence of `reason`; None: it is none of them."""
    for id_, template in REASONS.items():
        pattern = re.escape(template.replace("{fill}", FILL))
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", pattern)
        if id_ != "given" and (found := re.fullmatch(pattern, sentence)):
            return id_, found.groupdict()
    return None
