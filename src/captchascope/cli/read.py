"""captchascope read: texts of images."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from captchascope.cli.options import common, model_and_jobs, positions
from captchascope.cli.output import Console
from captchascope.errors import DatasetError, ImageError, UsageError
from captchascope.finding import find_images, printable
from captchascope.image import MAX_BYTES, ImageSource
from captchascope.reader import load
from captchascope.records import Reading

__all__ = ["read"]


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@model_and_jobs
@click.option("--method", type=click.Choice(["whole", "glyphs"]), help="Insist on a method.")
@click.option("--charset", metavar="CHARS", help="Read only these characters.")
@click.option("--length", metavar="N|N-M", help="Read only texts of this length.")
@click.option(
    "--pattern",
    metavar="PATTERN",
    help="Read only texts that match as a whole: [0-9], [^0-9], a, {m}, {m,n}, ?, ab|cd.",
)
@click.option("--ignore-case", is_flag=True, help="Give lower case, whatever the case.")
@click.option(
    "--min-confidence", type=float, default=0.0, metavar="P", help="Abstain below P, 0 to 1."
)
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
    charset: str | None,
    length: str | None,
    pattern: str | None,
    ignore_case: bool,
    min_confidence: float,
) -> None:
    """Read captchas: files, folders (recursively, in natural order), or - for stdin.

    Prints one line per image: its path, its text and the confidence, separated by tabs.

    \b
    Examples:
      captchascope read captcha.jpeg
      captchascope read captchas --first 1 --last 100 --format jsonl
      captchascope read - < captcha.jpeg
    """
    reader = load(
        model,
        charset=charset,
        length=length,
        pattern=pattern,
        ignore_case=ignore_case,
        min_confidence=min_confidence,
    )
    if method is not None and method != reader.model.metadata.method:
        what = f"{method} contradicts the model, which reads by {reader.model.metadata.method}"
        raise UsageError("--method", what, "leave it away, or choose another model")
    meta = reader.model.metadata
    console.note(f"model {reader.model.name}: {meta.method}, reads {meta.charset.chars}", level=1)
    if (first, last) != (None, None) and not any(map(_is_folder, paths)):
        raise UsageError("--first, --last", "count within a folder", "name one, or leave them away")
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
        console.result(json.dumps(_row(name, reading)))
    elif reading.error is None:
        console.result(f"{printable(name)}\t{reading.text or ''}\t{reading.confidence:.4f}")


def _row(name: str, reading: Reading) -> dict[str, object]:
    return {
        "file": name,
        "text": reading.text,
        "confidence": round(reading.confidence, 6),
        "chars": [{"char": c.char, "confidence": round(c.confidence, 6)} for c in reading.chars],
        "error": None if reading.error is None else reading.error.what,
        "abstained": reading.abstained,
        "unfamiliar": reading.unfamiliar,
    }
