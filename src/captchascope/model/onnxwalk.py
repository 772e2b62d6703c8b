"""A read-only walk through the bytes of an ONNX file, before anything else may open it.

The walk knows the fields of onnx.proto that a network of ours has, and refuses every other: data in
other files, functions, graphs within nodes, sparse arrays, arrays that are not as long as they say,
a second value where there may be one. So no two parsers can see two different networks in a file.
It copies nothing but metadata, names and sizes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from captchascope.errors import ModelError
from captchascope.files import Refusals, printable, read_regular
from captchascope.model.operators import (
    INT64,
    ITEM_BYTES,
    MAX_KNOWN,
    MAX_RANK,
    OPERATORS,
    Attribute,
    Node,
    Tensor,
)
from captchascope.model.wire import BYTES, FETCH_AGAIN, FIXED32, VARINT, Field, Wire, signed

MAX_MODEL_BYTES = 64 * 2**20
"""The longest model file."""

MAX_NODES = 1000
"""The most operators; a network of ours has 200."""

MAX_DIM = 2**26
"""The longest axis; a file has no room for more numbers."""

OPSETS = range(17, 22)
"""The versions of ONNX's operators whose rules are known; ours have 20."""

_IR_VERSION, _GRAPH, _OPSET, _PROPS = 1, 7, 8, 14  # ModelProto
_OP_TYPE, _DOMAIN = 4, 7  # NodeProto

_NEWEST_IR = 255  # 14 as of 2026; the bound only tells an ONNX file from any other
_TRAIN = "train one with `captchascope train`"
OTHER = "train it again with `captchascope train`, or take one that `captchascope models` lists"
"""What to do about a network that is none of ours."""

_REFUSALS = Refusals(ModelError, "a model file", "copy it to one", _TRAIN)

_LOOKS = {
    b"PK\x03\x04": "a ZIP archive, as PyTorch writes its checkpoints",
    b"\x80": "a Python pickle, which is never loaded",
    b"version https://git-lfs": "a Git LFS pointer; fetch the file with `git lfs pull`",
    b"<": "a page of HTML or XML",
    b"{": "JSON",
    b"\x89HDF": "an HDF5 file, as Keras writes it",
}

# The fields of onnx.proto, by message: what a value is, and under which name it is kept, with a
# star where there may be several. What is refused has in that place what to say of it.
_TEXT, _NUMBER, _FLOAT, _RAW, _LENGTH = "text", "number", "float", "raw", "length"
_SKIPPED, _REFUSED = "skipped", "refused"
_OUTSIDE = "keeps a part of its data in another file"
_WITHIN = "holds a graph within a node, as loops and branches do"
_SPARSE = "holds sparse arrays"
_OTHERWISE = "holds numbers in a form that captchascope never writes"
_Schema: TypeAlias = Mapping[int, tuple[str, str]]
_MESSAGES: Mapping[str, _Schema] = {
    "model": {
        1: (_NUMBER, "ir"),
        2: (_SKIPPED, ""),
        3: (_SKIPPED, ""),
        4: (_SKIPPED, ""),
        5: (_NUMBER, "version"),
        6: (_SKIPPED, ""),
        7: ("graph", "graph"),
        8: ("opset", "opsets*"),
        14: ("entry", "props*"),
        20: (_REFUSED, "holds a training of its own"),
        25: (_REFUSED, "defines functions of its own"),
    },
    "opset": {1: (_TEXT, "domain"), 2: (_NUMBER, "version")},
    "entry": {1: (_RAW, "key"), 2: (_RAW, "value")},
    "graph": {
        1: ("node", "nodes*"),
        2: (_SKIPPED, ""),
        5: ("tensor", "tensors*"),
        10: (_SKIPPED, ""),
        16: (_SKIPPED, ""),
        11: ("port", "inputs*"),
        12: ("port", "outputs*"),
        13: ("port", "values*"),
        15: (_REFUSED, _SPARSE),
    },
    "node": {
        1: (_TEXT, "inputs*"),
        2: (_TEXT, "outputs*"),
        3: (_TEXT, "name"),
        4: (_TEXT, "op"),
        5: ("attribute", "attributes*"),
        6: (_SKIPPED, ""),
        7: (_TEXT, "domain"),
        9: (_SKIPPED, ""),
    },
    "attribute": {
        1: (_TEXT, "name"),
        2: (_FLOAT, "2"),
        3: (_NUMBER, "3"),
        4: (_RAW, "4"),
        5: ("tensor", "5"),
        8: (_NUMBER, "8*"),
        13: (_SKIPPED, ""),
        20: (_NUMBER, "type"),
        6: (_REFUSED, _WITHIN),
        11: (_REFUSED, _WITHIN),
        22: (_REFUSED, _SPARSE),
        23: (_REFUSED, _SPARSE),
    },
    "tensor": {
        1: (_NUMBER, "dims*"),
        2: (_NUMBER, "kind"),
        8: (_TEXT, "name"),
        9: (_LENGTH, "raw"),
        12: (_SKIPPED, ""),
        14: (_NUMBER, "location"),
        16: (_SKIPPED, ""),
        4: (_REFUSED, _OTHERWISE),
        5: (_REFUSED, _OTHERWISE),
        7: (_REFUSED, _OTHERWISE),
        13: (_REFUSED, _OUTSIDE),
    },
    "port": {1: (_TEXT, "name"), 2: ("type", "type"), 3: (_SKIPPED, ""), 4: (_SKIPPED, "")},
    "type": {1: ("array", "array"), 6: (_SKIPPED, "")},
    "array": {1: (_NUMBER, "kind"), 2: ("shape", "shape")},
    "shape": {1: ("dim", "dims*")},
    "dim": {1: (_NUMBER, "size"), 2: (_TEXT, "symbol"), 3: (_SKIPPED, "")},
}
_ATTRIBUTES = {1: "2", 2: "3", 3: "4", 4: "5", 7: "8"}  # where the value of each type is


