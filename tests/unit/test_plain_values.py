"""What a module keeps in objects of its own is what it was, in the same process and from a file."""

import io
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from ecosobriety.errors import ConfigError
from ecosobriety.training.plain_values import Return, Walk, bytes_of, values_of_all

CPU = torch.device("cpu")
Pair = namedtuple("Pair", "low high")


class Settings(NamedTuple):
    width: int = 24
    rates: tuple[float, ...] = (0.1, 0.2)


@dataclass(slots=True)
class Slotted:
    number: int
    seen: list[int] = field(default_factory=list)


@dataclass
class Epoch:
    number: int


class Mode(Enum):
    WARM = 1
    MAIN = 2


class Log(list[int]):
    name = "log"


class Hidden:
    __slots__ = ("__count",)

    def __init__(self, count: int):
        self.__count = count

    @property
    def count(self) -> int:
        return self.__count


class Keeper(nn.Module):
    """Before a training; `train` is what its epochs do."""

    def __init__(self) -> None:
        super().__init__()
        self.settings, self.pair = Settings(), Pair(1, np.zeros(2))
        self.slotted, self.hidden, self.mode = Slotted(0), Hidden(0), Mode.WARM
        self.history: list[Epoch] = []
        self.log, self.seen = Log(), Counter("a")
        self.groups: Any = defaultdict(list)
        self.order: Any = OrderedDict(a=1)
        self.last: Any = deque(maxlen=2)
        self.strategy: Any = Epoch(0)

    def train_once(self) -> None:
        number = len(self.history) + 1
        self.history.append(Epoch(number))
        self.last.append(Epoch(number))
        self.log.append(number)
        self.seen["b"] += 1
        self.groups[number].append(number)
        self.order[str(number)] = number
        self.order.move_to_end("a")
        self.slotted.number += 1
        self.slotted.seen.append(number)
        self.hidden = Hidden(number)
        self.mode = Mode.MAIN
        self.strategy = Slotted(number)
        self.pair.high[0] += 1


def told(keeper: Keeper) -> str:
    kept = {name: value for name, value in vars(keeper).items() if not name.startswith("_")}
    return repr({**kept, "hidden": keeper.hidden.count})


