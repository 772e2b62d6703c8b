"""Metrics of the server in Prometheus' text format, which ``/metrics`` tells.

Several workers write into files of one folder, named by ``PROMETHEUS_MULTIPROC_DIR`` before this
module is imported, and whichever is asked adds them up. No name of an image, text or token is
ever part of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from captchascope.records import Reading
from captchascope.web.about import about_build

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
METRICS_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_IMAGES = (1, 2, 4, 8, 16, 32, 64)

_PATHS = frozenset(
    {"/", "/read", "/see", "/login", "/v1/read", "/v1/models"}
    | {"/healthz", "/readyz", "/metrics", "/openapi.json"}
    | {"/health", "/setup", "/predict", "/webhook"}
)
_BELOW = ("/static", "/label", "/results", "/audit")


class Metrics:
    """The figures of one app; with several workers, of all."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        answered = "Requests that were answered."
        self.requests = Counter(
            "captchascope_requests", answered, ["path", "status"], registry=registry
        )
        taken = "From the first byte of a request's headers taken in to the last of its answer."
        self.seconds = Histogram(
            "captchascope_request_seconds", taken, ["path"], buckets=_SECONDS, registry=registry
        )
        read = "Images that were read, by what came of them."
        self.images = Counter("captchascope_images", read, ["outcome"], registry=registry)
        at_once = "Images that were read at once."
        self.batches = Histogram(
            "captchascope_batch_images", at_once, buckets=_IMAGES, registry=registry
        )
        self.waiting = Gauge(
            "captchascope_waiting_images",
            "Images that wait to be read.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        running, build = "What runs, in its labels; the value is always 1.", about_build()
        Gauge(
            "captchascope_build_info",
            running,
            list(build),
            multiprocess_mode="livemax",
            registry=registry,
        ).labels(**build).set(1)
        if FOLDER not in os.environ:
            ProcessCollector(registry=registry)
        self._read = {kind: self.images.labels(kind) for kind in ("read", "abstained", "failed")}
        self._answered: dict[
            tuple[str, int], tuple[Callable[[], None], Callable[[float], None]]
        ] = {}

    def text(self) -> bytes:
        """Return all metrics as Prometheus scrapes them."""
        if FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        together.register(_Processes(Path(os.environ[FOLDER])))
        return generate_latest(together)

    def count(self, readings: Iterable[Reading]) -> None:
        """Count images by what came of them."""
        for reading in readings:
            outcome = "failed" if reading.error else "abstained" if reading.abstained else "read"
            self._read[outcome].inc()

    def refused(self, status: int) -> None:
        """Count what was refused before it was a request."""
        self.requests.labels("other", status).inc()

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request, and the time that its answer took."""
        if path not in _PATHS:  # lest nonsense that is asked for fills the memory with labels
            below = (place for place in _BELOW if path == place or path.startswith(f"{place}/"))
            path = next(below, "other")
        key = path, status
        if key not in self._answered:  # looking a label up takes as long as counting
            requests, times = self.requests.labels(*key), self.seconds.labels(key[0])
            self._answered[key] = requests.inc, times.observe
        inc, observe = self._answered[key]
        inc()
        observe(seconds)


class _Processes(Collector):
    """The process metrics of all workers, told apart by their ``pid``.

    Whichever worker is asked looks at all of them: those that live have a file of live gauges.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Return a metric for each figure of a process, with a sample for each worker."""
        together: dict[str, Metric] = {}
        for file in sorted(self._folder.glob("gauge_livesum_*.db")):
            pid = file.stem.rpartition("_")[2]
            for one in ProcessCollector(pid=partial(str, pid), registry=None).collect():
                metric = together.setdefault(
                    one.name, Metric(one.name, one.documentation, one.type)
                )
                for sample in one.samples:
                    metric.add_sample(sample.name, {"pid": pid}, sample.value)
        return together.values()
