"""What a network costs, in work and in memory, known before ONNX Runtime sees it.

Every operator is followed with sizes alone, for one image and for many, each as large as the file
takes. All that operators make grows with the sizes of what they get, so no smaller image costs
more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from captchascope.errors import ModelError
from captchascope.files import printable
from captchascope.model.onnxwalk import MAX_NODES, OTHER, Graph, Port
from captchascope.model.operators import (
    FLOAT,
    MAX_RANK,
    OPERATORS,
    WRITTEN,
    Given,
    MisfitError,
    Node,
    Value,
)

MAX_WORK = 50 * 10**9
"""The most multiply-adds for one image, three seconds where they are slowest. Ours need 3.2e10 for
the widest."""

MAX_WORK_EACH = 400_000
"""The most for each number that an image is made of. Ours need 200,000 at most."""

MAX_BYTES = 2**27
"""The most memory for what is computed at once, be it of one image; ONNX Runtime takes up to three
times as much. Ours need a quarter of it for the widest image, and batches are cut to fit."""

MAX_FIXED = 2**28
"""The most memory for what ONNX Runtime makes of the weights when it opens a file: it computes what
needs no image, and packs each weight anew for every operator that takes it."""

_MANY = 4096  # images at once, by which is seen that none costs more beside others


@dataclass(frozen=True, slots=True)
class Cost:
    """What a batch costs.

    Attributes:
        work: In multiply-adds.
        peak: Bytes of what is there at once.
        fixed: Bytes of what does not depend on the images, as often as it is taken.
        outputs: What comes out, in the file's order.
    """

    work: int
    peak: int
    fixed: int
    outputs: tuple[Value, ...]


def check_cost(graph: Graph, widest: int, where: str) -> Cost:
    """Return what one image of the largest size costs.

    Args:
        graph: The network.
        widest: For an axis that the file leaves open, but for the first, the largest size.
        where: What errors call the file.
    Raises:
        ModelError: If it does not fit together, or costs too much.
    """
    if len(graph.nodes) > MAX_NODES:
        what = f"has {len(graph.nodes):,} operators, more than {MAX_NODES:,}"
        raise ModelError(where, what, OTHER)
    if len(graph.inputs) != 1 or {port.kind for port in graph.inputs} != {FLOAT}:
        what = "is not a network with one input and an output of 32-bit floats"
        raise ModelError(where, what, OTHER)
    one, many = (_Run(graph, batch, widest, where).cost() for batch in (1, _MANY))
    return replace(one, peak=max(one.peak, many.peak // _MANY))


class _Run:
    """The operators of a network in their order, with sizes for arrays."""

    def __init__(self, graph: Graph, batch: int, widest: int, where: str) -> None:
        self._graph, self._batch, self._where = graph, batch, where
        (port,) = graph.inputs
        sizes = port.dims or ()
        dims = tuple(
            (widest if place else batch) if size is None else size
            for place, size in enumerate(sizes)
        )
        self._values: dict[str, Value] = {}
        self._said = {p.name: p for p in (*graph.values, *graph.outputs, port)}
        self._give(port.name, Value(port.kind, dims))
        for tensor in graph.tensors:
            self._give(tensor.name, Value(tensor.kind, tensor.dims, tensor.known, fixed=True))

    def cost(self) -> Cost:
        """Return what all of it costs.

        Raises:
            ModelError: If something does not fit.
        """
        last = self._last_uses()
        weights, images = (
            sum(value.bytes for value in self._values.values() if value.fixed is fixed)
            for fixed in (True, False)
        )
        numbers = self._values[self._graph.inputs[0].name].size // self._batch
        most_work = min(MAX_WORK, MAX_WORK_EACH * numbers)
        work, peak = 0, images
        for place, node in enumerate(self._graph.nodes):
            value, more = self._computed(node)
            (name,) = node.outputs
            self._give(name, value)
            weights += value.bytes * value.fixed
            weights += sum(
                self._values[g].bytes for g in node.inputs if g and self._values[g].fixed
            )
            images += value.bytes * (not value.fixed)
            work, peak = work + more + WRITTEN * value.size, max(peak, images)
            self._require(node, peak, MAX_BYTES * self._batch, "bytes")
            self._require(node, weights, MAX_FIXED, "bytes for the weights")
            self._require(node, work, most_work * self._batch, "multiply-adds")
            for gone in {*node.inputs, name} - {""}:
                if last.get(gone, place) == place and not self._values[gone].fixed:
                    images -= self._values[gone].bytes
        outputs = tuple(self._take(port.name) for port in self._graph.outputs)
        return Cost(work, peak, weights, outputs)

    def _require(self, node: Node, count: int, most: int, kind: str) -> None:
        """Refuse what costs too much, by the operator that makes it so."""
        if count > most:
            several = f"{self._batch:,} images" if self._batch > 1 else "one image"
            what = f"needs more than {most:,} {kind} for {several}, with {_called(node)}"
            raise ModelError(self._where, what, OTHER)

    def _last_uses(self) -> dict[str, int]:
        """Return by which node each value is used for the last time; outputs are to the end."""
        places = enumerate(self._graph.nodes)
        last = {name: place for place, node in places for name in node.inputs}
        return last | dict.fromkeys((p.name for p in self._graph.outputs), len(self._graph.nodes))

    def _computed(self, node: Node) -> tuple[Value, int]:
        """Return what a node gives, and its work."""
        inputs = [self._take(name) if name else None for name in node.inputs]
        try:
            value, work = OPERATORS[node.op].rule(Given(node, inputs))
            if len(value.dims) > MAX_RANK or not all(size >= 1 for size in value.dims):
                raise MisfitError(f"gives the shape {value.dims}")
        except MisfitError as error:
            what = f"has {_called(node)}, which {error}"
            raise ModelError(self._where, what, OTHER) from None
        return value._replace(fixed=all(given.fixed for given in inputs if given)), work

    def _take(self, name: str) -> Value:
        if name not in self._values:
            what = f"uses {printable(name[:80])!r}, which nothing before it gives"
            raise ModelError(self._where, what, OTHER)
        return self._values[name]

    def _give(self, name: str, value: Value) -> None:
        if not name or name in self._values:
            raise ModelError(self._where, f"gives {printable(name[:80])!r} more than once", OTHER)
        said = self._said.get(name)
        if said is not None and not _agrees(said, value):
            what = f"says that {printable(name[:80])!r} has the shape {said.dims}, not {value.dims}"
            raise ModelError(self._where, what, OTHER)
        self._values[name] = value


def _called(node: Node) -> str:
    return f"{node.op} {printable(node.name)!r}" if node.name else node.op


def _agrees(said: Port, value: Value) -> bool:
    """Say whether what a file says of a value is so, as far as it says anything."""
    return said.dims is None or (
        len(said.dims) == len(value.dims)
        and all(size in (None, real) for size, real in zip(said.dims, value.dims, strict=True))
    )