def through_a_file(values: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(values, file)
    file.seek(0)
    return dict(torch.load(file, weights_only=False))


@pytest.mark.parametrize("epochs", [1, 3])
def test_what_is_kept_is_given_back_in_the_same_process(epochs: int) -> None:
    keeper = Keeper()
    states = []
    for _ in range(epochs + 2):
        keeper.train_once()
        states.append((Walk().values_of(keeper), told(keeper)))
    # One epoch after another, as they are tested.
    for values, as_it_was in states:
        Return(CPU).set_values(keeper, values)
        assert told(keeper) == as_it_was


def test_what_a_file_held_is_given_to_a_module_that_begins() -> None:
    keeper = Keeper()
    for _ in range(3):
        keeper.train_once()
    again = Keeper()
    Return(CPU).set_values(again, through_a_file(Walk().values_of(keeper)))
    assert told(again) == told(keeper)
    assert again.groups.default_factory is list
    assert (type(again.log), type(again.strategy), Mode.WARM.value) == (Log, Slotted, 1)
    keeper.train_once()
    again.train_once()
    assert told(again) == told(keeper)


def test_a_network_that_is_not_there_yet_is_missed() -> None:
    keeper = Keeper()
    keeper.snapshots = [nn.Linear(2, 2)]  # type: ignore[assignment]
    values, before = Walk().values_of(keeper), keeper.snapshots[0].weight.detach().clone()
    with torch.no_grad():
        keeper.snapshots[0].weight.zero_()
    Return(CPU).set_values(keeper, values)
    assert torch.equal(keeper.snapshots[0].weight, before)
    again = Keeper()
    again.snapshots = []  # type: ignore[assignment]
    with pytest.raises(ConfigError, match="is not there now"):
        Return(CPU).set_values(again, through_a_file(values))


def test_a_class_that_a_function_has_made_is_no_obstacle() -> None:
    class Local(NamedTuple):
        width: int = 1

    @dataclass
    class Own:
        number: int

    keeper = Keeper()
    keeper.local, keeper.own = Local(), Own(3)  # type: ignore[assignment]
    again = Keeper()
    again.local, again.own = Local(), Own(0)  # type: ignore[assignment]
    Return(CPU).set_values(again, through_a_file(Walk().values_of(keeper)))
    assert again.own == Own(3)


def test_arrays_inside_are_counted() -> None:
    keeper = Keeper()
    before = bytes_of(Walk().values_of(keeper))
    keeper.log.append(np.zeros(4))  # type: ignore[arg-type]
    assert bytes_of(Walk().values_of(keeper)) == before + 32


def test_a_collection_stays_the_object_that_it_is() -> None:
    keeper = Keeper()
    keeper.store = {"mid": [1]}  # type: ignore[assignment]
    store, inner = keeper.store, keeper.store["mid"]
    values = Walk().values_of(keeper)
    store["mid"].append(2)
    store["more"] = 3
    Return(CPU).set_values(keeper, values)
    assert keeper.store is store
    assert store == {"mid": [1]}
    assert store["mid"] is inner


def test_an_object_under_two_names_stays_one() -> None:
    keeper, again = Keeper(), Keeper()
    shared = Slotted(3, [1])
    keeper.strategy, keeper.last = shared, deque([shared], maxlen=2)
    Return(CPU).set_values(again, through_a_file(Walk().values_of(keeper)))
    assert again.strategy is again.last[0]
    assert (again.strategy.number, again.strategy.seen) == (3, [1])


class Node:
    def __init__(self) -> None:
        self.others: list[Node] = []


def test_objects_that_all_know_each_other_are_looked_at_once() -> None:
    nodes = [Node() for _ in range(200)]
    for node in nodes:
        node.others = nodes
    keeper = Keeper()
    keeper.strategy = nodes[0]
    _, rest = values_of_all(keeper)
    # They lead back to themselves, as no copy does: their pickle tells whether they have changed.
    assert rest is not None
    assert nodes in rest


def test_what_is_nested_too_deeply_is_not_looked_at() -> None:
    keeper = Keeper()
    keeper.strategy = first = Node()
    for _ in range(2000):
        first.others = [Node()]
        first = first.others[0]
    assert values_of_all(keeper) == ([{}], None)


class Making(nn.Module):
    """Keeps for its tests what it has made, and a flag of its class."""

    stage = 1

    def __init__(self) -> None:
        super().__init__()
        self.part = Epoch(0)

    @property
    def scale(self) -> int:
        return int(vars(self)["scale"])

    @scale.setter
    def scale(self, value: int) -> None:
        vars(self)["scale"] = value


def test_what_has_been_made_since_is_taken_away() -> None:
    module, again = Making(), Making()
    values = Walk().values_of(module)
    for one in (module, again):
        one.made = torch.ones(2)
        one.stage = one.scale = 2
        one.part.seen = [1]  # type: ignore[attr-defined]
        Return(CPU).set_values(one, values if one is module else through_a_file(values))
        assert not hasattr(one, "made")
        assert not hasattr(one.part, "seen")
        assert (one.stage, "scale" in vars(one)) == (1, False)


class Two(nn.Module):
    """Begins with one object and one list under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.best = Epoch(0)
        self.a = self.b = list[int]()


def test_two_objects_are_two_again_where_one_stands_now() -> None:
    two, again = Two(), Two()
    two.now, two.best.number = Epoch(5), 3
    two.a = [*two.a, 1]
    for one, values in (
        (two, Walk().values_of(two)),
        (again, through_a_file(Walk().values_of(two))),
    ):
        one.now = one.best
        one.a = one.b
        Return(CPU).set_values(one, values)
        assert (one.now.number, one.best.number, one.a, one.b) == (5, 3, [1], [])
        assert one.now is not one.best


def test_what_a_layer_of_pytorchs_shares_stays_one() -> None:
    keeper, again = Keeper(), Keeper()
    for one in (keeper, again):
        one.layer = nn.Linear(2, 2)
        one.strategy = one.layer.strategy = Slotted(1)
    keeper.strategy.number = 4
    values, rest = values_of_all(keeper)
    assert rest is not None
    giving = Return(CPU)
    for part, kept in zip(again.modules(), through_a_file({"": values})[""], strict=True):
        giving.set_values(part, kept)
    assert again.strategy is again.layer.strategy
    assert again.strategy.number == 4
