"""captchascope serve: the app and the HTTP API; where any command that serves listens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captchascope.cli.options import MODELS, PATH, adding, common, on_provider
from captchascope.cli.output import Console, need

if TYPE_CHECKING:
    from captchascope.web.settings import Settings


def listens_on(default: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add --port."""
    return click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=default,
        metavar="P",
        help="The port to listen on; 0 takes one that is free.",
    )


def with_address(port: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add where to listen, and who is let in; ``app_settings`` takes it."""
    return adding(
        click.option(
            "--host",
            default="127.0.0.1",
            metavar="ADDRESS",
            help="Where to listen; all but this machine's own needs --token-file.",
        ),
        listens_on(port),
        click.option(
            "--token-file",
            type=PATH,
            metavar="FILE",
            help="Answer only who shows the first line of FILE, which nobody else may read.",
        ),
        click.option(
            "--allow-host",
            "hosts",
            multiple=True,
            metavar="NAME",
            help="A further name that the server is asked by, such as that of a proxy before it.",
        ),
        click.option(
            "--trusted-proxy",
            "proxies",
            multiple=True,
            metavar="ADDRESS",
            help="The address or network of a proxy that is believed who asked it, and how.",
        ),
        click.option(
            "--root-path",
            default="",
            show_default=False,
            metavar="PATH",
            help="The path that a proxy serves this below, such as /captcha.",
        ),
    )


def app_settings(
    console: Console,
    *,
    token_file: Path | None,
    hosts: tuple[str, ...],
    root_path: str,
    **further: Any,
) -> Settings:
    """Return the app's settings; to be called once the extra web is known to be there."""
    from captchascope.web.settings import Settings, read_token

    token = None if token_file is None else read_token(token_file)
    names = frozenset(name.lower() for name in hosts)
    log, root = console.verbosity > 0, root_path.rstrip("/")
    return Settings(token=token, hosts=names, root_path=root, access_log=log, **further)


def announced(console: Console, what: str, path: str = "") -> Callable[[str], None]:
    """Return what prints at once that a server listens, with the address of one of its pages."""

    def listening(url: str) -> None:
        console.result(f"{what} {url}{path}")
        console.flush()

    return listening


@click.command("serve")
@with_address(8000)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    metavar="N",
    help="Processes; each has the models for itself.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=["any", "metu", "metu-glyphs"],
    metavar="NAME|FILE",
    shell_complete=MODELS,
    help="A model that can be asked for; may be given several times, and the first is the default.",
)
@on_provider
@click.option(
    "--data",
    type=PATH,
    metavar="DIR",
    help="Captchas to test the models on, where they are labelled, and to audit: for the pages.",
)
@click.option(
    "--drain",
    type=click.FloatRange(0, 600),
    default=0.0,
    show_default=False,
    metavar="SECONDS",
    help="When told to stop, take in more for so long, while /readyz already says no.",
)
@common
def serve_command(
    console: Console,
    workers: int,
    models: tuple[str, ...],
    providers: tuple[str, ...] | None,
    data: Path | None,
    drain: float,
    **address: Any,
) -> None:
    """Serve the app and the HTTP API, to this machine alone unless --host says otherwise.

    The pages are at /, the API at /v1/read and described by /openapi.json. SIGTERM or Ctrl-C ends
    it when what was taken in is answered. -v logs every request on stderr.

    \b
    Examples:
      captchascope serve
      captchascope serve --workers 2 --model metu --model mine.onnx
      captchascope serve --host 0.0.0.0 --token-file token.txt
    """
    need("web", "serve")
    from captchascope.web.server import serve_app

    settings = app_settings(
        console,
        models=models,
        providers=providers,
        workers=workers,
        data=data,
        drain=drain,
        **address,
    )
    serve_app(settings, announced(console, "listening on"), console.note)
