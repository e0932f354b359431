"""Why a value is missing, estimated or to be taken with care: every such sentence, in one place.

Records and tables hold the sentence in English; `recognise` gives its id and values back, from
which a report makes a sentence in its own language. Each id has its words in the catalogues.
"""

import re
from functools import cache
from typing import Any

METER = {
    "load_model": "no readable hardware counter; TDP {tdp_w} W from {origin}",
    "constant_power": "no readable hardware counter or load; TDP {tdp_w} W from {origin}",
    "memory_size": "guessed from the memory's size",
    "given": "metering.{key}",
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
    "not_simulated": "not simulated",
    "not_recorded": "not recorded",
}
"""Of a hardware component."""

FLOP = {
    "flop_irregular": "its steps do not all take the same operations",
    "flop_outside": "it trains or computes outside of its steps, in a hook",
    "flop_no_backward": "its steps have no backward pass that Lightning sees",
    "flop_no_proportion": "the operations of its steps are not in proportion to the examples",
    "flop_unknown": "PyTorch's counter does not know {names}",
    "flop_failed": "counting failed: {error}",
    "flop_too_long": "the rehearsal took longer than {limit_s} s",
    "flop_ended": "the rehearsal ended by itself ({status}): {error}",
}
"""Why a training's operations are not counted."""

EPOCHS = {
    "epochs_off": "training.score_epochs is false",
    "epochs_one": "the training has no epoch to test but its last",
    "epochs_schedule": "its learning rate has a schedule: ending it earlier is another training",
    "epochs_end_hook": "{name} does something when the training ends, which no earlier epoch had",
    "epochs_diverged": "the weights after this epoch give no finite loss",
    "epochs_reshaped": "the network's parameters were others at the end than after an epoch",
}
"""Why no epoch but the last was tested."""

TRAINING = {
    "weights_untrained": "{share} of its weights decide its outputs and are not trained ({names}): "
    "no gradient but 0 reaches them, as behind a detach, or no optimiser has them",
    "outputs_in_own_unit": "it gives about {value} before its training, but its targets are "
    "standardised (mean 0, deviation 1): leave out what brings its outputs to the targets' own "
    "unit",
    "one_answer": "it gives different examples the same output, after a few batches",
    "test_mode": "layers are in the mode of the test while it is trained ({names}), as after "
    "eval()",
    "outputs_unused": "its loss is made of {used} of its {number} outputs, by which it is scored",
    "test_unchanged": "its outputs in the test are the same before and after its first batches, "
    "although its weights changed: is what is tested trained?",
    "examples_unused": "its loss is made of {share} of the examples of its batches",
    "labels_not_learnt": "its loss wants the label of {share} of its examples alone: are they "
    "shuffled, shifted or left out?",
    "decay_large": "its weight_decay of {decay} outweighs what it learns, at the learning rate "
    "{rate}",
    "momentum_whole": "its optimiser's momentum of {value} never forgets a gradient",
    "rate_vanishes": "its learning rate is less than a millionth of its highest from epoch {epoch} "
    "of {epochs} on, so that it learns nothing more",
    "probabilities_as_logits": "its loss treats its outputs as logits, though they lie between 0 "
    "and 1, as after a softmax or a sigmoid: it learns slowly, and never becomes sure",
    "seed_without_effect": "its score is the same with every seed, to the last digit: does it use "
    "the seed and the subset that it is given, or give one answer always?",
    "size_without_effect": "its score is the same at every size, to the last digit: is it trained "
    "on the subset that it is given, or does it give one answer always?",
    "order_decides": "at each size, every later run scores better than the one before: does it go "
    "on from what an earlier run has left?",
    "same_weights": "it begins with the same weights for every seed, as pretrained ones do: its "
    "seeds differ by their examples and their order alone",
}
"""What is odd about a network's training, and may be meant so."""

COMMAND = {
    "not_reported": "the command does not report it",
    "within": "it is part of the command's own energy",
}
"""What is not known of a training that is the user's command."""

IMPORTED = {
    "not_in_table": "the imported table does not say it",
    "no_duration": "its duration is not known",
    "no_device": "the device that it ran on is not known",
    "no_threads": "the number of its threads is not known",
    "no_memory": "the size of the machine's memory is not known",
    "not_codecarbon": "its energy is imported, and not CodeCarbon's",
}
"""What is not known of a run that existed already."""

METHODS = {
    "codecarbon_no_intensity": "the metering country has no intensity in CodeCarbon's table",
    "method_failed": "it failed: {error}",
    "no_own_pue": "it states no energy without its own PUE",
    "study_no_intensity": "the metering country has no carbon intensity in the study's data",
    "not_counted_because": "the network's operations were not counted ({reason})",
    "not_counted": "the network's operations were not counted",
    "no_energy_model": "operations alone are not an energy: that depends on what executes them",
    "green_algorithms_no_row": "Green Algorithms' table has no row for {country}",
    "processor_unknown": "the thermal design power of {device} is not in hardware_tdp.csv and "
    "metering.cpu_power_w is not given",
    "device_unknown": "the thermal design power of {device} is not in hardware_tdp.csv",
    "no_sample": "no run of {model} on {device} has the power of all its devices to sample",
    "other_sizes": "it was run only at the sizes of methods.tracker_sizes, with the first seed",
    "not_installed": "{tracker} is not installed: `make trackers` does it",
    "other_training": "the training that it ran around was another one: its test loss is {theirs} "
    "and not {ours}",
    "no_own_intensity": "it has no carbon intensity of its own",
    "tracker_no_intensity": "its own table has no carbon intensity of {country}",
}
"""Why a method of quantification states nothing, or not all."""

