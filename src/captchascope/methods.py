"""The two ways of reading as a model file has them: images in, readings out, behind one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from captchascope.charset import Charset
from captchascope.decode import Constraints, Decoded, allowed, decode_ctc, decode_glyphs
from captchascope.errors import ModelError, SegmentationError, UsageError
from captchascope.glyphs import inputs as glyph_inputs
from captchascope.glyphs.recognise import GlyphRecogniser
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.table import build
from captchascope.modelfile import ModelFile
from captchascope.pixels import Channels
from captchascope.records import FloatArray, GrayImage, Reading, RgbImage
from captchascope.whole import inputs as whole_inputs
from captchascope.whole.recognise import Bucket, WholeRecogniser

__all__ = ["GlyphMethod", "Method", "WholeMethod", "method_of"]

_SURE = 0.99  # a text that is as probable is not looked at again

_TRAIN_AGAIN = "train it again with `captchascope train`"


@dataclass(frozen=True, slots=True)
class GlyphMethod:
    """The way over glyphs.

    Attributes:
        recognise: Images to the probabilities of their glyphs.
        charset: The alphabet.
        rule: What the texts may be.
    """

    recognise: GlyphRecogniser
    charset: Charset
    rule: Constraints

    @property
    def channels(self) -> Channels:
        """What an image is decoded to: gray."""
        return 1

    def __call__(self, images: Sequence[GrayImage]) -> list[Reading]:
        """Return one reading for each image; those that cannot be cut have ``error`` set."""
        return [self._reading(found) for found in self.recognise(images)]

    def decode(self, probabilities: FloatArray) -> Reading:
        """Return the reading of glyphs' probabilities, shape (N, C), under the constraints."""
        return Reading.of(decode_glyphs(probabilities, self.charset, self.rule))

    def _reading(self, found: FloatArray | SegmentationError) -> Reading:
        if isinstance(found, SegmentationError):
            return Reading(None, 0.0, error=found)
        return self.decode(found)


@dataclass(frozen=True, slots=True)
class WholeMethod:
    """The way without segmentation.

    Attributes:
        name: The model, for errors.
        recognise: Images to logits.
        charset: The alphabet.
        rule: What the texts may be.
        temperature: What the logits are divided by, so that the confidences are honest.
        unfamiliar: The distance above which an image is unfamiliar; None where none is.
    """

    name: str
    recognise: WholeRecogniser
    charset: Charset
    rule: Constraints
    temperature: float
    unfamiliar: float | None

    @property
    def channels(self) -> Channels:
        """What an image is decoded to: 1 for gray, 3 for RGB."""
        return self.recognise.spec.channels

    def __call__(self, images: Sequence[GrayImage | RgbImage]) -> list[Reading]:
        """Return one reading for each image, whatever the others are.

        An image that is not read surely is looked at again, and then counts what several looks
        together say.

        Raises:
            ModelError: If the network fails, or gives what cannot be decoded.
        """
        read: dict[int, Reading] = {}
        for bucket in self.recognise(images):
            read.update(zip(bucket.places, self._readings(bucket), strict=True))
        return [read[place] for place in range(len(images))]

    def _readings(self, bucket: Bucket) -> Iterator[Reading]:
        decoded = self._decoded(bucket.logits, False)
        unsure = [i for i, one in enumerate(decoded) if one is None or one.confidence < _SURE]
        if unsure:
            again = self._decoded(self.recognise.again(bucket, unsure))
            for i, one in zip(unsure, again, strict=True):
                decoded[i] = one
        if bucket.distances is None or self.unfamiliar is None:
            return map(Reading.of, decoded)
        strange = [not distance <= self.unfamiliar for distance in bucket.distances.tolist()]
        return map(Reading.of, decoded, strange)

    def _decoded(self, logits: FloatArray, search: bool = True) -> list[Decoded | None]:
        span = self.recognise.spec.span
        try:
            return decode_ctc(logits, self.charset, self.rule, self.temperature, span, search)
        except ValueError as error:
            what = f"gives what cannot be decoded: {error}"
            raise ModelError(self.name, what, _TRAIN_AGAIN) from error


Method: TypeAlias = GlyphMethod | WholeMethod


def method_of(model: ModelFile, rule: Constraints) -> Method:
    """Return the way in which a model reads, under constraints.

    Where neither a length nor a pattern is given, the texts of a model without segmentation are
    as long as the labels that it was trained on.

    Raises:
        ModelError: If the metadata cannot be used.
        UsageError: If the model can never satisfy the constraints.
    """
    known = {"glyphs": glyph_inputs.NORMALISATION, "whole": whole_inputs.NORMALISATION}
    meta = model.metadata
    if meta.normalisation != known[meta.method]:
        what = f"wants the unknown normalisation {meta.normalisation!r}"
        raise ModelError(model.name, what, "upgrade captchascope")
    try:
        return _glyphs(model, rule) if meta.method == "glyphs" else _whole(model, rule)
    except ValueError as error:
        raise ModelError(model.name, f"has unusable metadata: {error}", _TRAIN_AGAIN) from None


def _glyphs(model: ModelFile, rule: Constraints) -> GlyphMethod:
    meta = model.metadata
    spec = build(glyph_inputs.InputSpec, meta.input)
    scheme = build(Scheme, meta.scheme)
    if scheme.charset != meta.charset.chars:
        raise ValueError("the charset is not the scheme's")
    count = scheme.split.count
    if rule.length is not None and not rule.length[0] <= count <= rule.length[1]:
        remedy = f"leave it away, or include {count}"
        raise UsageError("--length", f"the model reads {count} characters", remedy)
    _check_possible(rule, meta.charset, count)
    recogniser = GlyphRecogniser(scheme, spec, meta.temperature, model.run)
    return GlyphMethod(recogniser, meta.charset, rule)


def _whole(model: ModelFile, rule: Constraints) -> WholeMethod:
    meta = model.metadata
    spec = build(whole_inputs.WholeSpec, meta.input)
    if rule.length is None and rule.pattern is None:
        rule = replace(rule, length=meta.lengths)
    _check_possible(rule, meta.charset)
    recogniser = WholeRecogniser(spec, model.run_with_distance)
    return WholeMethod(
        model.name, recogniser, meta.charset, rule, meta.temperature, meta.unfamiliar
    )


def _check_possible(rule: Constraints, charset: Charset, count: int | None = None) -> None:
    """Refuse what no text of the model satisfies, of ``count`` characters where it is given."""
    left = allowed(rule, charset)
    if not left.chars:
        remedy = f"it knows {charset.chars}"
        raise UsageError("--charset", "has nothing in common with the model's", remedy)
    if not left.possible(count):
        remedy = f"it reads {'' if count is None else f'{count} characters of '}{left.chars}"
        where = "--length" if rule.pattern is None else "--pattern"
        raise UsageError(where, "matches no text that the model can read", remedy)
