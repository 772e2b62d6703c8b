"""Images that someone has tampered with: each a mutation of the structure of a sound one.

``tests/image/test_fuzz.py`` takes some hundreds of them, ``bench/fuzz.py`` ten thousand.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from image.structures import Format, Units, formats

LONGEST = 4 * 2**20
"""Bytes of a tampered image; longer ones add nothing but time."""


@dataclass(frozen=True, slots=True)
class Tampered:
    """A tampered image: its bytes, and what was done to which format."""

    name: str
    data: bytes


def tampered(count: int, seed: int) -> Iterator[Tampered]:
    """Yield tampered images, of all formats by turns; those of a seed are always the same."""
    kinds = formats()
    names = list(kinds)
    for number in range(count):
        chance = random.Random(seed * 1_000_000 + number)
        name = names[number % len(names)]
        data, done = _tampered(kinds[name], chance)
        yield Tampered(f"{number} {name}: {', '.join(done)}", data)


def _tampered(kind: Format, chance: random.Random) -> tuple[bytes, list[str]]:
    units = kind.split(chance.choice(kind.seeds))
    done: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        name = chance.choice(list(_MUTATIONS))
        _MUTATIONS[name](units, kind, chance)
        done.append(name)
    return kind.join(units)[:LONGEST], done


def _place(units: Units, chance: random.Random) -> int:
    return chance.randrange(len(units)) if units else 0


def _times(unit: bytes, chance: random.Random) -> int:
    """Return how often a unit is repeated: mostly seldom, at times until the file is full."""
    return int(min(10 ** chance.uniform(0, 6), LONGEST / (len(unit) + 1)))


def _repeat(units: Units, kind: Format, chance: random.Random) -> None:
    if units:
        place = _place(units, chance)
        units[place:place] = [units[place]] * _times(units[place], chance)


def _bomb(units: Units, kind: Format, chance: random.Random) -> None:
    if not kind.bombs:
        return _repeat(units, kind, chance)
    bomb, place = chance.choice(kind.bombs), _place(units, chance)
    units[place:place] = [bomb] * (_times(bomb, chance) if chance.random() < 0.5 else 1)
    return None


def _drop(units: Units, kind: Format, chance: random.Random) -> None:
    if units:
        del units[_place(units, chance)]


def _swap(units: Units, kind: Format, chance: random.Random) -> None:
    if units:
        one, other = _place(units, chance), _place(units, chance)
        units[one], units[other] = units[other], units[one]


def _splice(units: Units, kind: Format, chance: random.Random) -> None:
    """Put in what stands in another file of the format."""
    other = kind.split(chance.choice(kind.seeds))
    begin = chance.randrange(len(other))
    place = _place(units, chance)
    units[place:place] = other[begin : begin + chance.choice((1, 1, 3, 9))]


def _field(units: Units, kind: Format, chance: random.Random) -> None:
    """Write a number that is an edge of something into the beginning of a unit."""
    if not units:
        return
    place = _place(units, chance)
    unit = bytearray(units[place])
    form = chance.choice((">B", ">H", "<H", ">I", "<I"))
    bits = 8 * struct.calcsize(form)
    edges = (0, 1, 2, 7, 8, 9, 16, 255, 256, 1000, 4000, 2 ** (bits - 1), 2**bits - 2, 2**bits - 1)
    at = chance.randrange(min(len(unit), chance.choice((64, 10_000))) + 1)
    unit[at : at + bits // 8] = struct.pack(form, chance.choice(edges) % 2**bits)
    units[place] = bytes(unit)


def _noise(units: Units, kind: Format, chance: random.Random) -> None:
    """Change some bytes of a unit at random."""
    if not units:
        return
    place = _place(units, chance)
    unit = bytearray(units[place])
    for _ in range(chance.choice((1, 2, 5, 50)) if unit else 0):
        unit[chance.randrange(len(unit))] = chance.choice((0, 255, chance.randrange(256)))
    units[place] = bytes(unit)


def _cut(units: Units, kind: Format, chance: random.Random) -> None:
    """Let a unit end early."""
    if units:
        place = _place(units, chance)
        units[place] = units[place][: chance.randrange(len(units[place]) + 1)]


def _grow(units: Units, kind: Format, chance: random.Random) -> None:
    """Let a unit be followed by many bytes, all alike or all different."""
    if units:
        place, length = _place(units, chance), int(10 ** chance.uniform(0, 6.3))
        more = chance.choice((bytes(length), b"\xff" * length, chance.randbytes(length)))
        units[place] += more


def _resize(units: Units, kind: Format, chance: random.Random) -> None:
    """Say that it has other sides, most of them within the limit."""
    if kind.sizes is None:
        return _field(units, kind, chance)
    sides = (0, 1, 7, 8, 40, 255, 1000, 4000, 16_000, 65_535, 100_000)
    width, height = chance.choice(sides), chance.choice(sides)
    if width * height > 20_000_000 and chance.random() < 0.8:
        width, height = 4000, 4000
    kind.sizes(units, width, height)
    return None


_MUTATIONS: dict[str, Callable[[Units, Format, random.Random], None]] = {
    "repeated": _repeat,
    "bomb": _bomb,
    "dropped": _drop,
    "swapped": _swap,
    "spliced": _splice,
    "field": _field,
    "noise": _noise,
    "cut": _cut,
    "grown": _grow,
    "resized": _resize,
}
