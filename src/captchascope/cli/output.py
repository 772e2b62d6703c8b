"""Output of the commands: results on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from captchascope.errors import (
    CaptchascopeError,
    DatasetError,
    MissingExtraError,
    OutputError,
    alike,
)
from captchascope.files import StrPath, printable

if TYPE_CHECKING:
    from pathlib import Path

    from captchascope.data.dataset import Dataset


_SHOWN = 5  # errors of a kind


class Progress(Protocol):
    """A callable that moves a progress bar."""

    def __call__(self, done: int, title: str = ...) -> None:
        """Show the number done, and a title."""


@dataclass(slots=True)
class Console:
    """The output of one run of a command, and whether anything went wrong.

    Attributes:
        verbosity: -1 with ``-q``, 1 with ``-v``.
        debug: Whether tracebacks are shown.
        failed: Whether anything failed or abstained; the exit status is then 1.
        said: Whether there were results.
    """

    verbosity: int = 0
    debug: bool = False
    failed: bool = False
    said: bool = False

    def result(self, line: str) -> None:
        """Print a line of results.

        Raises:
            OutputError: If stdout cannot be written.
            BrokenPipeError: If nobody reads it any more.
        """
        self.said = True
        with _naming_stdout():
            sys.stdout.write(line + "\n")

    def flush(self) -> None:
        """Write out all results that wait; errors as ``result``."""
        if self.said:
            with _naming_stdout():
                sys.stdout.flush()

    def error(self, error: CaptchascopeError) -> None:
        """Print one line about what went wrong, and remember that something did."""
        self.failed = True
        if self.debug and error.__traceback__ is not None:
            import traceback

            traceback.print_exception(error)
        self._say(f"captchascope: {printable(str(error))}")

    def errors(self, errors: Iterable[CaptchascopeError]) -> None:
        """Print a line about each, but of those that say the same only the first few.

        What differs in quotes or numbers alone is the same.
        """
        groups: dict[str, list[CaptchascopeError]] = {}
        for error in errors:
            groups.setdefault(alike(error.what), []).append(error)
        for group in groups.values():
            few = group if len(group) <= _SHOWN + 1 else group[:_SHOWN]
            for error in few:
                self.error(error)
            if more := len(group) - len(few):
                remedy = "captchascope check --format json lists them all"
                where = re.sub(r":\d+$", "", group[0].where)
                self.error(CaptchascopeError(where, f"and {more:,} more like it", remedy))

    def note(self, line: str, level: int = 0) -> None:
        """Print a line on stderr, unless the user asked for less."""
        if self.verbosity >= level:
            self._say(line)

    def warning(self, line: str) -> None:
        """Print a line on stderr that -q does not silence; the status stays as it is."""
        self._say(f"warning: {printable(line)}")

    @contextlib.contextmanager
    def progress(self, what: str, total: int, counted: bool = True) -> Iterator[Progress]:
        """Show a bar on a terminal; the function given takes the number done, and a new title.

        Where that is not what the user counts in, it is not shown as a number.
        """
        if self.verbosity < 0 or sys.stderr is None or not sys.stderr.isatty():
            yield lambda done, title=what: None
            return
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        number = (MofNCompleteColumn(),) if counted else ()
        columns = "{task.description}", BarColumn(), *number, TimeRemainingColumn()
        with Bar(*columns, console=RichConsole(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)

            def progressed(done: int, title: str = what) -> None:
                bar.update(task, completed=done, description=title)

            yield progressed

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):  # it may be closed, or None
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


@contextlib.contextmanager
def _naming_stdout() -> Iterator[None]:
    if sys.stdout is None:
        raise OutputError("stdout", "is closed", "send the results somewhere")
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(error) from None


def unwritable(error: OSError) -> OutputError:
    """Give up stdout, and return what is wrong with it."""
    mute_stdout()
    reason = os.strerror(error.errno) if error.errno else str(error)
    return OutputError("stdout", f"cannot be written: {reason}", "write elsewhere, or free space")


def mute_stdout() -> None:
    """Send what is still buffered nowhere, so that the interpreter's last flush is quiet."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


_PACKAGES = {
    "train": ("torch", "onnx", "onnxscript", "filelock", "tensorboardX"),
    "collect": ("fastapi", "filelock", "httpx", "protego", "selectolax", "stamina", "uvicorn"),
    "browser": ("playwright",),
    "bulk": ("filelock", "fsspec", "pyarrow"),
    "ray": ("ray",),
    "report": ("filelock", "matplotlib"),
    "label-studio": ("fastapi", "httptools", "httpx", "prometheus_client", "uvicorn"),
    "web": ("fastapi", "httptools", "prometheus_client", "python_multipart", "uvicorn"),
}


def need(extra: str, feature: str) -> None:
    """Check that the packages of ``extra`` are installed.

    Raises:
        MissingExtraError: If one is not; the remedy is the line that installs them.
    """
    if any(find_spec(package) is None for package in _PACKAGES[extra]):
        raise MissingExtraError(feature, extra)


def say_passed_over(console: Console, folder: StrPath, note: str) -> None:
    """Print how many files of a folder are neither images nor labels, if any are."""
    if note:
        console.note(f"{printable(folder)}: {note}")


def say_animations(console: Console, files: Sequence[Path], frames: str | int | None) -> None:
    """Print how many images are animations, if any are, and which of their frames count."""
    from captchascope.image.frames import count_animations

    if count := count_animations(files):
        which = "auto" if frames is None else frames
        are = "is an animation" if count == 1 else "are animations"
        what = {
            "auto": "all frames merged, or the last where it shows all",
            "merge": "all frames merged",
        }.get(str(which), f"frame {which}" if str(which).isdecimal() else f"the {which} frame")
        console.note(f"{count} of {len(files)} images {are}: {what} (--frames chooses)")


def say_origin(console: Console, dataset: Dataset) -> None:
    """Say where the labels of ``dataset`` come from, what was made of them, and what is doubtful.

    Whoever takes labels says it: wrong ones taken in silence are the worst that can happen.
    """
    say_passed_over(console, dataset.folder, dataset.passed_over)
    console.note(dataset.origin_line)
    for note in dataset.origin.notes:
        console.note(f"labels: {printable(note)}")
    for doubt in dataset.origin.doubts:
        console.warning(f"labels: {doubt}")


def report_problems(console: Console, dataset: Dataset) -> None:
    """Print the problems of ``dataset``.

    Raises:
        DatasetError: If it has nothing else.
    """
    console.errors(dataset.problems)
    if not dataset.samples:
        where = printable(dataset.folder)
        raise DatasetError(where, "has no usable sample", "see the problems above")
