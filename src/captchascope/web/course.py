"""How a training went: the log beside a model file, of either way of training."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

__all__ = ["Course", "Point", "read_course"]

_MOST = 8 * 2**20  # bytes of a log


@dataclass(frozen=True, slots=True)
class Point:
    """What was known at one moment of a training.

    Attributes:
        at: Images seen, or epochs, as ``Course.unit`` says.
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
class Course:
    """The points of a training, in order; at least one. ``unit`` is what ``at`` counts."""

    unit: str
    points: tuple[Point, ...]


def read_course(model: Path) -> Course | None:
    """Return the course of the training that wrote ``model``, from ``MODEL.onnx.run/log.csv``.

    None where there is no such file, or it is no log that captchascope wrote: the model is as good
    without it.
    """
    try:
        with (model.with_name(f"{model.name}.run") / "log.csv").open("rb") as file:
            text = file.read(_MOST).decode("utf-8")
        rows = list(csv.DictReader(text.splitlines()))
        return _course(rows) if rows else None
    except (OSError, ValueError, KeyError, TypeError, csv.Error):  # a row cut off has no strings
        return None


def _course(rows: list[dict[str, str]]) -> Course:
    """Return the course of a log; a row of the whole way counts images, one of glyphs epochs."""
    if "views" in rows[0]:
        points = [_point(row, "views", float(row["seconds"]), "exact") for row in rows]
        return Course("images seen", tuple(points))
    since = accumulate(float(row["seconds"]) for row in rows)
    points = [_point(row, "number", at, "captcha") for row, at in zip(rows, since, strict=True)]
    return Course("epochs", tuple(points))


def _point(row: Mapping[str, str], at: str, seconds: float, exact: str) -> Point:
    where = _number(row[at])
    return Point(where, seconds, _share(row[exact]), _share(row["character"]), _number(row["loss"]))


def _number(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number to draw")
    return number


def _share(text: str) -> float | None:
    return None if text == "" else min(max(_number(text), 0.0), 1.0)
