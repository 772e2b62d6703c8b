"""captchascope schemes: the schemes that ship, and a scheme's file to begin one's own with."""

from __future__ import annotations

import click

from captchascope.cli.options import CUT, common
from captchascope.cli.output import Console
from captchascope.errors import SchemeError
from captchascope.generate import SCHEMES
from captchascope.glyphs.scheme import load_scheme, scheme_names, scheme_source


@click.command("schemes")
@click.option(
    "--show",
    metavar="NAME",
    shell_complete=CUT,
    help="Print the TOML of a scheme, to copy and change.",
)
@common
def schemes_command(console: Console, show: str | None) -> None:
    """List the schemes that ship, with what can be done with each, and a line on it.

    What can be generated is for captchascope generate; what can be cut into glyphs, for segment,
    explain and the glyphs way of reading: --show prints how.

    \b
    Example:
      captchascope schemes --show metu > mine.toml
    """
    if show in SCHEMES and show not in scheme_names():
        what = "is only generated, so there is nothing to show"
        raise SchemeError(show, what, f"name one of {', '.join(scheme_names())}")
    if show is not None:
        console.result(scheme_source(show).rstrip("\n"))
        return
    titles = {**SCHEMES, **{name: load_scheme(name).title for name in scheme_names()}}
    for name, title in titles.items():
        uses = ["generate"] * (name in SCHEMES) + ["cut"] * (name in scheme_names())
        console.result(f"{name}\t{', '.join(uses)}\t{title}")
