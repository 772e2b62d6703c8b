"""captchascope schemes: what ships, and a scheme's file to begin one's own with."""

from __future__ import annotations

import click

from captchascope.cli.options import common
from captchascope.cli.output import Console
from captchascope.glyphs.scheme import load, names, source_of

__all__ = ["schemes"]


@click.command()
@click.option("--show", metavar="NAME", help="Print the TOML of a scheme, to copy and change.")
@common
def schemes(console: Console, show: str | None) -> None:
    """List the schemes that ship, with a line on each.

    \b
    Example:
      captchascope schemes --show metu > mine.toml
    """
    if show is not None:
        console.result(source_of(show).rstrip("\n"))
        return
    for name in names():
        console.result(f"{name}\t{load(name).title}")
