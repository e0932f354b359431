"""Data modules with loaders of every kind that people write."""

import os
from pathlib import Path

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import CombinedLoader
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    get_worker_info,
)

X, Y = torch.arange(60.0).reshape(20, 3), torch.arange(20) % 2
WHOLE = TensorDataset(X, Y)
TRAIN, TEST = [*range(0, 20, 2), 1], [*range(3, 20, 2)]


class Base(pl.LightningDataModule):
    """Rows 0, 1 and the even ones to train on; the other odd ones to test."""

    def train_dataloader(self):
        return DataLoader(Subset(WHOLE, TRAIN), batch_size=4, shuffle=True)

    def test_dataloader(self):
        return DataLoader(Subset(WHOLE, TEST), batch_size=4)


class FirstOnly(Base):
    """Visits fewer rows than there are, from the first on."""

    def train_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=SequentialSampler(TRAIN[:3]))

    def test_dataloader(self):
        return DataLoader(Subset(WHOLE, range(10, 20)), batch_size=4)


class SampledByTensor(Base):
    """As `torch.randperm` gives its rows."""

    def train_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=SubsetRandomSampler(torch.tensor(TRAIN)))

    def test_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=SubsetRandomSampler(torch.tensor(TEST)))


class Sampled(Base):
    def train_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=SubsetRandomSampler(TRAIN))

    def test_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=SubsetRandomSampler(TEST))


class Halved(Base):
    """As language models write what they make of texts."""

    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return (x / 7).bfloat16(), y


class Inner(Base):
    """The sampler stands inside PyTorch's own batch sampler."""

    def train_dataloader(self):
        sampler = SubsetRandomSampler(TRAIN)
        return DataLoader(WHOLE, batch_sampler=BatchSampler(sampler, 4, drop_last=True))


class Joined(Base):
    """What is tested on, or else other rows, is trained on too."""

    def __init__(self, shared: bool = True):
        super().__init__()
        self.shared = shared

    def train_dataloader(self):
        other = Subset(WHOLE, TEST if self.shared else [1])
        return DataLoader(ConcatDataset([Subset(WHOLE, TRAIN[:-1]), other]), batch_size=4)


class Bulk(Base):
    """Fetches whole batches, as PyTorch's own documentation has it."""

    def train_dataloader(self):
        batches = BatchSampler(SubsetRandomSampler(TRAIN), 4, drop_last=False)
        return DataLoader(WHOLE, sampler=batches, batch_size=None)


class Listed(Base):
    """One loader in a list, as Lightning's own examples have it."""

    def __init__(self, train: bool = False):
        super().__init__()
        self.train = train

    def train_dataloader(self):
        loader = super().train_dataloader()
        return [loader] if self.train else loader

    def test_dataloader(self):
        return [super().test_dataloader()]


class Unending(IterableDataset):
    """Never ends."""

    def __iter__(self):
        while True:
            yield X[0], Y[0]


class Endlessly(Base):
    """Streams that never end, as a data set and as a generator of batches."""

    def __init__(self, generator: bool = False):
        super().__init__()
        self.generator = generator

    def train_dataloader(self):
        if self.generator:
            return (batch for _ in iter(int, 1) for batch in [(X, Y)])
        return DataLoader(Unending(), batch_size=1000)


class EveryThird(Sampler):
    def __iter__(self):
        return iter(range(0, 18, 3))

    def __len__(self):
        return 6


class OwnSampler(Base):
    def train_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=EveryThird())

    def test_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=[1, 4, 7, 10])


class Weighted(Base):
    def train_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=WeightedRandomSampler([1.0] * 20, 11))


class WeightedOnce(Base):
    def train_dataloader(self):
        sampler = WeightedRandomSampler([1.0] * 20, 20, replacement=False)
        return DataLoader(WHOLE, batch_size=4, sampler=sampler)


class Replacing(Base):
    def train_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=RandomSampler(WHOLE, replacement=True))


class Few(Base):
    def train_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=RandomSampler(WHOLE, num_samples=5))


class Distributed(Base):
    def train_dataloader(self):
        return DataLoader(WHOLE, batch_size=4, sampler=DistributedSampler(WHOLE, 2, 0))


class Endless(Base):
    def train_dataloader(self):
        class Sampling(Sampler):
            def __iter__(self):
                while True:
                    yield from range(20)

        return DataLoader(WHOLE, batch_size=4, sampler=Sampling())


class OwnBatches(Base):
    def train_dataloader(self):
        return DataLoader(WHOLE, batch_sampler=[[0, 2], [4, 6]])


