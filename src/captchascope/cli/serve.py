"""captchascope serve: the app and the HTTP API, on an address of this machine."""

from __future__ import annotations

from pathlib import Path

import click

from captchascope.cli.extras import need
from captchascope.cli.options import common
from captchascope.cli.output import Console

__all__ = ["serve"]


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; all but this machine's own needs --token-file.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="P",
    help="The port; 0 takes one that is free.",
)
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
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Answer only who shows the first line of FILE, which nobody else may read.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A further name that the server is asked by, such as that of a proxy before it.",
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
def serve(
    console: Console,
    host: str,
    port: int,
    workers: int,
    models: tuple[str, ...],
    token_file: Path | None,
    hosts: tuple[str, ...],
    data: Path | None,
    drain: float,
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
    from captchascope.web.server import serve as serve_until_stopped
    from captchascope.web.settings import Settings, read_token

    def listening(url: str) -> None:
        console.result(f"listening on {url}")
        console.flush()

    settings = Settings(
        models=models,
        host=host,
        port=port,
        workers=workers,
        token=None if token_file is None else read_token(token_file),
        hosts=frozenset(name.lower() for name in hosts),
        data=data,
        drain=drain,
    )
    serve_until_stopped(settings, listening, console.note)
