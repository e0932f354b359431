"""A user's data as a `LightningDataModule`: every example of its two dataloaders, once."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ecosobriety.classes import ClassSpec, build
from ecosobriety.datasets import arrays
from ecosobriety.datasets.store import Dataset
from ecosobriety.errors import DataError

SEED = 0
"""What the module draws by chance, such as a split, is always the same."""


def read_module(spec: Mapping[str, Any]) -> Dataset:
    """Build the user's class and take all examples of `train_dataloader` and `test_dataloader`.

    A loader's data set is read in its own order, whatever the loader shuffles. Each batch is a pair
    (x, y) of tensors: inputs (n, *input_shape) and labels (n,).

    Raises:
        ConfigError: the class cannot be built.
        DataError: it does not give such batches, or no data to learn from.
    """
    # Imported here: it takes seconds, and no other data set needs it.
    import pytorch_lightning as pl

    class_path = spec["class_path"]
    pl.seed_everything(SEED, verbose=False)
    module = build(ClassSpec("data", class_path, spec["init_args"]), {})
    try:
        module.prepare_data()
        module.setup("fit")
        train = _part(module.train_dataloader(), "train_dataloader")
        module.setup("test")
        test = _part(module.test_dataloader(), "test_dataloader")
    except DataError as error:
        raise DataError(f"{class_path}: {error}") from error
    # Whatever the user's code raises is told with its name.
    except Exception as error:
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise DataError(f"{class_path}: gives no data ({told})") from error
    origin = f"class {class_path}"
    return arrays.build(
        spec["name"],
        origin,
        train,
        test,
        file=class_path,
        test_share=0.5,
        task=spec.get("task", "classification"),
    )


def _part(loader: Any, name: str) -> arrays.Part:
    from torch import Tensor

    inputs, labels = [], []
    for batch in _in_order(loader):
        pair = isinstance(batch, list | tuple) and len(batch) == 2
        if not pair or not all(isinstance(part, Tensor) for part in batch):
            raise DataError(f"a batch of {name} is no pair (x, y) of tensors")
        inputs.append(batch[0].detach().cpu().numpy())
        labels.append(batch[1].detach().cpu().numpy())
    if not inputs:
        raise DataError(f"{name} gives no batch")
    return arrays.Part(np.concatenate(inputs), np.concatenate(labels), name)


def _in_order(loader: Any) -> Iterable[Any]:
    """The loader's batches, of all examples and in the order of its data set, if it has one."""
    from torch.utils.data import DataLoader, IterableDataset

    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
        batches: Iterable[Any] = loader
        return batches
    return DataLoader(
        loader.dataset, batch_size=loader.batch_size or 1, collate_fn=loader.collate_fn
    )
