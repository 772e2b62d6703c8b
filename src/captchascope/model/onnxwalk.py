"""A read-only walk through the bytes of an ONNX file, before anything else may open it.

ONNX files are protobuf messages (https://protobuf.dev/programming-guides/encoding): fields of a
number, a wire type and a value, where a value may be a message again. The walk enters the
messages that may hold a tensor or a node, skips all others by their length, and copies nothing
but metadata and names. It keeps a list of what is still to be visited instead of recursing, sees
no byte twice at the same level, and gives up after ``MAX_FIELDS`` fields, so that hostile bytes
cost a few seconds at the most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from captchascope.errors import ModelError
from captchascope.files import Refusals, printable, read_regular

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
"""The domains whose operators every ONNX Runtime has."""

MAX_MODEL_BYTES = 64 * 2**20
"""The longest model file."""

MAX_DEPTH = 32
"""The deepest nesting of messages: ten subgraphs. ONNX Runtime 1.18 takes hours over thirty."""

MAX_FIELDS = 2_000_000
"""The number of fields after which a file is given up; a model of ours has a few thousand."""

_Field: TypeAlias = tuple[int, int, int, int]
"""Number and wire type; then, by the wire type, start and end of the bytes or the value and 0."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}

# The fields of onnx.proto to enter, by the kind of the message. A field that protobuf merges when
# it is repeated is entered each time.
_ENTERED = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_IR_VERSION, _GRAPH, _OPSET, _PROPS = 1, 7, 8, 14  # ModelProto
_OP_TYPE, _DOMAIN = 4, 7  # NodeProto
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # TensorProto
_KEY, _VALUE = 1, 2  # StringStringEntryProto

_NEWEST_IR = 255  # 14 as of 2026; the bound only tells an ONNX file from any other
_FETCH_AGAIN = "download or copy it again"
_TRAIN = "train one with `captchascope train`"
_REFUSALS = Refusals(ModelError, "a model file", "copy it to one", _TRAIN)

_LOOKS = {
    b"PK\x03\x04": "a ZIP archive, as PyTorch writes its checkpoints",
    b"\x80": "a Python pickle, which is never loaded",
    b"version https://git-lfs": "a Git LFS pointer; fetch the file with `git lfs pull`",
    b"<": "a page of HTML or XML",
    b"{": "JSON",
    b"\x89HDF": "an HDF5 file, as Keras writes it",
}


def read_model(path: Path) -> bytes:
    """Return the bytes of a file of at most ``MAX_MODEL_BYTES``.

    Raises:
        ModelError: If there is no such file, or it cannot be read or is too large.
    """
    return read_regular(path, MAX_MODEL_BYTES, _REFUSALS, printable(path))


def read_props(data: bytes, where: str) -> dict[str, str]:
    """Check the bytes of an ONNX file, and return its metadata; errors name ``where``.

    Raises:
        ModelError: If it is empty, too large, not an ONNX file, truncated or damaged, keeps data
            in other files, or uses operators that are not ONNX's own.
    """
    if not data:
        raise ModelError(where, "is empty", _FETCH_AGAIN)
    if len(data) > MAX_MODEL_BYTES:
        _REFUSALS.check_size(where, len(data), MAX_MODEL_BYTES)
    walk = _Walk(data, where)
    walk.check_start()
    walk.check_complete()
    walk.check_messages()
    return walk.props()


