"""Data sets: where they come from, how they are checked, kept, split and sampled.

`obtain` finds a data set and checks its identity, `save` and `load` keep it in one file, `intake`
describes it, and `training_order` says which images a training of a given size sees. `declared` is
data that the study does not prepare.
"""

from ecosobriety.datasets import declared, intake
from ecosobriety.datasets.catalogue import BUNDLED, POSTER_DATASETS, REGRESSIONS, TRAIN_SIZES
from ecosobriety.datasets.declared import Declared, is_declared
from ecosobriety.datasets.findings import Finding
from ecosobriety.datasets.foreseen import foresee_module
from ecosobriety.datasets.intake import Intake
from ecosobriety.datasets.obtaining import obtain, take_in
from ecosobriety.datasets.sampling import training_order
from ecosobriety.datasets.store import Dataset, load, save
from ecosobriety.datasets.user_files import FORMATS, TABLES, format_of, input_files, stamp

__all__ = [
    "BUNDLED",
    "FORMATS",
    "POSTER_DATASETS",
    "REGRESSIONS",
    "TABLES",
    "TRAIN_SIZES",
    "Dataset",
    "Declared",
    "Finding",
    "Intake",
    "declared",
    "foresee_module",
    "format_of",
    "input_files",
    "intake",
    "is_declared",
    "load",
    "obtain",
    "save",
    "stamp",
    "take_in",
    "training_order",
]
