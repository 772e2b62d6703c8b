"""The Results pages: each model of the server, tested on a folder."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from captchascope.confusions import confusion_table, most_confused
from captchascope.draw.datauri import image_uri
from captchascope.errors import ImageError
from captchascope.evaluate import Evaluation, Rate
from captchascope.finding import printable
from captchascope.image import load_rgb
from captchascope.reader import Reader
from captchascope.web.batching import Batcher
from captchascope.web.charts import Whisker, calibration_chart, course_chart, heat, whiskers
from captchascope.web.measuring import Measured, Measurements, Measuring
from captchascope.web.problems import Problem
from captchascope.web.templates import page

__all__ = ["router"]

_WORST = 24  # images shown
_MOST_CHARS = 40  # of a confusion matrix that still fits a page
_CONFUSED = 30  # pairs that are listed where it does not


@dataclass(frozen=True, slots=True)
class Model:
    """What the list of models tells of one."""

    name: str
    method: str
    chars: str
    validation: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """A rate by its name, and how it is drawn."""

    name: str
    rate: Rate
    whisker: Whisker


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the confusion matrix: its count, and the class that colours it."""

    count: int
    style: str


@dataclass(frozen=True, slots=True)
class Worst:
    """An image that was misread, as an address that holds it; "" where it cannot be decoded."""

    file: str
    label: str
    text: str
    confidence: float
    uri: str


def router(batcher: Batcher, measurements: Measurements | None) -> APIRouter:
    """Return the routes; without ``measurements`` the server was given no folder to test on."""
    routes = APIRouter(include_in_schema=False)
    data = "" if measurements is None else measurements.name

    def reader_of(name: str) -> Reader:
        opened = batcher.readers.opened
        if name not in opened:
            raise Problem(404, f"there is no model {name} here, or it is not open yet")
        return opened[name]

    @routes.get("/results")
    async def _models() -> Response:
        opened = batcher.readers.opened
        models = [_model(name, reader) for name, reader in opened.items()]
        return page("results.html", here="results", models=models, data=data)

    @routes.get("/results/{name}")
    async def _result(name: str) -> Response:
        reader = reader_of(name)
        if measurements is None:
            raise Problem(404, "the server was given no folder to test on; --data DIR names one")
        state = measurements.look(name, reader)
        shown = partial(page, here="results", model=name, data=data)
        if isinstance(state, Measuring):
            return shown("measuring.html", state=state)
        if not isinstance(state, Measured):
            return shown("unmeasured.html", 422, error=state)
        return shown("result.html", it=state, **await asyncio.to_thread(_drawn, state))

    @routes.post("/results/{name}")
    async def _again(name: str) -> Response:
        reader_of(name)
        if measurements is not None:
            measurements.forget(name)
        return Response(status_code=303, headers={"Location": f"/results/{quote(name)}"})

    return routes


def _model(name: str, reader: Reader) -> Model:
    meta = reader.model.metadata
    share = meta.metrics.get("validation_captcha")
    validation = float(share) if isinstance(share, int | float) else None
    return Model(name, meta.method, meta.charset.chars, validation)


def _drawn(it: Measured) -> dict[str, Any]:
    """Return what the template of a result draws."""
    first, rows = _rows(it.result)
    small = len(it.chars) <= _MOST_CHARS
    return {
        "first": first,
        "rows": rows,
        "matrix": _matrix(it) if small else [],
        "pairs": most_confused(it.result, _CONFUSED),
        "calibration": calibration_chart(it.result.calibration),
        "course": None if it.course is None else course_chart(it.course),
        "worst": _worst(it.result),
    }


def _rows(result: Evaluation) -> tuple[float, list[Row]]:
    """Return the share at which the drawings begin, and every rate with its own."""
    named = [("Captchas, exact match", result.captcha), ("Characters", result.character)]
    named += [(f"Position {i}", rate) for i, rate in enumerate(result.by_position, 1)]
    for kind, rates in result.by_kind.items():
        named += [(f"Kind {kind}, captchas", rates.captcha)]
        named += [(f"Kind {kind}, characters", rates.character)]
    first, drawn = whiskers([rate for _, rate in named])
    return first, [Row(*pair, one) for pair, one in zip(named, drawn, strict=True)]


def _matrix(it: Measured) -> list[tuple[str, list[Cell]]]:
    """Return a row of cells for each character that labels have."""
    rows = []
    for i, (char, counts) in enumerate(
        zip(it.chars, confusion_table(it.result, it.chars), strict=True)
    ):
        total = sum(counts)
        styles = ["right" if i == j else f"heat-{heat(n, total)}" for j, n in enumerate(counts)]
        rows.append((char, [Cell(*pair) for pair in zip(counts, styles, strict=True)]))
    return rows


def _worst(result: Evaluation) -> list[Worst]:
    found = []
    for mistake in result.mistakes[:_WORST]:
        try:
            uri = image_uri(load_rgb(mistake.sample.path))
        except ImageError:
            uri = ""
        sample, reading = mistake.sample, mistake.reading
        text = "" if reading.text is None else reading.text
        found.append(Worst(printable(sample.file), sample.label, text, reading.confidence, uri))
    return found
