"""captchascope label: label a folder of captchas in a browser."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from captchascope.cli.options import (
    MODELS,
    PATH,
    common,
    labels_from,
    on_provider,
    parse_duration,
    parse_share,
    reading_options,
    take_read_options,
)
from captchascope.cli.output import Console, need, say_animations, say_origin, say_passed_over
from captchascope.cli.serve import announced, app_settings, with_address
from captchascope.errors import DatasetError
from captchascope.files import printable, survey_folder

_PATIENCE = 10.0  # seconds to say, at the end too, which labels there were at the start


@click.command("label")
@click.argument("folder", metavar="DIR", type=PATH)
@with_address(8000)
@click.option(
    "--model",
    metavar="NAME|FILE",
    shell_complete=MODELS,
    help="Which model guesses.  [default: the one trained here, or any]",
)
@on_provider
@click.option(
    "--overlap",
    type=parse_share,
    default=0.0,
    show_default=False,
    metavar="SHARE",
    help="Show that share of the images, such as 5%, to two people; where they differ, the review "
    "page asks who is right.",
)
@click.option(
    "--retrain",
    type=click.IntRange(10),
    default=50,
    metavar="N",
    help="Train the model anew after every N labels, where the extra train is installed.",
)
@click.option("--no-retrain", is_flag=True, help="Keep the model as it is.")
@click.option(
    "--time-limit",
    type=parse_duration,
    default="3m",
    metavar="TIME",
    help="For each training: 90s, 10m.",
)
@reading_options
@labels_from
@common
def label_command(
    console: Console,
    folder: Path,
    model: str | None,
    providers: tuple[str, ...] | None,
    overlap: float,
    retrain: int,
    no_retrain: bool,
    time_limit: float,
    label_options: Mapping[str, Any],
    **further: Any,
) -> None:
    """Label the captchas of a folder in a browser, with the model's guesses filled in.

    Several people can label one folder at once: no image is given to two of them. Every label is
    stored at once in a hidden file of the folder, and labels.csv follows within seconds. SIGTERM or
    Ctrl-C ends it; nothing is lost, even if it is killed. -v logs every request on stderr.

    \b
    Examples:
      captchascope label captchas
      captchascope label captchas --charset 0-9 --length 6
      captchascope label captchas --overlap 5% --model mine.onnx
      captchascope label captchas --labels-from names
    """
    need("web", "label")
    from captchascope.data.labels import LabelOptions
    from captchascope.reader import DEFAULT_MODELS
    from captchascope.web.server import serve_app
    from captchascope.web.settings import LabelSettings

    known = take_read_options(further)
    every = None if no_retrain else retrain
    asked = dict(label_options)
    source = asked.pop("labels_from")
    say_address = announced(console, "label at", "label")

    def say_labels() -> None:
        with suppress(DatasetError):  # the page tells of it
            _say_labels(console, folder, label_options, known.frames)

    saying = threading.Thread(target=say_labels, daemon=True)  # a large folder takes a while

    def listening(url: str) -> None:
        say_address(url)
        saying.start()

    settings = app_settings(
        console,
        models=(DEFAULT_MODELS["whole"],) if model is None else (model,),
        providers=providers,
        label=LabelSettings(
            folder,
            model,
            overlap,
            every,
            time_limit,
            known,
            source,
            LabelOptions(**asked),
            providers,
        ),
        **further,
    )
    try:
        serve_app(settings, listening, console.note)
    finally:
        if saying.is_alive():
            saying.join(_PATIENCE)


def _say_labels(
    console: Console, folder: Path, asked: Mapping[str, Any], frames: str | int | None
) -> None:
    """Say which labels the folder has already; names of files are taken only where one asks."""
    images = survey_folder(folder)
    say_animations(console, images.paths, frames)
    from captchascope.data.dataset import read_dataset
    from captchascope.data.formats import AUTO, form_of

    form = form_of(folder) if asked["labels_from"] == AUTO else asked["labels_from"]
    if form is not None:
        say_origin(console, read_dataset(folder, **{**asked, "labels_from": form}))
        return
    say_passed_over(console, folder, images.note)
    with suppress(DatasetError):
        if (found := read_dataset(folder, **asked)).samples:
            how = "sidecar" if found.source == folder else found.source or "names"
            remedy = f"not taken over; --labels-from {printable(how)} does so"
            console.note(f"{found.origin_line}: {remedy}")
            return
    console.note("labels: none yet")
