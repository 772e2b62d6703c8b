"""captchascope explain: a picture of every stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from captchascope.atomic import atomic_write
from captchascope.cli.options import CUT, MODELS, PATH, common
from captchascope.cli.output import Console
from captchascope.errors import UsageError
from captchascope.files import printable
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.glyphs.scheme import Scheme, load_scheme
from captchascope.image import load_image
from captchascope.reader import load


@click.command("explain")
@click.argument("image", metavar="IMAGE")
@click.option(
    "-o",
    "--output",
    required=True,
    type=PATH,
    metavar="FILE",
    help="The picture to write: .png, or .gif for an animation.",
)
@click.option(
    "--model",
    default="metu-glyphs",
    metavar="NAME|FILE",
    shell_complete=MODELS,
    help="Which model, of the glyphs way.",
)
@click.option(
    "--scheme",
    metavar="NAME|FILE",
    shell_complete=CUT,
    help="Cut by this scheme instead of the model's own.",
)
@common
def explain_command(
    console: Console, image: str, output: Path, model: str, scheme: str | None
) -> None:
    """Draw every stage of reading one captcha by the glyphs way.

    That way reads one scheme alone, with characters at even distances; metu-glyphs reads METU.

    \b
    Example:
      captchascope explain captcha.jpeg -o stages.png
    """
    from captchascope.draw import explain_gif, explain_png, explain_reading

    painters = {".png": explain_png, ".gif": explain_gif}
    if output.suffix.lower() not in painters:
        what = f"cannot be {output.suffix}" if output.suffix else f"{output} has no suffix"
        raise UsageError("output", printable(what), "name a .png or .gif")
    reader = load(model)
    recogniser = reader.recogniser
    if not isinstance(recogniser, GlyphRecogniser):
        what = f"{model} reads the whole image at once: there are no stages to draw"
        raise UsageError("model", what, "name one of the glyphs way, such as metu-glyphs")
    if scheme is not None:
        recogniser = replace(recogniser, scheme=load_scheme(scheme))
    pixels = load_image(image, 1, preprocessing=reader.preprocessing)
    drawn = explain_reading(recogniser, pixels, image)
    _warn_of_size(console, image, pixels.shape[1::-1], recogniser.scheme)
    atomic_write(output, painters[output.suffix.lower()](drawn))
    console.result(f"{printable(str(output))}\t{drawn.text or ''}\t{drawn.confidence:.4f}")


def _warn_of_size(console: Console, image: str, size: tuple[int, ...], scheme: Scheme) -> None:
    """Warn of an image, of so many columns and rows, that cannot be of the scheme."""
    if size != (scheme.width, scheme.height):
        has, wanted = f"{size[0]}x{size[1]}", f"{scheme.width}x{scheme.height}"
        console.warning(
            f"{printable(image)}: has {has} pixels, not the {wanted} of {scheme.name}: it is read "
            "by rules of another scheme (--scheme names its own)"
        )
