"""Between which numbers a network's outputs lie, whatever its weights and its inputs are.

Each of PyTorch's operations is looked at as it passes: a sigmoid gives 0 to 1, and 350 times it 0
to 350. What is not known to be bounded, such as a product with weights, is not.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf, log, log1p, pi, prod
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

LIMIT = 10.0
"""An output that reaches it on both sides is as good as free: classes whose logits lie 20 apart are
certain, and no target lies ten standard deviations away."""


@dataclass(frozen=True)
class Range:
    """The lowest and the highest number, and the operation that bounds them."""

    low: float = -inf
    high: float = inf
    end: str = ""

    @property
    def known(self) -> bool:
        """Whether it says anything."""
        return self.low > -inf or self.high < inf

    def too_narrow(self, outputs: int) -> bool:
        """Whether nothing can be learnt well in it: logits of classes, or a standardised target."""
        if outputs == 1:
            return self.low > -LIMIT or self.high < LIMIT
        # A softmax sees differences alone; one of logits that go down without end is as free.
        if self.high == inf:
            return self.low > -LIMIT
        return self.high - self.low < 2 * LIMIT


@dataclass(frozen=True, eq=False)
class _Mask:
    """A comparison with a constant, what it compares, and where that lies if it holds, or not."""

    mask: Tensor
    compared: Tensor
    holds: Range
    fails: Range


CONSTANT = "a constant"
_ENDS = {
    "relu": Range(0, inf, "a ReLU"),
    "softplus": Range(0, inf, "a softplus"),
    "sigmoid": Range(0, 1, "a sigmoid"),
    "hardsigmoid": Range(0, 1, "a hard sigmoid"),
    "_softmax": Range(0, 1, "a softmax"),
    "_log_softmax": Range(-inf, 0, "a log-softmax"),
    "log_sigmoid_forward": Range(-inf, 0, "a log-sigmoid"),
    "tanh": Range(-1, 1, "a tanh"),
    "erf": Range(-1, 1, "an error function"),
    "sin": Range(-1, 1, "a sine"),
    "cos": Range(-1, 1, "a cosine"),
    "atan": Range(-pi / 2, pi / 2, "an arctangent"),
    "hardswish": Range(-0.375, inf, "a hard swish"),
    "gelu": Range(-0.18, inf, "a GELU"),
    "silu": Range(-0.28, inf, "a SiLU"),
    "mish": Range(-0.31, inf, "a Mish"),
    "exp": Range(0, inf, "an exponential"),
    "exp2": Range(0, inf, "an exponential"),
    "expm1": Range(-1, inf, "an exponential"),
    "sign": Range(-1, 1, "a sign"),
    "sgn": Range(-1, 1, "a sign"),
    "heaviside": Range(0, 1, "a step"),
    **dict.fromkeys(("gt", "ge", "lt", "le"), Range(0, 1, "a comparison")),
    "abs": Range(0, inf, "an absolute value"),
    "sqrt": Range(0, inf, "a square root"),
    **dict.fromkeys(("zeros", "zeros_like"), Range(0, 0, CONSTANT)),
    **dict.fromkeys(("ones", "ones_like"), Range(1, 1, CONSTANT)),
}
"""By the names of PyTorch's operations."""
_COPIES = ("clone", "_to_copy", "contiguous", "neg", "copy")


