"""Whether the confidence of a text is the probability that it is right.

    python bench/calibration.py [--model NAME|FILE] [--count N] [--sets SET...] [--seeds N]
                                [--trained SET=FILE...]

First on generated captchas that are made hard enough for 80 to 95 % exact match: by noise, by blur,
by coarse pixels, and by all three. How hard is found on the first 1,000 and printed. Then on real
sets, with models trained on 100 labels (those of labels.py where they are there). Beside each
stands what a perfectly calibrated reader would show with the same confidences on as many images.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import numpy.typing as npt

import captchascope
from captchascope import Reader, Reading
from captchascope.data.dataset import read_dataset
from captchascope.evaluate import evaluate_reader
from captchascope.generate import draw_captcha
from captchascope.records import GrayImage
from running import Training, cell, table
from sets import available, folder_of

_SEED = 990_006  # nothing is trained on it
_BINS, _DRAWS = 15, 1000
_SEARCHED, _TARGET = 1000, 0.88  # images to find the hardness on, and the exact match aimed at
_STEPS = 7  # of halving
_KINDS = {
    "noise": ("noise",),
    "blur": ("blur",),
    "coarse": ("coarse",),
    "all three": ("coarse", "blur", "noise"),
}
_ASKED, _ASKED_OF_FEW = 0.03, 0.02

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Confidences:
    """Confidences of texts, 0 to 1, and which of the texts are right; both of shape (N,)."""

    confidence: Floats
    right: Floats

    def ece(self) -> float:
        """Return the expected calibration error, as ``captchascope test`` defines it."""
        return float(_ece(self.confidence, self.right[None])[0])

    def ideal(self) -> float:
        """Return the mean error were each text right with exactly its confidence."""
        rng = np.random.default_rng(_SEED)
        chance = rng.random((_DRAWS, len(self.confidence)))
        return float(_ece(self.confidence, (chance < self.confidence).astype(float)).mean())


def _ece(confidence: Floats, right: Floats) -> Floats:
    """Return the error of each row of ``right``, (D, N), in bins of equal width: shape (D,).

    A bin's share of the readings times the gap between its means is the sum of its gaps over N.
    """
    member = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    chosen = np.eye(_BINS)[member]  # (N, bins)
    gaps: Floats = np.abs((right - confidence) @ chosen).sum(1) / len(confidence)
    return gaps


def _harder(image: GrayImage, kinds: Sequence[str], hardness: float, number: int) -> GrayImage:
    """Return an image with the named harms, 0 for none, about 1 for unreadable."""
    rng = np.random.default_rng([_SEED, number])
    height, width = image.shape
    if "coarse" in kinds:
        scale = 1 / (1 + 3 * hardness)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    if "blur" in kinds and hardness > 0:
        image = cv2.GaussianBlur(image, (0, 0), 4 * hardness).astype(np.uint8)
    if "noise" in kinds:
        noisy = image + rng.normal(0, 120 * hardness, image.shape)
        image = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return image


def _images(kinds: Sequence[str], hardness: float) -> Iterator[tuple[str, GrayImage]]:
    """Yield label and image, for ever."""
    number = 0
    while number := number + 1:
        drawn = draw_captcha("metu", _SEED, number)
        gray = cv2.imdecode(np.frombuffer(drawn.jpeg(), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert gray is not None
        yield drawn.label, _harder(gray.astype(np.uint8), kinds, hardness, number)


def _confidences(reader: Reader, kinds: Sequence[str], hardness: float, count: int) -> Confidences:
    """Read ``count`` images of one hardness; those without a text are no part of calibration."""
    confidence, right = [], []
    rest = islice(_images(kinds, hardness), count)
    while batch := list(islice(rest, 256)):
        readings = reader.read_many([image for _, image in batch], errors="return")
        for (label, _), reading in zip(batch, readings, strict=True):
            if reading.text is not None:
                confidence.append(reading.confidence)
                right.append(float(reading.text == label))
    return Confidences(np.array(confidence), np.array(right))


def _hardness(reader: Reader, kinds: Sequence[str], count: int) -> float:
    """Return the hardness that leaves about the target right, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        right = _confidences(reader, kinds, middle, count).right.sum() / count
        low, high = (middle, high) if right > _TARGET else (low, middle)
    return (low + high) / 2


def _generated_rows(reader: Reader, count: int) -> Iterator[list[str]]:
    for name, kinds in _KINDS.items():
        hardness = _hardness(reader, kinds, min(count, _SEARCHED))
        found = _confidences(reader, kinds, hardness, count)
        exact = f"{found.right.sum() / count:.1%}"
        errors = [f"{found.ece():.4f}", f"{found.ideal():.4f}", f"{_ASKED} at most"]
        yield [f"metu, {name} {hardness:.3f}", exact, f"{found.confidence.mean():.3f}", *errors]


def _set_row(name: str, model: str) -> list[str]:
    """Return the line of a model on the test images of a set."""
    dataset = read_dataset(folder_of(name) / "test")
    readings: list[Reading] = []
    result = evaluate_reader(captchascope.load(model), dataset, on_reading=readings.append)
    pairs = [
        (reading.confidence, float(reading.text == sample.label))
        for reading, sample in zip(readings, dataset.samples, strict=True)
        if reading.text
    ]
    found = Confidences(np.array([p for p, _ in pairs]), np.array([hit for _, hit in pairs]))
    exact = f"{result.exact_match.value:.1%}"
    asked = f"{found.ideal() + _ASKED_OF_FEW:.4f} at most"
    errors = [f"{found.ece():.4f}", f"{found.ideal():.4f}", asked]
    return [name, exact, f"{found.confidence.mean():.3f}", *errors]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The calibration of the confidence.")
    parser.add_argument("--model", default="metu", metavar="NAME|FILE", help="for the generated")
    parser.add_argument("--count", type=int, default=10_000, help="generated captchas (10,000)")
    parser.add_argument("--sets", nargs="*", default=["henan4", "cloud4"], metavar="SET")
    parser.add_argument("--seeds", type=int, default=1, help="models of each set (1)")
    parser.add_argument("--trained", nargs="+", default=[], metavar="SET=FILE")
    return parser.parse_args()


def main() -> None:
    """Print a table of all."""
    options = _options()
    rows = list(_generated_rows(captchascope.load(options.model), options.count))
    if options.trained:
        rows += [_set_row(*pair.split("=", 1)) for pair in options.trained]
    else:
        for name in available(options.sets):
            for seed in range(options.seeds):
                rows.append(_set_row(name, cell(Training(name, 100, seed)).model))
    head = ["images", "exact match", "mean confidence", "ECE", "perfectly calibrated", "asked"]
    print(table(head, rows))


if __name__ == "__main__":
    main()
