"""captchascope watch: texts of images as they arrive in a folder."""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from captchascope.cli.options import common, parse_duration
from captchascope.cli.output import Console
from captchascope.cli.readings import ReadingPrinter, chosen_reader, how_to_read
from captchascope.errors import DatasetError
from captchascope.files import (
    image_by_suffix,
    is_image,
    natural_key,
    path_as_given,
    printable,
    walk_visible,
)
from captchascope.reader import Reader
from captchascope.records import Reading

_EVERY = 0.2  # seconds between two looks at the folder
_IDLE = 4  # times as long as a look takes is slept at least: of 100,000 files it is a while
_SETTLED = 0.4  # seconds for which a file does not change before it is read

_UNFINISHED = frozenset({".crdownload", ".download", ".filepart", ".part", ".partial", ".tmp"})
"""Suffixes that programs give to what they have not finished, and rename."""

_Look = tuple[int, int, int, int]


@dataclass(slots=True)
class _Seen:
    """What is known of a file.

    Attributes:
        look: Its size, its time of change, its number, and the time of change of its permissions
            too, as they were last.
        since: Since when it looks so, in seconds of a monotonic clock.
        done: Whether what looks so has been read, or is none of what is to be read.
        read: Whether it need not be read again where nothing but its permissions changes.
    """

    look: _Look
    since: float
    done: bool
    read: bool

    def is_same(self, look: _Look) -> bool:
        """Tell whether a file that now looks so is what it was."""
        return self.look[:3] == look[:3] if self.read else self.look == look


