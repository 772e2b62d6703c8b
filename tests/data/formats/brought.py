"""Folders of file names as people bring them, of known truth, drawn by a seed.

No file is made: what the names are of is never looked at.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

DIGITS, LOWER, UPPER = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

ALPHABETS = {
    "digits": DIGITS,
    "few digits": "2345678",
    "upper": UPPER,
    "lower": LOWER,
    "lower and digits": LOWER + DIGITS,
    "readable": "23456789ABCDEFGH",
    "all": LOWER + UPPER + DIGITS,
    "hexadecimal": "0123456789abcdef",
    "signs": DIGITS + "+-=",
    "with separators": LOWER + "-.",
    "letters of others": "абвгдежзиклмнопрстуфхцчшщ",
}


@dataclass(frozen=True, slots=True)
class Brought:
    """A folder: what each image reads, by file; None where nobody could tell from the name."""

    family: str
    truth: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Draw:
    """What one folder is drawn of.

    Attributes:
        rng: Where all chance comes from.
        labels: One for each image.
        sep: What stands between two parts.
    """

    rng: random.Random
    labels: list[str]
    sep: str

    def counted(self) -> list[str]:
        """Return running numbers: from any start, padded or not, some of them missing."""
        start = self.rng.choice([0, 1, 1, 1, 100, self.rng.randrange(5000)])
        step = self.rng.choice([1, 1, 1, 5])
        numbers = [start + step * i for i in range(len(self.labels) + 5)]
        if self.rng.random() < 0.3:
            numbers = sorted(self.rng.sample(numbers, len(self.labels)))
        width = self.rng.choice([1, 1, 3, 4, 5, 6])
        return [f"{number:0{width}}" for number in numbers[: len(self.labels)]]

    def times(self) -> list[str]:
        """Return times of one form, minutes to days apart."""
        form = self.rng.choice(["%Y%m%d_%H%M%S", "%Y%m%d%H%M%S", "%Y-%m-%d %H.%M.%S", "s", "ms"])
        at, made = self.rng.randrange(1_300_000_000, 1_800_000_000), list[str]()
        for _ in self.labels:
            at += self.rng.randrange(1, 90_000)
            moment = datetime.fromtimestamp(at, UTC)
            stamp = {"s": str(at), "ms": str(at * 1000 + self.rng.randrange(1000))}
            made.append(stamp.get(form) or moment.strftime(form))
        return made

    def digests(self) -> list[str]:
        """Return digests or UUIDs, all of one kind."""
        kind = self.rng.choice(["md5", "sha1", "sha256", "uuid", "uuid hex"])
        seeds = [self.rng.randbytes(16) for _ in self.labels]
        if kind.startswith("uuid"):
            made = [uuid.UUID(bytes=seed, version=4) for seed in seeds]
            return [str(u) if kind == "uuid" else u.hex for u in made]
        return [hashlib.new(kind, seed, usedforsecurity=False).hexdigest() for seed in seeds]

    def short_digests(self) -> list[str]:
        """Return the beginnings of digests, 8 to 20 digits."""
        length = self.rng.choice([8, 8, 10, 12, 16, 20])
        return [self.rng.randbytes(16).hex()[:length] for _ in self.labels]

    def word(self) -> str:
        """Return a word that stands before or behind all labels."""
        return self.rng.choice(["captcha", "img", "image", "site", "en", "train", "v2"])


def _joined(*columns: list[str], sep: str) -> list[str]:
    return [sep.join(row) for row in zip(*columns, strict=True)]


def _copied(d: Draw) -> list[str]:
    marks = ["(2)", " (1)", "(13)", " - Copy", " - Copy (2)", " copy", " copy 2", "-2", "_2", " 2"]
    mark = d.rng.choice(marks)
    return [label + (mark if d.rng.random() < 0.2 else "") for label in d.labels]


def _written(d: Draw) -> list[str]:
    """As ``convert --to names`` writes: repeated labels are numbered from 2."""
    seen: dict[str, int] = {}
    made = []
    for label in d.labels:
        seen[label] = seen.get(label, 0) + 1
        made.append(label if seen[label] == 1 else f"{label}_{seen[label]}")
    return made


def _numbered_each(d: Draw) -> list[str]:
    """Each label has its own count from 1."""
    seen: dict[str, int] = {}
    made = []
    for label in d.labels:
        seen[label] = seen.get(label, 0) + 1
        made.append(f"{label}{d.sep}{seen[label]}")
    return made


Family = Callable[[Draw], list[str]]

WITH_LABELS: dict[str, Family] = {
    "the label": lambda d: d.labels,
    "copies": _copied,
    "as convert writes": _written,
    "numbered from 1 each": _numbered_each,
    "number, label": lambda d: _joined(d.counted(), d.labels, sep=d.sep),
    "label, number": lambda d: _joined(d.labels, d.counted(), sep=d.sep),
    "word, label": lambda d: [f"{w}{d.sep}{label}" for w in [d.word()] for label in d.labels],
    "label, word": lambda d: [f"{label}{d.sep}{w}" for w in [d.word()] for label in d.labels],
    "word, number, label": lambda d: [
        d.sep.join((w, n, label))
        for w in [d.word()]
        for n, label in zip(d.counted(), d.labels, strict=True)
    ],
    "word and number, label": lambda d: [
        f"{w}{n}{d.sep}{label}"
        for w in [d.word()]
        for n, label in zip(d.counted(), d.labels, strict=True)
    ],
    "time, label": lambda d: _joined(d.times(), d.labels, sep=d.sep),
    "label, time": lambda d: _joined(d.labels, d.times(), sep=d.sep),
    "digest, label": lambda d: _joined(d.digests(), d.labels, sep=d.sep),
    "label, digest": lambda d: _joined(d.labels, d.digests(), sep=d.sep),
    "label, short digest": lambda d: _joined(d.labels, d.short_digests(), sep=d.sep),
    "number, label, number": lambda d: _joined(d.counted(), d.labels, d.counted(), sep=d.sep),
    "number next to label": lambda d: _joined(d.counted(), d.labels, sep=""),
    "label next to number": lambda d: _joined(d.labels, d.counted(), sep=""),
    "word next to label": lambda d: [w + label for w in [d.word()] for label in d.labels],
    "label, kind": lambda d: [label + d.sep + d.rng.choice(["easy", "hard"]) for label in d.labels],
    "kind, label": lambda d: [d.rng.choice(["easy", "hard"]) + d.sep + label for label in d.labels],
    "other, label": lambda d: [
        f"{''.join(d.rng.choices(DIGITS, k=5))}{d.sep}{label}" for label in d.labels
    ],
}

WITHOUT: dict[str, Family] = {
    "numbers": lambda d: d.counted(),
    "word, number": lambda d: [f"{w}{d.sep}{n}" for w in [d.word()] for n in d.counted()],
    "word next to number": lambda d: [f"{w}{n}" for w in [d.word()] for n in d.counted()],
    "number next to word": lambda d: [f"{n}{w}" for w in [d.word()] for n in d.counted()],
    "kind, number": lambda d: [d.rng.choice(["easy", "hard"]) + d.sep + n for n in d.counted()],
    "times": lambda d: d.times(),
    "digests": lambda d: d.digests(),
    "short digests": lambda d: d.short_digests(),
    "word, time": lambda d: [f"{w}{d.sep}{t}" for w in [d.word()] for t in d.times()],
    "screenshots": lambda d: [f"Screenshot {t}" for t in d.times()],
    "downloads": lambda d: [f"download ({n})" for n in range(1, len(d.labels) + 1)],
    "number, time": lambda d: _joined(d.counted(), d.times(), sep=d.sep),
    "number, digest": lambda d: _joined(d.counted(), d.digests(), sep=d.sep),
    "number, short digest": lambda d: _joined(d.counted(), d.short_digests(), sep=d.sep),
    "two numbers": lambda d: _joined(d.counted(), d.counted(), sep=d.sep),
    "clocks": lambda d: [
        f"{d.rng.randrange(24):02}{d.rng.randrange(60):02}{d.rng.randrange(60):02}"
        for _ in d.labels
    ],
}

FAMILIES = {**WITH_LABELS, **WITHOUT}


def labels_of(rng: random.Random, alphabet: str, count: int) -> list[str]:
    """Return random labels, of one length or several, without a separator at either end."""
    length = rng.randrange(4, 8)
    spread = rng.choice([0, 0, 0, 1, 2])
    made: list[str] = []
    while len(made) < count:
        label = "".join(rng.choices(alphabet, k=length + rng.randint(-spread, spread)))
        if label.strip("-.") == label and len(label) > 1:
            made.append(label)
    return made


def brought(seed: int, family: str | None = None, alphabet: str | None = None) -> Brought:
    """Return a folder of a family, drawn by a seed: 1 to 80 images, nested or not, some strays."""
    rng = random.Random(seed)
    family = family or rng.choice([*FAMILIES])
    chars = ALPHABETS[alphabet or rng.choice([*ALPHABETS])]
    count = rng.choice([1, 2, 3, 5, 8, 12, 25, 60, 80])
    draw = Draw(rng, labels_of(rng, chars, count), rng.choice("____-. "))
    stems = FAMILIES[family](draw)
    truths = draw.labels if family in WITH_LABELS else [None] * count
    truth: dict[str, str | None] = {}
    nested = rng.random() < 0.15
    for stem, label in zip(stems, truths, strict=True):
        place = f"{rng.choice('ab')}/" if nested else ""
        truth[f"{place}{stem}.png"] = label
    if rng.random() < 0.15 and count >= 12:
        strays = ["IMG_0042", "Screenshot 2026-11-26 at 20.15.00", "captcha", str(uuid.UUID(int=7))]
        truth |= dict.fromkeys((f"{s}.png" for s in rng.sample(strays, 2)), None)
    return Brought(family, truth)
