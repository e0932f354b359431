"""Data sets: how they are kept, described, split and sampled.

`save` and `load` keep a data set in one file, `intake` describes it, and `training_order` says
which images a training of a given size sees. `declared` is data that the study does not prepare.
Most steps need no more than this; `readers` take a data set in, and `checks` look at it.
"""

from ecosobriety.datasets import declared, intake
from ecosobriety.datasets.catalogue import BUNDLED, POSTER_DATASETS, REGRESSIONS, TRAIN_SIZES
from ecosobriety.datasets.declared import Declared, is_declared
from ecosobriety.datasets.findings import Finding
from ecosobriety.datasets.formats import FORMATS, TABLES, format_of
from ecosobriety.datasets.intake import Intake
from ecosobriety.datasets.sampling import training_order
from ecosobriety.datasets.store import Dataset, load, save

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
    "format_of",
    "intake",
    "is_declared",
    "load",
    "save",
    "training_order",
]
