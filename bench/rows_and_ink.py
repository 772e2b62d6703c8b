"""Two rows of text, and one colour of several: trained from 100 labels, tested on 300 others.

    python bench/rows_and_ink.py [SET...] [--time-limit T] [--look]

Captchas of the family plain are cut in two, the left half over the right one; and two of them lie
over each other in two inks, one of which is labelled. Both are kept in build/bench/rows_and_ink.
``--look`` writes a picture of twenty as they are, and as a reader sees them, instead of training.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import captchascope
from captchascope.generate import draw_captcha
from captchascope.image import Preprocessing, load_image
from running import table, trained
from sets import PLACE

_SEED = 990_051  # of the labelled images; the next ones are those tested on, and those over them
_LABELS, _TESTED, _SHOWN = 100, 300, 20
_ZOOM, _COLUMNS = 8, 4
_INKS = {"red": (200, 20, 30), "blue": (30, 60, 190)}

Image = NDArray[np.uint8]


def two_rows(image: Image, _: Image) -> Image:
    """Put the left half over the right one."""
    middle = image.shape[1] // 2
    return np.vstack([image[:, :middle], image[:, middle : 2 * middle]])


def two_inks(image: Image, other: Image) -> Image:
    """Draw one text in red, and another in blue; which one is on top differs."""
    texts = [(image, _INKS["red"]), (other, _INKS["blue"])]
    if int(image.sum()) % 2:
        texts.reverse()
    drawn = np.full(image.shape, 255, np.float32)
    for text, ink in texts:
        apart = np.abs(text.astype(np.float32) - np.median(text, axis=(0, 1))).sum(axis=2)
        share = np.clip(apart / np.quantile(apart, 0.99), 0, 1)[:, :, None]
        drawn += share * (np.array(ink, np.float32) - drawn)
    return np.rint(drawn).astype(np.uint8)


SETS = {
    "two rows": (two_rows, Preprocessing(rows=2)),
    "one colour": (two_inks, Preprocessing(ink="red")),
}


def drawn(name: str, seed: int, count: int) -> Iterator[tuple[Image, str]]:
    """Yield images of a set with their labels."""
    make, _ = SETS[name]
    for number in range(1, count + 1):
        text, other = (draw_captcha("plain", seed + more, number) for more in (0, 10))
        yield make(text.image, other.image), text.label


def written(name: str, seed: int, count: int) -> Path:
    """Return a folder of labelled images of a set, having drawn them if need be."""
    folder = PLACE / "rows_and_ink" / f"{name.replace(' ', '-')}-{seed}"
    if not (folder / "labels.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        rows = ["file,label\n"]
        for number, (image, label) in enumerate(drawn(name, seed, count), 1):
            cv2.imwrite(str(folder / f"{number}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
            rows.append(f"{number}.png,{label}\n")
        (folder / "labels.csv").write_text("".join(rows), encoding="utf-8")
    return folder


def look(name: str) -> Path:
    """Write a picture of some images, and beside each what a reader sees; return its path."""
    pairs = []
    for image, _ in drawn(name, _SEED, _SHOWN):
        seen = load_image(image, 3, preprocessing=SETS[name][1])
        height = max(len(image), len(seen))
        pairs += [_on(image, height, max(image.shape[1], seen.shape[1])) for image in (image, seen)]
    lines = [np.hstack(pairs[at : at + _COLUMNS]) for at in range(0, len(pairs), _COLUMNS)]
    sheet = np.vstack(lines).repeat(_ZOOM, axis=0).repeat(_ZOOM, axis=1)
    path = PLACE / "rows_and_ink" / f"{name.replace(' ', '-')}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    return path


def _on(image: Image, height: int, width: int) -> Image:
    below, beside = height - image.shape[0], width - image.shape[1]
    return np.asarray(cv2.copyMakeBorder(image, 1, below + 1, 1, beside + 1, cv2.BORDER_CONSTANT))


def measured(name: str, limit: str | None) -> list[str]:
    """Return a row of the table: what a model trained on some images reads of others."""
    done, folder = SETS[name][1], PLACE / "rows_and_ink"
    model = folder / f"{name.replace(' ', '-')}.onnx"
    told = ["--rows", str(done.rows)] if done.ink is None else ["--ink", done.ink]
    if not model.exists():
        options = [*told, *(["--time-limit", limit] if limit else [])]
        trained(written(name, _SEED, _LABELS), model, *options)
    dataset = captchascope.read_dataset(written(name, _SEED + 1, _TESTED))
    shares = []
    general = captchascope.load("any", charset="0-9", rows=done.rows, ink=done.ink)
    for reader in (general, captchascope.load(model)):
        shares.append(captchascope.evaluate_reader(reader, dataset).exact_match)
    return [
        name,
        " ".join(told),
        *(f"{one.hits} of {one.total} ({one.value:.1%})" for one in shares),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*", default=[*SETS], metavar="SET")
    parser.add_argument("--time-limit")
    parser.add_argument("--look", action="store_true")
    options = parser.parse_args()
    if options.look:
        print(*map(look, options.sets), sep="\n")
    else:
        head = ["set", "told", "any, told 0-9", f"from {_LABELS} labels"]
        print(table(head, (measured(name, options.time_limit) for name in options.sets)))
