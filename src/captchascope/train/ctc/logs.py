"""The rows of a training, as a table and for TensorBoard."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.summary import scalar

from captchascope.errors import OutputError
from captchascope.files import atomic_write, printable


@dataclass(frozen=True, slots=True)
class Row:
    """What is known after a round; what is measured on validation images is None without any.

    Attributes:
        step: Steps so far.
        views: Images seen so far.
        seconds: Of training so far.
        loss: Mean of the training loss since the row before, nats.
        validation_loss: CTC loss per character, nats.
        exact: Share of the validation texts that are right.
        character: Share of their characters that are right.
        rate: The learning rate.
        trained: Share of some training texts that are right.
    """

    step: int
    views: int
    seconds: float
    loss: float
    validation_loss: float | None
    exact: float | None
    character: float | None
    rate: float
    trained: float

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Row:
        """Return the row that ``asdict`` made into ``values``."""
        return cls(**values)


class Logs:
    """Writes ``log.csv`` and the events of TensorBoard into the run folder.

    TensorBoard's own writers work in threads that end, or wait for ever, on a full disk: this one
    writes at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._events: EventsWriter | None = None

    def write(self, rows: list[Row]) -> None:
        """Write all rows, of which the last is new.

        Raises:
            OutputError: If there is no room for them.
        """
        text = io.StringIO()
        writer = csv.DictWriter(text, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
        atomic_write(self._folder / "log.csv", text.getvalue())
        try:
            self._tell(rows[-1])
        except OSError as error:
            what = f"cannot be written: {error.strerror}"
            raise OutputError(printable(self._folder), what, "free some space") from None

    def close(self) -> None:
        """Close the events."""
        if self._events is not None:
            self._events.close()

    def _tell(self, row: Row) -> None:
        if self._events is None:
            place = self._folder / "tensorboard"
            place.mkdir(exist_ok=True)
            self._events = EventsWriter(str(place / "events"))
        for name, value in asdict(row).items():
            if value is not None and name != "step":
                event = Event(wall_time=time.time(), step=row.step, summary=scalar(name, value))
                self._events.write_event(event)
        self._events.flush()