COUNTRIES = {
    "no_intensity": "no intensity in the data",
    "fossil_zero": "intensity {intensity} in the data, although {share} is fossil",
    "impossible": "intensity {intensity} in the data, which no mix has over its life cycle",
    "no_low_carbon": "no low-carbon share in the data",
    "shares_sum": "sources add to {share} of the production",
    "coarse": "small producer: rounding alone moves the intensity by {share}",
    "low_carbon_apart": "low_carbon_share is {share} from the sum of its sources",
    "all_equal": "every country of the data has this very intensity",
    "times_codecarbon": "{times} times CodeCarbon's intensity of {expected} g/kWh",
    "part_of_codecarbon": "one part in {times} of CodeCarbon's intensity of {expected} g/kWh",
    "year_old": "old: of {year}, where CodeCarbon's table is of {known_year}",
    "not_asked": "not asked of Electricity Maps",
    "no_zone": "{country} has no ISO 3166 alpha-2 code, and so no zone",
    "zone_denied": "Electricity Maps gives this token no zone {zone}",
    "zone_empty": "Electricity Maps has no intensity for the zone {zone} ({status})",
    "other_zone": "Electricity Maps answered for another zone than {zone}",
    "zone_empty_now": "Electricity Maps has no intensity for the zone {zone} at present",
    "zone_impossible": "Electricity Maps has {intensity} g/kWh for the zone {zone}, outside of the "
    "possible {low} to {high}",
    "hour_estimated": "this hour's intensity is estimated by Electricity Maps",
    "hour_old": "old: of {day}, {days} days before it was asked for",
}
"""What is to be known of a country's data."""

SERVICE = {
    "no_token": "country_data.provider is electricity_maps, but the environment variable {variable}"
    " (country_data.token_variable) holds no token",
    "odd_token": "the token in the environment variable {variable} holds characters that no token "
    "has",
    "no_country": "Electricity Maps has an intensity for none of the countries with this token",
    "token_echoed": "Electricity Maps repeats the token in its answers, which are not kept",
    "sandbox": "Electricity Maps answers for the zone {zone} with a disclaimer, as its sandbox "
    "does: its numbers are random; use a token for production",
    "odd_time": "Electricity Maps: {name} of the zone {zone} is no time in ISO 8601",
    "future": "Electricity Maps: datetime of the zone {zone} is no time up to now in ISO 8601",
    "odd_estimated": "Electricity Maps: isEstimated of the zone {zone} is neither true nor false",
    "token_refused_in": "Electricity Maps refuses the token in {variable} for {what} (401)",
    "token_refused": "Electricity Maps refuses the token for {what} (401)",
    "too_many": "Electricity Maps answers 429 for {what} (too many requests) in {attempts} "
    "attempts",
    "server_fault": "Electricity Maps answers {status} for {what} (its own fault) in {attempts} "
    "attempts",
    "odd_status": "Electricity Maps answers {status} for {what}, where 200 was expected",
    "no_json": "Electricity Maps answers for {what} with something else than JSON",
    "no_object": "Electricity Maps answers for {what} with something else than a JSON object",
    "odd_intensity": "Electricity Maps: carbonIntensity of the zone {zone} is {shown}, but must be "
    "a number from 0 up",
    "not_lifecycle": "Electricity Maps: the zone {zone} is not answered with life-cycle factors",
    "no_answer": "{url} gave no answer in {attempts} attempts ({kind})",
    "timed_out": "it timed out",
    "no_connection": "no connection",
    "broken_off": "{url} broke off its answer ({kind})",
    "too_large": "{url} answers with more than {mib} MiB",
    "too_slow": "{url} did not end its answer within {limit_s} s",
    "damaged": "{path} is no snapshot of Electricity Maps ({error}); delete it to ask again",
    "zones": "the list of zones",
    "zone": "the zone {zone}",
}
"""Why Electricity Maps gave nothing."""

REASONS = METER | FLOP | EPOCHS | TRAINING | COMMAND | IMPORTED | METHODS | COUNTRIES | SERVICE
FILL = ", filled in with the mean power of the rest"


def reason(id_: str, **values: Any) -> str:
    """The sentence of an id with its values."""
    return REASONS[id_].format(fill=FILL, **values)


def recognise(sentence: str) -> tuple[str, dict[str, str]] | None:
    """The id and the values of a sentence of `reason`; None: it is none of them."""
    for id_, pattern in _patterns().items():
        if found := pattern.fullmatch(sentence):
            return id_, found.groupdict()
    return None


def recognise_all(sentences: str) -> list[tuple[str, dict[str, str]]] | None:
    """As `recognise`, of several that `; ` joins; None: one of them is unknown."""
    parts, known = sentences.split("; "), []
    while parts:
        # The shortest first: a value may hold anything, and a sentence a semicolon of its own.
        for end in range(1, len(parts) + 1):
            if found := recognise("; ".join(parts[:end])):
                known.append(found)
                parts = parts[end:]
                break
        else:
            return None
    return known


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    """What each sentence looks like, whatever its values."""
    escaped = {
        id_: re.escape(sentence.replace("{fill}", FILL)) for id_, sentence in REASONS.items()
    }
    named = {
        id_: re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", sentence) for id_, sentence in escaped.items()
    }
    return {id_: re.compile(pattern) for id_, pattern in named.items()}
