"""The FLOP of a user's training, counted on its stage."""

from collections.abc import Sequence
from contextlib import suppress

import torch

from ecosobriety.training.configured import changes_later
from ecosobriety.training.few_batches import FromEpoch
from ecosobriety.training.fitting import Batch
from ecosobriety.training.flops import Cost, Counted, Counter, cost_of, counting
from ecosobriety.training.own_counts import Counts, aligned, counts_of, put_counts
from ecosobriety.training.own_networks import unlogged
from ecosobriety.training.play import FEW
from ecosobriety.training.stage import Stage
from ecosobriety.user_code.lightnings import is_lightning

LATER = "its steps take other operations in later epochs"


def count(stage: Stage) -> Cost | str:
    """FLOP of a training, or why they cannot be counted."""
    x, y = stage.acts[0]
    most = min(FEW, len(y))
    sizes = [most, most, *([most // 2, most // 4] if most >= FEW else [])]
    acts = [(x[:n], y[:n]) for n in sizes]
    network = stage.build()
    before = counts_of(network)
    with counting() as (mode, unseen):
        counter = Counter(mode, sizes)
        trainer, _ = stage.fit(network, acts, counter)
        counted = counter.finish()
    moved = before, counts_of(network)
    device = trainer.strategy.root_device
    network.to(device).eval()
    with torch.no_grad(), unlogged(network), counting() as (forward, unseen_forward):
        network(x[:most].to(device))
    if names := unseen.names | unseen_forward.names:
        return f"PyTorch's counter does not know {', '.join(sorted(names)[:3])}"
    if isinstance(counted, str):
        return counted
    if not is_lightning(network):
        # The study's own loop: one backward pass for each batch.
        once = [type(batch)(batch.examples, 1, batch.flop) for batch in counted]
        cost = cost_of(forward.get_total_flops() // most, once)
    else:
        cost = cost_of(forward.get_total_flops() // most, counted)
    if isinstance(cost, str):
        return cost
    later = None
    if is_lightning(network) and changes_later(network):
        later = _why_other_later(stage, acts, counted)
    if later is None and moved[0] != moved[1]:
        later = _why_other_by_count(stage, acts, counted, moved)
    return later or cost


def _why_other_by_count(
    stage: Stage, acts: Sequence[Batch], counted: Sequence[Counted], moved: tuple[Counts, Counts]
) -> str | None:
    """The same of later batches, where the network counts them."""
    steps = stage.settings.max_steps
    batches = stage.settings.epochs * stage.length if steps is None else steps
    for later in sorted({aligned(batches * part // 4) for part in (1, 2, 3, 4)}):
        with suppress(Exception, SystemExit), counting() as (mode, _):
            network = stage.build()
            put_counts(network, *moved, later / len(acts))
            counter = Counter(mode, [len(y) for _, y in acts])
            stage.fit(network, acts, counter)
            if (found := counter.finish()) != counted:
                return found if isinstance(found, str) else LATER
    return None


def _why_other_later(stage: Stage, acts: Sequence[Batch], counted: Sequence[Counted]) -> str | None:
    """Why a later epoch is no measure of the first one; None: it takes the same operations."""
    steps = stage.settings.max_steps
    epochs = stage.settings.epochs if steps is None else -(-steps // stage.length)
    for later in sorted({1, epochs // 2, 3 * epochs // 4, epochs - 1}):
        if not 0 < later < epochs:
            continue
        # What fails in an epoch that nothing has led up to says nothing of the training.
        with suppress(Exception, SystemExit), counting() as (mode, _):
            counter = Counter(mode, [len(y) for _, y in acts])
            stage.fit(stage.build(), acts, counter, FromEpoch(later, stage.length))
            if (found := counter.finish()) != counted:
                return found if isinstance(found, str) else LATER
    return None
