"""A user's data as a `LightningDataModule`: every example that its two loaders give, once.

The study cuts its own subsets and batches, so a loader counts for the examples that it gives. What
would change which examples these are, or their values, is honoured or refused: nothing is dropped.
"""

import importlib
import logging
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, nullcontext, suppress
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil

from ecosobriety.datasets.copies import DUPLICATES_FROM
from ecosobriety.datasets.findings import Finding, short
from ecosobriety.datasets.store import Dataset
from ecosobriety.errors import DataError
from ecosobriety.readers import arrays, loaders
from ecosobriety.readers.contents import Pair, same_examples
from ecosobriety.user_code.classes import ClassSpec, build
from ecosobriety.user_code.lightnings import lightning_of
from ecosobriety.user_code.reading import modules_since, unwatched
from ecosobriety.user_code.words import cut_list, described

if TYPE_CHECKING:
    from torch import Tensor

logger = logging.getLogger(__name__)

SEED, OTHER_SEED = 0, 1
"""Of PyTorch, NumPy and Python, while a module is read, and when it is looked at once more."""
MOST_STREAMED = 2_000_000
"""Examples that a stream may give: one that never ends shows it in no other way."""
_OF_A_TRAINER: Mapping[str, Any] = {
    **dict.fromkeys(("validating", "sanity_checking", "predicting"), False),
    **dict.fromkeys(("current_epoch", "global_step", "local_rank", "global_rank"), 0),
    **dict.fromkeys(("world_size", "num_devices", "num_nodes"), 1),
}
"""What hooks ask a Trainer for, besides what it does."""
_UNREAD = ("val_dataloader", "predict_dataloader")


class NotAtHandError(Exception):
    """Data that may be there once they are prepared, or where the study runs."""


class _NothingError(DataError):
    """A module gives no data at all."""


def read_module(spec: Mapping[str, Any], *, prepare: bool = True) -> Dataset:
    """Build the user's class and take all examples of `train_dataloader` and `test_dataloader`.

    A loader's data set is read in its own order, whatever the loader shuffles, and twice: an
    example that is another one the second time would be frozen. Each batch is a pair (x, y) of
    tensors: inputs (n, *input_shape) and labels (n,), after the module's own hooks for batches.

    Args:
        spec: the configuration's section `dataset`, and the study's `task`.
        prepare: whether to let the module prepare its data, by a download, say.

    Raises:
        NotAtHandError: it gives no data, perhaps as they are not prepared, or are elsewhere.
        ConfigError: the class cannot be built.
        DataError: it does not give such batches, no data to learn from, or other data each time.
    """
    # Imported here: it takes seconds, and no other data set needs it.
    import pytorch_lightning as pl

    class_path, folder, before = spec["class_path"], Path.cwd(), {*sys.modules}
    # Where the user's code goes to look for its files is no place for the study's.
    with chdir(os.curdir):
        pl.seed_everything(SEED, verbose=False)
        module = _built(spec, prepare=prepare)
        try:
            train, train_rows = _part(module, "fit", "train_dataloader")
            test, test_rows = _part(module, "test", "test_dataloader")
            loaders.require_apart(train_rows, test_rows)
            loaders.require_others(_pair(train), _pair(test))
        except DataError as error:
            if not prepare and isinstance(error, _NothingError):
                _require_at_hand(module, error.__cause__)
            raise DataError(f"{class_path}: {error}") from error
        # Whatever the user's code raises is reported with its class's name.
        except (Exception, SystemExit) as error:
            if not prepare:
                _require_at_hand(module, error)
            reason = _reason(module, error)
            raise DataError(f"{class_path}: gives no data ({reason})") from error
    package: Any = lightning_of(type(module), "LightningDataModule")
    for hook in _UNREAD:
        if getattr(type(module), hook) is not getattr(package.LightningDataModule, hook):
            logger.info("%s: its %s is not read", class_path, hook)
    dataset = arrays.build(
        spec["name"],
        f"class {class_path}",
        train,
        test,
        arrays.DataOptions.of(spec),
        file=class_path,
    )
    if dataset.test_duplicates > DUPLICATES_FROM * len(dataset.y_test):
        _require_steady(module, train, class_path, dataset.test_duplicates)
    # What it holds is not needed any more, and may be large.
    del module
    _require_seeded(spec, train, test, prepare=prepare)
    return replace(dataset, findings=(*dataset.findings, *_unseen(class_path, before, folder)))


def _unseen(class_path: str, before: Collection[str], folder: Path) -> Iterator[Finding]:
    """Modules that were imported by a name made at run time, and so decide nothing."""
    names = unwatched(modules_since(before, folder), [class_path], (), folder)
    if names:
        yield Finding("modules_unseen", False, {"names": [short(name) for name in names]})


def _built(spec: Mapping[str, Any], *, prepare: bool) -> Any:
    module = build(ClassSpec("data", spec["class_path"], spec["init_args"]), {})
    if not prepare:
        module.prepare_data = _nothing
    return module


