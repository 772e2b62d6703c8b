"""The operators that a network may have, and what each gives, computed for given sizes.

They are those that ``captchascope train`` exports; nothing here repeats, calls or branches. A rule
says what an operator makes of the sizes of its inputs, and how much work that is, so that what a
file costs is known before ONNX Runtime sees it. Operators: https://onnx.ai/onnx/operators.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, cast

FLOAT, INT64, HALF = 1, 7, 10
"""The types of numbers that networks have, as ONNX numbers them."""

ITEM_BYTES = {FLOAT: 4, INT64: 8, HALF: 2}

READ, TAP, WRITTEN, PICKED, RAISED, NORMALISED = 8, 32, 32, 32, 64, 256
"""What it takes to fetch a number, to look at one for a pool, to write one; and more for one that
is picked by its place, raised to a power, or of a softmax: in multiply-adds of a convolution,
measured where ONNX Runtime is slowest."""

MAX_RANK = 6
MAX_KNOWN = 16  # whole numbers that are followed, as they say which sizes others get

_FLOAT, _INT, _STRING, _TENSOR, _INTS = 1, 2, 3, 4, 7  # types of attributes


class Tensor(NamedTuple):
    """An array in the file: its name, kind and sizes, and the numbers that may be sizes."""

    name: str
    kind: int
    dims: tuple[int, ...]
    known: tuple[int, ...] | None


Attribute: TypeAlias = int | float | bytes | tuple[int, ...] | Tensor


class Node(NamedTuple):
    """An operator in a graph; an input of no name is left out."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]


class Value(NamedTuple):
    """What is known of an array before anything is computed.

    Attributes:
        kind: Of its numbers.
        dims: Its shape.
        known: What is in it, where it is a few whole numbers that do not depend on the image.
        fixed: Whether the image has no part in it; ONNX Runtime computes it once, and keeps it.
    """

    kind: int
    dims: tuple[int, ...]
    known: tuple[int, ...] | None = None
    fixed: bool = False

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.dims)

    @property
    def bytes(self) -> int:
        """What it takes."""
        return self.size * ITEM_BYTES[self.kind]


class MisfitError(ValueError):
    """An operator cannot take what it is given."""


