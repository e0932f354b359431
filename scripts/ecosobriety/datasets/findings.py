"""What the gate found in a user's data, and how a log says it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecosobriety.errors import one_line

MAX_LISTED = 8
"""More items than this are counted in a sentence, not listed."""
MOST_OF_A_KIND = 5
"""Features of which one thing is said."""
MAX_NAME = 30
"""Characters of one of the user's names in a sentence."""
MAX_SENTENCE = 300

SENTENCES: Mapping[str, str] = {
    "more_alike": "{number:,} more features show what is said of the feature {feature}",
    "features_used": "the network learns from these features ({count}): {names}",
    "train_test_duplicates": "test examples that are training examples too: {number} ({share:.1%})",
    "inputs_shared": "test examples with the inputs of a training example: {number} ({share:.1%}), "
    "as happens where values are few, or things were judged several times",
    "rows_nearly_equal": "test examples that are training examples but for the feature {feature}: "
    "at least {share:.1%}",
    "rows_noisy_copies": "test examples that are training examples but for very small differences: "
    "{share:.1%}",
    "rows_have_twins": "test rows whose nearest training row is far nearer than chance puts any: "
    "{share:.1%}; was each thing measured several times, or copied with noise?",
    "examples_noisy_copies": "test examples that are training examples but for noise, brightness, "
    "compression, or being mirrored or turned: at least {share:.1%}",
    "labels_contradict": "training examples that are equal to one with another label: {number} "
    "({share:.1%})",
    "train_repeats": "training examples that repeat an earlier one: {number} ({share:.1%}), so "
    "that a size has fewer different ones than it says",
    "test_repeats": "test examples that repeat an earlier one: {number} ({share:.1%}), so that "
    "the test says less than its size",
    "arrays_unused": "arrays of the archive that are not read: {names}",
    "files_unused": "files of the folder that are not read as images ({number}): {names}",
    "images_unread": "files of several images, of which the first is read: {number}",
    "parts_differ": "the training part's inputs go from {train_low} to {train_high} (mean "
    "{train_mean}), those of the test part from {test_low} to {test_high} (mean {test_mean})",
    "features_shifted": "features whose mean or spread is another one in the test part than in the "
    "training part: {number} (counted from 0, first {first})",
    "parts_scaled_apart": "{number} features were standardised, or brought to 0 to 1, in the test "
    "part by itself: scale both parts by the numbers of the training part",
    "targets_scaled_apart": "the targets were standardised, or brought to 0 to 1, in the test part "
    "by themselves: scale both parts by the numbers of the training part",
    "targets_shifted": "the targets have the mean {train_mean} and the deviation {train_deviation} "
    "in the training part, {test_mean} and {test_deviation} in the test part: in one unit?",
    "names_normalised": "labels that lost blanks or invisible characters at their ends, or were "
    "brought to one Unicode form ({number}): {names}",
    "classes_differ_by_case": "classes differ by capitals alone: {groups}",
    "classes_look_alike": "classes look alike and are not the same: {groups}",
    "classes_equal_as_numbers": "classes are one number in several spellings: {groups}",
    "classes_like_missing": "classes are named as missing values are: {names}",
    "classes_like_totals": "classes are named as rows are that sum a table up, and are as rare: "
    "{names}; leave these rows out",
    "label_copy": "the feature {feature} is the label in another spelling",
    "feature_follows_classes": "the feature {feature} has one value for all examples of a class",
    "feature_orders_classes": "the feature {feature} alone separates all classes, by thresholds",
    "feature_orders_target": "the feature {feature} alone puts the targets in their order",
    "values_of_one_class": "each of the {values} values of the feature {feature} comes with one "
    "class (one target) alone, as the number of a person or of a series does",
    "feature_values_merge": "of {before} values of the feature {feature}, {after} stay apart in "
    "the network's 32-bit numbers",
    "features_constant": "features of one value in the whole training part ({count}): {names}",
    "index_like_feature": "the feature {feature} looks like a number of the rows",
    "features_like_codes": "features written as codes are (01000, 12E4, +33612345678), or named "
    "so (zip_code), and read as numbers ({count}): {names}",
    "values_far_away": "values of the feature {feature} far from its others, {low} to {high}: "
    "{number}, such as {value}; a mistake, or marks of missing values?",
    "targets_far_away": "targets far from the others, {low} to {high}: {number}, such as {value}; "
    "a mistake, or marks of missing values?",
    "feature_of_two_units": "the feature {feature} is {low} at most in {share:.1%} of the rows, "
    "and {high} or more in the others: are they in one unit?",
    "feature_of_two_numbers": "the feature {feature} looks like two numbers around a point, as "
    "5.11 for five feet eleven, 7.30 for half past seven, or version 1.10: as one number, it has "
    "another order",
    "targets_of_two_numbers": "the targets look like two numbers around a point, as 5.11 for five "
    "feet eleven or 7.30 for half past seven: as one number, their order is another one",
    "targets_of_two_units": "{share:.1%} of the targets are {low} at most, and the others {high} "
    "or more: are they in one unit?",
    "groups_split": "two rows with one value of {feature} have one label in {share:.1%}, others in "
    "{share_others:.1%}: does it number persons or series? Then both parts have rows of one",
    "groups_split_targets": "two rows with one value of {feature} have targets on one side of the "
    "median in {share:.1%}, others in {share_others:.1%}: does it number persons or series? Then "
    "both parts have rows of one",
    "groups_shared": "test examples whose {feature} is that of training examples: {share:.1%}; "
    "does it number persons or series? Then the score says nothing of others",
    "files_split": "two images whose names begin alike, as with {name}, have one label in "
    "{share:.1%}, others in {share_others:.1%}: are they of one person or series? Then both parts "
    "have some of one",
    "files_shared": "test images whose names begin as those of training images do, such as {name}: "
    "{share:.1%}; are they of one person or series? Then the score says nothing of others",
    "files_copies_split": "images named as changed copies or masks of others, such as {name}: "
    "{share:.1%}; then both parts have some of one image",
    "files_copies_shared": "test images named as changed copies or originals of training images, "
    "such as {name}: {share:.1%}",
    "classes_like_masks": "folders of masks that are taken for classes: {names}; their files are "
    "named as the images are",
    "windows_overlap": "test examples that share some of their values with a training example, as "
    "windows that overlap do: at least {share:.1%}",
    "features_identical": "features that are equal row by row ({number}), such as {names}",
    "feature_is_split": "the feature {feature} is named like the part of a split that a row is "
    "from: if it is, leave it out; the study splits the rows itself",
    "classes_same_word": "classes are one answer in several spellings: {groups}",
    "class_outside_count": "the class {names} stands outside of the classes {first} to {last}: "
    "does it mark a missing label?",
    "images_grey_by_class": "images without colours, in % of a class: {names}; colour alone gives "
    "classes away",
    "images_grey_by_part": "images without colours: {train} % of the training part and {test} % "
    "of the test part",
    "image_format_by_class": "images of the format {format}, in % of a class: {names}; traces of "
    "the format can give classes away",
    "image_format_by_part": "images of the format {format}: {train} % of the training part and "
    "{test} % of the test part",
    "scale_by_class": "examples whose values reach {low} at most, where those of the others reach "
    "{high} or more, in % of a class: {names}; were all prepared alike?",
    "scales_mixed": "{share:.1%} of the examples have values of {low} at most, the others reach "
    "{high} or more: were all prepared alike?",
    "channels_elsewhere": "dataset.channels is {said}, where an example has {number}, and {other} "
    "at the other end of its shape: are its channels {right}?",
    "level_orders_classes": "the mean, spread, lowest or highest value of an example, its length, "
    "or a still channel alone separates these classes from the others: {names}; were all prepared "
    "alike?",
    "place_orders_classes": "single values of an example that alone separate these classes from "
    "the others: {names}; {number} of them, such as that at place {place} (counted from 0)",
    "classes_misspelt": "classes that differ from a much commoner one by a letter: {groups}; is "
    "that a slip?",
    "label_nearly": "the feature {feature} gives the label away in {share:.1%} of the rows; is it "
    "known before the label is?",
    "label_one_hot": "features of two values mark the classes, and together give the label away in "
    "{share:.1%} of the rows: {names}; are they known before the label is?",
    "target_nearly": "the target is one and the same multiple of the feature {feature} in "
    "{share:.1%} of the rows; is that known before the target is?",
    "feature_like_target": "the feature {feature} alone says {share:.2%} of how the target varies; "
    "is it known before the target is?",
    "target_is_sum": "in {share:.1%} of the rows, the target is a weighted sum of features, but "
    "for rounding: {names}; are they known before the target is?",
    "target_like_sum": "a weighted sum of features says {share:.4%} of how the target varies: "
    "{names}; are they known before the target is?",
    "targets_of_two_values": "the targets are {low} and {high} alone: are they two classes? Then "
    "set task to classification",
    "targets_named_classes": "the target {feature} is named like a class and is one of {number} "
    "whole numbers, {low} to {high}: if they are classes, set task to classification",
    "targets_like_classes": "the targets are the whole numbers {low} to {high}, each as often as "
    "the others: if they are classes, set task to classification",
    "zeros_apart": "the feature {feature} is 0 in {share:.1%} of the rows and goes from {low} to "
    "{high} in the others; does 0 mark a missing value?",
    "targets_zero_apart": "{share:.1%} of the targets are 0, and the others go from {low} to "
    "{high}; does 0 mark a missing value?",
    "targets_filled": "{share:.1%} of the targets are {value}, the middle of all, far more often "
    "than any other value: were missing targets filled in?",
    "targets_of_two_signs": "the targets go from {low} to {high} with either sign, and nothing "
    "between; the sign is minus in {share:.1%}: was it lost in some?",
    "targets_mark_at_end": "{share:.1%} of the targets are {value}, at the end of all, far more "
    "often than any other value: does it mark a missing target?",
    "test_values_far_away": "test values of the feature {feature} far from those of the training "
    "part, {low} to {high}: {number}, such as {value}; a mistake, or marks of missing values?",
    "feature_is_weight": "the feature {feature} is named like a weight of the rows, and is learnt "
    "from like any other: leave it out if it is one; all rows count alike",
    "feature_filled": "the feature {feature} is {value}, the middle of its values, in {share:.1%} "
    "of the rows, far more often than any other value: were missing values filled in?",
    "feature_filled_by_class": "the feature {feature} is the middle of a class's own values far "
    "more often than any other value, from {low} to {high}: were missing values filled in by "
    "class? That gives the label away",
    "value_of_one_class": "the feature {feature} is {value} in nearly all rows of one class, and "
    "hardly in others: was a missing column filled in? That gives the label away",
    "mark_at_end": "the feature {feature} is {value}, at the end of its values, in {share:.1%} of "
    "the rows, far more often than any other value: does it mark a missing value?",
    "feature_of_two_signs": "the feature {feature} goes from {low} to {high} with either sign, and "
    "has nothing between; the sign is minus in {share:.1%} of the rows: was it lost in some?",
    "coordinates_swapped": "rows of the training part in which {names} lie far from all others, "
    "and among them if swapped: {number}",
    "feature_is_prediction": "the feature {feature} is named like the label or another model's "
    "answer: is it known before the label is?",
    "feature_nearly_orders": "thresholds of the feature {feature} give the class away in "
    "{share:.1%} of the rows; is it known before the label is?",
    "classes_combined": "classes list several others: {names}; each is taken for one class of its "
    "own",
    "classes_abbreviated": "classes are short for others: {groups}; are they the same?",
    "classes_half_coded": "classes are the numbers {first} to {last} and as many names, {names}: "
    "do the numbers stand for the names?",
    "classes_respelt": "classes are one name in several spellings: {groups}; are they the same?",
    "classes_like_dates": "some classes look like dates, as spreadsheets make them of other names "
    "(2-Sep of SEPT2, Oct-14 of 10-14): {names}",
    "classes_like_numbers": "the classes are {number} numbers, each {each} times: if "
    "they measure something, set task to regression",
    "values_beyond_name": "values of the feature {feature} that its name hardly allows, outside of "
    "{low} to {high}: {number}, such as {value}; a slip?",
    "features_like_dates": "features that are dates written as one number ({count}): {names}; "
    "such numbers jump from month to month: days since a date do not",
    "modules_unseen": "the data module imports {names} as it runs: changes of these are not "
    "noticed; prepare the data anew after them (--forcerun prepare_dataset)",
    "rows_between": "rows that lie exactly between two others of their class, in % of a class or "
    "more: {names}; were they made by SMOTE, say? Then a test row lies between training rows",
    "rows_follow": "neighbouring rows are much more alike than rows a bit apart: {names}; are "
    "they a series in time or space, or several of each person? Then test rows have their "
    "neighbours in the training part",
    "examples_follow": "examples that are much more like the next of their class than like another "
    "one of it: {share:.1%}; are they frames of videos, or several of one thing? Then test "
    "examples have their neighbours in the training part",
    "feature_is_next_target": "the feature {feature} is the target of a later row: is it known "
    "before the target is, or were rows shifted?",
    "feature_is_last_target": "the feature {feature} is the target of an earlier row; the study "
    "draws test rows at random, so that a target of the training part says that of a test row",
    "feature_is_lagged": "the feature {feature} is the feature {other} of the row before: are rows "
    "windows of one series? Then neighbouring rows, which share values, are in both parts",
    "feature_stands_still": "the feature {feature} is {value} in {number} rows one after "
    "another, and hardly elsewhere: did a sensor stand still, or was it filled in?",
    "feature_is_group_mean": "each value of the feature {feature} is the mean or the median of the "
    "label over its rows, those of the test included: it was made of the label",
    "target_is_product": "in {share:.1%} of the rows, the target is a product of powers of "
    "features, as a ratio is, but for rounding: {names}; are they known before the target is?",
    "feature_bins_target": "each of the {number} values of the feature {feature} stands for "
    "targets of one range, as if the target was rounded or put into bins: is it known before?",
    "parts_swapped": "the test part ({test}) is much larger than the training part ({train}): are "
    "they swapped?",
    "target_like_index": "the targets look like numbers of the rows: is another column meant?",
    "targets_like_dates": "the targets are dates written as one number, which jump from month to "
    "month: days since a date do not",
    "test_classes_swapped": "classes whose test examples are, on average, those of another class "
    "of the training part ({number}): {names}; are they numbered alike in both parts?",
    "test_images_turned": "the mean of the test images fits that of the training images only if "
    "they are turned or mirrored: were both read alike?",
    "test_images_inverted": "the mean of the test images fits that of the training images only "
    "if light and dark are swapped: were both read alike?",
    "test_colours_swapped": "the mean of the test images fits that of the training images only "
    "if red and blue are swapped: were both read alike?",
    "classes_like_leftovers": "classes have names of folders that hold none, or of copies of one: "
    "{names}",
    "files_of_other_class": "files that are named as another class than that of their folder: "
    "{number}, such as {name} in {folder}",
    "classes_untested": "classes without any test example ({number}): {names}",
}
"""An English sentence for each kind of finding, filled with its values; see `Finding`."""


