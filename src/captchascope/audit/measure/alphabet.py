"""Charset and length: how many texts there are, how evenly they are drawn, what looks alike."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction

import numpy as np

from captchascope.audit.figures import Alphabet, LookAlike
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.check.labels import look_alike
from captchascope.decode import ReadOptions
from captchascope.evaluate import Rate
from captchascope.sums import value_of

_GROUPS = (
    *("0OoQ", "1Il|i!", "2Zz", "5Ss", "6Gb", "8B", "9gq"),
    *("Cc", "Kk", "Pp", "Uu", "Vv", "Ww", "Xx"),
    *("土士", "未末", "已己巳", "日曰", "人入", "千干", "一ー"),
)
"""Characters that are taken for each other: those of one shape, and letters whose two cases differ
in size alone. The digits and letters are those that encodings for people leave out or take for one:
Crockford's Base32 and Z-Base-32."""

_RUNS = (("rn", "m"), ("cl", "d"), ("vv", "w"))
"""Pairs of letters that are taken for one."""

_COVERED = 0.9
"""The share of the texts to be drawn that were seen already, from which on they can be counted."""

_OFTEN = 10
"""Texts for each character, from which on the characters of each place can be counted."""

_DRAWS = 1999
"""Draws that the test of evenness compares with: the least p-value is 1 in 2,000."""


def measure_alphabet(setting: Setting) -> Alphabet:
    """Measure how many texts a guess is among, and which characters people mix up.

    What the user told of alphabet and length counts before what the labels show.

    Raises:
        UnmeasuredError: If neither labels nor the user tell both.
    """
    labels = [sample.label for sample in setting.subject.samples]
    told = setting.subject.told(setting.reading)
    fold = setting.reading.constraints.folding("".join(labels))
    written = _written(labels, told)
    characters = "".join(sorted(set(map(fold, written))))
    lengths = _lengths(labels, told)
    texts = [fold(label) for label in labels]
    bits = math.log2(sum(len(characters) ** length for length in lengths))
    guess = max(share / len(characters) ** length for length, share in lengths.items())
    measured = text_entropy(texts) if texts else None
    values = [value for label in labels if (value := value_of(label)) is not None]
    if sums := len(values) == len(labels) > 1:  # the answer is one of their few results
        bits = min(bits, math.log2(_results(values)))
        guess, measured = max(guess, 2**-bits), entropy(Counter(values).values())
    return Alphabet(
        characters=characters,
        shortest=min(lengths),
        longest=max(lengths),
        bits=bits,
        measured_bits=None if measured is None else min(measured, bits),
        guess=guess,
        look_alikes=look_alikes_of(setting),
        skew=None
        if sums or not texts
        else _evenness(Counter("".join(texts)), characters, setting.seed),
    )


def _results(values: Sequence[int | Fraction]) -> float:
    """Return about how many results sums have: the range of those seen, and what it leaves out."""
    return float(max(values) - min(values) + 1) * (len(values) + 1) / (len(values) - 1)


def _written(labels: Collection[str], told: ReadOptions | None) -> Collection[str]:
    """Return the characters that images show."""
    charset = None if told is None else told.constraints.charset
    if charset is not None:
        return charset.chars
    if not labels:
        why = "nobody told which characters there are: label some images, or tell the charset"
        raise UnmeasuredError(why)
    return set("".join(labels))


def _lengths(labels: Collection[str], told: ReadOptions | None) -> Mapping[int, float]:
    """Return the share of each length; those that were told count alike where nothing is known."""
    counts = Counter(map(len, labels))
    known = None if told is None else told.constraints.length
    if known is not None:
        within = range(known[0], known[1] + 1)
        counts = Counter({length: counts[length] for length in within})
        if not counts.total():
            counts = Counter(within)
    if not counts:
        why = "nobody told how long the texts are: label some images, or tell the length"
        raise UnmeasuredError(why)
    return {length: count / counts.total() for length, count in counts.items()}


