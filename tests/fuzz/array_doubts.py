"""Archives and folders with one thing of which a study has to know, or none: it is named alone."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

Random = np.random.Generator
Arrays = dict[str, Any]
COPIES = frozenset({"examples_noisy_copies"})


@dataclass(repr=False)
class ArrayDoubt:
    """Arrays of an archive, or files of a folder, and the findings of which there must be one."""

    story: str
    seed: int
    content: Any
    wanted: frozenset[str]

    def __repr__(self) -> str:
        return f"<{self.story}, seed {self.seed}>"


def _patches(random: Random, n: int, side: int = 16) -> Any:
    """(n, side, side) images of a few patches of light."""
    at = random.random((n, 6, 2)) * side
    y, x = np.mgrid[:side, :side]
    light = np.exp(-((at[..., 0, None, None] - y) ** 2 + (at[..., 1, None, None] - x) ** 2) / 9)
    return (200 * light.sum(axis=1) / light.sum(axis=1).max()).astype(np.uint8)


def _some(random: Random, n: int) -> Any:
    return random.permutation(n)[: int(random.uniform(0.2, 0.6) * n)]


def _with(change: Callable[[Random, Any], Any]) -> Callable[[Random], Arrays]:
    def make(random: Random) -> Arrays:
        x = _patches(random, int(random.integers(150, 300)))
        x = np.concatenate([x, change(random, x[_some(random, len(x))])])
        return {"x": x, "y": random.integers(0, 3, len(x))}

    return make


def _compressed(random: Random, x: Any) -> Any:
    """As JPEG of a good quality gives them."""
    found = []
    for image in x:
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "JPEG", quality=int(random.integers(85, 96)))
        found.append(np.asarray(Image.open(stream)))
    return np.stack(found)


def _images(random: Random) -> Arrays:
    x = _patches(random, int(random.integers(150, 400)))
    return {"x": x, "y": random.integers(0, 3, len(x))}


def _noisy_series(random: Random) -> Arrays:
    x = random.normal(size=(int(random.integers(150, 300)), 2, 80)).cumsum(axis=2)
    again = x[_some(random, len(x))]
    again = again + 10.0 ** random.uniform(-8, -3) * random.normal(size=again.shape)
    x = np.concatenate([x, again])
    return {"x": x, "y": random.integers(0, 3, len(x))}


def _series(random: Random) -> Arrays:
    n = int(random.integers(100, 300))
    kind = random.integers(3)
    x = random.normal(size=(n, 2, 80))
    if kind:
        x = x.cumsum(axis=2)
    if kind == 2:
        t = np.arange(80) / 10
        x = np.sin(t * random.uniform(0.5, 2, (n, 2, 1)) + random.uniform(0, 6, (n, 2, 1)))
    return {"x": x, "y": random.integers(0, 3, n)}


def _windows(random: Random) -> Arrays:
    length, step = int(random.integers(30, 100)), int(random.integers(1, 15))
    n = int(random.integers(80, 200))
    series = random.normal(size=n * step + length).cumsum().round(int(random.integers(2, 6)))
    x = np.stack([series[i * step : i * step + length] for i in range(n)])
    order = random.permutation(n)
    x = x[order] if random.random() < 0.5 else x
    return {"x": x[:, None], "y": random.integers(0, 3, n)}


def _persons(random: Random) -> Arrays:
    person = random.permutation(np.repeat(np.arange(40), 6))
    x = _patches(random, len(person))
    return {"x": x, "y": random.integers(0, 3, 40)[person], "patient": person * 31 % 997}


def _targets(change: Callable[[Any], Any]) -> Callable[[Random], Arrays]:
    """A regression with a test part; the targets of each part are changed by themselves."""

    def make(random: Random) -> Arrays:
        n = int(random.integers(150, 300))
        x = random.normal(size=(n, 4))
        y = 3 + x.sum(axis=1) + random.normal(size=n)
        train, test = change(y[50:]), change(y[:50])
        return {"x_train": x[50:], "x_test": x[:50], "y_train": train, "y_test": test}

    return make


ARCHIVES: dict[str, tuple[Callable[[Random], Arrays], frozenset[str]]] = {
    "images": (_images, frozenset()),
    "series": (_series, frozenset()),
    "mirrored copies": (_with(lambda random, x: x[:, :, ::-1]), COPIES),
    "turned copies": (_with(lambda random, x: np.rot90(x, 2, axes=(1, 2))), COPIES),
    "brighter copies": (_with(lambda random, x: x + random.integers(5, 50).astype("u1")), COPIES),
    "compressed copies": (_with(_compressed), COPIES),
    "copies with noise": (_noisy_series, COPIES),
    "windows that overlap": (_windows, frozenset({"windows_overlap"})),
    "targets of two parts": (_targets(lambda y: y), frozenset()),
    "targets scaled apart": (
        _targets(lambda y: (y - y.mean()) / y.std()),
        frozenset({"targets_scaled_apart"}),
    ),
    "test targets of the other sign": (
        _targets(lambda y: y if len(y) > 50 else -y),
        frozenset({"targets_shifted"}),
    ),
    "several examples of each person": (_persons, frozenset({"groups_split"})),
}


@st.composite
def archive_doubts(draw: Any) -> ArrayDoubt:
    """An archive with one of them."""
    return archive_doubt(draw(st.sampled_from([*ARCHIVES])), draw(st.integers(0, 2**32 - 1)))


def archive_doubt(story: str, seed: int) -> ArrayDoubt:
    """An archive with this one of them."""
    make, wanted = ARCHIVES[story]
    return ArrayDoubt(story, seed, make(np.random.default_rng(seed)), wanted)


ENDS = ["_aug", "_aug{0}", "_flip", "-rot{0}", " ({0})", "_copy", " - Copy", "_hflip_noise"]
FOLDERS: dict[str, frozenset[str]] = {
    "numbered images": frozenset(),
    "names of changed copies": frozenset({"files_copies_split", "files_copies_shared"}),
    "several images of each person": frozenset({"files_split", "files_shared"}),
    "masks": frozenset({"classes_like_masks"}),
}


@st.composite
def folder_doubts(draw: Any) -> ArrayDoubt:
    """A folder of images with one of them: the pixels of each image by its place."""
    story, seed = draw(st.sampled_from([*FOLDERS])), draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    n = int(random.integers(40, 80))
    stem = random.choice(["{0:04}", "IMG_{0}", "{1}.{0}", "photo {0}"])
    kinds = ["cat", "dog"]
    names = [f"{kind}/{stem.format(i, kind)}" for kind in kinds for i in range(n)]
    if story == "names of changed copies":
        end = random.choice(ENDS)
        names += [name + end.format(i % 7 + 1) for i, name in enumerate(names[: n + n // 2])]
    elif story == "several images of each person":
        of = random.integers(0, 2, 30)
        names = [f"{kinds[of[p]]}/p{p:02}_{i}" for p in range(30) for i in range(5)]
    elif story == "masks":
        end = random.choice(["", "_mask", "-seg"])
        names += [f"masks/{name.partition('/')[2]}{end}" for name in names[:n]]
    images = random.integers(0, 256, (len(names), 6, 6)).astype(np.uint8)
    content = {f"{name}.png": image for name, image in zip(names, images, strict=True)}
    return ArrayDoubt(story, seed, content, FOLDERS[story])
