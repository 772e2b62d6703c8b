"""What the texts of one scheme have in common, inferred from what a network makes of its images.

A combination of an alphabet and a range of lengths is judged by all images together. For each the
probability of all texts that the combination allows is multiplied by what it says beforehand: by
how many times fewer lengths there are than else, and for each character by how many times fewer
characters. So a smaller alphabet is better, unless the images show that there are more.

By Bayes' theorem that is how probable the combination is, if the network was trained on texts of
independent characters, and is as often right as it is sure. But the texts that it learned from had
alphabets of their own, and where it errs it may be sure all the same. So only a part of what an
alphabet says of a character counts: else a network that reads + as t would take sums for digits.
And each image may be one of which the network makes nothing.

What is nearly as probable as the best is taken into it. Nothing is inferred where that is all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import comb, log
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

import numpy as np

from captchascope.charset import BLANK, Charset
from captchascope.decode.automaton import Floats
from captchascope.decode.constraints import Case, Constraints
from captchascope.decode.ctc import decode_ctc
from captchascope.records import FloatArray

ALPHABETS = (
    digits,
    ascii_lowercase,
    ascii_uppercase,
    ascii_letters,
    digits + ascii_lowercase,
    digits + ascii_uppercase,
    digits + ascii_letters,
    digits + "abcdef",
    digits + "ABCDEF",
    digits + "+-×÷*/=?",
)
"""What is thought of, beside all that a model knows, and what of the best of these was seen."""

_LONGEST = 12  # characters that are thought of
_WIDEST = 6  # lengths of one range
_LOST = 0.02  # how probable it is that the network makes nothing of an image
_PART = 0.2  # of what an alphabet says of a character
_MARGIN = log(20)
_RARE = (1, 2, 3, 5, 9)  # times that a character must be seen: what is rarer may be misread
_SAME_SHAPE = "cosuvwxz"  # whose capitals are larger, and no different


@dataclass(frozen=True, slots=True)
class Scheme:
    """What the texts of one scheme have in common.

    Attributes:
        chars: Their characters.
        length: The fewest and most of them.
    """

    chars: str
    length: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Alphabet:
    """An alphabet that is thought of.

    Attributes:
        chars: Its characters.
        classes: Those of the model that count as each.
        rarity: Logarithm of how probable it is beside one of ``ALPHABETS``.
    """

    chars: str
    classes: tuple[tuple[int, ...], ...]
    rarity: float = 0.0


def inferred_scheme(
    shares: Sequence[FloatArray],
    charset: Charset,
    told: Constraints,
    lengths: tuple[int, int] | None = None,
) -> Scheme | None:
    """Return what the texts of images have in common; None where nothing is known of them.

    Args:
        shares: For each image the probabilities of a model's K classes at its timesteps, (T, K).
        charset: The model's, of K - 1 characters.
        told: What is known of the texts: a charset or a length stays as it is.
        lengths: The fewest and most characters that the model gives; None for any number.
    """
    if not shares:
        return None
    padded = np.zeros((max(map(len, shares)), charset.num_classes, len(shares)))
    padded[:, BLANK] = 1.0  # which changes no text
    for image, share in enumerate(shares):
        padded[: len(share), :, image] = share
    fewest, most = told.length or lengths or (1, _LONGEST)
    any_length = fewest, min(most, max(fewest, _LONGEST))
    ranges = [any_length]
    if told.length is None and fewest < any_length[1]:
        every = range(fewest, any_length[1] + 1)
        ranges += [(low, high) for low in every for high in every if 0 <= high - low < _WIDEST]
    alphabets = _thought_of(charset, told)
    size = len(alphabets[0].chars)
    scores = np.array([_judged(padded, each, size, ranges) for each in alphabets])
    near = [*zip(*np.nonzero(scores > scores.max() - _MARGIN), strict=True)]
    possible = {char for place, _ in near for char in alphabets[place].chars}
    length = min(ranges[i][0] for _, i in near), max(ranges[i][1] for _, i in near)
    if len(ranges) > 1 and len(possible) == size and length == any_length:
        return None
    chars = "".join(char for char in alphabets[0].chars if char in possible)
    found = _alphabet(chars, charset, told)
    if told.charset is None and set(found.chars) in map(set, ALPHABETS):
        both = [any_length, length]
        fewer = [found, *_seen(padded, found, charset, replace(told, length=length))]
        scores = np.array([_judged(padded, each, size, both)[1] for each in fewer])
        if scores.max() - scores[0] > _MARGIN:
            found = fewer[int(scores.argmax())]
    if length[1] == any_length[1]:  # nothing longer was thought of: that rules nothing out
        length = length[0], most
    return Scheme(found.chars, length)


def _thought_of(known: Charset, told: Constraints) -> list[_Alphabet]:
    """Return the alphabets that are thought of, that of all characters first."""
    whole = told.folding(known.chars)(known.chars) if told.charset is None else told.charset.chars
    found: dict[frozenset[str], _Alphabet] = {}
    for one in (whole, *ALPHABETS):
        chars = "".join(dict.fromkeys(char for char in one if char in whole))
        if chars and frozenset(chars) not in found:
            found[frozenset(chars)] = _alphabet(chars, known, told)
    return [*found.values()][: None if told.charset is None else 1]


def _alphabet(chars: str, known: Charset, told: Constraints) -> _Alphabet:
    """Return an alphabet of some characters that a model can give."""
    given = told.folding(known.chars)(known.chars)
    cased = {char.isupper() for char in chars if char.isalpha()}
    if len(cased) == 1:
        alike = _SAME_SHAPE.upper() if cased == {True} else _SAME_SHAPE
        given = given.translate(str.maketrans(alike.swapcase(), alike))
    every = range(1, known.num_classes)
    return _Alphabet(chars, tuple(tuple(i for i in every if given[i - 1] == c) for c in chars))


def _judged(
    padded: Floats,
    alphabet: _Alphabet,
    size: int,
    ranges: Sequence[tuple[int, int]],
) -> Floats:
    """Return the logarithm of how probable an alphabet is with each range of lengths.

    The first range is that of all lengths, and ``size`` the number of all characters.
    """
    fewest, most = ranges[0]
    likely = lengths_of(padded, alphabet.classes, most)
    likely *= (size / len(alphabet.chars)) ** (_PART * np.arange(most + 1))
    below = np.concatenate([np.zeros((len(likely), 1)), likely.cumsum(axis=1)], axis=1)
    scores = []
    for low, high in ranges:
        share = (most - fewest + 1) / (high - low + 1)
        each = share * np.maximum(below[:, high + 1] - below[:, low], 0.0)
        scores.append(np.log((1 - _LOST) * each + _LOST).sum())
    return np.array(scores) + alphabet.rarity


def lengths_of(shares: Floats, classes: Sequence[Sequence[int]], most: int) -> Floats:
    """Return the probability of all texts of each length that some characters can make.

    Args:
        shares: Shape (T, K, N): the probabilities of the classes at each timestep of N images.
        classes: Those that count as each character; no other is part of a text.
        most: The greatest length.
    Returns:
        Shape (N, most + 1).
    """
    rows = np.stack([shares[:, [*group]].sum(axis=1) for group in ((BLANK,), *classes)], axis=1)
    ends = np.zeros((rows.shape[1], most + 1, rows.shape[2]))  # by last class, and length so far
    ends[BLANK, 0] = 1.0
    for row in rows[:, :, None]:
        total = ends.sum(axis=0)
        ends[1:, 1:] += total[:-1] - ends[1:, :-1]  # one more, unless it is the same for longer
        ends[BLANK] = total
        ends *= row
    return np.asarray(ends.sum(axis=0).T)


def _seen(
    padded: Floats, whole: _Alphabet, charset: Charset, told: Constraints
) -> Iterator[_Alphabet]:
    """Yield what remains of an alphabet without the characters that are read seldom or never."""
    case: Case = "fold" if told.ignore_case else "keep"
    rule = replace(told, charset=Charset(whole.chars), case=case, solve=False)
    logs = np.log(np.maximum(padded, 1e-30)).transpose(2, 0, 1).astype(np.float32)
    texts = decode_ctc(logs, charset, rule, search=False)
    times = Counter(char for text in texts if text is not None for char in text.text)
    size = len(whole.chars)
    for least in _RARE:
        kept = [i for i, char in enumerate(whole.chars) if times[char] >= least]
        if 0 < len(kept) < size:
            chars = "".join(whole.chars[i] for i in kept)
            rarity = -log(size) - log(comb(size, len(kept)))  # how many, and which
            yield _Alphabet(chars, tuple(whole.classes[i] for i in kept), rarity)
