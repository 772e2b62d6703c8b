"""SVG drawings whose outlines give characters away: who has seen one once can look it up."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from captchascope.audit.figures import Leak
from captchascope.audit.leaks.places import DRAWING
from captchascope.evaluate import Rate
from captchascope.files import printable
from captchascope.image.drawing import tag_of
from captchascope.image.svg import parsed_drawing

_MOST_PATHS = 500
_MOST_PARTS = 4000  # commands and numbers of an outline
_SHUFFLES = 199
_LEVEL = 0.01
_PART = re.compile(r"[A-Za-z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_MOVED = re.compile(r"translate\(\s*([-+]?(?:\d+\.?\d*|\.\d+))", re.ASCII)

_COORDINATES = {"M": "xy", "L": "xy", "T": "xy", "H": "x", "V": "y", "S": "xyxy", "Q": "xyxy"} | {
    "C": "xyxyxy",
    "A": ".....xy",
    "Z": "",
}
"""What the numbers of a command are (SVG 1.1, section 8.3)."""

_KINDS = {
    "shape": "the outlines of the characters, which are drawn alike each time",
    "commands": "the commands of the outlines, which are the same for the same character",
}


class _Outline(NamedTuple):
    """An outline: its left end, its shape wherever that is, its commands alone, its source."""

    left: float
    shape: str
    commands: str
    source: str


def outline_leaks(drawings: Sequence[tuple[bytes, str]], seed: int) -> tuple[Leak, ...]:
    """Return how many answers can be looked up by the outlines of the other drawings' characters.

    As many outlines as the answer has characters, the longest, are taken for these, from left to
    right. Each is read as what it mostly is in the other drawings; by chance as many are read when
    the answers are shuffled.

    Args:
        drawings: SVG drawings, each with its answer.
        seed: Of the shuffles.
    """
    rows, answers = list[list[_Outline]](), list[str]()
    for data, answer in drawings:
        outlines = _outlines(data, len(answer))
        if len(outlines) == len(answer):
            rows.append(outlines)
            answers.append(answer)
    random = np.random.default_rng(seed)
    for kind, what in _KINDS.items():
        keys = [[str(getattr(outline, kind)) for outline in row] for row in rows]
        right = _looked_up(keys, answers)
        if not right:
            continue
        by_chance = [_looked_up(keys, _shuffled(answers, random)) for _ in range(_SHUFFLES)]
        as_many = sum(count >= right for count in by_chance)
        if (1 + as_many) / (1 + _SHUFFLES) <= _LEVEL / len(_KINDS):
            example = f"{printable(rows[0][0].source[:60])} is {printable(answers[0][0])}"
            chance = round(sum(by_chance) / _SHUFFLES, 2)
            return (Leak(DRAWING, what, example, Rate(right, len(drawings)), chance),)
    return ()


def _looked_up(keys: Sequence[Sequence[str]], answers: Sequence[str]) -> int:
    """Return how many answers the outlines tell, each by all drawings but its own."""
    counts = defaultdict[str, Counter[str]](Counter)
    for row, answer in zip(keys, answers, strict=True):
        for key, char in zip(row, answer, strict=True):
            counts[key][char] += 1
    right = 0
    for row, answer in zip(keys, answers, strict=True):
        own = Counter(zip(row, answer, strict=True))
        right += all(_told(counts[key], key, own) == char for key, char in own)
    return right


def _told(counted: Counter[str], key: str, own: Counter[tuple[str, str]]) -> str | None:
    """Return the character that an outline mostly is elsewhere; None where it is nowhere else."""
    elsewhere = {char: times - own[key, char] for char, times in counted.items()}
    char = max(elsewhere, key=lambda char: (elsewhere[char], char))
    return char if elsewhere[char] > 0 else None


def _shuffled(answers: Sequence[str], random: np.random.Generator) -> list[str]:
    """Return the answers in another order, each in the place of one of its length."""
    shuffled = list(answers)
    places = defaultdict[int, list[int]](list)
    for place, answer in enumerate(answers):
        places[len(answer)].append(place)
    for alike in places.values():
        for place, other in zip(alike, random.permutation(alike).tolist(), strict=True):
            shuffled[place] = answers[other]
    return shuffled


def _outlines(data: bytes, count: int) -> list[_Outline]:
    """Return the ``count`` longest outlines of a drawing, from left to right."""
    root = parsed_drawing(data)
    found: list[tuple[str, str]] = []
    for element in () if root is None else root.iter():
        if tag_of(element) == "path" and (source := element.get("d", "")):
            found.append((source, element.get("transform", "")))
        if len(found) == _MOST_PATHS:
            break
    longest = sorted(found, key=lambda path: -len(path[0]))[:count]
    return sorted(_outline(source, moved) for source, moved in longest)


def _outline(source: str, transform: str) -> _Outline:
    """Take an outline apart, with its coordinates counted from where it begins."""
    parts = [match[0] for match, _ in zip(_PART.finditer(source), range(_MOST_PARTS), strict=False)]
    shape, commands = list[str](), list[str]()
    origin: dict[str, float] = {}
    command, place = "M", 0
    for part in parts:
        if part.isalpha():
            command, place = part, 0
            shape.append(part)
            commands.append(part)
            continue
        axes = _COORDINATES.get(command.upper(), "") or "."
        axis = axes[place % len(axes)]
        place += 1
        number = float(part)
        # The first point counts from the corner, whatever its command.
        absolute = axis != "." and (command.isupper() or axis not in origin)
        shape.append(f"{number - origin.setdefault(axis, number) if absolute else number:.0f}")
        commands.append("")
    moved = _MOVED.match(transform.strip())
    left = origin.get("x", 0.0) + (float(moved[1]) if moved else 0.0)
    return _Outline(left, " ".join(shape), " ".join(commands), source)
