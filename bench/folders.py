"""Folders of labelled images as people bring them, of known truth: what their makers meant."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel, which every image is: only labels are looked at."""

Truth = Mapping[str, str | None]
"""The label of each image by its path; None where it has none that anybody could tell."""

UPPER = "ABCDEFGHJKLMNPRTUVWXYZ"
ALPHABETS = {
    "digits": string.digits,
    "hex": "23456789ABCDEF",
    "lower hex": "0123456789abcdef",
    "upper": UPPER,
    "lower": string.ascii_lowercase,
    "upper and digits": UPPER + "2345679",
    "lower and digits": string.ascii_lowercase + "23456789",
    "mixed": string.ascii_letters + string.digits,
    "umlauts": "ÄÖÜÉÈÇÑ" + UPPER,
}
WORDS = [
    "apple",
    "river",
    "stone",
    "cloud",
    "green",
    "happy",
    "table",
    "mouse",
    "tiger",
    "lemon",
    "ocean",
    "piano",
    "queen",
    "robot",
    "snake",
    "uncle",
    "violin",
    "window",
    "yellow",
    "zebra",
    "anchor",
    "bridge",
    "candle",
    "dragon",
    "engine",
    "forest",
    "garden",
    "hammer",
    "island",
    "jacket",
    "kitten",
    "ladder",
    "magnet",
    "needle",
    "orange",
    "pencil",
    "quartz",
    "rabbit",
    "silver",
    "tunnel",
]


@dataclass(frozen=True, slots=True)
class Case:
    """One folder that somebody brings.

    Attributes:
        truth: The images and what their maker takes them to read.
        files: The other files and what is in them.
        folder: What is read, below the root of it all.
        labels_from: A label file below the root, or what else ``labels_from`` takes.
        plain: Whether every reader of these lines would know the labels: a refusal is needless.
    """

    truth: Truth
    files: Mapping[str, bytes] = field(default_factory=dict)
    folder: str = "."
    labels_from: str = "auto"
    plain: bool = False


Family = Callable[[random.Random], Case]


def labels(
    rng: random.Random, count: int, *kinds: str, lengths: Iterable[int] = (3, 4, 5, 6)
) -> list[str]:
    """Return labels of one alphabet, of one length mostly, and all different."""
    kind = rng.choice(kinds or tuple(ALPHABETS))
    if kind == "words":
        return rng.sample(WORDS, count)
    lengths = [*lengths]
    several = rng.random() < 0.2
    length = rng.choice(lengths)
    found: dict[str, None] = {}
    while len(found) < count:
        size = rng.choice(lengths) if several else length
        found["".join(rng.choices(ALPHABETS[kind], k=size))] = None
    return [*found]


def some(rng: random.Random) -> int:
    """Return how many images a folder has."""
    return rng.choice((5, 8, 12, 20, 30))


def hexadecimal(rng: random.Random, digits: int) -> str:
    """Return a random number as hashes are written."""
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def uuid(rng: random.Random) -> str:
    """Return a random UUID."""
    text = hexadecimal(rng, 32)
    return "-".join((text[:8], text[8:12], "4" + text[13:16], "a" + text[17:20], text[20:]))


def token(rng: random.Random, size: int) -> str:
    """Return what servers call uploads: letters of both kinds and digits."""
    return "".join(rng.choices(string.ascii_letters + string.digits, k=size))


def misread(rng: random.Random, label: str) -> str:
    """Return what an OCR would make of a label: most often the same."""
    if rng.random() < 0.6:
        return label
    at = rng.randrange(len(label))
    return (
        label[:at] + rng.choice([c for c in label + "8BO0I1" if c != label[at]]) + label[at + 1 :]
    )
