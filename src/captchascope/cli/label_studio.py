"""captchascope label-studio: a machine-learning backend of Label Studio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from captchascope.cli.options import (
    PATH,
    common,
    on_model,
    on_provider,
    reading_options,
    take_read_options,
)
from captchascope.cli.output import Console, need
from captchascope.cli.serve import announced, app_settings, with_address


@click.command("label-studio")
@with_address(9090)
@on_model
@on_provider
@click.option(
    "--label-studio-url",
    metavar="URL",
    help="Where Label Studio runs; images of tasks are asked for there, and nowhere else.",
)
@click.option(
    "--label-studio-token-file",
    type=PATH,
    metavar="FILE",
    help="Show it the token in the first line of FILE, which nobody else may read.",
)
@click.option(
    "--files",
    type=PATH,
    metavar="DIR",
    help="The folder that Label Studio serves local files from; they are read from there.",
)
@reading_options
@common
def label_studio_command(
    console: Console,
    model: str | None,
    providers: tuple[str, ...] | None,
    label_studio_url: str | None,
    label_studio_token_file: Path | None,
    files: Path | None,
    **further: Any,
) -> None:
    """Fill in what captchas read for Label Studio, as one of its machine-learning backends.

    In the project's settings, add http://localhost:9090 as a model; its labelling interface must
    have a TextArea for the Image. With --token-file, the model's authentication is Basic, and the
    token its password. SIGTERM or Ctrl-C ends it. -v logs every request on stderr.

    \b
    Examples:
      captchascope label-studio --files .
      captchascope label-studio --label-studio-url http://localhost:8080 \\
        --label-studio-token-file studio.txt --model mine.onnx --min-confidence 0.5
    """
    need("label-studio", "label-studio")
    from captchascope.reader import DEFAULT_MODELS, reader_of
    from captchascope.web.server import serve_app
    from captchascope.web.settings import LabelStudioSettings, read_token

    known = take_read_options(further)
    chosen = model or DEFAULT_MODELS["whole"]
    reader_of(chosen, known, providers=providers)  # so that what it can't do is known at once
    shown = None if label_studio_token_file is None else read_token(label_studio_token_file)
    settings = app_settings(
        console,
        models=(chosen,),
        providers=providers,
        label_studio=LabelStudioSettings(known, files, label_studio_url, shown),
        **further,
    )
    serve_app(settings, announced(console, "listening on"), console.note)
