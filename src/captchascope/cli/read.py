"""captchascope read: texts of images."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from shlex import quote
from typing import Any

import click

from captchascope.cli.options import (
    common,
    consistently,
    model_and_jobs,
    positions,
    reading_options,
)
from captchascope.cli.output import Console, say_passed_over
from captchascope.decode import ReadOptions
from captchascope.errors import DatasetError, ImageError, UsageError
from captchascope.files import printable, survey_folder
from captchascope.image.datauri import is_text, shortened
from captchascope.reader import DEFAULT_MODELS, Reader, reader_of


@click.command("read")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@model_and_jobs
@click.option(
    "--method",
    type=click.Choice([*DEFAULT_MODELS]),
    help="How to read: whole, or cut into glyphs, by metu-glyphs unless a model is named.",
)
@reading_options
@click.option(
    "--format", "form", type=click.Choice(["text", "jsonl"]), default="text", help="What a line is."
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
      captchascope read captchas --consistent
      captchascope read - < captcha.jpeg
    """
    chosen = model or DEFAULT_MODELS[method or "whole"]
    reader = reader_of(chosen, ReadOptions(**limits), providers=providers)
    meta = reader.model.metadata
    if method not in (None, meta.method):
        what = f"{method} contradicts the model, which reads by {meta.method}"
        raise UsageError("method", what, "leave it away, or choose another model")
    if console.verbosity > 0:
        by = f"by {reader.model.provider}"
        console.note(f"model {reader.model.name}: {meta.method} {by}, reads {meta.charset.chars}")
    names, files = _found(console, paths, first, last)
    images = (_Stdin() if file is None else file for file in files)
    if consistent:
        reader = _consistent(console, reader, files)
    unlike = read = 0
    looks: Counter[bool] = Counter()
    with reader:
        readings = reader.read_many(images, jobs=jobs, errors="return")
        for name, reading in zip(names, readings, strict=True):
            if (error := reading.error) is not None:
                named = ImageError(name, error.what, error.remedy)
                console.error(named.with_traceback(error.__traceback__))
            elif reading.abstained:
                console.failed = True
                sure = not reading.chars or reading.confidence >= reader.options.min_confidence
                if reader.options.solve and sure:
                    remedy = "leave --solve away to read its text"
                    console.error(ImageError(name, "shows no sum", remedy))
            read += error is None
            unlike += reading.unfamiliar
            if reading.frames is not None:
                looks[reading.frames.startswith("all")] += 1
            if form == "jsonl":
                console.result(json.dumps(reading.row(name)))
            elif error is None:
                found = reading.value if reader.options.solve else reading.text
                shown = "" if found is None else found
                console.result(f"{printable(name)}\t{shown}\t{reading.confidence:.4f}")
    if looks:
        console.note(_of_animations(looks[True], looks[False]))
    if unlike and form == "text":
        console.note(_unlike(unlike, read, reader.path.stem))


def _of_animations(merged: int, single: int) -> str:
    """Return the line about how many animations were read by all of their frames, or by one."""
    count = merged + single
    parts = [f"all frames of {merged} merged"] if merged else []
    parts += [f"one frame of {single} read"] if single else []
    counted = "1 animation" if count == 1 else f"{count} animations"
    return f"{counted}: {', '.join(parts)} (--frames chooses; jsonl says which)"


def _unlike(unlike: int, read: int, model: str) -> str:
    """Return the line about images that are none of what the model knows."""
    what = f"{unlike} of {read} images {'is' if unlike == 1 else 'are'}"
    general = DEFAULT_MODELS["whole"]
    remedy = "train on such: captchascope train --help"
    if model != general:
        remedy = f"read them with --model {general}, or {remedy}"
    return f"captchascope: {what} unlike what model {printable(model)} was trained on ({remedy})"


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
    line = f"read as: {options.length} of {chars.chars}; say {' '.join(flags)} to fix it"
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
        # The folder exactly as it was given, and the file's path in it.
        folder = path if path.endswith(("/", "\\")) else f"{path}/"
        names += [folder + file.relative_to(path).as_posix() for file in within]
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
