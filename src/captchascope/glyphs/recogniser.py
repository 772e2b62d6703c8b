"""From images to the probabilities of their characters, by the glyphs way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from captchascope.errors import SegmentationError
from captchascope.glyphs.inputs import InputSpec, normalise, prepare
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.segmentation import cut_columns
from captchascope.glyphs.stages import Located, locate
from captchascope.records import FloatArray, GrayImage

_SHIFTS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))


def softmax(logits: FloatArray) -> FloatArray:
    """Return the probabilities of ``logits`` along the last axis, same shape."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True)
class GlyphRecogniser:
    """The stages, and the network behind them.

    Attributes:
        scheme: How to cut.
        spec: What the network looks at.
        temperature: What its logits are divided by, so that its probabilities are honest.
        run: The network: a batch of shape (B, 1, height, width) to logits (B, C).
    """

    scheme: Scheme
    spec: InputSpec
    temperature: float
    run: Callable[[FloatArray], FloatArray]

    def __call__(self, grays: Sequence[GrayImage]) -> list[FloatArray | SegmentationError]:
        """Return, per image, shape (N, C) for its N glyphs, or why it could not be cut."""
        located = [self._locate(gray) for gray in grays]
        texts = [item for item in located if isinstance(item, Located)]
        found = iter(self._recognised(texts))
        return [next(found)[1] if isinstance(item, Located) else item for item in located]

    def one(self, gray: GrayImage) -> tuple[Located, FloatArray]:
        """Return where the glyphs of one image were read in the end, and shape (N, C).

        Raises:
            SegmentationError: If it cannot be cut.
        """
        return self._recognised([locate(gray, self.scheme)])[0]

    def _locate(self, gray: GrayImage) -> Located | SegmentationError:
        try:
            return locate(gray, self.scheme)
        except SegmentationError as error:
            return error
        except (cv2.error, MemoryError):
            what, remedy = "is too large for the memory there is", "crop it to the captcha"
            return SegmentationError("image", what, remedy)

    def _recognised(self, texts: Sequence[Located]) -> list[tuple[Located, FloatArray]]:
        if not texts:
            return []
        found = list(zip(texts, self._run(texts), strict=True))
        if self.spec.kind == "window" and self.scheme.retry.rights:
            for i, (text, probabilities) in enumerate(found):
                if self._doubtful(text, probabilities):
                    found[i] = self._look_again(text, probabilities)
        return found

    def _run(
        self, texts: Sequence[Located], shifts: Sequence[tuple[int, int]] = ((0, 0),)
    ) -> FloatArray:
        """Return shape (len(texts) * len(shifts), N, C)."""
        seen = [prepare(text, self.scheme, self.spec, to) for text in texts for to in shifts]
        logits = self.run(normalise(seen[0] if len(seen) == 1 else np.concatenate(seen)))
        probabilities = softmax(logits / np.float32(self.temperature))
        return probabilities.reshape(len(seen), self.scheme.split.count, -1)

    def _doubtful(self, text: Located, probabilities: FloatArray) -> bool:
        unsure = probabilities.max(axis=1).min() < self.scheme.retry.below
        return bool(unsure) or not self._plausible(text)

    def _plausible(self, text: Located) -> bool:
        """Tell whether the text ends where texts of this scheme do."""
        rights = self.scheme.retry.rights
        return min(rights) <= text.box[2] <= max(rights)

    def _look_again(self, text: Located, first: FloatArray) -> tuple[Located, FloatArray]:
        """Return the best of the scheme's other cuts, or the one there was, and what it gives.

        What it gives is the mean over a few shifts: an unsure window is often a speck away from a
        sure one.
        """
        rights = self.scheme.retry.rights
        others = [self._with_right(text, right) for right in rights]
        scores = self._run(others).max(axis=2).prod(axis=1)
        best = int(scores.argmax())
        wanted = self.scheme.retry.better * first.max(axis=1).prod()
        if scores[best] > wanted or not self._plausible(text):
            text = others[best]
        return text, np.asarray(self._run([text], _SHIFTS).mean(axis=0))

    def _with_right(self, text: Located, right: int) -> Located:
        left, top, _, bottom = text.box
        columns = cut_columns(right - left, self.scheme.split)
        return replace(text, box=(left, top, right, bottom), columns=columns)
