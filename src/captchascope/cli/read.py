"""captchascope read: texts of images."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from captchascope.cli.options import common, consistently, positions
from captchascope.cli.output import Console, say_passed_over
from captchascope.cli.readings import ReadingPrinter, chosen_reader, how_to_read
from captchascope.errors import DatasetError, ImageError, UsageError
from captchascope.files import path_as_given, printable, survey_folder
from captchascope.image.datauri import is_text, shortened
from captchascope.image.decode import load_rgb
from captchascope.reader import Reader

if TYPE_CHECKING:
    from captchascope.cli.terminal import ImageTerminal


@click.command("read")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@how_to_read
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "table", "csv", "jsonl"]),
    default="text",
    help="What is printed.",
)
@click.option(
    "--images/--no-images",
    "pictures",
    default=None,
    show_default=False,
    help="Show the images beside their texts; by default where the terminal says that it can.",
)
@consistently
@positions
@common
def read_command(
    console: Console,
    paths: tuple[str, ...],
    model: str | None,
    method: str | None,
    form: str,
    pictures: bool | None,
    jobs: int,
    providers: tuple[str, ...] | None,
    consistent: bool,
    first: int | None,
    last: int | None,
    **limits: Any,
) -> None:
    """Read captchas: files, folders (recursively, in natural order), or - for stdin.

    A file may hold an image, or its base64 text or data URI; a PATH may be a data URI, too.
    Prints one line per image: its path, its text and the confidence, separated by tabs.

    \b
    Examples:
      captchascope read captcha.jpeg
      captchascope read captchas --first 1 --last 100 --format jsonl
      captchascope read captchas --format csv > readings.csv
      captchascope read captchas --consistent
      captchascope read - < captcha.jpeg
    """
    reader = chosen_reader(console, model, method, providers, limits)
    names, files = _found(console, paths, first, last)
    images = (_Stdin() if file is None else file for file in files)
    if consistent:
        reader = _consistent(console, reader, files)
    printer = ReadingPrinter(console, reader, form)
    with _images(form, pictures) as terminal, reader:
        if pictures and terminal is None:
            what = "that takes --format text, and a terminal that says that it can"
            console.note(f"no images are shown: {what}")
        readings = reader.read_many(images, jobs=jobs, errors="return")
        for name, file, reading in zip(names, files, readings, strict=True):
            picture = ""
            if terminal is not None and file is not None and reading.error is None:
                with suppress(ImageError):  # it was read, and may be gone by now
                    picture = terminal.shown(load_rgb(file))
            printer.add(name, reading, picture)
    printer.end()


@contextmanager
def _images(form: str, wanted: bool | None) -> Iterator[ImageTerminal | None]:
    """Yield the terminal that images are shown on, if there is one."""
    if form != "text" or wanted is False or sys.stdout is None or not sys.stdout.isatty():
        yield None
        return
    from captchascope.cli.terminal import image_terminal

    with image_terminal(forced=wanted is True) as terminal:
        yield terminal


def _consistent(console: Console, reader: Reader, files: list[str | Path | None]) -> Reader:
    """Return the reader under what is inferred from images of one scheme, having said what that is.

    Raises:
        UsageError: If there is nothing to infer, or an image can be read only once.
    """
    if None in files:
        raise UsageError("consistent", "reads images twice, and stdin only once", "name files")
    options = reader.inferred_options([file for file in files if file is not None])
    if options is None:
        console.note("no charset and no length is clearly what these images have in common")
        return reader
    chars = options.constraints.charset or reader.charset
    told = {"--length": options.length, "--charset": options.charset}
    given = {"--length": reader.options.length, "--charset": reader.options.charset}
    flags = [f"{flag} {quote(str(told[flag]))}" for flag in told if told[flag] != given[flag]]
    line = f"read as: {options.length} of {chars.chars}; say {' '.join(flags)} to keep this"
    console.note(line)
    return reader.with_options(options)


def _found(
    console: Console, paths: tuple[str, ...], first: int | None, last: int | None
) -> tuple[list[str], list[str | Path | None]]:
    """Return the name and file of every image, None for stdin, before anything is read.

    So a range that does not fit is known while nothing is lost by it.
    """
    if (first, last) != (None, None) and not any(map(_is_folder, paths)):
        raise UsageError("--first, --last", "count within a folder", "name one, or leave them away")
    names: list[str] = []
    files: list[str | Path | None] = []
    for path in paths:
        if path == "-" or not _is_folder(path):
            names.append(shortened(path))
            files.append(None if path == "-" else path if is_text(path) else Path(path))
            continue
        try:
            found = survey_folder(path)
        except DatasetError as error:
            console.error(error)
            continue
        say_passed_over(console, path, found.note)
        within = found.paths
        low = 1 if first is None else first
        high = len(within) if last is None else last
        if not 1 <= low <= high <= len(within):
            what = f"has no range of images {low} to {high}"
            remedy = f"choose 1 <= first <= last <= {len(within)}"
            raise UsageError(printable(path), what, remedy)
        within = within[low - 1 : high]
        names += [path_as_given(path, file) for file in within]
        files += within
    return names, files


class _Stdin:
    """What stdin holds by then; it is not rewound, and an error in it is one of this image."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""
        return b"" if sys.stdin is None else sys.stdin.buffer.read(size)


def _is_folder(path: str) -> bool:
    if not path:
        raise UsageError("PATH", "is empty", "name a file, a folder, or - for stdin")
    try:
        return Path(path).is_dir()
    except OSError:  # a name that is too long, say; opening it will tell
        return False
