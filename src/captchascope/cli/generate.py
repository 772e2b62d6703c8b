"""captchascope generate: labelled captchas from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from captchascope.cli.knobs import with_knobs
from captchascope.cli.options import common
from captchascope.cli.output import Console
from captchascope.finding import printable

__all__ = ["generate"]


@click.command()
@click.argument("scheme")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--count", type=int, default=1000, show_default=True, metavar="N", help="How many.")
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="S",
    help="Another seed, other images.",
)
@with_knobs
@common
def generate(
    console: Console, scheme: str, folder: Path, count: int, seed: int, knobs: dict[str, Any]
) -> None:
    """Generate labelled captchas: 1.jpeg to N.jpeg, labels.csv and labels.txt.

    SCHEME is one that captchascope schemes lists as generated. The options from --charset on
    override what it looks like; metu has none of them.

    \b
    Examples:
      captchascope generate metu captchas --count 5000 --seed 1
      captchascope generate wavy mine --length 5 --lines 3 --font serif-01
    """
    from captchascope.generate.folder import write_folder

    with console.progress("generating", count) as progress:
        write_folder(scheme, folder, count, seed, progress, knobs)
    console.note(f"{count} captchas of {scheme} in {printable(folder)}")
