"""Images to readings over glyphs: the stages, the network behind them, and the decoding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from captchascope.charset import BLANK, Charset
from captchascope.decode import Constraints, decode_glyphs, require_possible
from captchascope.errors import SegmentationError, UsageError
from captchascope.glyphs.inputs import InputSpec, normalise_glyphs, prepare_glyphs
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.segmentation import Located, cut_columns, locate
from captchascope.model.file import ModelFile
from captchascope.records import FloatArray, GrayImage, Reading, build

_SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))


def softmax(logits: FloatArray) -> FloatArray:
    """Return the probabilities of ``logits`` along the last axis, same shape."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True)
class GlyphRecogniser:
    """The stages, the network behind them, and the decoding behind that.

    Attributes:
        scheme: How to cut.
        spec: What the network looks at.
        temperature: What its logits are divided by, so that its probabilities are honest.
        network: A batch of shape (B, 1, height, width) to logits (B, C).
        charset: The C characters.
        rule: What the texts may be.
    """

    scheme: Scheme
    spec: InputSpec
    temperature: float
    network: Callable[[FloatArray], FloatArray]
    charset: Charset
    rule: Constraints

    @classmethod
    def of_model(cls, model: ModelFile, rule: Constraints) -> GlyphRecogniser:
        """Return the recogniser of a model file, under constraints.

        Raises:
            ValueError: If the metadata cannot be used.
            UsageError: If the model can never satisfy the constraints.
        """
        meta = model.metadata
        spec = build(InputSpec, meta.input)
        scheme = build(Scheme, meta.scheme)
        if scheme.charset != meta.charset.chars:
            raise ValueError("the charset is not the scheme's")
        count = scheme.split.count
        if rule.length is not None and not rule.length[0] <= count <= rule.length[1]:
            remedy = f"leave it away, or include {count}"
            raise UsageError("length", f"the model reads {count} characters", remedy)
        require_possible(rule, meta.charset, count)
        return cls(scheme, spec, meta.temperature, model.run, meta.charset, rule)

    @property
    def lengths(self) -> tuple[int, int]:
        """The fewest and most characters of a text: as many as the scheme has glyphs."""
        return self.scheme.split.count, self.scheme.split.count

    def __call__(self, images: Sequence[GrayImage]) -> list[Reading]:
        """Return one reading for each image; those that cannot be cut have ``error`` set."""
        return [
            Reading(None, 0.0, error=found)
            if isinstance(found, SegmentationError)
            else self.decode(found)
            for found in self.probabilities(images)
        ]

    def shares(self, images: Sequence[GrayImage]) -> list[FloatArray]:
        """Return the probabilities of a blank and the C characters, as a whole reader gives them.

        Each is of shape (2 N, C + 1), with a blank behind each of the N glyphs; an image that
        cannot be cut has none.
        """
        found = []
        for glyphs in self.probabilities(images):
            if isinstance(glyphs, SegmentationError):
                continue
            rows = np.zeros((len(glyphs), 2, glyphs.shape[1] + 1), np.float32)
            rows[:, 0, 1:], rows[:, 1, BLANK] = glyphs, 1.0
            found.append(rows.reshape(2 * len(glyphs), -1))
        return found

    def decode(self, probabilities: FloatArray) -> Reading:
        """Return the reading of glyphs' probabilities, shape (N, C), under the constraints."""
        return Reading.of(decode_glyphs(probabilities, self.charset, self.rule))

    def probabilities(self, images: Sequence[GrayImage]) -> list[FloatArray | SegmentationError]:
        """Return, per image, shape (N, C) for its N glyphs, or why it could not be cut."""
        located: list[Located | SegmentationError] = []
        for image in images:
            try:
                located.append(locate(image, self.scheme))
            except SegmentationError as error:
                located.append(error)
            except (cv2.error, MemoryError):
                what, remedy = "is too large for the memory there is", "crop it to the captcha"
                located.append(SegmentationError("image", what, remedy))
        found = iter(self._recognised([item for item in located if isinstance(item, Located)]))
        return [next(found)[1] if isinstance(item, Located) else item for item in located]

    def one(self, gray: GrayImage) -> tuple[Located, FloatArray]:
        """Return where the glyphs of one image were read in the end, and shape (N, C).

        Raises:
            SegmentationError: If it cannot be cut.
        """
        return self._recognised([locate(gray, self.scheme)])[0]

    def _recognised(self, texts: Sequence[Located]) -> list[tuple[Located, FloatArray]]:
        """Return each text and its probabilities, after a retry where that is in doubt."""
        if not texts:
            return []
        found = list(zip(texts, self._run(texts), strict=True))
        if self.spec.kind == "window" and self.scheme.retry.rights:
            for i, (text, probabilities) in enumerate(found):
                unsure = probabilities.max(axis=1).min() < self.scheme.retry.below
                if unsure or not self._plausible(text):
                    found[i] = self._retried(text, probabilities)
        return found

    def _run(
        self, texts: Sequence[Located], shifts: Sequence[tuple[int, int]] = ((0, 0),)
    ) -> FloatArray:
        """Return shape (len(texts) * len(shifts), N, C)."""
        seen = [prepare_glyphs(text, self.scheme, self.spec, to) for text in texts for to in shifts]
        logits = self.network(normalise_glyphs(seen[0] if len(seen) == 1 else np.concatenate(seen)))
        probabilities = softmax(logits / np.float32(self.temperature))
        return probabilities.reshape(len(seen), self.scheme.split.count, -1)

    def _plausible(self, text: Located) -> bool:
        """Tell whether the text ends where texts of this scheme do."""
        rights = self.scheme.retry.rights
        return min(rights) <= text.box[2] <= max(rights)

    def _retried(self, text: Located, first: FloatArray) -> tuple[Located, FloatArray]:
        """Return the best of the scheme's other cuts, or the one there was, and what it gives.

        What it gives is the mean over a few shifts: an unsure window is often a speck away from a
        sure one.
        """
        left, top, _, bottom = text.box
        others = []
        for right in self.scheme.retry.rights:
            columns = cut_columns(right - left, self.scheme.split)
            others.append(replace(text, box=(left, top, right, bottom), columns=columns))
        scores = self._run(others).max(axis=2).prod(axis=1)
        best = int(scores.argmax())
        wanted = self.scheme.retry.better * first.max(axis=1).prod()
        if scores[best] > wanted or not self._plausible(text):
            text = others[best]
        return text, np.asarray(self._run([text], _SHIFTS).mean(axis=0))