class Overlapping(Base):
    def test_dataloader(self):
        return DataLoader(Subset(WHOLE, [0, 3, 5]), batch_size=4)


class Same(Base):
    def train_dataloader(self):
        return DataLoader(WHOLE, batch_size=4)

    test_dataloader = train_dataloader


class ShortTest(Base):
    def test_dataloader(self):
        return DataLoader(Subset(WHOLE, TEST), batch_size=4, drop_last=True)


class Stream(IterableDataset):
    def __init__(self, rows, shared):
        self.rows, self.shared = rows, shared

    def __iter__(self):
        worker = get_worker_info()
        rows = self.rows
        if self.shared and worker is not None:
            rows = rows[worker.id :: worker.num_workers]
        return ((X[i], Y[i]) for i in rows)


class Streamed(Base):
    """Without workers, or with some that share the rows out."""

    def __init__(self, workers: int, shared: bool = False):
        super().__init__()
        self.workers, self.shared = workers, shared

    def train_dataloader(self):
        stream = Stream(TRAIN, self.shared)
        return DataLoader(stream, batch_size=4, num_workers=self.workers)


class Noisy(Dataset):
    def __len__(self):
        return len(TRAIN)

    def __getitem__(self, i):
        x, y = WHOLE[TRAIN[i]]
        return (x if torch.rand(1) < 0.8 else -x), y


class Augmented(Base):
    def train_dataloader(self):
        return DataLoader(Noisy(), batch_size=4)


class AugmentedLater(Base):
    def on_after_batch_transfer(self, batch, dataloader_idx):
        x, y = batch
        return x + torch.randn_like(x), y


class Hooked(Base):
    """Says in the data which hooks have run, and in which order."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def prepare_data(self):
        self.calls.append("prepare")

    def setup(self, stage):
        self.calls.append(stage)

    def teardown(self, stage):
        self.calls.append(f"-{stage}")
        Path("calls.txt").write_text(" ".join(self.calls))

    def on_before_batch_transfer(self, batch, dataloader_idx):
        return batch[0] + 1000, batch[1]

    def transfer_batch_to_device(self, batch, device, dataloader_idx):
        return batch[0] * 10, batch[1]

    def on_after_batch_transfer(self, batch, dataloader_idx):
        return batch[0] + 1, batch[1]


class OwnLoader(DataLoader):
    def __iter__(self):
        for x, y in super().__iter__():
            yield x + 7, y


class Subclassed(Base):
    def train_dataloader(self):
        return OwnLoader(Subset(WHOLE, TRAIN), batch_size=4)


class Several(Base):
    def train_dataloader(self):
        return [super().train_dataloader(), super().train_dataloader()]


class Combined(Base):
    def train_dataloader(self):
        return CombinedLoader({"a": super().train_dataloader()})


class Named(Base):
    def train_dataloader(self):
        return DataLoader([{"x": X[i], "y": Y[i]} for i in TRAIN], batch_size=4)


class Ragged(Base):
    def train_dataloader(self):
        return [(torch.zeros(2, 3), Y[:2]), (torch.zeros(2, 4), Y[:2])]


class Collated(Base):
    def train_dataloader(self):
        def doubled(examples):
            x, y = (torch.stack(parts) for parts in zip(*examples, strict=True))
            return 2 * x, y

        return DataLoader(Subset(WHOLE, TRAIN), batch_size=4, collate_fn=doubled)


class Counting(Dataset):
    """Readable only in a worker that has been made ready."""

    ready = False

    def __len__(self):
        return len(TRAIN)

    def __getitem__(self, i):
        if not self.ready:
            raise RuntimeError("the worker is not ready")
        return WHOLE[TRAIN[i]]


def make_ready(worker_id):
    get_worker_info().dataset.ready = True


class WithWorkers(Base):
    def train_dataloader(self):
        return DataLoader(Counting(), batch_size=4, num_workers=2, worker_init_fn=make_ready)


class WholeBatches(Base):
    def train_dataloader(self):
        batches = [(X[:6], Y[:6]), (X[6:11], Y[6:11])]
        return DataLoader(batches, batch_size=None)

    def test_dataloader(self):
        return DataLoader(Subset(WHOLE, [*range(11, 20)]), batch_size=4)


class Wandering(Base):
    def setup(self, stage):
        os.chdir("/")


class Asking(Base):
    def setup(self, stage):
        self.share = 1 / self.trainer.world_size
