"""Images to readings without segmentation: sizing, network, test-time augmentation, decoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from captchascope.charset import Charset
from captchascope.ctc.inputs import CtcSpec, normalise, resized, text_frame
from captchascope.ctc.ood import out_of_distribution
from captchascope.ctc.tta import Network, augmented_logits
from captchascope.decode import Constraints, allowed, decode_ctc, require_possible
from captchascope.decode.pattern import Pattern
from captchascope.decode.prior import TextPrior, decode_untold
from captchascope.errors import ModelError, UsageError
from captchascope.model.file import ModelFile
from captchascope.model.metadata import TRAIN_AGAIN
from captchascope.records import FloatArray, GrayImage, Reading, RgbImage, build

_AT_ONCE = 32  # images: what a network makes of more no longer fits into a processor's cache
_LEAST_A_SUM = 0.1  # probability that a text is a sum: what is less probably one, is none
_SURE = 0.99  # a text that is as probable needs no test-time augmentation


@dataclass(frozen=True, slots=True)
class Bucket:
    """The images of one size, and what the network made of them.

    Attributes:
        places: Where each of the B images was among all that were given, in rising order.
        images: As the network saw them, each of shape (H, W) or (H, W, 3).
        logits: Shape (B, T, K); class 0 is the blank.
        distances: Shape (B,): how far each is from what the network was trained on; None where
            the network does not tell.
        columns: Where in each image what the network saw begins and ends, as shares of the width;
            None where that is the whole image.
    """

    places: Sequence[int]
    images: Sequence[GrayImage | RgbImage]
    logits: FloatArray
    distances: FloatArray | None
    columns: Sequence[tuple[float, float]] | None


@dataclass(frozen=True, slots=True)
class CtcRecogniser:
    """A network trained with CTC, the sizing in front of it and the decoding behind it.

    Attributes:
        name: The model, for errors.
        spec: What the network looks at.
        network: Images to logits and distances.
        charset: The alphabet.
        rule: What the texts may be.
        temperature: What the logits are divided by, so that the confidences are honest.
        threshold: The distance above which an image is out of distribution; None where none is.
        augments: Whether unsure readings are decided by test-time augmentation. A model of one
            scheme errs less so. A general one, which takes letters for others as well as they may
            be, errs as often as without, and reads at a fifth of the speed.
        prior: What texts are like, by which a general model decides unsure readings where nothing
            is told of the characters; None where something is, or the model is of one scheme.
    """

    name: str
    spec: CtcSpec
    network: Network
    charset: Charset
    rule: Constraints
    temperature: float = 1.0
    threshold: float | None = None
    augments: bool = True
    prior: TextPrior | None = None

    @classmethod
    def of_model(cls, model: ModelFile, rule: Constraints) -> CtcRecogniser:
        """Return the recogniser of a model file, under constraints.

        Where neither a length nor a pattern is given, the texts are as long as the labels that the
        model was trained on. Sums have the pattern of sums, if the model knows any.

        Raises:
            ValueError: If the metadata cannot be used.
            UsageError: If the model can never satisfy the constraints.
        """
        meta = model.metadata
        spec = build(CtcSpec, meta.input)
        if rule.solve and rule.pattern is None:
            from captchascope.sums import PATTERN  # only sums need it

            sums = replace(rule, pattern=Pattern.parse(PATTERN), least=_LEAST_A_SUM)
            try:
                possible = allowed(sums, meta.charset).possible()
            except UsageError:  # about a pattern that the user has not given
                raise UsageError("length", "is too long for sums", "tell a shorter one") from None
            if possible:
                rule = sums
        told = rule.charset is not None or rule.pattern is not None
        general = meta.lengths is None
        if rule.length is None and rule.pattern is None:
            rule = replace(rule, length=meta.lengths)
        require_possible(rule, meta.charset)
        return cls(
            model.name,
            spec,
            model.run_with_distance,
            meta.charset,
            rule,
            meta.temperature,
            meta.unfamiliar,
            augments=not general,
            prior=TextPrior.of(meta.charset, rule.ignore_case) if general and not told else None,
        )

    @property
    def lengths(self) -> tuple[int, int] | None:
        """The fewest and most characters of a text; None where there may be any number."""
        return self.rule.length

    def __call__(self, images: Sequence[GrayImage | RgbImage]) -> list[Reading]:
        """Return one reading for each image, whatever the others are.

        Where the model augments, an image that is not read surely is read by test-time
        augmentation: what several views of it say in the mean counts.

        Args:
            images: Each of shape (H, W) or (H, W, 3), as ``spec.channels`` says.
        Raises:
            ModelError: If the network fails, or gives what cannot be decoded.
        """
        read: dict[int, Reading] = {}
        for bucket in self.buckets(images):
            known = self.charset, self.rule, self.temperature, self.spec.span
            strange = out_of_distribution(bucket.distances, self.threshold)
            try:
                decoded = decode_ctc(bucket.logits, *known, search=False)
                unsure = [i for i, one in enumerate(decoded) if not one or one.confidence < _SURE]
                if unsure:
                    logits = bucket.logits[unsure]
                    if self.augments:
                        seen = [bucket.images[i] for i in unsure]
                        logits = augmented_logits(self.network, seen, logits)
                    if self.prior is None:
                        again = decode_ctc(logits, *known)
                    else:
                        again = decode_untold(logits, *known, self.prior)
                    for i, one in zip(unsure, again, strict=True):
                        decoded[i] = one
            except ValueError as error:
                what = f"gives what cannot be decoded: {error}"
                raise ModelError(self.name, what, TRAIN_AGAIN) from error
            if bucket.columns is not None:
                pairs = zip(decoded, bucket.columns, strict=True)
                decoded = [one and one.within(*columns) for one, columns in pairs]
            read.update(zip(bucket.places, map(Reading.of, decoded, strange), strict=True))
        return list(map(read.__getitem__, range(len(images))))

    def shares(self, images: Sequence[GrayImage | RgbImage]) -> list[FloatArray]:
        """Return the probabilities of the K classes at the timesteps of each image, (T, K).

        Raises:
            ModelError: If the network fails, or gives what are no numbers.
        """
        found: list[FloatArray] = []
        for bucket in self.buckets(images):
            logits = bucket.logits / np.float32(self.temperature)
            if not np.isfinite(highest := logits.max(axis=2, keepdims=True)).all():
                raise ModelError(self.name, "gives a NaN or an infinity", TRAIN_AGAIN)
            powers = np.exp(logits - highest)
            found += [*(powers / powers.sum(axis=2, keepdims=True))]
        return found

    def buckets(self, images: Sequence[GrayImage | RgbImage]) -> list[Bucket]:
        """Return every image's logits, those of one width together.

        Images of the same size go through the network together, a few at once, and others apart:
        nothing is padded.
        """
        seen = None
        if self.spec.trimmed:
            frames = [text_frame(image) for image in images]
            seen = [
                (columns.start / image.shape[1], columns.stop / image.shape[1])
                for image, (_, columns) in zip(images, frames, strict=True)
            ]
            images = [image[frame] for image, frame in zip(images, frames, strict=True)]
        fitted = [resized(image, self.spec) for image in images]
        widths: dict[int, list[int]] = {}
        for place, image in enumerate(fitted):
            widths.setdefault(image.shape[1], []).append(place)
        buckets = []
        for places in widths.values():
            alike = fitted if len(widths) == 1 else [fitted[place] for place in places]
            logits, distances = [], []
            for first in range(0, len(alike), _AT_ONCE):
                found, far = self.network(normalise(alike[first : first + _AT_ONCE]))
                logits.append(found)
                distances += [] if far is None else [far]
            known = np.concatenate(distances) if len(distances) == len(logits) else None
            columns = None if seen is None else [seen[place] for place in places]
            buckets.append(Bucket(places, alike, np.concatenate(logits), known, columns))
        return buckets
