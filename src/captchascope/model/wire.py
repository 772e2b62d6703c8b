"""Protobuf's wire format (https://protobuf.dev/programming-guides/encoding), read without trust.

A message is a row of fields: a number, a wire type and a value, where a value may be a message
again. Nothing is copied, and after ``MAX_FIELDS`` fields a file is given up, so that hostile bytes
cost a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from captchascope.errors import ModelError

MAX_FIELDS = 100_000
"""The number of fields after which a file is given up; a model of ours has 3,000."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""The wire types that ONNX has."""

FETCH_AGAIN = "download or copy it again"

Field: TypeAlias = tuple[int, int, int, int]
"""Number and wire type; then, by the wire type, start and end of the bytes or the value and 0."""

_WIDTHS = {FIXED64: 8, FIXED32: 4}


@dataclass(slots=True)
class Wire:
    """The bytes of a file, and what errors call it."""

    data: bytes
    where: str
    fields_left: int = MAX_FIELDS

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield the fields of the message from ``start`` to ``end``.

        Raises:
            ModelError: If the bytes are no such message, or there are too many.
        """
        at, data = start, self.data
        while at < end:
            self.fields_left -= 1
            if self.fields_left < 0:
                self.spend()
            tag, at = (data[at], at + 1) if data[at] < 0x80 else self.varint(at, end)
            number, wire = tag >> 3, tag & 7
            # Protobuf cuts a tag to 32 bits: one beyond them would mean another field there.
            if number == 0 or tag >> 32:
                raise self.broken(0)
            if wire == VARINT:
                value, at = self.varint(at, end)
                yield number, wire, value, 0
                continue
            if wire == BYTES:
                length, at = self.varint(at, end)
            elif wire in _WIDTHS:
                length = _WIDTHS[wire]
            else:  # a group, which ONNX never had
                raise self.broken(0)
            if length > end - at:
                raise self.broken(end)
            yield number, wire, at, at + length
            at += length

    def spend(self) -> None:
        """Count one more field, or number in a row of them."""
        self.fields_left -= 1
        if self.fields_left < 0:
            what = f"has more than {MAX_FIELDS:,} fields"
            raise ModelError(self.where, what, FETCH_AGAIN)

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the number of up to ten bytes that begins at ``at``, and where it ends."""
        if at < end and self.data[at] < 0x80:  # as most are
            return self.data[at], at + 1
        value = 0
        for shift in range(0, 70, 7):
            if at >= end:
                raise self.broken(end)
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
        raise self.broken(0)

    def broken(self, end: int) -> ModelError:
        """Return the error for bytes that contradict the format; at the file's end they lack."""
        if end == len(self.data):
            return ModelError(self.where, "is truncated: its ONNX data ends early", FETCH_AGAIN)
        return ModelError(self.where, "is damaged: its ONNX data is corrupted", FETCH_AGAIN)


def signed(value: int) -> int:
    """Return the whole number of 64 bits that a varint stands for."""
    value &= 2**64 - 1
    return value - (value >> 63 << 64)
