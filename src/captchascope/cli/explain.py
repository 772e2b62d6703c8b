"""captchascope explain: a picture of every stage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from captchascope.cli.options import common
from captchascope.cli.output import Console
from captchascope.errors import SegmentationError, UsageError
from captchascope.finding import printable
from captchascope.glyphs.scheme import load as load_scheme
from captchascope.image import load_gray
from captchascope.reader import Reader, load

if TYPE_CHECKING:
    from captchascope.draw import Explained
    from captchascope.records import GrayImage

__all__ = ["explain"]


@click.command()
@click.argument("image", metavar="IMAGE")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The picture to write: .png, or .gif for an animation.",
)
@click.option(
    "--model",
    default="metu-glyphs",
    show_default=True,
    metavar="NAME|FILE",
    help="Which model, of the glyphs way.",
)
@click.option(
    "--scheme", metavar="NAME|FILE", help="Cut by this scheme instead of the model's own."
)
@common
def explain(console: Console, image: str, output: Path, model: str, scheme: str | None) -> None:
    """Draw every stage of reading one captcha by the glyphs way.

    \b
    Example:
      captchascope explain captcha.jpeg -o stages.png
    """
    from captchascope.draw import explain_gif, explain_png
    from captchascope.files import write_whole

    painters = {".png": explain_png, ".gif": explain_gif}
    if output.suffix.lower() not in painters:
        raise UsageError(
            "--output", f"cannot be {output.suffix or 'nothing'}", "name a .png or .gif"
        )
    reader = load(model)
    explained = _explained(reader, load_gray(image), image, scheme)
    write_whole(output, painters[output.suffix.lower()](explained))
    console.result(f"{printable(str(output))}\t{explained.text or ''}\t{explained.confidence:.4f}")


def _explained(reader: Reader, gray: GrayImage, name: str, scheme: str | None) -> Explained:
    from captchascope.draw import Explained
    from captchascope.glyphs.inputs import prepare
    from captchascope.glyphs.stages import cut_glyphs

    recognise = reader.recognise
    if scheme is not None:
        recognise = replace(recognise, scheme=load_scheme(scheme))
    try:
        located, probabilities = recognise.one(gray)
    except SegmentationError as error:
        raise SegmentationError(name, error.what, error.remedy) from None
    reading = reader.decode(probabilities)
    window = recognise.spec.kind == "window"
    return Explained(
        name=Path(name).name,
        scheme=recognise.scheme,
        located=located,
        glyphs=cut_glyphs(located, recognise.scheme),
        probabilities=probabilities,
        charset=reader.charset.chars,
        text=reading.text,
        confidence=reading.confidence,
        seen=prepare(located, recognise.scheme, recognise.spec) if window else None,
    )
