"""The data sets that have a name, their sizes, addresses and checksums."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TRAIN_SIZES: Mapping[str, int] = {
    "digits": 1400,
    "fashion-mnist": 60_000,
    "mnist": 60_000,
    "diabetes": 342,
}
"""Training examples of each named data set: the largest size that a study can ask for."""

TEST_SIZES: Mapping[str, int] = {
    "digits": 397,
    "fashion-mnist": 10_000,
    "mnist": 10_000,
    "diabetes": 100,
}
"""Test examples of each of them."""

REGRESSIONS = ("diabetes",)
"""The named data sets with numbers to predict; the others have classes."""

POSTER_DATASETS = ("mnist", "fashion-mnist")
"""The data sets that the poster's claims are about: its own, and the drop-in for it."""

BUNDLED = ("digits", "diabetes")
"""The named data sets that scikit-learn brings along, so that no file is looked for."""

DIGITS_CLASSES = tuple("0123456789")

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"


@dataclass(frozen=True)
class DebianPackage:
    """A package of Debian and Ubuntu, and the folder into which it installs its files."""

    name: str
    folder: Path


@dataclass(frozen=True)
class IdxSource:
    """A data set of four files in MNIST's idx format.

    `sha256` has the digest of each file's uncompressed content: packagers compress differently, so
    the compressed file is no identity. `addresses` are tried in order; a file's name and `.gz` are
    appended.
    """

    classes: tuple[str, ...]
    sha256: Mapping[str, str]
    addresses: tuple[str, ...]
    debian: DebianPackage | None = None


IDX_SOURCES: dict[str, IdxSource] = {
    "fashion-mnist": IdxSource(
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        sha256={
            TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        addresses=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        debian=DebianPackage("dataset-fashion-mnist", Path("/usr/share/datasets/fashion-mnist")),
    ),
    "mnist": IdxSource(
        classes=DIGITS_CLASSES,
        sha256={
            TRAIN_IMAGES: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            TRAIN_LABELS: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            TEST_IMAGES: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            TEST_LABELS: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        addresses=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
    ),
}
