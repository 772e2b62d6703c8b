"""Processes of one machine that read batches of rows."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, SupportsIndex

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
from pyarrow.fs import LocalFileSystem

from bulk.making import EXAMPLES, given
from captchascope import ModelError, load
from captchascope.bulk.local import read_batches
from captchascope.bulk.work import Work, Worker
from captchascope.errors import CaptchascopeError

IMAGES = [(EXAMPLES / f"{number}.jpeg").read_bytes() for number in range(1, 13)]
TEXTS = [load("metu").read(image).text for image in IMAGES]


def work(kind: type[Work] = Work) -> Work:
    """Return how rows are read here."""
    return kind.of(load("metu"), LocalFileSystem(), False)


def batches(count: int, size: int = 12, **odd: bytes) -> list[pa.RecordBatch]:
    """Return some batches of examples in turn, of which some rows have other bytes: ``_7=b""``."""
    other = {int(row[1:]): image for row, image in odd.items()}
    numbers = [range(first, first + size) for first in range(0, count * size, size)]
    return [
        given(*({"row": n, "image": other.get(n, IMAGES[n % 12])} for n in some))
        for some in numbers
    ]


def columns(read: Iterator[pa.RecordBatch]) -> tuple[list[int], list[str | None]]:
    """Return the rows and the texts of all batches."""
    table = pa.Table.from_batches(read)
    return table["row"].to_pylist(), table["text"].to_pylist()


class Fatal(Work):
    """Work whose worker is killed by some images, and fails at others."""

    __slots__ = ()

    def start(self) -> Worker:
        """Open the model."""
        return FatalWorker(self, super().start()._reader)


class FatalWorker(Worker):
    """A worker that really dies."""

    def read(self, given: pa.RecordBatch) -> pa.RecordBatch:
        """Read, unless there is such an image among the rows."""
        found = set(given["image"].to_pylist())
        if b"kills" in found:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"raises" in found:
            raise MemoryError("of no use")
        return super().read(given)


class Stillborn(Work):
    """Work at whose beginning the process dies."""

    __slots__ = ()

    def start(self) -> Worker:
        """Never open the model."""
        os._exit(3)


class Unsent(Work):
    """Work that can be sent to one process alone."""

    __slots__ = ()
    sent: ClassVar[list[int]] = []

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> str | tuple[Any, ...]:
        """Fail as the system does where no more processes can be started."""
        if self.sent:
            raise OSError(errno.EAGAIN, "no more processes")
        self.sent.append(1)
        return super().__reduce_ex__(protocol)


def test_rows_come_in_order() -> None:
    """Whichever process is the faster."""
    rows, texts = columns(read_batches(work(), iter(batches(20)), 2))
    assert rows == [*range(240)]
    assert texts == TEXTS * 20
    assert multiprocessing.active_children() == []


def test_a_timeout_that_sockets_have_by_default_is_none_here() -> None:
    """A program that fetches images sets one, and processes would find nothing to read."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(60)
    try:
        rows, _ = columns(read_batches(work(), iter(batches(2)), 1))
    finally:
        socket.setdefaulttimeout(before)
    assert rows == [*range(24)]


def test_nothing_to_read_is_read() -> None:
    """No batch, no row."""
    assert list(read_batches(work(), iter(()), 2)) == []


def test_rows_that_come_slowly_are_waited_for() -> None:
    """All that came before has long been read when it turns out that there are no more."""

    def slow() -> Iterator[pa.RecordBatch]:
        for batch in batches(3):
            yield batch
            while read and not taken.wait(60):
                raise AssertionError("nobody takes what was read")
            taken.clear()

    taken, read = threading.Event(), []
    for batch in read_batches(work(), slow(), 1):
        read.append(batch)
        taken.set()
    assert len(read) == 3


def test_a_killed_process_is_replaced() -> None:
    """What it had is read by others; every row is there once, in order."""
    read = read_batches(work(), iter(batches(60)), 2)
    first = next(read)
    killed = 0
    found = [first]
    for number, batch in enumerate(read):
        found.append(batch)
        if number in (3, 20):
            for process in multiprocessing.active_children()[: 1 + number % 2]:
                process.kill()
                killed += 1
    rows, texts = columns(iter(found))
    assert killed == 3
    assert rows == [*range(720)]
    assert texts == TEXTS * 60


def test_an_image_that_kills_costs_no_other_row() -> None:
    """It is found, and becomes a row with an error; so is one at which reading raises."""
    given = batches(8, 4, _6=b"kills", _19=b"raises")
    table = pa.Table.from_batches(read_batches(work(Fatal), iter(given), 2))
    assert table["row"].to_pylist() == [*range(32)]
    errors = {row: error for row, error in enumerate(table["error"].to_pylist()) if error}
    assert errors == {
        6: "killed the process that read it",
        19: "cannot be read: MemoryError: of no use",
    }
    texts = [None if row in errors else TEXTS[row % 12] for row in range(32)]
    assert table["text"].to_pylist() == texts


def test_processes_that_cannot_begin_are_not_started_for_ever() -> None:
    """The error says what may help."""
    with pytest.raises(CaptchascopeError, match="die as they start"):
        list(read_batches(work(Stillborn), iter(batches(1)), 2))
    assert multiprocessing.active_children() == []


def test_processes_that_cannot_be_started_leave_none_behind() -> None:
    """Those before them end, whoever holds the error."""
    with pytest.raises(CaptchascopeError, match="no more processes") as held:
        list(read_batches(work(Unsent), iter(batches(1)), 2))
    assert multiprocessing.active_children() == []
    assert held.value.__traceback__ is not None


def test_a_model_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    """Not one of each row."""
    sent = work()
    object.__setattr__(sent, "data", b"no model")
    with pytest.raises(ModelError):
        list(read_batches(sent, iter(batches(1)), 2))


def test_an_error_of_what_gives_the_rows_ends_the_processes() -> None:
    """After what came before it has been read, or not; nothing stays behind."""

    def failing() -> Iterator[pa.RecordBatch]:
        yield from batches(3)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(read_batches(work(), failing(), 2))
    assert multiprocessing.active_children() == []


def test_who_leaves_early_leaves_nothing_behind() -> None:
    """As at Ctrl-C."""
    read = read_batches(work(), iter(batches(50)), 2)
    next(read)
    del read
    assert multiprocessing.active_children() == []
