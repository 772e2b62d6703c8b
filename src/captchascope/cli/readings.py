"""What ``read`` and ``watch`` share: how their reader is chosen, and the rows that they print."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from captchascope.cli.options import adding, model_and_jobs, reading_options
from captchascope.cli.output import Console
from captchascope.decode import ReadOptions
from captchascope.errors import ImageError, UsageError, counted
from captchascope.files import printable
from captchascope.reader import DEFAULT_MODELS, Reader, reader_of

if TYPE_CHECKING:
    from captchascope.records import Reading

COLUMNS = ("file", "text", "confidence", "error", "abstained", "unfamiliar")
"""Of csv, each as a row of JSON has it; ``value`` follows where sums are solved."""

_DRAWN = 1000  # rows of a table, the most that wait
_FOREIGN = 9  # characters of a charset that are named

how_to_read = adding(
    model_and_jobs,
    click.option(
        "--method",
        type=click.Choice([*DEFAULT_MODELS]),
        help="How to read: whole, or cut into glyphs, by metu-glyphs unless a model is named.",
    ),
    reading_options,
)
"""What ``chosen_reader`` takes, and ``--jobs``."""


def chosen_reader(
    console: Console,
    model: str | None,
    method: str | None,
    providers: tuple[str, ...] | None,
    limits: dict[str, Any],
) -> Reader:
    """Return the reader that the options of ``how_to_read`` ask for; ``-v`` says which.

    What of a charset looks like a mistake is warned of.

    Raises:
        UsageError: If the method is not the model's, or an option is wrong.
        ModelError: If there is no such model.
    """
    chosen = model or DEFAULT_MODELS[method or "whole"]
    reader = reader_of(chosen, ReadOptions(**limits), providers=providers)
    meta = reader.model.metadata
    if method not in (None, meta.method):
        what = f"{method} contradicts the model, which reads by {meta.method}"
        raise UsageError("method", what, "leave it away, or choose another model")
    warn_of_charset(console, reader)
    if console.verbosity > 0:
        by = f"by {reader.model.provider}"
        console.note(f"model {reader.model.name}: {meta.method} {by}, reads {meta.charset.chars}")
    return reader


def warn_of_charset(console: Console, reader: Reader) -> None:
    """Warn of what stands in a charset and the model reads in no case; the status stays.

    Letters and digits of ASCII are left out, as a script may tell them to every model, whatever
    it reads. Brackets, commas and signs are most likely how somebody thought that a charset is
    written.
    """
    told, known = reader.options.constraints.charset, reader.charset.chars
    known += known.lower() + known.upper()
    chars = "" if told is None else told.chars
    foreign = [c for c in chars if not (c.isascii() and c.isalnum()) and c not in known]
    if foreign:
        shown = " ".join(foreign[:_FOREIGN]) + " ..." * (len(foreign) > _FOREIGN)
        what = f"model {reader.path.stem} does not read {shown}"
        console.warning(f"--charset: {what} (write the characters alone, such as 0-9a-f)")


class ReadingPrinter:
    """Prints a row for each reading, an error for what failed, and at the end what is to be said.

    Attributes:
        rows: How many readings there were.
    """

    def __init__(self, console: Console, reader: Reader, form: str) -> None:
        """Begin; of csv the header is printed."""
        self._console, self._reader, self._form = console, reader, form
        self._solves = reader.options.solve
        self._unlike = self._read = self.rows = 0
        self._looks: Counter[bool] = Counter()
        self._waiting: list[tuple[str, ...]] = []
        self._columns = (*COLUMNS, "value") if self._solves else COLUMNS
        if form == "csv":
            if hasattr(sys.stdout, "reconfigure"):  # rows end in CRLF on every system
                sys.stdout.reconfigure(encoding="utf-8", newline="")
            console.result(_csv_line(self._columns))

    def add(self, name: str, reading: Reading, picture: str = "") -> None:
        """Print what became of the image that the user called so.

        ``picture`` is what draws it on the terminal, before its line of text.
        """
        self.rows += 1
        self._report(name, reading)
        self._read += reading.error is None
        self._unlike += reading.unfamiliar
        if reading.frames is not None:
            self._looks[reading.frames.startswith("all")] += 1
        if self._form == "jsonl":
            self._console.result(json.dumps(reading.row(name)))
        elif self._form == "csv":
            row = reading.row(printable(name))
            self._console.result(_csv_line([_cell(row[column]) for column in self._columns]))
        elif self._form == "table":
            self._waiting.append(self._drawn_row(name, reading))
            if len(self._waiting) == _DRAWN:
                self._draw()
        elif reading.error is None:
            confidence = f"{reading.confidence:.4f}"
            self._console.result(f"{picture}{printable(name)}\t{self._text(reading)}\t{confidence}")

    def end(self) -> None:
        """Print what waits, and on stderr what is to be said of all images together."""
        if self._waiting:
            self._draw()
        if self._looks:
            self._console.note(_of_animations(self._looks[True], self._looks[False]))
        if self._unlike and self._form in ("text", "table"):
            self._console.note(_unlike(self._unlike, self._read, self._reader.path.stem))

    def _text(self, reading: Reading) -> str:
        found = reading.value if self._solves else reading.text
        return "" if found is None else str(found)

    def _report(self, name: str, reading: Reading) -> None:
        """Print what is wrong, and remember whatever makes the status 1."""
        if (error := reading.error) is not None:
            named = ImageError(name, error.what, error.remedy)
            self._console.error(named.with_traceback(error.__traceback__))
        elif reading.abstained:
            self._console.failed = True
            least = self._reader.options.min_confidence
            if self._solves and (not reading.chars or reading.confidence >= least):
                remedy = "leave --solve away to read its text"
                self._console.error(ImageError(name, "shows no sum", remedy))

    def _drawn_row(self, name: str, reading: Reading) -> tuple[str, ...]:
        if reading.error is not None:
            return printable(name), "", "", printable(reading.error.what)
        notes = [word for word in ("abstained", "unfamiliar") if getattr(reading, word)]
        confidence = f"{reading.confidence:.4f}"
        return printable(name), self._text(reading), confidence, ", ".join(notes)

    def _draw(self) -> None:
        """Draw the rows that wait; as wide as they need where it is no terminal's width."""
        from rich.console import Console as RichConsole
        from rich.table import Table
        from rich.text import Text

        shown = sys.stdout is not None and sys.stdout.isatty()
        drawing = io.StringIO()
        # What is no terminal must not cut a path, which rich does at 80 columns.
        width = None if shown else sum(max(map(len, row)) for row in self._waiting) * 2 + 80
        rich = RichConsole(file=drawing, force_terminal=shown or None, width=width)
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("file", "text", "confidence", "note"):
            table.add_column(title, overflow="fold", justify="left")
        for row in self._waiting:
            table.add_row(*map(Text, row))
        rich.print(table)
        self._waiting.clear()
        lines = drawing.getvalue().splitlines()
        self._console.result("\n".join(line.rstrip() for line in lines))


def _cell(value: object) -> str:
    """Return a value of JSON as a cell: nothing for null, ``true`` and ``false`` as they are."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _csv_line(cells: tuple[str, ...] | list[str]) -> str:
    """Return a record of RFC 4180 up to its last carriage return."""
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().removesuffix("\n")


def _of_animations(merged: int, single: int) -> str:
    """Return the line about how many animations were read by all of their frames, or by one."""
    count = merged + single
    parts = [f"all frames of {merged} merged"] if merged else []
    parts += [f"one frame of {single} read"] if single else []
    return f"{counted(count, 'animation')}: {', '.join(parts)} (--frames chooses; jsonl says which)"


def _unlike(unlike: int, read: int, model: str) -> str:
    """Return the line about images that are none of what the model knows."""
    what = f"{unlike} of {read} images {'is' if unlike == 1 else 'are'}"
    general = DEFAULT_MODELS["whole"]
    remedy = "train on such: captchascope train --help"
    if model != general:
        remedy = f"read them with --model {general}, or {remedy}"
    return f"captchascope: {what} unlike what model {printable(model)} was trained on ({remedy})"
