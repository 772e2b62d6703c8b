"""One captcha read by a reader, with everything that led to the text."""

from __future__ import annotations

from pathlib import Path

from captchascope.draw.picture import Explained
from captchascope.errors import SegmentationError
from captchascope.glyphs.inputs import prepare
from captchascope.glyphs.stages import cut_glyphs, locate
from captchascope.methods import GlyphMethod
from captchascope.records import GrayImage

__all__ = ["explained"]


def explained(method: GlyphMethod, gray: GrayImage, name: str) -> Explained:
    """Read ``gray``, shape (H, W), and keep every stage.

    Stages 5 to 7 show the first cuts, as their rules made them; what the network saw is from the
    cuts that the reader took in the end.

    Raises:
        SegmentationError: If the image cannot be cut; it names ``name``.
    """
    recognise = method.recognise
    try:
        final, probabilities = recognise.one(gray)
    except SegmentationError as error:
        raise SegmentationError(name, error.what, error.remedy) from None
    located = locate(gray, recognise.scheme)
    reading = method.decode(probabilities)
    window = recognise.spec.kind == "window"
    return Explained(
        name=Path(name).name,
        scheme=recognise.scheme,
        located=located,
        glyphs=cut_glyphs(located, recognise.scheme),
        probabilities=probabilities,
        charset=method.charset.chars,
        text=reading.text,
        confidence=reading.confidence,
        seen=prepare(final, recognise.scheme, recognise.spec) if window else None,
        right=final.box[2],
    )