def _nothing() -> None:
    """Prepare nothing."""


def _require_at_hand(module: Any, error: BaseException | None) -> None:
    """Raise NotAtHandError, if that the data are elsewhere may be why a module gives none."""
    package: Any = lightning_of(type(module), "LightningDataModule")
    prepares = type(module).prepare_data is not package.LightningDataModule.prepare_data
    if prepares or isinstance(error, OSError):
        raise NotAtHandError from error


def _reason(module: Any, error: BaseException) -> str:
    missing = isinstance(error, AttributeError) and module.trainer is None
    return described(error) + ("; no Trainer is attached when data are read" if missing else "")


def _require_steady(module: Any, train: arrays.Part, class_path: str, shared: int) -> None:
    """Refuse a module that gives another training part each time, as an unseeded split does."""
    with chdir(os.curdir):
        try:
            again, _ = _part(module, "fit", "train_dataloader")
        # It may be made for one round of fit and test; what is shared stands beside the answer.
        except (Exception, SystemExit):
            return
    if not loaders.same(_pair(train), _pair(again)):
        raise DataError(
            f"{class_path}: {shared} test examples are training examples, as train_dataloader "
            "gives others each time that setup is called: draw the split with a fixed seed"
        )


def _require_seeded(
    spec: Mapping[str, Any], train: arrays.Part, test: arrays.Part, *, prepare: bool
) -> None:
    """Refuse examples that depend on a seed of the process, as those of an unseeded split do.

    Outside of a study they are others each time, and so may the test's examples be trained on.
    """
    import pytorch_lightning as pl

    class_path = spec["class_path"]
    loaded = ((train, "fit", "train_dataloader"), (test, "test", "test_dataloader"))

    def others(seed: int, names: Collection[str], *, anew: bool) -> list[str]:
        pl.seed_everything(seed, verbose=False)
        with _imported_anew(class_path) if anew else nullcontext():
            module = _built(spec, prepare=prepare)
            return [
                name
                for part, stage, name in loaded
                if name in names and _differs(module, part, stage, name, seed)
            ]

    with chdir(os.curdir):
        try:
            every = [name for _, _, name in loaded]
            # What stays in the process, such as a counter, is new in another one.
            for anew in (False, True):
                if differing := others(OTHER_SEED, every, anew=anew):
                    by_seed = set(differing) - set(others(SEED, differing, anew=anew))
                    break
        # It may be made to be read once; what was read is right.
        except (Exception, SystemExit) as error:
            logger.info("%s: cannot be read a second time (%s)", class_path, described(error))
            return
    if differing and not by_seed:
        raise DataError(
            f"{class_path}: {' and '.join(differing)} give{'s' * (len(differing) == 1)} other "
            "examples each time that they are read, whatever the seed, as a counter, the time or "
            "chance without a seed decides them: let the same rows come in each call"
        )
    if differing:
        raise DataError(
            f"{class_path}: {' and '.join(differing)} give{'s' * (len(differing) == 1)} other "
            "examples under another seed of the process: draw a split, or whatever is random, with "
            "a seed of its own (generator=torch.Generator().manual_seed(0))"
        )


@contextmanager
def _imported_anew(class_path: str) -> Iterator[None]:
    """A class's own file as another process would import it: what it draws then has no other seed.

    What can be imported once only stays as it is.
    """
    name = class_path.rpartition(".")[0]
    known = sys.modules.pop(name)
    try:
        with suppress(Exception, SystemExit):
            importlib.import_module(name)
        sys.modules.setdefault(name, known)
        yield
    finally:
        sys.modules[name] = known


def _differs(module: Any, part: arrays.Part, stage: str, name: str, seed: int) -> bool:
    """Whether a loader gives other examples than it gave; of equal ones the first will do."""
    taken = _pair(part)
    reading = _set_up(module, stage, name, seed)
    batches = _ending(_pairs(module, reading.first, name), reading.streamed, name)
    seen: list[Pair] = []
    number = 0
    for batch in batches:
        seen.append(batch)
        same_order = loaders.begins_alike(taken, batch, number)
        number += len(batch[1])
        if not same_order:
            return not same_examples(taken, [*seen, *batches])[0]
        if number >= loaders.MOST_COMPARED and not reading.streamed:
            return False
    module.teardown(stage)
    return number != len(taken[1])


def _set_up(module: Any, stage: str, name: str, seed: int) -> loaders.Reading:
    """How to read one loader, got as a Trainer would: prepared and set up."""
    import pytorch_lightning as pl

    module.prepare_data()
    # All stages have one state of chance, so that `_require_seeded` finds what depends on it.
    pl.seed_everything(seed, verbose=False)
    module.setup(stage)
    try:
        loader = getattr(module, name)()
    except (Exception, SystemExit) as error:
        raise _NothingError(f"{name} gives no data ({_reason(module, error)})") from error
    if loader is None:
        raise _NothingError(f"{name} gives None, but must give a DataLoader")
    return loaders.readings(loader, name)


