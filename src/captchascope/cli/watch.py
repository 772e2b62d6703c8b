"""captchascope watch: texts of images as they arrive in a folder."""

from __future__ import annotations

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
from captchascope.files import is_image, natural_key, path_as_given, printable, walk_files
from captchascope.reader import Reader
from captchascope.records import Reading

_EVERY = 0.2  # seconds between two looks at the folder
_SETTLED = 0.4  # seconds for which a file does not change before it is read

_Look = tuple[int, int, int]


@dataclass(slots=True)
class _Seen:
    """What is known of a file.

    Attributes:
        look: Its size, its time of change and its number, as they were last.
        since: Since when it looks so, in seconds of a monotonic clock.
        done: Whether what looks so has been read, or is none of what is to be read.
    """

    look: _Look
    since: float
    done: bool


class _Arrivals:
    """The files of a folder, and which of them are whole and not read yet."""

    def __init__(self, folder: Path, existing: bool) -> None:
        """Look for the first time; what is there by now counts as read unless ``existing``.

        Raises:
            DatasetError: If the folder cannot be read.
        """
        self._folder = folder
        self._seen: dict[Path, _Seen] = {}
        self.look(done=not existing)

    def look(self, done: bool = False) -> None:
        """Take in what has changed; what has gone is forgotten."""
        now = time.monotonic()
        before, self._seen = self._seen, {}
        for path, look in _looks(self._folder):
            known = before.get(path)
            same = known is not None and known.look == look
            self._seen[path] = known if known and same else _Seen(look, now, done)

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
        return sorted(found, key=lambda path: natural_key(path.as_posix()))

    def accepts(self, path: Path, reading: Reading, begun: float, patience: float) -> bool:
        """Tell whether a reading that was begun then counts: has no error that more bytes may mend.

        A file that had not changed for ``patience`` seconds by then is taken as it is.
        """
        each = self._seen[path]
        each.done = reading.error is None or begun - each.since >= patience
        return each.done


def _looks(folder: Path) -> Iterator[tuple[Path, _Look]]:
    for path in walk_files(folder):
        try:
            found = path.stat()
        except OSError:  # it has just gone
            continue
        yield path, (found.st_size, found.st_mtime_ns, found.st_ino)


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
    again. Folders within it count, hidden files do not.

    \b
    Examples:
      captchascope watch incoming
      captchascope watch incoming --existing --format jsonl --until-idle 60s
    """
    if not Path(folder).is_dir():
        raise DatasetError(printable(folder), "is no folder", "name the folder to watch")
    arrivals = _Arrivals(Path(folder), existing)
    reader = chosen_reader(console, model, method, providers, limits)
    printer = ReadingPrinter(console, reader, form)
    console.flush()
    console.note(f"watching {printable(folder)}; Ctrl-C ends")
    with reader:
        idle_since = time.monotonic()
        while True:
            arrivals.look()
            for path, reading in _read(arrivals, reader, jobs, patience):
                printer.add(path_as_given(folder, path), reading)
                console.flush()
                if printer.rows == count:
                    break
            now = time.monotonic()
            if arrivals.waiting:
                idle_since = now
            idle = until_idle is not None and now - idle_since >= until_idle
            if idle or printer.rows == count:
                break
            time.sleep(_EVERY)
    printer.end()


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