class Ranges(TorchDispatchMode):
    """Follows the ranges of all that is computed while it is active.

    They belong to a tensor's memory, so that each view of it has its range.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._known: dict[int, tuple[Tensor, Range]] = {}
        """By address; the tensor is held, so that no other one comes to lie there."""
        self._norms: dict[int, tuple[Tensor, Tensor]] = {}
        """By address: a norm or a size, and what it is that of."""
        self._masks: dict[int, _Mask] = {}
        """By address."""

    def of(self, value: Any) -> Range:
        """What is known of a tensor or a number."""
        if isinstance(value, Tensor):
            return self._known.get(_address(value), (value, Range()))[1]
        if isinstance(value, int | float):
            return Range(float(value), float(value), CONSTANT)
        return Range()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute, and look."""
        out = func(*args, **(kwargs or {}))
        first = out[0] if isinstance(out, tuple) and out else out
        if isinstance(first, Tensor) and first.numel():
            # What cannot be followed, such as a sparse tensor, is not known, and no fault.
            with suppress(Exception):
                self._note(func.overloadpacket.__name__, first, args, set(kwargs or {}))
        return out

    def _note(self, name: str, out: Tensor, args: Sequence[Any], options: set[str]) -> None:
        tensors = [arg for arg in args if isinstance(arg, Tensor)]
        address, written = _address(out), name.endswith("_")
        if name == "lift_fresh" and out.numel() == 1:
            value = float(out)
            self._known[address] = (out, Range(value, value, CONSTANT))
            return
        if not written and address in map(_address, tensors):
            return  # A view.
        found = Range()
        if args and not options & {"alpha", "rounding_mode"}:
            with suppress(Exception):
                found = self._made(name.rstrip("_"), out, args)
        whole = out.numel() * out.element_size() == out.untyped_storage().nbytes()
        self._known.pop(address, None)
        if found.known and (whole or not written):
            self._known[address] = (out, found)

    def _made(self, name: str, out: Tensor, args: Sequence[Any]) -> Range:
        """The range of what an operation makes."""
        operands = [self.of(arg) for arg in args]
        first = operands[0]
        self._note_mask(name, out, args, operands)
        if name == "abs":
            self._norms[_address(out)] = (out, args[0])
        if name in _ENDS:
            return _ENDS[name]
        if name in _COPIES:
            first = operands[1] if name == "copy" else first
            return _times(first, Range(-1, -1, CONSTANT)) if name == "neg" else first
        if name in ("cat", "stack") and isinstance(args[0], list | tuple):
            return _union([self.of(part) for part in args[0]])
        if name == "linalg_vector_norm":
            self._norms[_address(out)] = (out, args[0])
            return Range(0, inf, "a norm")
        if name in ("clamp_min", "clamp", "add", "clone") and _address(args[0]) in self._norms:
            self._norms[_address(out)] = (out, self._norms[_address(args[0])][1])
        if name == "div" and isinstance(args[1], Tensor) and len(args) == 2:
            of = self._norms.get(_address(args[1]))
            if of is not None and _address(of[1]) == _address(args[0]):
                return Range(-1, 1, "a normalisation")
        if name in _CHOICES:
            return self._chosen(name, args)
        if name == "mul" and _are_one(*args[:2]):
            return Range(0, inf, "an even power")
        if name == "mul" and (kept := self._masked(args[0], args[1]) or self._masked(*args[1::-1])):
            return kept
        if name == "add" and self._is_size_of(*args[:2]):
            return Range(0, inf, "a ReLU")
        return _RULES[name](*operands) if name in _RULES else _special(name, args)

    def _note_mask(
        self, name: str, out: Tensor, args: Sequence[Any], operands: Sequence[Range]
    ) -> None:
        """Remember a comparison with a constant, and copies of it as numbers."""
        if name in ("gt", "ge", "lt", "le"):
            constant = operands[1]
            if constant.low == constant.high:
                over, under = Range(constant.low, inf), Range(-inf, constant.low)
                holds, fails = (over, under) if name[0] == "g" else (under, over)
                self._masks[_address(out)] = _Mask(out, args[0], holds, fails)
        elif name in ("_to_copy", "clone", "logical_not", "bitwise_not"):
            known = self._masks.get(_address(args[0]))
            if known is not None:
                ways = (known.holds, known.fails)
                holds, fails = ways[::-1] if name.endswith("not") else ways
                self._masks[_address(out)] = _Mask(out, known.compared, holds, fails)

    def _side(self, mask: Any, value: Any, holds: bool) -> Range:
        """Where a value lies in places where a comparison holds, or does not."""
        found, known = self.of(value), self._masks.get(_address(mask))
        if known is not None and _are_one(known.compared, value):
            side = known.holds if holds else known.fails
            return Range(max(found.low, side.low), min(found.high, side.high), found.end)
        return found

    def _chosen(self, name: str, args: Sequence[Any]) -> Range:
        """Of one value in some places, and of another one in the others."""
        if name == "where":
            mask, yes, no = args[:3]
        elif name == "masked_fill":
            no, mask, yes = args[:3]
        else:  # A value is put where a mask is.
            no, (mask,), yes = args[:3]
        return _cut(_union([self._side(mask, yes, True), self._side(mask, no, False)]))

    def _masked(self, value: Any, mask: Any) -> Range | None:
        """Of a value times a comparison of it."""
        known = self._masks.get(_address(mask))
        if known is None or not _are_one(known.compared, value):
            return None
        return _cut(_union([self._side(mask, value, True), Range(0, 0, CONSTANT)]))

    def _is_size_of(self, a: Any, b: Any) -> bool:
        sizes = ((a, self._norms.get(_address(b))), (b, self._norms.get(_address(a))))
        return any(known is not None and _are_one(known[1], value) for value, known in sizes)


