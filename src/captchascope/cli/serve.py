"""captchascope serve: the app and the HTTP API, on an address of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from captchascope.cli.options import common
from captchascope.cli.output import Console, need
from captchascope.cli.serving import announced, app_settings, with_address


@click.command("serve")
@with_address
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="Processes; each has the models for itself.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=["metu", "metu-glyphs"],
    show_default=True,
    metavar="NAME|FILE",
    help="A model that can be asked for; may be given several times, and the first is the default.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Labelled captchas to test the models on, for the page of results.",
)
@click.option(
    "--drain",
    type=click.FloatRange(0, 600),
    default=0.0,
    metavar="SECONDS",
    help="When told to stop, take in more for so long, while /readyz already says no.",
)
@common
def serve_command(
    console: Console,
    workers: int,
    models: tuple[str, ...],
    data: Path | None,
    drain: float,
    **address: Any,
) -> None:
    """Serve the app and the HTTP API, to this machine alone unless --host says otherwise.

    The pages are at /, the API at /v1/read and described by /openapi.json. SIGTERM or Ctrl-C ends
    it when what was taken in is answered.

    \b
    Examples:
      captchascope serve
      captchascope serve --workers 2 --model metu --model mine.onnx
      captchascope serve --host 0.0.0.0 --token-file token.txt
    """
    need("web", "captchascope serve")
    from captchascope.web.server import serve_app

    settings = app_settings(models=models, workers=workers, data=data, drain=drain, **address)
    serve_app(settings, announced(console, "listening on"), console.note)