def _part(module: Any, stage: str, name: str) -> tuple[arrays.Part, Sequence[loaders.Rows]]:
    """The examples of one loader; then it is torn down."""
    reading = _set_up(module, stage, name, SEED)
    taken = [*_ending(_pairs(module, reading.first, name), reading.streamed, name)]
    if not taken:
        raise _NothingError(f"{name} gives no batch")
    shapes = {x.shape[1:] for x, _ in taken}
    if len(shapes) > 1:
        raise DataError(f"{name} gives examples of the shapes {sorted(shapes)[:2]}, not of one")
    x, y = (np.concatenate([batch[i] for batch in taken]) for i in range(2))
    if reading.second is not None:
        again = _ending(_pairs(module, reading.second, name), reading.streamed, name)
        loaders.require_same((x, y), again, reading, name)
        _require_one_mode(module, reading.second, stage, name)
    module.teardown(stage)
    return arrays.Part(x, y, name), reading.rows


def _require_one_mode(module: Any, batches: Iterable[Any], stage: str, name: str) -> None:
    """Refuse hooks for batches that do something else while a Trainer trains or tests."""
    package: Any = lightning_of(type(module), "LightningDataModule")
    hooks = ("on_before_batch_transfer", "transfer_batch_to_device", "on_after_batch_transfer")
    base = package.LightningDataModule
    if all(getattr(type(module), hook) is getattr(base, hook) for hook in hooks):
        return
    some = [*islice(batches, 1)]
    alone, found = deepcopy(some), module.trainer
    training = stage == "fit"
    module.trainer = SimpleNamespace(
        training=training, testing=not training, evaluating=not training, **_OF_A_TRAINER
    )
    try:
        attached = [*_pairs(module, some, name)]
    # It asks for more of a Trainer than is known here.
    except (Exception, SystemExit) as error:
        logger.info("%s: its hooks fail with a Trainer (%s)", name, described(error))
        return
    finally:
        module.trainer = found
    for a, b in zip(attached, _pairs(module, alone, name), strict=True):
        if not loaders.begins_alike(a, b, 0):
            raise DataError(
                f"{name}: the module's hooks for batches give other examples while a Trainer is at "
                "work, as augmentation where self.trainer.training does: a study reads each "
                "example once, without one; put it into the network's forward"
            )


def _pair(part: arrays.Part) -> Pair:
    return np.asarray(part.x), np.asarray(part.y)


def _ending(pairs: Iterable[Pair], streamed: bool, name: str) -> Iterator[Pair]:
    """The batches, unless a stream goes on beyond what a study takes, or memory has."""
    given = nbytes = 0
    most_bytes = psutil.virtual_memory().total // 2
    for x, y in pairs:
        given, nbytes = given + len(y), nbytes + x.nbytes
        if streamed and (given > MOST_STREAMED or nbytes > most_bytes):
            held = f"{MOST_STREAMED:,} examples"
            if given <= MOST_STREAMED:
                held = f"{nbytes / 2**30:.1f} GiB, half of this machine's memory"
            raise DataError(
                f"{name} still gives examples after {held}: its stream must end; larger data fit "
                "into a file (npz, parquet)"
            )
        yield x, y


def _pairs(module: Any, batches: Iterable[Any], name: str) -> Iterator[Pair]:
    """Batches after the module's own hooks, as a Trainer calls them."""
    from torch import Tensor, device

    for raw in batches:
        batch = module.on_before_batch_transfer(raw, 0)
        batch = module.transfer_batch_to_device(batch, device("cpu"), 0)
        batch = module.on_after_batch_transfer(batch, 0)
        pair = isinstance(batch, list | tuple) and len(batch) == 2
        if not pair or not all(isinstance(part, Tensor) for part in batch):
            raise DataError(
                f"a batch of {name} is {_told(batch)}, not a pair (x, y) of tensors: a collate_fn "
                "or on_after_batch_transfer can make it one"
            )
        x, y = (_array(part) for part in batch)
        if not x.ndim or not y.ndim or len(x) != len(y):
            raise DataError(f"a batch of {name} has inputs {x.shape} and labels {y.shape}")
        yield x, y


def _array(part: "Tensor") -> Any:
    """The numbers of a tensor; NumPy has no bfloat16, each of which is a float32."""
    from torch import bfloat16

    part = part.detach().cpu()
    return (part.float() if part.dtype == bfloat16 else part).numpy()


def _told(batch: Any) -> str:
    """What a batch is, in words."""
    kind, within = type(batch).__name__, ""
    if isinstance(batch, Mapping):
        within = ", ".join(map(str, batch))
    elif isinstance(batch, list | tuple):
        within = ", ".join(type(part).__name__ for part in batch)
    return f"a {kind} of {cut_list(within)}" if within else f"a {kind}"