class _Arrivals:
    """The files of a folder, and which of them are whole and not read yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, _Seen] = {}
        self._failing: set[Path] = set()

    def look(self, done: bool = False) -> list[DatasetError]:
        """Take in what has changed; what has gone is forgotten.

        What cannot be looked into now is as it was, for it may come back unchanged.

        Args:
            done: Whether what is new counts as read.
        Returns:
            What is wrong with each folder that could be looked into at the last look.
        """
        now = time.monotonic()
        before, self._seen = self._seen, {}
        failed: dict[Path, OSError] = {}
        for path, look in _looks(self._folder, failed):
            known = before.get(path)
            if known is None or not known.is_same(look):
                known = _Seen(look, now, done or _is_passed_over(path), read=done)
            self._seen[path] = known
        for folder in failed:
            kept = {path: each for path, each in before.items() if path.is_relative_to(folder)}
            self._seen = {path: each for path, each in kept.items() if each.done} | self._seen
        new = [failed[folder] for folder in failed if folder not in self._failing]
        self._failing = {*failed}
        remedy = "what it holds is read once it can be"
        return [
            DatasetError(os.fspath(error.filename), f"cannot be read: {error.strerror}", remedy)
            for error in new
        ]

    @property
    def waiting(self) -> bool:
        """Whether any file is not read yet."""
        return any(not each.done for each in self._seen.values())

    def settled(self) -> list[Path]:
        """Return the images that have not changed for a while, in natural order."""
        until = time.monotonic() - _SETTLED
        found = []
        for path, each in self._seen.items():
            if each.done or each.since > until:
                continue
            if is_image(path):
                found.append(path)
            else:
                each.done = True
        return sorted(found, key=lambda path: [natural_key(part) for part in path.parts])

    def accepts(self, path: Path, reading: Reading, begun: float, patience: float) -> bool:
        """Tell whether a reading that was begun then counts: has no error that more bytes may mend.

        A file that had not changed for ``patience`` seconds by then is taken as it is.
        """
        each = self._seen[path]
        each.read = reading.error is None
        each.done = each.read or begun - each.since >= patience
        return each.done


def _looks(folder: Path, failed: dict[Path, OSError]) -> Iterator[tuple[Path, _Look]]:
    """Yield the files below a folder, and how each looks; hidden ones do not count.

    Of each folder that cannot be looked into, the first error is put into ``failed``; one within
    that has gone is none.
    """

    def refused(error: OSError) -> None:
        place = Path(error.filename)
        if place == folder or not isinstance(error, _GONE):
            failed.setdefault(place, error)

    for path in walk_visible(folder, refused):
        try:
            found = path.stat()
        except _GONE:
            continue
        except OSError as error:
            if error.errno != errno.ELOOP:
                failed.setdefault(path.parent, error)
            continue
        if stat.S_ISREG(found.st_mode):
            yield path, (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)


_GONE = FileNotFoundError, NotADirectoryError


def _is_passed_over(path: Path) -> bool:
    """Tell by its name that a file is not to be read, however long it goes on to change."""
    return path.suffix.lower() in _UNFINISHED or image_by_suffix(path.name) is False


@click.command("watch")
@click.argument("folder", metavar="DIR")
@how_to_read
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "jsonl"]),
    default="text",
    help="What is printed.",
)
@click.option("--existing", is_flag=True, help="Read what is there already, too.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N rows.")
@click.option(
    "--until-idle",
    type=parse_duration,
    metavar="DURATION",
    help="End when nothing came for so long: 90s, 10m, 2h.",
)
@click.option(
    "--patience",
    type=parse_duration,
    default="3s",
    metavar="DURATION",
    help="How long what cannot be decoded must not have changed to be an error.",
)
@common
def watch_command(
    console: Console,
    folder: str,
    model: str | None,
    method: str | None,
    form: str,
    jobs: int,
    providers: tuple[str, ...] | None,
    existing: bool,
    count: int | None,
    until_idle: float | None,
    patience: float,
    **limits: Any,
) -> None:
    """Read captchas as they arrive in a folder, until Ctrl-C.

    Rows are those of read, printed as soon as a file is whole; a file that is replaced is read
    again. Folders within it count; hidden files and unfinished downloads (.part, .crdownload) do
    not. Where it cannot be looked into for a while, that is said once, and it is watched again.

    \b
    Examples:
      captchascope watch incoming
      captchascope watch incoming --existing --format jsonl --until-idle 60s
    """
    if not folder or not Path(folder).is_dir():
        raise DatasetError(printable(folder) or "DIR", "is no folder", "name the folder to watch")
    arrivals = _Arrivals(Path(folder))
    for error in arrivals.look(done=not existing):
        if Path(error.where) == Path(folder):
            raise error
        console.error(error)
    reader = chosen_reader(console, model, method, providers, limits)
    printer = ReadingPrinter(console, reader, form)
    console.flush()
    console.note(f"watching {printable(folder)}; Ctrl-C ends")
    idle_since = time.monotonic()
    try:
        with reader:
            while True:
                began = time.monotonic()
                for error in arrivals.look():
                    console.error(error)
                took = time.monotonic() - began
                for path, reading in _read(arrivals, reader, jobs, patience):
                    printer.add(path_as_given(folder, path), reading)
                    console.flush()
                    if printer.rows == count:
                        return
                now = time.monotonic()
                if arrivals.waiting:
                    idle_since = now
                elif until_idle is not None and now - idle_since >= until_idle:
                    return
                _sleep(max(_EVERY, _IDLE * took))
    finally:  # most often it is Ctrl-C that ends it
        printer.end()


def _sleep(seconds: float) -> None:
    """Wait so long, or until nobody reads stdout any more, which a pipe tells at once.

    Raises:
        BrokenPipeError: If nobody does: nothing may ever come that would find it out.
    """
    poll = getattr(select, "poll", None)  # not on Windows
    try:
        stdout = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):  # it is closed, or no file
        poll = None
    if poll is None:
        time.sleep(seconds)
        return
    polled = poll()
    polled.register(stdout, 0)
    if any(flags & (select.POLLERR | select.POLLHUP) for _, flags in polled.poll(seconds * 1000)):
        raise BrokenPipeError


def _read(
    arrivals: _Arrivals, reader: Reader, jobs: int, patience: float
) -> Iterator[tuple[Path, Reading]]:
    """Yield the images that are whole, with what was read in them."""
    begun = time.monotonic()
    paths = arrivals.settled()
    readings = reader.read_many(paths, jobs=jobs, errors="return")
    for path, reading in zip(paths, readings, strict=True):
        if arrivals.accepts(path, reading, begun, patience):
            yield path, reading
