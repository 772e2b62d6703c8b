"""The Results page: the server's models tested on a folder, each once, in the background."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from captchascope.data.dataset import read_dataset
from captchascope.draw.report import confusions, image_of
from captchascope.errors import CaptchascopeError, DatasetError
from captchascope.evaluate import Evaluation, evaluate_reader, evaluate_readings
from captchascope.files import printable
from captchascope.model.metadata import is_calibrated
from captchascope.reader import Reader
from captchascope.records import Reading, Sample
from captchascope.web.batching import Batcher, without_traceback
from captchascope.web.pages.charts import (
    TrainingHistory,
    calibration_chart,
    heat,
    history_chart,
    read_history,
    whiskers,
)
from captchascope.web.problems import Problem, shows_pages
from captchascope.web.templates import local_url, render_page


@dataclass(frozen=True, slots=True)
class Measuring:
    """A test that is under way, or waits for another: so many images are read of so many."""

    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """The outcome of a test.

    Attributes:
        result: The figures.
        reader: What was measured.
        samples: What it has read.
        readings: What came of each.
        problems: How many rows and images of the folder could not be used.
        history: How the model was trained, where its log lies beside it.
    """

    result: Evaluation
    reader: Reader
    samples: Sequence[Sample]
    readings: Sequence[Reading]
    problems: int
    history: TrainingHistory | None

    def abstaining(self, below: float) -> Evaluation:
        """Return the figures as they are where the reader abstains below a confidence."""
        fold = self.reader.options.constraints.folding(self.reader.charset.chars)
        return evaluate_readings(self.samples, self.readings, fold, below) if below else self.result


class _Stopped(Exception):  # noqa: N818
    """The server stops, and needs no result any more."""


MeasurementState: TypeAlias = Measuring | Measured | CaptchascopeError


class Measurements:
    """The tests of one folder: at most one runs at a time, and each model's is kept.

    Threads may share it. A test begins when it is first looked for.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._states: dict[str, MeasurementState] = {}
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "captchascope-measure")
        self._stopped = threading.Event()

    @property
    def name(self) -> str:
        """The name of the folder, and not where it lies."""
        return printable(self._data.resolve().name)

    def look(self, name: str, reader: Reader) -> MeasurementState:
        """Return how far the test of a model is, and begin it where there is none."""
        with self._lock:
            if name not in self._states:
                self._states[name] = Measuring()
                self._thread.submit(self._run, name, reader)
            return self._states[name]

    def forget(self, name: str) -> None:
        """Let the test of a model begin anew when it is next looked for, unless one is running."""
        with self._lock:
            if not isinstance(self._states.get(name), Measuring):
                self._states.pop(name, None)

    def close(self) -> None:
        """End the test that is running, within a batch of images, and begin no other."""
        self._stopped.set()
        self._thread.shutdown(cancel_futures=True)

    def _run(self, name: str, reader: Reader) -> None:
        total, readings = 0, list[Reading]()

        def on_reading(reading: Reading) -> None:
            if self._stopped.is_set():
                raise _Stopped
            if reading.error is not None:
                without_traceback(reading.error)
            readings.append(reading)
            self._states[name] = Measuring(len(readings), total)

        try:
            data = read_dataset(self._data)
            if not data.samples:
                raise DatasetError(self.name, "has no labelled images", "label some")
            total = len(data.samples)
            self._states[name] = Measuring(0, total)
            result = evaluate_reader(reader, data, on_reading=on_reading)
            history = read_history(reader.path)
            self._states[name] = Measured(
                result, reader, data.samples, readings, len(data.problems), history
            )
        except CaptchascopeError as error:
            self._states[name] = without_traceback(error)
        except _Stopped:
            pass


_WORST = 24  # images shown


def results_routes(batcher: Batcher, measurements: Measurements | None) -> APIRouter:
    """Return the routes of the Results page; without ``measurements`` nothing can be measured."""
    routes = APIRouter(include_in_schema=False)
    data = "" if measurements is None else measurements.name

    def reader_of(name: str) -> Reader:
        opened = batcher.readers.opened
        if name not in opened:
            raise Problem(404, f"there is no model {name} here, or it is not open yet")
        return opened[name]

    @routes.get("/results")
    async def _models() -> Response:
        models = []
        for name, reader in batcher.readers.opened.items():
            meta = reader.model.metadata
            share = meta.metrics.get("validation_captcha")
            known = {"name": name, "method": meta.method, "chars": meta.charset.chars}
            validation = float(share) if isinstance(share, int | float) else None
            about = {
                "texts": meta.metrics.get("validation_samples"),
                "sure": is_calibrated(meta.metrics),
            }
            models.append({**known, **about, "validation": validation})
        return render_page("results.html", here="results", models=models, data=data)

    @routes.get("/results/{name}")
    async def _result(
        request: Request, name: str, min_confidence: Annotated[float, Query(ge=0, le=1)] = 0.0
    ) -> Response:
        reader = reader_of(name)
        if measurements is None:
            raise Problem(404, "the server was given no folder to test on; --data DIR names one")
        state = measurements.look(name, reader)
        shown = partial(render_page, here="results", model=name, data=data)
        if isinstance(state, Measuring):
            return shown("measuring.html", state=state)
        if not isinstance(state, Measured):
            if not shows_pages(request):
                raise state
            return shown("unmeasured.html", 422, error=state)
        drawn = await asyncio.to_thread(_drawn, state, min_confidence)
        return shown("result.html", measured=state, **drawn)

    @routes.post("/results/{name}")
    async def _again(name: str) -> Response:
        reader_of(name)
        if measurements is not None:
            measurements.forget(name)
        return Response(status_code=303, headers={"Location": local_url(f"/results/{quote(name)}")})

    return routes


def _drawn(measured: Measured, min_confidence: float) -> dict[str, Any]:
    """Return what the template of a result draws, where the reader abstains below a confidence."""
    result, history = measured.abstaining(min_confidence), measured.history
    chars = measured.reader.charset.chars
    rows = result.rows()
    matrix, pairs = confusions(result, chars)
    coloured = []
    for i, (char, counts) in enumerate(matrix):
        total = sum(counts)
        styles = ["right" if i == j else f"heat-{heat(n, total)}" for j, n in enumerate(counts)]
        coloured.append((char, list(zip(counts, styles, strict=True))))
    first, intervals = whiskers([row.rate for row in rows])
    return {
        "result": result,
        "first": first,
        "rows": zip(rows, intervals, strict=True),
        "matrix": coloured,
        "pairs": pairs,
        "calibration": calibration_chart(result.calibration),
        "history": None if history is None else history_chart(history),
        "worst": [(mistake, image_of(mistake)) for mistake in result.mistakes[:_WORST]],
    }
