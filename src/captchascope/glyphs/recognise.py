"""From images to the probabilities of their characters, by the glyphs way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from captchascope.errors import SegmentationError
from captchascope.glyphs.inputs import InputSpec, normalise, prepare
from captchascope.glyphs.scheme import Scheme
from captchascope.glyphs.segment import cut_columns
from captchascope.glyphs.stages import Located, locate
from captchascope.records import FloatArray, GrayImage

__all__ = ["GlyphRecogniser", "softmax"]


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

    def _recognised(self, texts: Sequence[Located]) -> list[tuple[Located, FloatArray]]:
        if not texts:
            return []
        found = list(zip(texts, self._run(texts), strict=True))
        if self.spec.kind == "window":
            for i, (text, probabilities) in enumerate(found):
                if probabilities.max(axis=1).min() < self.scheme.retry.below:
                    found[i] = self._look_again(text, probabilities)
        return found

    def _run(self, texts: Sequence[Located]) -> FloatArray:
        """Return shape (len(texts), N, C)."""
        prepared = [prepare(text, self.scheme, self.spec) for text in texts]
        logits = self.run(normalise(prepared[0] if len(texts) == 1 else np.concatenate(prepared)))
        return softmax(logits / np.float32(self.temperature)).reshape(
            len(texts), -1, logits.shape[1]
        )

    def _look_again(self, text: Located, first: FloatArray) -> tuple[Located, FloatArray]:
        """Return the best of the scheme's other cuts and what it gives, or what there was."""
        retry = self.scheme.retry
        if not retry.rights:
            return text, first
        others = [self._with_right(text, right) for right in retry.rights]
        found = self._run(others)
        scores = found.max(axis=2).prod(axis=1)
        best = int(scores.argmax())
        if scores[best] <= retry.better * first.max(axis=1).prod():
            return text, first
        return others[best], found[best]

    def _with_right(self, text: Located, right: int) -> Located:
        left, top, _, bottom = text.box
        columns = cut_columns(right - left, self.scheme.split)
        return replace(text, box=(left, top, right, bottom), columns=columns)