def entropy(counts: Iterable[int]) -> float:
    """Return the entropy in bits of what was seen so often each.

    What is rare is seen too seldom or never, so that the shares' own entropy is too low; Miller's
    correction adds (m - 1) / 2n nats for m kinds in n draws (Miller 1955, "Note on the bias of
    information estimates"; Paninski 2003, "Estimation of entropy and mutual information", section
    4.1).
    """
    seen = np.array([count for count in counts if count], np.float64)
    if not len(seen):
        return 0.0
    shares = seen / seen.sum()
    nats = -float((shares * np.log(shares)).sum()) + (len(seen) - 1) / (2 * float(seen.sum()))
    return nats / math.log(2)


def text_entropy(texts: Sequence[str]) -> float:
    """Return the entropy in bits of texts whose characters are drawn apart from each other.

    That is the length's, and as often as a text has characters the character's, or each place's
    own where enough texts of one length tell those: some always begin alike. Where nearly all
    texts come again it is counted of whole texts, as it can then be: fewer bits, where characters
    depend on each other, as in words and sums. How likely the next text is one of those that were
    seen, the share of those that were not seen just once says (Good 1953).
    """
    lengths = Counter(map(len, texts))
    mean = sum(map(len, texts)) / len(texts)
    apart = entropy(lengths.values()) + mean * entropy(Counter("".join(texts)).values())
    if len(lengths) == 1 and len(texts) >= _OFTEN * len(set("".join(texts))):
        places = zip(*texts, strict=True)
        apart = min(apart, sum(entropy(Counter(place).values()) for place in places))
    counts = Counter(texts).values()
    covered = 1 - sum(count == 1 for count in counts) / len(texts)
    return min(apart, entropy(counts)) if covered >= _COVERED else apart


def _evenness(counts: Mapping[str, int], characters: str, seed: int) -> float:
    """Return the p-value of Pearson's chi-square that all characters are drawn as often.

    It is compared with draws of that very size, so that it holds for small counts too (Davison and
    Hinkley 1997, "Bootstrap methods and their application", section 4.2).
    """
    seen = np.array([counts.get(char, 0) for char in characters], np.float64)
    total = int(seen.sum())
    if not total:
        return 1.0
    expected = total / len(seen)
    reached = ((seen - expected) ** 2).sum()
    rng, shares = np.random.default_rng(seed), np.full(len(seen), 1 / len(seen))
    draws = (rng.multinomial(total, shares) for _ in range(_DRAWS))
    beyond = sum(((draw - expected) ** 2).sum() >= reached for draw in draws)
    return (1 + int(beyond)) / (1 + _DRAWS)


def look_alikes_of(setting: Setting) -> tuple[LookAlike, ...]:
    """Return the groups of which at least two characters are used that count as different ones.

    Raises:
        UnmeasuredError: If neither labels nor the user tell the alphabet.
    """
    labels = [sample.label for sample in setting.subject.samples]
    fold = setting.reading.constraints.folding("".join(labels))
    written = _written(labels, setting.subject.told(setting.reading))
    twins = (char + look_alike(char) for char in sorted(written) if look_alike(char))
    used = ("".join(c for c in group if c in written) for group in (*_GROUPS, *twins))
    groups = [(chars, tuple(chars)) for chars in used if len(set(map(fold, chars))) > 1]
    runs = [run for run in _RUNS if all(char in written for char in "".join(run))]
    groups += [("/".join(run), run) for run in runs]
    return tuple(LookAlike(name, _holding(parts, labels)) for name, parts in groups)


def _holding(parts: Sequence[str], labels: Sequence[str]) -> Rate | None:
    if not labels:
        return None
    return Rate(sum(any(part in label for part in parts) for label in labels), len(labels))


ALPHABET = Measurement("alphabet", "alphabet and length", Alphabet, measure_alphabet, 1)
