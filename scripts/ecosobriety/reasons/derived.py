"""What is said of finished trainings, and of what is derived from them; it reaches no training."""

ALIKE = {
    "seed_without_effect": "its score is the same with every seed, to the last digit: does it use "
    "the seed and the subset that it is given, or give one answer always?",
    "size_without_effect": "its score is the same at every size, to the last digit: is it trained "
    "on the subset that it is given, or does it give one answer always?",
    "order_decides": "at each size, every later run scores better than the one before: does it go "
    "on from what an earlier run has left?",
    "no_count": "its score of n_train {n_train} and seed {seed} means that {right} of "
    "{test_examples} answers are right, no whole number: were other examples tested, or batches "
    "averaged?",
}
"""What is odd about the scores of a model's trainings, and may be meant so."""

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
    "share_against": "a low-carbon share of {share} does not go with the intensity",
    "fossil_against": "{share} of fossil electricity do not go with the intensity",
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