@dataclass(slots=True)
class _Walk:
    data: bytes
    where: str
    fields_left: int = MAX_FIELDS

    def check_start(self) -> None:
        """Refuse what does not begin with a plausible ``ir_version``, as every writer puts it."""
        if self.data[:1] == bytes([_IR_VERSION << 3 | _VARINT]):
            version, _ = self._varint(1, len(self.data))
            if 0 < version <= _NEWEST_IR:
                return
        looks = [look for magic, look in _LOOKS.items() if self.data.startswith(magic)]
        tail = f"; it looks like {looks[0]}" if looks else ""
        raise ModelError(self.where, f"is not an ONNX file{tail}", _TRAIN)

    def check_complete(self) -> None:
        """Refuse a file that breaks off, be it between two fields."""
        numbers = {number for number, *_ in self._fields(0, len(self.data))}
        if not {_GRAPH, _OPSET} <= numbers:
            raise self._broken(len(self.data))

    def check_messages(self) -> None:
        """Refuse external data and custom operators at any depth."""
        pending = [("model", 0, len(self.data), 1)]
        while pending:
            kind, start, end, depth = pending.pop()
            if depth > MAX_DEPTH:
                what = f"is nested more than {MAX_DEPTH} messages deep"
                raise ModelError(self.where, what, _TRAIN)
            entered = _ENTERED[kind]
            for field in self._fields(start, end):
                number, wire, at, stop = field
                if wire == _BYTES and number in entered:
                    pending.append((entered[number], at, stop, depth + 1))
                elif kind == "node" and number == _DOMAIN:
                    self._check_domain(field, start, end)
                elif kind == "tensor":
                    external = number == _EXTERNAL_DATA and wire == _BYTES
                    if external or (number == _DATA_LOCATION and wire == _VARINT and at != 0):
                        what = "keeps a part of its data in another file"
                        remedy = "save it as one file, without external data"
                        raise ModelError(self.where, what, remedy)

    def props(self) -> dict[str, str]:
        """Return the metadata.

        Raises:
            ModelError: If it is not text, or names a key twice.
        """
        props: dict[str, str] = {}
        for number, wire, start, stop in self._fields(0, len(self.data)):
            if (number, wire) != (_PROPS, _BYTES):
                continue
            key, value = self._entry(start, stop)
            if key in props:
                what = f"has the metadata {printable(key[:40])!r} more than once"
                raise ModelError(self.where, what, _TRAIN)
            props[key] = value
        return props

    def _entry(self, start: int, end: int) -> tuple[str, str]:
        texts = {_KEY: b"", _VALUE: b""}
        for number, wire, at, stop in self._fields(start, end):
            if wire == _BYTES and number in texts:
                texts[number] = self.data[at:stop]
        try:
            return texts[_KEY].decode(), texts[_VALUE].decode()
        except UnicodeDecodeError:
            what = "has metadata that is not UTF-8 text"
            raise ModelError(self.where, what, _FETCH_AGAIN) from None

    def _check_domain(self, domain: _Field, start: int, end: int) -> None:
        """Refuse the node from ``start`` to ``end`` if its domain is not one of ONNX's own."""
        name = self._name(domain)
        if name in DOMAINS:
            return
        types = [self._name(f) for f in self._fields(start, end) if f[0] == _OP_TYPE]
        operator = "::".join([name, *types[-1:]])
        what = f"uses the custom operator {operator}, which is not one of ONNX's own"
        raise ModelError(self.where, what, _TRAIN)

    def _name(self, field: _Field) -> str:
        """Return a text of one line; the empty one for a field that is not text."""
        _, wire, start, stop = field
        if wire != _BYTES:
            return ""
        return printable(self.data[start : min(stop, start + 80)].decode(errors="replace"))

    def _fields(self, start: int, end: int) -> Iterator[_Field]:
        """Yield the fields of the message from ``start`` to ``end``."""
        at = start
        while at < end:
            self.fields_left -= 1
            if self.fields_left < 0:
                what = f"has more than {MAX_FIELDS:,} fields"
                raise ModelError(self.where, what, _TRAIN)
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            # Protobuf cuts a tag to 32 bits: one beyond them would mean another field there.
            if number == 0 or tag >> 32:
                raise self._broken(0)
            if wire == _VARINT:
                value, at = self._varint(at, end)
                yield number, wire, value, 0
                continue
            if wire == _BYTES:
                length, at = self._varint(at, end)
            elif wire in _WIDTHS:
                length = _WIDTHS[wire]
            else:  # a group, which ONNX never had
                raise self._broken(0)
            if length > end - at:
                raise self._broken(end)
            yield number, wire, at, at + length
            at += length

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the number of up to ten bytes that begins at ``at``, and where it ends."""
        value = 0
        for shift in range(0, 70, 7):
            if at >= end:
                raise self._broken(end)
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
        raise self._broken(0)

    def _broken(self, end: int) -> ModelError:
        """Return the error for bytes that contradict the format; at the file's end they lack."""
        if end == len(self.data):
            return ModelError(self.where, "is truncated: its ONNX data ends early", _FETCH_AGAIN)
        return ModelError(self.where, "is damaged: its ONNX data is corrupted", _FETCH_AGAIN)
