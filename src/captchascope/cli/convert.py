"""captchascope convert: a data set with its labels in another form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from captchascope.cli.options import PATH, common, labels_from, positions
from captchascope.cli.output import Console, report_problems, say_origin
from captchascope.errors import UsageError
from captchascope.files import printable


@click.command("convert")
@click.argument("folder", metavar="DIR", type=PATH)
@click.argument("dest", metavar="DEST", type=PATH)
@click.option(
    "--to",
    required=True,
    type=click.Choice(["csv", "txt", "jsonl", "names", "sidecar", "imagefolder", "label-studio"]),
    help="The form of the labels.",
)
@labels_from
@click.option(
    "--answers",
    type=PATH,
    metavar="FILE",
    help="Label each image by the SHA-256 of its bytes, from a table sha256,label.",
)
@positions
@common
def convert_command(
    console: Console,
    folder: Path,
    dest: Path,
    to: str,
    label_options: Mapping[str, Any],
    answers: Path | None,
    first: int | None,
    last: int | None,
) -> None:
    """Copy labelled captchas to the new folder DEST, with their labels in another form.

    csv, jsonl and label-studio keep names, folders and further columns; txt numbers the images;
    names calls them by their labels, sidecar puts a text file beside each, and imagefolder puts
    them into a folder for each label.

    \b
    Examples:
      captchascope convert captchas --to names named
      captchascope convert collected --answers answers.csv --to csv captchas
      captchascope convert images --labels-from project-1.json --to csv captchas
    """
    from captchascope.data.convert import convert_dataset
    from captchascope.data.dataset import read_dataset
    from captchascope.data.formats import AUTO

    if answers is not None and label_options["labels_from"] != AUTO:
        what = f"contradicts --labels-from {label_options['labels_from']}"
        raise UsageError("--answers", what, "name one source of labels")
    dataset = read_dataset(folder, **label_options, answers=answers).select(first, last)
    say_origin(console, dataset)
    report_problems(console, dataset)
    with console.progress("copying", len(dataset.samples)) as progress:
        done = convert_dataset(dataset, to, dest, console.error, progress)
    if done.lost:
        lost = ", ".join(map(printable, done.lost))
        console.note(f"{to} holds no further columns, left out: {lost}")
    if to in ("names", "imagefolder"):
        console.note(f"commands read it with --labels-from {to}")
    console.note(f"{done.count} captchas as {to} in {printable(dest)}")
