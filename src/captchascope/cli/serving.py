"""Options of the commands that serve: where they listen, and how they say that they do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captchascope.cli.output import Console

if TYPE_CHECKING:
    from captchascope.web.settings import Settings


def listens_on(default: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add --port."""
    return click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=default,
        show_default=True,
        metavar="P",
        help="The port to listen on; 0 takes one that is free.",
    )


_ADDRESS: tuple[Callable[[Callable[..., None]], Callable[..., None]], ...] = (
    click.option(
        "--host",
        default="127.0.0.1",
        show_default=True,
        metavar="ADDRESS",
        help="Where to listen; all but this machine's own needs --token-file.",
    ),
    listens_on(8000),
    click.option(
        "--token-file",
        type=click.Path(path_type=Path),
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
)


def with_address(function: Callable[..., None]) -> Callable[..., None]:
    """Add --host, --port, --token-file and --allow-host, which ``app_settings`` takes."""
    for option in reversed(_ADDRESS):
        function = option(function)
    return function


def app_settings(
    *, host: str, port: int, token_file: Path | None, hosts: tuple[str, ...], **further: Any
) -> Settings:
    """Return the app's settings; to be called once the extra web is known to be there."""
    from captchascope.web.settings import Settings, read_token

    token = None if token_file is None else read_token(token_file)
    names = frozenset(name.lower() for name in hosts)
    return Settings(host=host, port=port, token=token, hosts=names, **further)


def announced(console: Console, what: str, path: str = "") -> Callable[[str], None]:
    """Return what prints at once that a server listens, with the address of one of its pages."""

    def listening(url: str) -> None:
        console.result(f"{what} {url}{path}")
        console.flush()

    return listening
