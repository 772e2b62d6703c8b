"""Testing the server's models on a folder, each once, in the background."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from captchascope.dataset import Dataset, read_dataset
from captchascope.errors import CaptchascopeError, DatasetError
from captchascope.evaluate import Evaluation, evaluate
from captchascope.finding import printable
from captchascope.reader import Reader
from captchascope.records import Reading
from captchascope.web.course import Course, read_course
from captchascope.web.readers import bare

__all__ = ["Measured", "Measurements", "Measuring", "State"]

_BATCH = 64  # images between two looks at whether to stop


@dataclass(frozen=True, slots=True)
class Measuring:
    """A test that is under way, or waits for another: so many images are read of so many."""

    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a test.

    Attributes:
        result: The figures.
        chars: The model's characters.
        samples: How many images were read.
        problems: How many rows and images of the folder could not be used.
        course: How the model was trained, where its log lies beside it.
    """

    result: Evaluation
    chars: str
    samples: int
    problems: int
    course: Course | None


State: TypeAlias = Measuring | Measured | CaptchascopeError


class Measurements:
    """The tests of one folder: at most one runs at a time, and each model's is kept.

    Threads may share it. A test begins when it is first looked for.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._states: dict[str, State] = {}
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "captchascope-measure")
        self._stopped = threading.Event()

    @property
    def name(self) -> str:
        """What the folder is called, and not where it lies."""
        return printable(self._data.resolve().name)

    def look(self, name: str, reader: Reader) -> State:
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
        """End the test that is running, within a few images, and begin no other."""
        self._stopped.set()
        self._thread.shutdown(cancel_futures=True)

    def _run(self, name: str, reader: Reader) -> None:
        try:
            self._states[name] = self._measured(name, reader)
        except CaptchascopeError as error:
            self._states[name] = bare(error)

    def _measured(self, name: str, reader: Reader) -> State:
        data = read_dataset(self._data)
        if not data.samples:
            raise DatasetError(self.name, "has no labelled images", "label some")
        readings = self._readings(name, reader, data)
        if len(readings) < len(data.samples):
            return Measuring()
        return Measured(
            evaluate(data.samples, readings, ignore_case=reader.constraints.ignore_case),
            reader.charset.chars,
            len(readings),
            len(data.problems),
            read_course(reader.path),
        )

    def _readings(self, name: str, reader: Reader, data: Dataset) -> list[Reading]:
        """Read every sample; fewer where the server stops."""
        paths = [sample.path for sample in data.samples]
        readings: list[Reading] = []
        while len(readings) < len(paths) and not self._stopped.is_set():
            self._states[name] = Measuring(len(readings), len(paths))
            readings += reader.read_batch(paths[len(readings) : len(readings) + _BATCH])
        return readings
