"""captchascope generate: labelled captchas drawn from a seed, in a style that options can turn."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from captchascope.charset import expanded
from captchascope.cli.options import GENERATED, PATH, adding, common
from captchascope.cli.output import Console
from captchascope.decode import parse_length
from captchascope.errors import UsageError
from captchascope.files import printable
from captchascope.generate.style import BACKDROPS, FILLS, all_names


def _as_knobs(options: dict[str, Any]) -> dict[str, Any]:
    """Return the knobs that were given, as ``Style`` takes them.

    Raises:
        UsageError: If a charset, a length or a size is not written as one.
    """
    knobs = {name: value for name, value in options.items() if value not in (None, ())}
    if "charset" in knobs:
        knobs["charset"] = expanded(knobs["charset"])
    if "length" in knobs:
        knobs["length"] = parse_length(knobs["length"])
    if "size" in knobs:
        match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", knobs["size"])
        if match is None:
            what = f"is no size: {knobs['size']}"
            raise UsageError("--size", what, "write width and height: 150x50")
        knobs["size"] = int(match[2]), int(match[1])
    if "gap" in knobs:
        knobs["gap"] = -knobs["gap"]
    return knobs


def _list_fonts(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo("\n".join(all_names()))
        ctx.exit()


_with_knobs = adding(
    click.option("--charset", metavar="CHARS", help="What is drawn, such as 0-9a-f."),
    click.option("--length", metavar="N|N-M", help="How many characters a text has."),
    click.option("--size", metavar="WxH", help="Pixels, such as 150x50."),
    click.option("--font", "fonts", multiple=True, metavar="NAME", help="A font; may be repeated."),
    click.option(
        "--list-fonts",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_list_fonts,
        help="Print their names.",
    ),
    click.option("--rotation", type=float, metavar="DEGREES", help="Turn each glyph up to this."),
    click.option(
        "--overlap",
        "gap",
        type=click.FloatRange(0, 0.6),
        metavar="P",
        help="Let glyphs overlap by this share of their height.",
    ),
    click.option(
        "--warp", type=float, metavar="P", help="Bend the text by up to this share of the height."
    ),
    click.option("--fill", type=click.Choice(FILLS), help="How strokes are filled."),
    click.option("--colours/--no-colours", default=None, help="A colour for every glyph."),
    click.option("--gray/--no-gray", default=None, help="No colours at all."),
    click.option("--backdrop", type=click.Choice(BACKDROPS), help="What lies behind."),
    click.option("--lines", type=int, metavar="N", help="Straight lines."),
    click.option("--arcs", type=int, metavar="N", help="Arcs and waves."),
    click.option("--dots", type=int, metavar="N", help="Spots."),
    click.option(
        "--noise", "speckle", type=float, metavar="P", help="Replace this share of the pixels."
    ),
    click.option("--quality", type=int, metavar="Q", help="Of the JPEG files, 5 to 100."),
)
"""An option for each knob of a style, in the order in which an image is drawn."""


@click.command("generate")
@click.argument("scheme", shell_complete=GENERATED)
@click.argument("folder", metavar="DIR", type=PATH)
@click.option("--count", type=int, default=1000, metavar="N", help="How many.")
@click.option("--seed", type=int, default=0, metavar="S", help="Another seed, other images.")
@_with_knobs
@common
def generate_command(
    console: Console, scheme: str, folder: Path, count: int, seed: int, **knobs: Any
) -> None:
    """Generate labelled captchas: 1.jpeg to N.jpeg, labels.csv and labels.txt.

    SCHEME is one that captchascope schemes lists as generated. The options from --charset on
    override what it looks like; metu, metu-wide and general have none.

    \b
    Examples:
      captchascope generate metu captchas --count 5000 --seed 1
      captchascope generate wavy mine --length 5 --lines 3 --font serif-01
    """
    from captchascope.generate import write_folder

    turned = _as_knobs(knobs)
    with console.progress("generating", count) as progress:
        write_folder(scheme, folder, count, seed, progress, turned)
    console.note(f"{count} captchas of {scheme} in {printable(folder)}")
