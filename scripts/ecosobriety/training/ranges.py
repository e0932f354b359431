"""Between which numbers a network's outputs lie, whatever its weights and its inputs are.

Each of PyTorch's operations is looked at as it passes: a sigmoid gives 0 to 1, and 350 times it 0
to 350. What is not known to be bounded, such as a product with weights, is not.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf, pi, prod
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
        """By address: a norm, and what it is the norm of."""

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
        return _RULES[name](*operands) if name in _RULES else _special(name, args)


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
    if b.low != b.high or not b.low:
        return Range()
    return _times(a, Range(1 / b.low, 1 / b.low, CONSTANT))


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
    "clamp_max": lambda a, high: _clamp(a, Range(), high),
    "maximum": lambda a, b: Range(max(a.low, b.low), max(a.high, b.high), "a maximum"),
    "minimum": lambda a, b: Range(min(a.low, b.low), min(a.high, b.high), "a minimum"),
}