class Given:
    """The inputs of a node, and its attributes."""

    def __init__(self, node: Node, inputs: Sequence[Value | None]) -> None:
        self.node = node
        self._inputs = [*inputs]
        while self._inputs and self._inputs[-1] is None:
            self._inputs.pop()

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, place: int) -> Value:
        found = self._inputs[place] if place < len(self._inputs) else None
        if found is None:
            raise MisfitError(f"lacks its input {place + 1}")
        return found

    def all(self) -> list[Value]:
        """Return the inputs; none of them may be left out."""
        return [self[place] for place in range(len(self))]

    def number(self, name: str, default: int) -> int:
        """Return an attribute that is a whole number."""
        return cast(int, self.node.attributes.get(name, default))

    def numbers(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """Return an attribute that is whole numbers, as many as the default has."""
        found = cast("tuple[int, ...]", self.node.attributes.get(name, default))
        if len(found) != len(default):
            raise MisfitError(f"has {len(found)} {name}, not {len(default)}")
        return found

    def require(self, name: str, *allowed: int | bytes) -> None:
        """Refuse an attribute that is none of those allowed, of which the first is the default."""
        if self.node.attributes.get(name, allowed[0]) not in allowed:
            raise MisfitError(f"has {name} otherwise than at {allowed[0]!r}")

    def known(self, place: int) -> tuple[int, ...]:
        """Return the numbers of an input that must not depend on the image."""
        found = self[place].known
        if found is None:
            raise MisfitError(f"takes sizes, input {place + 1}, that are not fixed numbers")
        return found

    def axis(self, default: int, rank: int) -> int:
        """Return the attribute ``axis``, from 0."""
        return axis_of(self.number("axis", default), rank)


def axis_of(axis: int, rank: int) -> int:
    """Return an axis from 0 that may be counted from the end."""
    if not -rank <= axis < rank:
        raise MisfitError(f"has an axis {axis} of {rank}")
    return axis % rank


def _axes(given: Given, rank: int) -> list[int] | None:
    """Return the axes that the second input names; None where there is none."""
    if len(given) < 2:
        return None
    axes = [axis_of(axis, rank) for axis in given.known(1)]
    if len({*axes}) != len(axes):
        raise MisfitError("names an axis twice")
    return axes


Rule: TypeAlias = Callable[[Given], tuple[Value, int]]
"""What an operator gives, and what it takes beside writing that, in multiply-adds."""


def _same(given: Given) -> tuple[Value, int]:
    return Value(given[0].kind, given[0].dims), 0


def _softmax(given: Given) -> tuple[Value, int]:
    given.axis(-1, len(given[0].dims))
    value, _ = _same(given)
    return value, NORMALISED * value.size


def _cast(given: Given) -> tuple[Value, int]:
    kind = given.number("to", 0)
    if kind not in ITEM_BYTES:
        raise MisfitError(f"makes numbers of a type, {kind}, that no network of captchascope has")
    return Value(kind, given[0].dims, given[0].known if kind == INT64 else None), 0


def _normalise(given: Given) -> tuple[Value, int]:
    dims = given[0].dims
    if len(dims) < 2 or any(given[place].dims != dims[1:2] for place in range(1, 5)):
        raise MisfitError("does not have one number for each channel")
    return _same(given)


def broadcast(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of what is computed of two arrays, number by number."""
    rank = max(len(one), len(other))
    pairs = zip((1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other, strict=True)
    dims = []
    for a, b in pairs:
        if a != b and 1 not in (a, b):
            raise MisfitError(f"joins the shapes {one} and {other}")
        dims.append(max(a, b))
    return tuple(dims)


def _binary(given: Given) -> tuple[Value, int]:
    if given[0].kind != given[1].kind:
        raise MisfitError("joins numbers of two types")
    return Value(given[0].kind, broadcast(given[0].dims, given[1].dims)), 0


def _power(given: Given) -> tuple[Value, int]:
    value, _ = _binary(given)
    return value, RAISED * value.size


def _window(
    given: Given, dims: tuple[int, ...], kernel: tuple[int, ...], dilations: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the sizes of what a kernel gives that moves over arrays of these sizes."""
    ones = (1,) * len(dims)
    strides, pads = given.numbers("strides", ones), given.numbers("pads", (0,) * 2 * len(dims))
    given.require("auto_pad", b"NOTSET")
    before, after = pads[: len(dims)], pads[len(dims) :]
    found = []
    for size, wide, apart, step, left, right in zip(
        dims, kernel, dilations, strides, before, after, strict=True
    ):
        reach = apart * (wide - 1) + 1
        if min(wide, apart, step) < 1 or not 0 <= min(left, right) <= max(left, right) < reach:
            raise MisfitError("has a kernel, a step or a margin that fits nothing")
        found.append((size + left + right - reach) // step + 1)
    if min(found) < 1:
        raise MisfitError(f"has a kernel of {kernel} over {dims}")
    return tuple(found)


def _conv(given: Given) -> tuple[Value, int]:
    (batch, channels, *sizes), (after, before, *kernel) = _dims(given, 0, 3), _dims(given, 1, 3)
    given.require("group", 1)
    ones = (1,) * len(sizes)
    if len(kernel) != len(sizes) or before != channels:
        raise MisfitError(f"has weights of {given[1].dims} for {given[0].dims}")
    if given.numbers("kernel_shape", tuple(kernel)) != tuple(kernel):
        raise MisfitError("has another kernel than its weights")
    if len(given) > 2 and given[2].dims != (after,):
        raise MisfitError("does not have one bias for each channel")
    found = _window(given, tuple(sizes), tuple(kernel), given.numbers("dilations", ones))
    value = Value(given[0].kind, (batch, after, *found))
    inner = before * math.prod(kernel)  # for each pixel, which is laid out in a row before
    return value, (value.size + READ * batch * math.prod(found)) * inner


def _pool(given: Given) -> tuple[Value, int]:
    batch, channels, *sizes = _dims(given, 0, 3)
    ones = (1,) * len(sizes)
    kernel = cast("tuple[int, ...]", given.node.attributes.get("kernel_shape", ()))
    if len(kernel) != len(sizes):
        raise MisfitError("has no kernel for these sizes")
    for name in ("ceil_mode", "storage_order", "count_include_pad"):
        given.require(name, 0)
    if given.numbers("dilations", ones) != ones:
        raise MisfitError("has a kernel with gaps")
    value = Value(given[0].kind, (batch, channels, *_window(given, tuple(sizes), kernel, ones)))
    return value, TAP * value.size * math.prod(kernel)


def _dims(given: Given, place: int, least: int) -> tuple[int, ...]:
    dims = given[place].dims
    if len(dims) < least:
        raise MisfitError(f"takes an array of {len(dims)} axes for one of {least}")
    return dims


def _matmul(given: Given) -> tuple[Value, int]:
    (*one, rows, inner), (*other, same, columns) = _dims(given, 0, 2), _dims(given, 1, 2)
    if inner != same or given[0].kind != given[1].kind:
        raise MisfitError(f"multiplies {given[0].dims} with {given[1].dims}")
    value = Value(given[0].kind, (*broadcast(tuple(one), tuple(other)), rows, columns))
    return value, value.size * inner + READ * given[1].size


def _gemm(given: Given) -> tuple[Value, int]:
    one, other = given[0].dims, given[1].dims
    if len(one) != 2 or len(other) != 2 or given[0].kind != given[1].kind:
        raise MisfitError(f"multiplies {one} with {other}")
    given.require("transA", 0, 1)
    given.require("transB", 0, 1)
    rows, inner = one[::-1] if given.number("transA", 0) else one
    same, columns = other[::-1] if given.number("transB", 0) else other
    dims = rows, columns
    if inner != same or (len(given) > 2 and broadcast(dims, given[2].dims) != dims):
        raise MisfitError(f"multiplies {one} with {other}")
    return Value(given[0].kind, dims), rows * columns * inner + READ * given[1].size


def _concat(given: Given) -> tuple[Value, int]:
    first, *others = parts = given.all()
    axis = given.axis(0, len(first.dims))
    for other in others:
        alike = other.kind == first.kind and len(other.dims) == len(first.dims)
        if not alike or any(
            a != b for i, (a, b) in enumerate(zip(first.dims, other.dims, strict=True)) if i != axis
        ):
            raise MisfitError(f"joins the shapes {first.dims} and {other.dims}")
    dims = [*first.dims]
    dims[axis] = sum(part.dims[axis] for part in parts)
    known = [part.known for part in parts]
    joined = tuple(number for part in known for number in part or ())
    return Value(first.kind, tuple(dims), None if None in known else joined), 0


def _gather(given: Given) -> tuple[Value, int]:
    of, at = given[0], given[1]
    axis = given.axis(0, len(of.dims))
    if at.kind != INT64:
        raise MisfitError("takes places that are no whole numbers")
    dims = (*of.dims[:axis], *at.dims, *of.dims[axis + 1 :])
    known = None
    if of.known is not None and at.known is not None:
        known = tuple(of.known[axis_of(place, len(of.known))] for place in at.known)
    return Value(of.kind, dims, known), PICKED * math.prod(dims)


def _slice(given: Given) -> tuple[Value, int]:
    dims = [*given[0].dims]
    starts, ends = given.known(1), given.known(2)
    axes = given.known(3) if len(given) > 3 else tuple(range(len(starts)))
    steps = given.known(4) if len(given) > 4 else (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or min(steps, default=1) < 1:
        raise MisfitError("takes a part that is none")
    known = given[0].known
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        at = axis_of(axis, len(dims))
        part = slice(start, end, step)
        dims[at] = len(range(*part.indices(dims[at])))
        known = None if known is None else known[part]
    return Value(given[0].kind, tuple(dims), known), 0


def _reshape(given: Given) -> tuple[Value, int]:
    before, wanted = given[0].dims, [*given.known(1)]
    given.require("allowzero", 0, 1)
    if not given.number("allowzero", 0):
        if any(size == 0 and place >= len(before) for place, size in enumerate(wanted)):
            raise MisfitError("keeps an axis that there is none of")
        wanted = [before[place] if size == 0 else size for place, size in enumerate(wanted)]
    if -1 in wanted:
        others = math.prod(size for size in wanted if size != -1)
        wanted[wanted.index(-1)] = given[0].size // max(others, 1)
    if min(wanted, default=1) < 1 or math.prod(wanted) != given[0].size:
        raise MisfitError(f"makes {tuple(wanted)} of {before}")
    return Value(given[0].kind, tuple(wanted), given[0].known), 0


def _transpose(given: Given) -> tuple[Value, int]:
    dims = given[0].dims
    order = given.numbers("perm", tuple(reversed(range(len(dims)))))
    if sorted(order) != [*range(len(dims))]:
        raise MisfitError(f"has axes {order} of {len(dims)}")
    return Value(given[0].kind, tuple(dims[axis] for axis in order)), 0


def _squeeze(given: Given) -> tuple[Value, int]:
    dims = given[0].dims
    axes = _axes(given, len(dims))
    gone = [axis for axis, size in enumerate(dims) if size == 1] if axes is None else axes
    if any(dims[axis] != 1 for axis in gone):
        raise MisfitError(f"leaves out axes {tuple(gone)} of {dims}")
    kept = tuple(size for axis, size in enumerate(dims) if axis not in gone)
    return Value(given[0].kind, kept, given[0].known), 0


def _unsqueeze(given: Given) -> tuple[Value, int]:
    dims = [*given[0].dims]
    for axis in sorted(_axes(given, len(dims) + len(given.known(1))) or ()):
        dims.insert(axis, 1)
    return Value(given[0].kind, tuple(dims), given[0].known), 0


def _reduce(given: Given) -> tuple[Value, int]:
    dims = given[0].dims
    given.require("keepdims", 1, 0)
    given.require("noop_with_empty_axes", 0, 1)
    axes = _axes(given, len(dims))
    if not axes:
        axes = [] if given.number("noop_with_empty_axes", 0) else [*range(len(dims))]
    kept = [1 if axis in axes else size for axis, size in enumerate(dims)]
    if not given.number("keepdims", 1):
        kept = [size for axis, size in enumerate(dims) if axis not in axes]
    return Value(given[0].kind, tuple(kept)), READ * given[0].size


def _shape(given: Given) -> tuple[Value, int]:
    dims = given[0].dims
    part = dims[given.number("start", 0) : given.number("end", len(dims))]
    return Value(INT64, (len(part),), part), 0


def _constant(given: Given) -> tuple[Value, int]:
    if len(given.node.attributes) != 1:
        raise MisfitError("has no value, or several")
    (value,) = given.node.attributes.values()
    if isinstance(value, Tensor):
        return Value(value.kind, value.dims, value.known), 0
    numbers = cast("tuple[int, ...]", value)
    few = numbers if len(numbers) <= MAX_KNOWN else None
    return Value(INT64, (len(numbers),), few), 0


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator that a network may have.

    Attributes:
        rule: What it gives.
        inputs: The fewest and most.
        attributes: The type of each attribute that it may have.
    """

    rule: Rule
    inputs: tuple[int, int]
    attributes: Mapping[str, int]


_WINDOW = {"auto_pad": _STRING, "dilations": _INTS, "kernel_shape": _INTS}
_WINDOW |= {"pads": _INTS, "strides": _INTS}
_POOL = _WINDOW | {"ceil_mode": _INT, "storage_order": _INT, "count_include_pad": _INT}
_GEMM = {"alpha": _FLOAT, "beta": _FLOAT, "transA": _INT, "transB": _INT}
_NORMALISE = {"epsilon": _FLOAT, "momentum": _FLOAT}
_REDUCE = Operator(_reduce, (1, 2), {"keepdims": _INT, "noop_with_empty_axes": _INT})

OPERATORS = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), Operator(_binary, (2, 2), {})),
    **dict.fromkeys(("Relu", "Sqrt", "Identity"), Operator(_same, (1, 1), {})),
    **dict.fromkeys(("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"), _REDUCE),
    **dict.fromkeys(("AveragePool", "MaxPool"), Operator(_pool, (1, 1), _POOL)),
    "BatchNormalization": Operator(_normalise, (5, 5), _NORMALISE),
    "Cast": Operator(_cast, (1, 1), {"to": _INT}),
    "Concat": Operator(_concat, (1, 32), {"axis": _INT}),
    "Constant": Operator(_constant, (0, 0), {"value": _TENSOR, "value_ints": _INTS}),
    "Conv": Operator(_conv, (2, 3), _WINDOW | {"group": _INT}),
    "Gather": Operator(_gather, (2, 2), {"axis": _INT}),
    "Gemm": Operator(_gemm, (2, 3), _GEMM),
    "MatMul": Operator(_matmul, (2, 2), {}),
    "Pow": Operator(_power, (2, 2), {}),
    "Reshape": Operator(_reshape, (2, 2), {"allowzero": _INT}),
    "Shape": Operator(_shape, (1, 1), {"start": _INT, "end": _INT}),
    "Slice": Operator(_slice, (3, 5), {}),
    "Softmax": Operator(_softmax, (1, 1), {"axis": _INT}),
    "Squeeze": Operator(_squeeze, (1, 2), {}),
    "Transpose": Operator(_transpose, (1, 1), {"perm": _INTS}),
    "Unsqueeze": Operator(_unsqueeze, (2, 2), {}),
}
"""By name. ``Div`` is how some versions of the exporter write a mean."""