_CHOICES = ("where", "masked_fill", "index_put")


def _cut(range_: Range) -> Range:
    """What is chosen by a comparison, as it is called."""
    return Range(range_.low, range_.high, "a ReLU" if range_.low == 0 else "a clamp")


def _are_one(a: Any, b: Any) -> bool:
    """Whether two tensors are the same values."""
    if not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        return False
    places = [(t.data_ptr(), t.shape, t.stride(), t.dtype) for t in (a, b)]
    return places[0] == places[1]


def _address(tensor: Any) -> int:
    return tensor.untyped_storage().data_ptr() if isinstance(tensor, Tensor) else 0


def _special(name: str, args: Sequence[Any]) -> Range:
    """Operations whose numbers decide."""
    if name in ("scalar_tensor", "full", "full_like"):
        value = float(args[0 if name == "scalar_tensor" else 1])
        return Range(value, value, CONSTANT)
    if name == "hardtanh":
        low, high = args[1:] if len(args) > 1 else (-1, 1)
        return Range(low, high, "a ReLU6 or hard tanh")
    if name in ("elu", "celu"):
        factors = [float(factor) for factor in args[1:3]]
        return Range(-abs(prod(factors)), inf, "an ELU")
    if name == "threshold":
        return Range(min(args[1:3]), inf, "a threshold")
    if name == "pow" and isinstance(args[1], int | float) and args[1] % 2 == 0:
        return Range(0, inf, "an even power")
    return Range()


def _name(*operands: Range) -> str:
    ends = [operand.end for operand in operands if operand.end]
    return next((end for end in ends if end != CONSTANT), ends[0] if ends else "")


def _times(a: Range, b: Range) -> Range:
    # Nothing times infinity is nothing, as the infinity stands for a number of any size.
    ends = [x * y if x and y else 0.0 for x in (a.low, a.high) for y in (b.low, b.high)]
    return Range(min(ends), max(ends), _name(a, b))


def _over(a: Range, b: Range) -> Range:
    return _times(a, _inverse(b))


def _inverse(a: Range) -> Range:
    if a.low > 0 or a.high < 0:
        return Range(1 / a.high, 1 / a.low, a.end)
    # Of what is 0 or more, the inverse is more than 0.
    return Range(0, inf, a.end) if a.low == 0 else Range()


def _rising(function: Callable[[float], float], least: float) -> Callable[[Range], Range]:
    """Of a function that grows with its argument, which is `least` or more."""

    def apply(a: Range) -> Range:
        ends = [function(end) if least < end < inf else end for end in (a.low, a.high)]
        return Range(-inf if a.low <= least else ends[0], ends[1], a.end) if a.known else a

    return apply


def _plus(a: Range, b: Range) -> Range:
    return Range(a.low + b.low, a.high + b.high, _name(a, b))


def _minus(a: Range, b: Range) -> Range:
    return Range(a.low - b.high, a.high - b.low, _name(a, b))


def _clamp(a: Range, low: Range, high: Range | None = None) -> Range:
    least = low.low if low.end == CONSTANT else -inf
    most = high.high if high is not None and high.end == CONSTANT else inf
    return Range(min(max(a.low, least), most), max(min(a.high, most), least), "a clamp")


def _union(parts: Sequence[Range]) -> Range:
    return Range(min(p.low for p in parts), max(p.high for p in parts), _name(*parts))


_RULES: dict[str, Callable[..., Range]] = {
    "mul": _times,
    "div": _over,
    "add": _plus,
    "sub": _minus,
    "rsub": lambda a, b: _minus(b, a),
    "clamp": _clamp,
    "clamp_min": _clamp,
    "reciprocal": _inverse,
    "log": _rising(log, 0),
    "log1p": _rising(log1p, -1),
    "clamp_max": lambda a, high: _clamp(a, Range(), high),
    "maximum": lambda a, b: Range(max(a.low, b.low), max(a.high, b.high), "a maximum"),
    "minimum": lambda a, b: Range(min(a.low, b.low), min(a.high, b.high), "a minimum"),
}
