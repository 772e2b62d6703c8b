"""One reading by glyphs with everything that led to it, which is what the pictures show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from captchascope.errors import SegmentationError
from captchascope.glyphs.inputs import prepare
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.segmentation import Glyphs, Located, cut_glyphs, locate
from captchascope.records import FloatArray, GrayImage


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """One reading with everything that led to it.

    Attributes:
        name: What the image is called, such as its file name.
        scheme: The figures of the stages.
        located: What stages 1 to 6 made of the image.
        glyphs: What stage 7 made of that.
        probabilities: Shape (N, C), of each glyph for each character of ``charset``.
        charset: The C characters.
        text: What was read; None where the reader abstained.
        confidence: The probability, 0 to 1, that the whole text is right.
        seen: What the network saw, shape (N, height, width), ink high, where it reads windows;
            None where it reads the fitted glyphs.
        right: The right edge of the cuts that it was read by, where that is another than
            ``located`` has; None where it is the same.
    Raises:
        ValueError: If the shapes do not agree.
    """

    name: str
    scheme: Scheme
    located: Located
    glyphs: Glyphs
    probabilities: FloatArray
    charset: str
    text: str | None
    confidence: float
    seen: GrayImage | None = None
    right: int | None = None

    def __post_init__(self) -> None:
        wanted = len(self.glyphs.fitted), len(self.charset)
        if self.probabilities.shape != wanted:
            raise ValueError(f"probabilities must have the shape {wanted}")
        if self.seen is not None and (self.seen.ndim != 3 or len(self.seen) != wanted[0]):
            raise ValueError(f"seen must have the shape ({wanted[0]}, height, width)")


def explain_reading(recogniser: GlyphRecogniser, gray: GrayImage, name: str) -> Explanation:
    """Read ``gray``, shape (H, W), and keep every stage.

    Stages 5 to 7 show the first cuts, as their rules made them; what the network saw is from the
    cuts that the reader took in the end.

    Raises:
        SegmentationError: If the image cannot be cut; it names ``name``.
    """
    try:
        final, probabilities = recogniser.one(gray)
    except SegmentationError as error:
        raise SegmentationError(name, error.what, error.remedy) from None
    located = locate(gray, recogniser.scheme)
    reading = recogniser.decode(probabilities)
    window = recogniser.spec.kind == "window"
    return Explanation(
        name=Path(name).name,
        scheme=recogniser.scheme,
        located=located,
        glyphs=cut_glyphs(located, recogniser.scheme),
        probabilities=probabilities,
        charset=recogniser.charset.chars,
        text=reading.text,
        confidence=reading.confidence,
        seen=prepare(final, recogniser.scheme, recogniser.spec) if window else None,
        right=final.box[2],
    )