class Port(NamedTuple):
    """An array that goes in or out: its name, the kind of its numbers, and its sizes.

    Those that the image decides are None, and so is the shape where nothing is said of it.
    """

    name: str
    kind: int
    dims: tuple[int | None, ...] | None


@dataclass(frozen=True, slots=True)
class Graph:
    """A network as a file describes it; ``values`` says more of what is computed on the way."""

    nodes: tuple[Node, ...]
    tensors: tuple[Tensor, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    values: tuple[Port, ...]


def read_model(path: Path) -> bytes:
    """Return the bytes of a file of at most ``MAX_MODEL_BYTES``.

    Raises:
        ModelError: If there is no such file, or it cannot be read or is too large.
    """
    return read_regular(path, MAX_MODEL_BYTES, _REFUSALS, printable(path))


def read_props(data: bytes, where: str) -> dict[str, str]:
    """Return the metadata of an ONNX file, whatever its network; errors name ``where``.

    Raises:
        ModelError: If it is empty, too large, not an ONNX file, truncated or damaged, or has
            metadata that is no text, or names a key twice.
    """
    walk = _opened(data, where)
    props: dict[str, str] = {}
    for number, wire, start, stop in walk.fields(0, len(data)):
        if (number, wire) != (_PROPS, BYTES):
            continue
        entry = walk.message("entry", start, stop)
        try:
            key, value = (entry.get(part, b"").decode() for part in ("key", "value"))
        except UnicodeDecodeError:
            what = "has metadata that is not UTF-8 text"
            raise ModelError(where, what, FETCH_AGAIN) from None
        if key in props:
            what = f"has the metadata {printable(key[:40])!r} more than once"
            raise ModelError(where, what, _TRAIN)
        props[key] = value
    return props


def read_graph(data: bytes, where: str) -> Graph:
    """Return the network of an ONNX file; errors name ``where``.

    Raises:
        ModelError: As ``read_props``, or if it holds what no network of captchascope has.
    """
    walk = _opened(data, where)
    model = walk.message("model", 0, len(data))
    opsets = [(opset.get("domain", ""), opset.get("version", 0)) for opset in model["opsets"]]
    if len(opsets) != 1 or opsets[0][0] or opsets[0][1] not in OPSETS:
        told = ", ".join(f"{domain or 'ONNX'} {version}" for domain, version in opsets[:3])
        what = f"needs operators of {printable(told)}; known are ONNX {OPSETS[0]} to {OPSETS[-1]}"
        raise ModelError(where, what, f"upgrade captchascope, or {OTHER}")
    graph = model["graph"]
    return Graph(
        tuple(map(walk.node, graph["nodes"])),
        tuple(map(walk.tensor, graph["tensors"])),
        *(tuple(map(_port, graph[name])) for name in ("inputs", "outputs", "values")),
    )


def _opened(data: bytes, where: str) -> _Walk:
    """Return the walk through a file that looks like a whole one of ONNX."""
    if not data:
        raise ModelError(where, "is empty", FETCH_AGAIN)
    _REFUSALS.check_size(where, len(data), MAX_MODEL_BYTES)
    walk = _Walk(data, where)
    walk.check_start()
    walk.check_complete()
    return walk


class _Walk(Wire):
    """The messages in a file, as what ``_MESSAGES`` says of them."""

    def check_start(self) -> None:
        """Refuse what does not begin with a plausible ``ir_version``, as every writer puts it."""
        if self.data[:1] == bytes([_IR_VERSION << 3 | VARINT]):
            version, _ = self.varint(1, len(self.data))
            if 0 < version <= _NEWEST_IR:
                return
        looks = [look for magic, look in _LOOKS.items() if self.data.startswith(magic)]
        tail = f"; it looks like {looks[0]}" if looks else ""
        raise ModelError(self.where, f"is not an ONNX file{tail}", _TRAIN)

    def check_complete(self) -> None:
        """Refuse a file that breaks off, be it between two fields."""
        numbers = {number for number, *_ in self.fields(0, len(self.data))}
        if not {_GRAPH, _OPSET} <= numbers:
            raise self.broken(len(self.data))

    def message(self, kind: str, start: int, end: int) -> dict[str, Any]:
        """Return what a message holds; of what may be there several times, lists.

        Raises:
            ModelError: If a field is refused, unknown, of another type, or there once too often.
        """
        schema = _MESSAGES[kind]
        found: dict[str, Any] = {name[:-1]: [] for _, name in schema.values() if name[-1:] == "*"}
        if kind == "node":
            self._check_operator(start, end)
        for field in self.fields(start, end):
            of, name = schema.get(field[0], (_REFUSED, f"holds a field, {field[0]} of a {kind},"))
            if of == _SKIPPED:
                continue
            if of == _REFUSED:
                told = name if field[0] in schema else f"{name} that no network of ours has"
                raise ModelError(self.where, told, OTHER)
            if several := name[-1] == "*":
                found[name[:-1]] += self._values(of, field, several=several)
            elif name in found:
                what = f"has a part that may be there once, {name}, more than once"
                raise ModelError(self.where, what, FETCH_AGAIN)
            else:
                (found[name],) = self._values(of, field, several=several)
        return found

    def _values(self, of: str, field: Field, *, several: bool) -> list[Any]:
        """Return the value of a field; numbers may be many in one."""
        _, wire, at, stop = field
        if of == _NUMBER and wire == VARINT:
            return [signed(at)]
        if of == _NUMBER and wire == BYTES and several:
            numbers = []
            while at < stop:
                self.spend()
                number, at = self.varint(at, stop)
                numbers.append(signed(number))
            return numbers
        if of == _FLOAT and wire == FIXED32:
            return [struct.unpack_from("<f", self.data, at)[0]]
        if wire != BYTES or of in (_NUMBER, _FLOAT):
            raise self.broken(0)
        if of == _RAW:
            return [self.data[at:stop]]
        if of == _LENGTH:
            return [(at, stop)]
        return [self._text(at, stop) if of == _TEXT else self.message(of, at, stop)]

    def _text(self, start: int, end: int) -> str:
        try:
            return self.data[start:end].decode()
        except UnicodeDecodeError:
            raise self.broken(0) from None

    def _check_operator(self, start: int, end: int) -> None:
        """Refuse the node from ``start`` to ``end`` unless it is an operator that is known."""
        domains, names = (
            [self._text(at, stop) for n, wire, at, stop in self.fields(start, end) if n == number]
            for number in (_DOMAIN, _OP_TYPE)
        )
        if any(domains):
            operator = printable("::".join([*filter(None, domains), *names])[:80])
            what = f"uses the custom operator {operator}, which is not one of ONNX's own"
            raise ModelError(self.where, what, OTHER)
        if not names or any(name not in OPERATORS for name in names):
            operator = printable(next((n for n in names if n not in OPERATORS), "of no name")[:80])
            what = f"uses the operator {operator}, which no network of captchascope has"
            raise ModelError(self.where, what, OTHER)

    def node(self, found: Mapping[str, Any]) -> Node:
        """Return a node.

        Raises:
            ModelError: If it has other inputs, outputs or attributes than its operator may have.
        """
        op, name = found["op"], found.get("name", "")[:80]
        known = OPERATORS[op]
        attributes = {a.get("name", ""): (a.get("type", 0), a) for a in found["attributes"]}
        types = {key: type_ for key, (type_, _) in attributes.items()}
        fewest, most = known.inputs
        if not types.items() <= known.attributes.items() or len(types) < len(found["attributes"]):
            odd = [key for key in types if known.attributes.get(key) != types[key]]
            what = f"uses {op} with the attribute {printable(odd[0][:80] if odd else 'twice')!r}"
        elif not fewest <= len(found["inputs"]) <= most or len(found["outputs"]) != 1:
            what = f"uses {op} of {len(found['inputs'])} inputs, {len(found['outputs'])} outputs"
        else:
            values = {key: self._attribute(type_, a) for key, (type_, a) in attributes.items()}
            return Node(op, name, tuple(found["inputs"]), tuple(found["outputs"]), values)
        raise ModelError(self.where, f"{what}, as no network of captchascope does", OTHER)

    def _attribute(self, kind: int, found: Mapping[str, Any]) -> Attribute:
        place = _ATTRIBUTES[kind]
        others = {"2": 0.0, "3": 0, "4": b""}  # protobuf leaves out what is nothing
        if place == "5" and place not in found:
            raise self.broken(0)
        value = found.get(place, others.get(place))
        return self.tensor(value) if place == "5" else cast(Attribute, _as_tuple(value))

    def tensor(self, found: Mapping[str, Any]) -> Tensor:
        """Return an array.

        Raises:
            ModelError: If it is not as long as it says, or of numbers that no network has.
        """
        name, dims, kind = found.get("name", ""), tuple(found["dims"]), found.get("kind", 0)
        start, stop = found.get("raw", (0, 0))
        if found.get("location", 0) != 0:
            raise ModelError(self.where, _OUTSIDE, "save it as one file, without external data")
        shape = f"{printable(name[:80])!r}, of the shape {dims[:8]},"
        if kind not in ITEM_BYTES:
            what = f"has numbers of the type {kind} in {shape} which no network of captchascope has"
            raise ModelError(self.where, what, OTHER)
        if len(dims) > MAX_RANK or not all(0 <= size <= MAX_DIM for size in dims):
            raise ModelError(self.where, f"has sizes beyond all bounds in {shape[:-1]}", OTHER)
        if math.prod(dims) * ITEM_BYTES[kind] != stop - start:
            what = f"has {stop - start:,} bytes for {shape} which are other than that takes"
            raise ModelError(self.where, what, FETCH_AGAIN)
        few = kind == INT64 and len(dims) < 2 and math.prod(dims) <= MAX_KNOWN
        known = struct.unpack(f"<{math.prod(dims)}q", self.data[start:stop]) if few else None
        return Tensor(name, kind, dims, known)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _port(found: Mapping[str, Any]) -> Port:
    """Return an input, an output, or what is said of a value between."""
    array = found.get("type", {}).get("array", {})
    shape = array.get("shape")
    dims = None if shape is None else tuple(dim.get("size") for dim in shape["dims"])
    return Port(found.get("name", ""), array.get("kind", 0), dims)