@dataclass(frozen=True)
class Finding:
    """Something that a reader of the results should know about the data.

    Attributes:
        id: The kind, a key of `SENTENCES`; the report's own words are `findings.{id}`.
        headline: Whether it stands beside the answer, as it may make the answer worthless.
        values: What fills the sentence, as JSON knows it: numbers, text, lists of those, and
            mappings from a name to a number. Text is the user's own, cut by `short`.
    """

    id: str
    headline: bool
    values: Mapping[str, Any]

    def sentence(self) -> str:
        """The finding in English, on one line of at most `MAX_SENTENCE` characters."""
        text = one_line(fill(SENTENCES[self.id], self.values, english))
        return text if len(text) <= MAX_SENTENCE else text[: MAX_SENTENCE - 1] + "…"

    def as_json(self) -> dict[str, Any]:
        """The finding as files hold it."""
        return {"id": self.id, "headline": self.headline, "values": dict(self.values)}


def counted(found: Iterable[Finding]) -> Iterator[Finding]:
    """Findings, of which those of one kind are counted where they are of many features."""
    kinds: dict[str, list[Finding]] = {}
    for finding in found:
        if "feature" not in finding.values:
            yield finding
        else:
            kinds.setdefault(finding.id, []).append(finding)
    for alike in kinds.values():
        # One more is as soon named as counted.
        most = MOST_OF_A_KIND if len(alike) > MOST_OF_A_KIND + 1 else len(alike)
        yield from alike[:most]
        if more := alike[most:]:
            values = {"feature": alike[most - 1].values["feature"], "number": len(more)}
            yield Finding("more_alike", any(one.headline for one in more), values)


def fill(template: str, values: Mapping[str, Any], show: Callable[[Any], Any]) -> str:
    """Put a finding's values into a sentence of any language.

    Args:
        template: The sentence, with a value's name in braces.
        values: A finding's values.
        show: How the language writes lists, names and numbers, such as `english`.
    """
    return template.format(**{name: show(value) for name, value in values.items()})


def english(value: Any) -> Any:
    """A value as English writes it: names in quotes, with their counts in brackets."""
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return ", ".join(f'"{name}" ({count:,})' for name, count in value.items())
    if isinstance(value, Sequence):
        between = "; " if any(isinstance(item, Mapping) for item in value) else ", "
        listed = between.join(str(english(item)) for item in value[:MAX_LISTED])
        more = len(value) - MAX_LISTED
        return f"{listed}{between}and {more:,} more" if more > 0 else listed
    return value


def short(name: str, limit: int = MAX_NAME) -> str:
    """A user's text, on one line and cut to `limit` characters."""
    name = one_line(name)
    return name if len(name) <= limit else name[: limit - 1] + "…"
