"""Which texts are probable before an image is seen, for reading where nothing is told of them.

CTC decides each timestep by itself, so it mixes alphabets that no scheme mixes: ``0z908`` for
041808, ``3t5`` for 3+5. Schemes draw texts of few kinds: of digits, of digits and capitals, sums,
and so on. A text of an image is worth its probability by CTC, times how much more probable it is as
the text of a scheme than as so many characters each by itself, as a network has learnt them: its
own language model, which has to be taken out before another one is put in (Variani et al. 2020).
"""

from __future__ import annotations

import math
import re
import string
from dataclasses import dataclass, field, replace

import numpy as np

from captchascope.charset import Charset
from captchascope.decode.automaton import Floats
from captchascope.decode.constraints import Constraints
from captchascope.decode.ctc import Span, decode_ctc, log_probabilities
from captchascope.decode.pattern import folded
from captchascope.records import Decoded, FloatArray

WEIGHT = 0.5
"""Of the logarithm of what a text is worth; chosen on generated images."""

_DIGITS, _UPPER, _LOWER = string.digits, string.ascii_uppercase, string.ascii_lowercase
_NUMERALS = "零一二三四五六七八九十壹贰叁肆伍陆柒捌玖拾"
_WORDS = "加减乘除以等于"


@dataclass(frozen=True, slots=True)
class Kind:
    """Texts that schemes draw: all of an alphabet, or those of a shape, each as probable.

    Attributes:
        share: Of the schemes, how many draw such texts.
        chars: The alphabet.
        shape: A regular expression, which all the texts match; "" where there is none.
        parts: Of a text of that shape, for each part how many there are of 0, 1, 2, ... characters.
    """

    share: float
    chars: str
    shape: str = ""
    parts: tuple[tuple[int, ...], ...] = ()

    def log_probability(self, text: str) -> float:
        """Return that of a text among all of its length, or minus infinity."""
        if not (re.fullmatch(self.shape, text) if self.shape else self.writes(text)):
            return -math.inf
        if not self.shape:
            return -len(text) * math.log(len(self.chars))
        counts = np.ones(1)
        for part in self.parts:
            counts = np.convolve(counts, part)
        return -math.log(counts[len(text)])

    def writes(self, text: str) -> bool:
        """Tell whether a text is of the alphabet."""
        return set(self.chars).issuperset(text)


_NUMBER, _SIGN = "[0-9]{1,3}", "[-+×÷*/]"
_HAN_NUMBER = f"(?:{_NUMBER}|[{_NUMERALS}]{{1,3}})"
_HAN_COUNTS = (0, 10 + 21, 10**2 + 21**2, 10**3 + 21**3)

KINDS = (
    Kind(0.3, _DIGITS),
    Kind(0.2, _DIGITS + _UPPER),
    Kind(0.18, _DIGITS + _LOWER),
    Kind(0.07, _UPPER),
    Kind(0.07, _LOWER),
    Kind(0.1, _DIGITS + _UPPER + _LOWER),
    Kind(
        0.06,
        _DIGITS + "+-×÷*/=?",
        rf"{_NUMBER}{_SIGN}{_NUMBER}=?\??",
        ((0, 10, 100, 1000), (0, 6), (0, 10, 100, 1000), (1, 2, 1)),
    ),
    Kind(
        0.02,
        _DIGITS + "+-×÷*/=?" + _NUMERALS + _WORDS,
        rf"{_HAN_NUMBER}(?:[加减]|[乘除]以?|{_SIGN}){_HAN_NUMBER}(?:=|等于)?\??",
        (_HAN_COUNTS, (0, 10, 2), _HAN_COUNTS, (1, 2, 2, 1)),
    ),
)
"""The last two are sums, and those with Chinese words."""

_ANY = 0.01  # of the schemes: they draw what they like


