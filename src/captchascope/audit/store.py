"""The folder of an audit under way: each measurement as it ended, so that none is made twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from filelock import FileLock, Timeout

from captchascope.atomic import atomic_write
from captchascope.errors import OutputError
from captchascope.files import printable
from captchascope.records import build

T = TypeVar("T")

_FACTS = "audit.json"
_LOCK = ".lock"
_WORK = "work"


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """What was measured, and the seconds that it took."""

    measured: T
    seconds: float


class Store:
    """The measurements of one audit; ``open_store`` gives it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> Path:
        """Where measurements may write, and what is drawn lies."""
        return self._folder / _WORK

    def begin(self, facts: Mapping[str, object]) -> bool:
        """Prepare for an audit that these facts tell from others.

        Returns:
            Whether it goes on with measurements that are there; those of another audit are removed.
        """
        path = self._folder / _FACTS
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = None
        if known == facts:
            return any(self._folder.glob("measured-*.json"))
        for measured in self._folder.glob("measured-*.json"):
            measured.unlink()
        atomic_write(path, json.dumps(facts))
        return False

    def get(self, key: str, kind: type[T]) -> Kept[T] | None:
        """Return a measurement; None where there is none that can be read."""
        try:
            table = json.loads(self._path(key).read_text(encoding="utf-8"))
            return Kept(build(kind, table["measured"], key), float(table["seconds"]))
        except (OSError, ValueError, TypeError, KeyError):  # it is made again
            return None

    def put(self, key: str, kept: Kept[Any]) -> None:
        """Keep a measurement.

        Raises:
            OutputError: If it cannot be written.
        """
        atomic_write(self._path(key), json.dumps(asdict(kept), allow_nan=False))

    def clear(self) -> None:
        """Remove what was drawn and trained; what was measured stays."""
        shutil.rmtree(self.place, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"measured-{key}.json"


@contextmanager
def open_store(report: Path) -> Iterator[Store]:
    """Open the store beside a report, ``REPORT.run``, which is made if it is not there.

    Raises:
        OutputError: If another audit is writing there, or it cannot be written.
    """
    folder = report.parent / f"{report.name}.run"
    lock = FileLock(folder / _LOCK)
    try:
        (folder / _WORK).mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        what, remedy = "another audit is writing there", "wait for it, or write elsewhere"
        raise OutputError(printable(folder), what, remedy) from None
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise OutputError(printable(folder), what, "choose another place") from error
    try:
        yield Store(folder)
    finally:
        lock.release()
