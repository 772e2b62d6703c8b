"""Whether answers stand in a place, or are only found there as any other answers would be.

A number of four digits is found somewhere in any long page. So the answers of other images are
looked for in the same place: had it nothing to do with its image, the image's own answer would be
found as often as theirs. The test is exact, a permutation within each image: of one own and k other
answers of which m are found, the own one is found with probability m / (k + 1); how many own ones
are found in all then has the Poisson binomial distribution (Wang 1993, "On the number of successes
in independent trials", Statistica Sinica 3, 295-312).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np

from captchascope.audit.figures import Leak
from captchascope.audit.leaks.places import Place
from captchascope.audit.leaks.spelled import ENCODINGS, SPELLINGS, Held, Way, ways_in
from captchascope.evaluate import Rate
from captchascope.files import printable

_LEVEL = 0.01
"""The probability that anything at all is reported where nothing leaks."""

_ENOUGH = 20  # answers of other images
_OTHERS = 50  # that are looked for
_OTHERS_OF_ONE = 20_000
_MOST_SLOTS = 5000
_SHOWN = 120  # characters of an example

Slot: TypeAlias = tuple[str, str, bool]
"""Where, what, and whether it is the rest, as ``Place`` has them."""


class Known(NamedTuple):
    """An image whose answer is known: the answer, and what gives its places."""

    answer: str
    places: Callable[[], Iterable[Place]]


class _Odds(NamedTuple):
    """Of an own answer to be found by chance: after all that was found, and by others alone."""

    chance: float
    by_others: float


@dataclass(slots=True)
class _Hits:
    """Of one slot and one way: the images whose own answer was found there, and an example."""

    images: set[int] = field(default_factory=set)
    example: str = ""
    odds: dict[int, _Odds] = field(default_factory=dict)

    def by_chance(self, without: set[int]) -> float:
        """Return the probability that chance finds as many, some images left out of account."""
        chances = [odds.chance for image, odds in self.odds.items() if image not in without]
        return _tail(chances, len(self.images - without))


def find_leaks(known: Sequence[Known], seed: int) -> tuple[Leak, ...]:
    """Return the places in which answers stand clearly more often than by chance, worst first.

    Args:
        known: The images; their places are asked for twice.
        seed: Chooses the answers that are looked for in comparison.
    """
    found, slots = _own_hits(known)
    _add_odds(found, known, seed)
    level = _LEVEL / max(1, slots * len(SPELLINGS) * len(ENCODINGS))
    told = defaultdict[str, set[int]](set)
    leaks: list[Leak] = []
    for slot in sorted(found, key=lambda slot: slot[2]):  # the rest of what is left unexplained
        where, what, rest = slot
        explained = told[where] if rest else set[int]()
        ways = {
            way: hits
            for way, hits in found[slot].items()
            if not hits.images <= explained and hits.by_chance(explained) <= level
        }
        if ways:
            way, hits = max(ways.items(), key=lambda item: len(item[1].images))
            told[where] |= hits.images
            named = ", ".join(filter(None, (what, *way)))
            by_chance = sum(odds.by_others for odds in hits.odds.values())
            rate = Rate(len(hits.images), len(known))
            leaks.append(Leak(where, named, hits.example, rate, round(by_chance, 2)))
    return tuple(sorted(leaks, key=lambda leak: -leak.found.hits))


def _own_hits(known: Sequence[Known]) -> tuple[dict[Slot, dict[Way, _Hits]], int]:
    """Look for each image's own answer; also return how many slots there are."""
    found = defaultdict[Slot, dict[Way, _Hits]](dict)
    slots = set[Slot]()
    for number, (answer, places) in enumerate(known):
        for slot, text in _by_slot(places()).items():
            if slot not in slots and len(slots) == _MOST_SLOTS:
                continue
            slots.add(slot)
            for way, around in ways_in(text, answer):
                hits = found[slot].setdefault(way, _Hits())
                hits.images.add(number)
                hits.example = hits.example or _example(around, answer, way)
    return dict(found), len(slots)


def _add_odds(found: Mapping[Slot, Mapping[Way, _Hits]], known: Sequence[Known], seed: int) -> None:
    """Look for other answers wherever an own one was found."""
    if not found:
        return
    answers = list(dict.fromkeys(image.answer.casefold() for image in known))
    for number, (answer, places) in enumerate(known):
        others = _others(answer, answers, len(known), np.random.default_rng([seed, number]))
        for slot, text in _by_slot(places()).items():
            held: dict[str, Held] = {}
            for way, hits in found.get(slot, {}).items():
                spelling, encoding = way
                if encoding not in held:
                    held[encoding] = Held.of(ENCODINGS[encoding](text))
                times = sum(
                    any(needle in held[encoding].folded for needle in SPELLINGS[spelling](other))
                    for other in others
                )
                chance = (times + (number in hits.images)) / (len(others) + 1)
                hits.odds[number] = _Odds(chance, times / max(1, len(others)))


def _by_slot(places: Iterable[Place]) -> dict[Slot, str]:
    texts = defaultdict[Slot, list[str]](list)
    for where, what, text, rest in places:
        texts[where, what, rest].append(text)
    return {slot: "\n".join(lines) for slot, lines in texts.items()}


def _others(
    answer: str, answers: Sequence[str], images: int, random: np.random.Generator
) -> list[str]:
    """Return answers to compare with: those of other images, and of few images also made-up ones.

    The fewer images there are, the more comparisons it takes to tell a find from chance.
    """
    others = [other for other in answers if other != answer.casefold()]
    if len(others) >= _ENOUGH:
        return [others[i] for i in random.permutation(len(others))[:_OTHERS]]
    count = max(_OTHERS, _OTHERS_OF_ONE // images**2)
    made = (_made_up(answer, random) for _ in range(count - len(others)))
    return others + [text for text in made if text.casefold() != answer.casefold()]


def _made_up(answer: str, random: np.random.Generator) -> str:
    """Return an answer of the same kind: a digit for each digit, a letter for each letter."""
    drawn = random.integers(0, 2**16, len(answer))
    return "".join(
        chr(ord("0") + number % 10)
        if char.isdigit()
        else chr(ord("a") + number % 26)
        if char.isascii()
        else chr(0x4E00 + number % 3000)
        for char, number in zip(answer, drawn.tolist(), strict=True)
    )


def _example(around: str, answer: str, way: Way) -> str:
    """Return what is shown of a find: what stands there, and how it says the answer."""
    shown = printable(" ".join(around.split()))[:_SHOWN]
    return f"{shown} ({printable(answer)} {', '.join(filter(None, way))})" if any(way) else shown


def _tail(chances: Sequence[float], hits: int) -> float:
    """Return the probability of at least so many successes in independent trials."""
    if hits > len(chances):
        return 0.0
    counts = np.array([1.0])
    for chance in chances:
        counts = np.convolve(counts, (1 - chance, chance))
    return float(counts[hits:].sum())