@dataclass(frozen=True, slots=True)
class TextPrior:
    """What the texts of schemes are like, as far as a model's alphabet goes.

    Attributes:
        kinds: Those that the alphabet covers, and one for all else that it can write.
        weight: Of ``log_odds``; 0 for a prior that has no say.
    """

    kinds: tuple[Kind, ...]
    weight: float = WEIGHT
    _each: dict[str, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        each: dict[str, float] = {}
        for kind in self.kinds:
            for char in kind.chars:
                each[char] = each.get(char, 0.0) + kind.share / len(kind.chars)
        object.__setattr__(self, "_each", {char: math.log(share) for char, share in each.items()})

    @classmethod
    def of(cls, charset: Charset, ignore_case: bool = False) -> TextPrior | None:
        """Return that of a model's alphabet, in lower case if ``ignore_case``.

        None where the alphabet covers less than two of the kinds, so that there is nothing to mix.
        """
        shares: dict[Kind, float] = {}
        covered = [kind for kind in KINDS if set(charset.chars).issuperset(kind.chars)]
        if len(covered) < 2:
            return None
        for kind in (*covered, Kind(_ANY, charset.chars)):
            chars = "".join(dict.fromkeys(folded(kind.chars))) if ignore_case else kind.chars
            same = replace(kind, share=0.0, chars=chars)
            shares[same] = shares.get(same, 0.0) + kind.share
        together = sum(shares.values())
        return cls(tuple(replace(kind, share=s / together) for kind, s in shares.items()))

    def log_probability(self, text: str) -> float:
        """Return that of a text of the alphabet among all of its length."""
        logs = [math.log(kind.share) + kind.log_probability(text) for kind in self.kinds]
        most = max(logs)
        return most + math.log(sum(math.exp(log - most) for log in logs))

    def log_odds(self, text: str) -> float:
        """Return how much more probable a text is so than by its characters alone, weighted."""
        alone = sum(self._each[char] for char in text)
        return self.weight * (self.log_probability(text) - alone)


def decode_untold(
    logits: FloatArray,
    charset: Charset,
    rule: Constraints,
    temperature: float,
    span: Span,
    prior: TextPrior,
) -> list[Decoded | None]:
    """Return the text of each image that is the most probable one, what schemes draw considered.

    What ``decode_ctc`` finds is one candidate, and the best path within the alphabet of each kind
    another. The probability that the candidates have by CTC together is divided among them by
    what they are worth. That of a character is what it has within the alphabet in which the text
    was found, and at least the text's.

    Args:
        logits: As of ``decode_ctc``.
        charset: The model's.
        rule: The constraints, which have neither a charset nor a pattern.
        temperature: As of ``decode_ctc``.
        span: As of ``decode_ctc``.
        prior: That of the charset.
    Returns:
        As ``decode_ctc``.
    Raises:
        ValueError: As by ``decode_ctc``.
    """
    found = decode_ctc(logits, charset, rule, temperature, span)
    fewest, most = rule.length or (0, logits.shape[1])
    candidates = [{} if one is None else {one.text: one} for one in found]
    for kind in prior.kinds:
        some = [i for i, one in enumerate(found) if one and not kind.writes(one.text)]
        known = replace(rule, charset=Charset(kind.chars), length=None, case="keep")
        paths = decode_ctc(logits[some], charset, known, temperature, span, search=False)
        for image, path in zip(some, paths, strict=True):
            if path and fewest <= len(path.text) <= most:
                candidates[image].setdefault(path.text, path)
    several = [image for image, others in enumerate(candidates) if len(others) > 1]
    texts = [text for image in several for text in candidates[image]]
    images = np.repeat(several, [len(candidates[image]) for image in several]).astype(np.int64)
    logs = log_probabilities(logits, charset, rule, texts, images, temperature)
    odds = np.array([*map(prior.log_odds, texts)])
    for image in several:
        own = images == image
        best, confidence = _best(logs[own], odds[own])
        found[image] = _as_sure([*candidates[image].values()][best], confidence)
    return found


def _best(logs: Floats, odds: Floats) -> tuple[int, float]:
    """Return the best of an image's candidates, and its confidence."""
    worth = logs + odds
    best = int(worth.argmax())
    return best, float(min(np.exp(logs).sum(), 1.0) / np.exp(worth - worth[best]).sum())


def _as_sure(decoded: Decoded, confidence: float) -> Decoded:
    """Return the same with another confidence, which no character stays below."""
    chars = [
        char if char.confidence > confidence else replace(char, confidence=confidence)
        for char in decoded.chars
    ]
    return Decoded(decoded.text, confidence, tuple(chars))
