"""The rows of a training, as a table and for TensorBoard."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.summary import scalar

from captchascope.atomic import atomic_write
from captchascope.errors import OutputError
from captchascope.files import printable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write_log(folder: Path, rows: Sequence[DataclassInstance]) -> None:
    """Write ``log.csv`` with a line for every row, of which there is at least one.

    Raises:
        OutputError: If there is no room for it.
    """
    text = io.StringIO()
    names = [field.name for field in fields(rows[0])]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    atomic_write(folder / "log.csv", text.getvalue())


class EventLog:
    """Writes the events of TensorBoard into the run folder.

    TensorBoard's own writers work in threads that end, or wait for ever, on a full disk: this one
    writes at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._events: EventsWriter | None = None

    def write(self, step: int, row: DataclassInstance) -> None:
        """Write what is known of a row after a step.

        Raises:
            OutputError: If there is no room for it.
        """
        try:
            if self._events is None:
                place = self._folder / "tensorboard"
                place.mkdir(exist_ok=True)
                self._events = EventsWriter(str(place / "events"))
            for name, value in asdict(row).items():
                if value is not None and name != "step":
                    event = Event(wall_time=time.time(), step=step, summary=scalar(name, value))
                    self._events.write_event(event)
            self._events.flush()
        except OSError as error:
            what = f"cannot be written: {error.strerror}"
            raise OutputError(printable(self._folder), what, "free some space") from None

    def close(self) -> None:
        """Close the file."""
        if self._events is not None:
            self._events.close()
