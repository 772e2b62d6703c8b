"""The charts of the results: calibration, learning curve, intervals; and the log of a training."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias

from captchascope.evaluate import Calibration, Rate

_MOST = 8 * 2**20  # bytes of a log


@dataclass(frozen=True, slots=True)
class Point:
    """The state of a training at one moment.

    Attributes:
        at: Images seen, or epochs, as ``TrainingHistory.unit`` says.
        seconds: Since the training began.
        exact: Share of the validation texts that were right; None without any.
        character: Share of their characters that were right; None without any.
        loss: Mean of the training loss, nats.
    """

    at: float
    seconds: float
    exact: float | None
    character: float | None
    loss: float


@dataclass(frozen=True, slots=True)
class TrainingHistory:
    """The points of a training, in order; at least one. ``unit`` is what ``at`` counts."""

    unit: str
    points: tuple[Point, ...]


def read_history(model: Path) -> TrainingHistory | None:
    """Return the history of the training that wrote ``model``, from ``MODEL.onnx.run/log.csv``.

    None where there is no such file, or it is no log that captchascope wrote: the model is as good
    without it.
    """
    try:
        with (model.with_name(f"{model.name}.run") / "log.csv").open("rb") as file:
            text = file.read(_MOST).decode("utf-8")
        rows = list(csv.DictReader(text.splitlines()))
        if not rows:
            return None
        seconds = [float(row["seconds"]) for row in rows]
        if "views" in rows[0]:  # of the ctc method: a row counts images
            points = [
                _point(row, "views", at, "exact") for row, at in zip(rows, seconds, strict=True)
            ]
            return TrainingHistory("images seen", tuple(points))
        since = zip(rows, accumulate(seconds), strict=True)
        points = [_point(row, "number", at, "captcha") for row, at in since]
        return TrainingHistory("epochs", tuple(points))
    except (OSError, ValueError, KeyError, TypeError, csv.Error):  # a row cut off has no strings
        return None


def _point(row: Mapping[str, str], at: str, seconds: float, exact: str) -> Point:
    where = _number(row[at])
    return Point(where, seconds, _share(row[exact]), _share(row["character"]), _number(row["loss"]))


def _share(text: str) -> float | None:
    return None if text == "" else min(max(_number(text), 0.0), 1.0)


def _number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number to draw")
    return number


_WIDTH, _HEIGHT = 360.0, 240.0
_LEFT, _TOP, _RIGHT, _BOTTOM = 48.0, 12.0, 20.0, 42.0  # margins, for the numbers on the axes
_SMALLEST, _LARGEST = 3.0, 9.0  # the radius of a bubble
_HEATS = 4
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # that an axis of shares tells


Tick: TypeAlias = tuple[float, str]
"""A place on an axis, and the number that stands there."""

Curve: TypeAlias = tuple[str, str, tuple[float, float]]
"""The name of a line, its ``points`` as a polyline has them, and the last of them."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """A measured share with its interval: a circle, and a line from ``low`` to ``high``."""

    x: float
    y: float
    radius: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The frame of a chart with its axes, and the marks within.

    Attributes:
        x: The ticks of the axis below, left to right.
        y: The ticks of the axis on the left, from below.
        x_title: What the axis below tells.
    """

    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    x_title: str
    lines: tuple[Curve, ...] = ()
    bubbles: tuple[Bubble, ...] = ()
    width: float = _WIDTH
    height: float = _HEIGHT
    left: float = _LEFT
    top: float = _TOP
    right: float = _WIDTH - _RIGHT
    bottom: float = _HEIGHT - _BOTTOM


def whiskers(rates: Sequence[Rate]) -> tuple[float, list[tuple[float, ...]]]:
    """Return the share that the drawings begin at, and low, value and high of each rate in them.

    Those are from 0 to 100 along the drawing, which begins at the tenth below the lowest interval:
    good readers differ in the last per cent.
    """
    first = min((math.floor(rate.low * 10) / 10 for rate in rates), default=0.0)
    first = min(first, 0.9)
    scale = 100 / (1 - first)
    return first, [
        tuple(round((v - first) * scale, 2) for v in (r.low, r.value, r.high)) for r in rates
    ]


def heat(count: int, total: int) -> int:
    """Return how strongly to colour a wrong cell of a row of so many in all: 0 not, 1 to 4."""
    if not count:
        return 0
    share = count / total
    return next((i for i, most in enumerate((0.01, 0.05, 0.2), 1) if share <= most), _HEATS)


def calibration_chart(found: Calibration) -> Chart:
    """Return how often readings of each confidence were right; on the diagonal it is honest."""
    most = max((one.count for one in found.bins), default=1)
    bubbles = []
    for one in found.bins:
        rate = Rate(round(one.accuracy * one.count), one.count)
        radius = _SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(one.count / most)
        place = _x(one.confidence), _y(rate.value)
        bubbles.append(Bubble(*place, radius, _y(rate.low), _y(rate.high)))
    return Chart(
        tuple((_x(share), f"{share:.0%}") for share in _SHARES),
        tuple((_y(share), f"{share:.0%}") for share in _SHARES),
        "confidence",
        (("honest", _polyline([(0.0, 0.0), (1.0, 1.0)]), (_x(1), _y(1))),),
        tuple(bubbles),
    )


def history_chart(history: TrainingHistory) -> Chart | None:
    """Return the learning curve, or None where the training had nothing to validate on."""
    last = max(point.at for point in history.points) or 1.0
    lines = []
    for name in ("exact", "character"):
        shares = [(point.at / last, getattr(point, name)) for point in history.points]
        found = [(at, share) for at, share in shares if share is not None]
        if found:
            x, y = found[-1]
            lines.append((name, _polyline(found), (_x(x), _y(y))))
    if not lines:
        return None
    return Chart(
        tuple((_x(value / last), _short(value)) for value in _round_numbers(last)),
        tuple((_y(share), f"{share:.0%}") for share in _SHARES),
        history.unit,
        tuple(lines),
    )


def _x(share: float) -> float:
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_x(x)},{_y(y)}" for x, y in points)


def _round_numbers(last: float) -> list[float]:
    """Return two to seven round whole numbers, from 0 to at most ``last``."""
    power = 10.0 ** math.floor(math.log10(last))
    steps = (share * power for share in (0.2, 0.5, 1.0, 2.0))
    step = max(1.0, next(step for step in steps if last / step <= 6))
    return [i * step for i in range(math.floor(last / step + 1e-9) + 1)]


def _short(number: float) -> str:
    """Return a number as an axis shows it: 250, 40k, 1.5M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"
