"""Write a small model file as this version writes it, for tests/model/golden: ``make golden``.

At each release, and where something else is written, whose row docs/models.md then needs.
The ordinary training writes it, but for a network of a few thousand weights that reads two
characters: a ring and a bar.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from captchascope import __version__, load, read_dataset, train_model
from captchascope.data.labels import write_labels
from captchascope.records import Sample
from captchascope.train.ctc.network import SIZES, Size, Stage

GOLDEN = Path(__file__).parents[1] / "tests" / "model" / "golden"
TINY = Size(
    4, (Stage(8, 0, 3, (2, 2)), Stage(16, 0, 5, (3, 1))), rows="highest", context=16, blocks=1
)


def draw(text: str) -> NDArray[np.uint8]:
    """Return an image of rings, which are 0, and bars, which are 1, shape (24, 64)."""
    image = np.full((24, 64), 255, np.uint8)
    for place, char in enumerate(text):
        left = 4 + 15 * place
        if char == "1":
            image[4:20, left + 3 : left + 7] = 0
        else:
            image[4:20, left : left + 10] = 0
            image[8:16, left + 3 : left + 7] = 255
    return image


def main() -> None:
    """Train, and write the file if what it reads is right."""
    rng = random.Random(4)
    texts = ["0101", *("".join(rng.choices("01", k=4)) for _ in range(400))]
    golden = GOLDEN / f"whole-{__version__}.onnx"
    SIZES["fast"] = TINY
    with TemporaryDirectory() as place:
        samples = []
        for number, text in enumerate(texts):
            path = Path(place, f"{number}.png")
            cv2.imwrite(str(path), draw(text))
            samples.append(Sample(path.name, text, path))
        write_labels(place, samples)
        model = Path(place, "tiny.onnx")
        train_model(read_dataset(place), model, recipe="fast", ink="black", time_limit=60)
        if load(model).read(samples[0].path).text != texts[0]:
            sys.exit("it does not read")
        golden.write_bytes(model.read_bytes())
        (GOLDEN / "bars.png").write_bytes(samples[0].path.read_bytes())


if __name__ == "__main__":
    main()
