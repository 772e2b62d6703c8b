"""captchascope read: texts of images."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from captchascope.cli.options import common, constraints, model_and_jobs, positions
from captchascope.cli.output import Console
from captchascope.errors import DatasetError, ImageError, UsageError
from captchascope.files import find_images, printable
from captchascope.image import MAX_BYTES, ImageSource
from captchascope.reader import load
from captchascope.records import Reading

__all__ = ["read"]


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@model_and_jobs
@click.option("--method", type=click.Choice(["whole", "glyphs"]), help="Insist on a method.")
@constraints
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    show_default=True,
    help="What a line is.",
)
@positions
@common
def read(
    console: Console,
    paths: tuple[str, ...],
    model: str,
    method: str | None,
    form: str,
    jobs: int,
    first: int | None,
    last: int | None,
    **limits: Any,
) -> None:
    """Read captchas: files, folders (recursively, in natural order), or - for stdin.

    Prints one line per image: its path, its text and the confidence, separated by tabs.

    \b
    Examples:
      captchascope read captcha.jpeg
      captchascope read captchas --first 1 --last 100 --format jsonl
      captchascope read - < captcha.jpeg
    """
    with closing(load(model, **limits)) as reader:
        meta = reader.model.metadata
        if method not in (None, meta.method):
            what = f"{method} contradicts the model, which reads by {meta.method}"
            raise UsageError("--method", what, "leave it away, or choose another model")
        about = f"{meta.method}, reads {meta.charset.chars}"
        console.note(f"model {reader.model.name}: {about}", level=1)
        names: deque[str] = deque()
        images = _images(_found(console, paths, (first, last)), names)
        for reading in reader.read_many(images, jobs=jobs, errors="return"):
            _print(console, names.popleft(), reading, form)


def _found(
    console: Console, paths: tuple[str, ...], span: tuple[int | None, int | None]
) -> list[tuple[str, Path | None]]:
    """Return the name and file of every image, None for stdin, before anything is read.

    So a range that does not fit is known while nothing is lost by it.
    """
    if span != (None, None) and not any(map(_is_folder, paths)):
        raise UsageError("--first, --last", "count within a folder", "name one, or leave them away")
    found: list[tuple[str, Path | None]] = []
    for path in paths:
        if path == "-" or not _is_folder(path):
            found.append((path, None if path == "-" else Path(path)))
            continue
        try:
            found += [(_joined(path, file), file) for file in _within(path, span)]
        except DatasetError as error:
            console.error(error)
    return found


def _images(found: Iterable[tuple[str, Path | None]], names: deque[str]) -> Iterator[ImageSource]:
    """Yield the images, and add their names to ``names`` as they go."""
    for name, file in found:
        names.append(name)
        if file is not None:
            yield file
        else:
            yield sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin is not None else b""


def _is_folder(path: str) -> bool:
    if not path:
        raise UsageError("PATH", "is empty", "name a file, a folder, or - for stdin")
    try:
        return Path(path).is_dir()
    except OSError:  # a name that is too long, say; opening it will tell
        return False


def _within(folder: str, span: tuple[int | None, int | None]) -> list[Path]:
    """Return the images of a folder between two positions, from 1, both included."""
    files = find_images(Path(folder))
    first = 1 if span[0] is None else span[0]
    last = len(files) if span[1] is None else span[1]
    if not 1 <= first <= last <= len(files):
        what = f"has no range of images {first} to {last}"
        remedy = f"choose 1 <= first <= last <= {len(files)}"
        raise UsageError(printable(folder), what, remedy)
    return files[first - 1 : last]


def _joined(folder: str, file: Path) -> str:
    """Return the folder exactly as it was given, and the file's path in it."""
    separator = "" if folder.endswith(("/", "\\")) else "/"
    return f"{folder}{separator}{file.relative_to(folder).as_posix()}"


def _print(console: Console, name: str, reading: Reading, form: str) -> None:
    if reading.error is not None:
        error = reading.error
        named = ImageError(name, error.what, error.remedy)
        console.error(named.with_traceback(error.__traceback__))
    elif reading.abstained:
        console.failed = True
    if form == "jsonl":
        console.result(json.dumps(reading.row(name)))
    elif reading.error is None:
        console.result(f"{printable(name)}\t{reading.text or ''}\t{reading.confidence:.4f}")
