"""The parts of a file name, and what numbers, times and digests look like among them.

One name says little; what all names of a folder have in the same place says more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SPELT = re.compile(r"U\+[0-9A-F]{4,6}(-U\+[0-9A-F]{4,6})*")
"""A label in code points."""

_SEP = r"[_\-. ]"

_DATE = r"(?:199|20[0-3])\d(?P<sep>[-_. ]?)(?:0[1-9]|1[0-2])(?P=sep)(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]\d|2[0-3])[-_.:]?[0-5]\d[-_.:]?[0-5]\d(?:\d{3}){,2}(?:\s?[AaPp][Mm])?Z?"

_SECONDS = r"1\d{9}\.\d{1,9}"  # since 1970, with a fraction

_PART = re.compile(
    rf"(?P<spelt>{SPELT.pattern}(?=_|$))"
    r"|(?P<digest>(?i:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
    r"|[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32}))"
    rf"(?={_SEP}|$)"
    rf"|(?P<time>{_SECONDS}|{_DATE}(?:(?:{_SEP}|T| at | um )?{_CLOCK})?)(?={_SEP}|$)"
    r"|(?P<word>[^_\-. ]+)"
)

_COPY = re.compile(
    r"(?:(?<=[^\W_])(?:\s*\(\d{1,3}\)|~\d)"
    r"|(?:\s+-\s+|[ _-])(?:copy|kopie|copie|copia)(?:[ _]?\d{1,3})?)+$",
    re.IGNORECASE,
)
"""What systems add to the name of a copy: ``(3)``, `` - Copy``, `` copy 2``."""

_STOCK = frozenset(
    (
        *("img", "image", "images", "dsc", "dscf", "dscn", "pxl", "mvimg", "screenshot", "screen"),
        *("shot", "bildschirmfoto", "capture", "captcha", "captchas", "captchaimage", "captchaimg"),
        *(
            "captchacode",
            "getcaptcha",
            "kaptcha",
            "securimage",
            "download",
            "downloads",
            "whatsapp",
        ),
        *("unnamed", "untitled", "photo", "picture", "pic", "file", "frame", "page", "sample"),
        *("verifycode", "validatecode", "checkcode", "vcode", "authcode", "scan", "tmp", "temp"),
    )
)
"""Words that programs call images by, in lower case."""

_BETWEEN = frozenset(("at", "am", "pm", "um"))  # words that stand beside times


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a file without its suffix, cut into parts.

    Attributes:
        stem: All of it.
        copy: The mark of a copy at its end, which no part has.
        parts: What stands between underscores, dashes, dots and blanks.
        kinds: Of each part: ``spelt``, ``digest``, ``time`` or ``word``.
        joints: What stands between two parts, one fewer than these.
    """

    stem: str
    copy: str = field(init=False, default="")
    parts: tuple[str, ...] = field(init=False, default=())
    kinds: tuple[str, ...] = field(init=False, default=())
    joints: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        mark = _COPY.search(self.stem)
        copy = mark[0] if mark and mark.start() > 0 else ""
        base = self.stem.removesuffix(copy)
        found = list(_PART.finditer(base))
        ends = pairwise(found)
        values = {
            "copy": copy,
            "parts": tuple(part[0] for part in found),
            "kinds": tuple(part.lastgroup or "word" for part in found),
            "joints": tuple(base[left.end() : right.start()] for left, right in ends),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def base(self) -> str:
        """The name without the mark of a copy."""
        return self.stem.removesuffix(self.copy)

    @property
    def no_label(self) -> str:
        """Why this can be no label, whatever the others are called; empty where it can."""
        words = [p for p, kind in zip(self.parts, self.kinds, strict=True) if kind == "word"]
        telling = [w for w in words if w.lower() not in _BETWEEN]
        named = [word for word in telling if not word.isdecimal()]
        if not self.parts:
            return "is made of separators alone"
        if named and all(map(is_stock, named)):
            return "is what programs call images"
        if telling or not {"time", "digest"}.intersection(self.kinds):
            return ""
        return "is a time" if "time" in self.kinds else "is a digest or a UUID"


def is_stock(word: str) -> bool:
    """Say whether a word is what programs call images, with a number behind it or without."""
    return word.rstrip("0123456789").lower() in _STOCK


def chance_of_counting(values: Sequence[str], *, digits: str = "", sparse: bool = False) -> float:
    """Return how likely random digits would look as much like counting as these do, about.

    They are close together, dense, of equal steps, or all begin with 0.

    Args:
        values: Digits. Numbers that repeat do not count.
        digits: Which digits labels have, where not only these values tell it.
        sparse: Whether they differ because they are names of files, so that it tells nothing.
    """
    n, lengths = len(values), {*map(len, values)}
    numbers, chars = sorted(map(int, values)), set("".join(values) + digits)
    span = numbers[-1] - numbers[0] + 1
    if n < 2 or len(set(numbers)) < n or (len(lengths) > 1 and span > 20 * n):
        return 1.0
    low = 0 if len(lengths) > 1 else int(min(chars) * max(lengths))
    size = int(max(chars) * max(lengths)) - low + 1  # of these digits alone
    share = min(1.0, span / size)
    chance = n * share ** (n - 1) - (n - 1) * share**n
    if span <= 2 * n and not sparse:  # that all differ tells nothing where there is much room
        chance *= math.exp(sum(math.log1p(-i / span) for i in range(n)))
    steps = {b - a for a, b in pairwise(numbers)}
    if n > 2 and len(steps) == 1:
        chance = min(chance, math.exp(math.lgamma(n + 1) - (n - 2) * math.log(size)))
    if all(value[0] == "0" for value in values):
        chance = min(chance, 10.0**-n)
    return min(1.0, chance)


_EPOCHS = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}  # digits, and their units in a second
_DATES = {8: "", 12: "....", 14: ".{6}", 17: ".{9}"}

_CLOCKS = {
    4: (0.144, r"(?:[01]\d|2[0-3])[0-5]\d"),
    6: (0.087, r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"),
}
"""Of each length, which share of all numbers is a time of the day, and which these are."""


def are_times(values: Collection[str]) -> bool:
    """Say whether numbers are all seconds since 1970, or dates: of one length, 8 digits or more."""
    lengths = {*map(len, values)}
    if len(lengths) != 1 or not all(map(str.isdecimal, values)):
        return False
    [length] = lengths
    if unit := _EPOCHS.get(length):
        return all(10**9 <= int(value) // unit < 21 * 10**8 for value in values)
    rest = _DATES.get(length)
    return rest is not None and all(re.fullmatch(_DATE + rest, value) for value in values)


def chance_of_clock(values: Collection[str]) -> float:
    """Return how likely random digits would all be times of the day, as these are; else 1."""
    lengths = {*map(len, values)}
    share, clock = _CLOCKS.get(min(lengths), (1.0, "$")) if len(lengths) == 1 else (1.0, "$")
    return share ** len({*values}) if all(re.fullmatch(clock, v) for v in values) else 1.0


def digest_length(values: Collection[str]) -> int:
    """Return the length of texts that could all be digests; 0 where they could not.

    They are hexadecimal digits in one case, letters among them, all of one length from 7.
    """
    lengths, chars = {*map(len, values)}, set().union(*values)
    hexadecimal = chars <= set("0123456789abcdef") or chars <= set("0123456789ABCDEF")
    both = any(map(str.isdecimal, chars)) and not all(map(str.isdecimal, chars))
    return min(lengths) if hexadecimal and both and len(lengths) == 1 and min(lengths) >= 7 else 0
