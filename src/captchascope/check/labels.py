"""Findings about the labels of a data set: odd characters, lengths, and too little of any."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from statistics import median
from typing import TypeAlias

from captchascope.charset import Charset
from captchascope.check.report import Finding, Mention, Severity
from captchascope.errors import counted
from captchascope.files import printable
from captchascope.records import Sample

_TWINS = str.maketrans(
    "АВЕКМНОРСТУХІЈЅасеорхуіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",
    "ABEKMHOPCTYXIJSaceopxyijsABEZHIKMNOPTYXov",
)
"""Capital and small letters of Cyrillic and Greek that are drawn like a Latin one."""

_CASES = {"Lu": "capital letters", "Ll": "small letters", "Nd": "digits"}


@cache
def character_kind(char: str) -> str:
    """Return a name for all characters of the same script and case: ``Latin capital letters``.

    Digits that are not 0 to 9 have their script before them; what is neither letter nor digit
    is a symbol.
    """
    category = unicodedata.category(char)
    if not category.startswith("L") and category != "Nd":
        return "symbols"
    script = unicodedata.name(char, "UNKNOWN").split()[0].capitalize()
    if script == "Digit":
        return "digits"
    return f"{script} {_CASES.get(category, 'letters')}"


@cache
def look_alike(char: str) -> str:
    """Return the ASCII character that an image shows alike, or nothing where there is none.

    These are the full-width and other compatible forms that Unicode's NFKC normalisation makes
    plain, and the letters of ``_TWINS``.
    """
    plain = unicodedata.normalize("NFKC", char).translate(_TWINS)
    return plain if plain != char and plain.isascii() and len(plain) == 1 else ""


def show_char(char: str) -> str:
    """Return a character as a message shows it, by its Unicode name where it is not ASCII."""
    if char.isascii():
        return f"'{char}'"
    name = unicodedata.name(char, "without a name").lower()
    return f"'{printable(char)}' U+{ord(char):04X} {name}"


_FEW = 2  # times
_OFTEN = 10  # as often as that is the median character, if few is almost unseen
_ALONE = 50  # one in so many characters at most, if its kind stands alone
_SURELY_ALONE = 200  # the same where it is seen more than a few times
_SHOWN = 8  # characters in a message

_FEWEST_SAMPLES = 25  # that may give a model worth having
_IMBALANCE = 10  # as often as the rarest character is the most frequent one of an imbalance
_COUNTS = 30  # times at least is that one seen, or all is chance
_ENOUGH = 20  # times: a rare character is no harm, however much rarer than others
_PLACED = 20  # samples, of which at least ...
_CONSTANT = 0.95  # have the same character in a place, if that is to be called constant
_REPEATED = 0.1  # of the samples and ...
_OFTEN_REPEATED = 10  # times at least occurs a label that looks like a placeholder

_FEWEST_LENGTHS = 10  # samples: of less, no length is odd
_RARE = 0.02  # of the samples at most have a rare length
_NEARLY_ALL = 0.9  # of the samples have the usual length, if any other rare one is odd
_APART = 2  # characters between a rare length and the next common one, where lengths vary

_CORRECT = "correct the labels; if they are right, label more captchas with it"


def alphabet_findings(
    samples: Sequence[Sample], charset: Charset | None
) -> tuple[frozenset[str], list[Finding]]:
    """Return the characters that do not belong, and what is wrong with them.

    Each is in one finding at most. The labels should be within ``charset``, if there is one.
    """
    seen = Counter(char for sample in samples for char in sample.label)
    odd: set[str] = set()
    findings = []
    for find in (_outside(charset), _twins, _kinds, _unseen):
        for chars, kind, severity, what, remedy in find({c: seen[c] for c in seen if c not in odd}):
            odd.update(chars)
            held = [s for s in samples if not set(chars).isdisjoint(s.label)]
            files = tuple(Mention(s.file, {"label": s.label}) for s in held)
            findings.append(Finding(kind, severity, "labels", what, remedy, files))
    missing = "" if charset is None else "".join(c for c in charset.chars if c not in seen)
    if missing and seen:
        what = f"no label holds any of {missing}"
        remedy = "label captchas with them, or none is read"
        findings.append(Finding("never-seen", "note", "labels", what, remedy))
    return frozenset(odd), findings


_Found: TypeAlias = tuple[Collection[str], str, Severity, str, str]
_Find: TypeAlias = Callable[[Mapping[str, int]], Iterator[_Found]]


def _outside(charset: Charset | None) -> _Find:
    def find(seen: Mapping[str, int]) -> Iterator[_Found]:
        odd = [c for c in sorted(seen) if charset is not None and c not in charset]
        if odd and charset is not None:
            what = f"characters that are not in {charset.chars}: {_listed(odd, seen)}"
            remedy = "correct the labels, or add to --charset"
            yield odd, "out-of-alphabet", "error", what, remedy

    return find


def _twins(seen: Mapping[str, int]) -> Iterator[_Found]:
    """Find what is drawn like a character of a kind that is seen more often."""
    kinds = _kind_counts(seen)
    odd: dict[str, str] = {}
    for char in sorted(seen):
        twin = look_alike(char)
        if twin and kinds[character_kind(char)] <= kinds[character_kind(twin)]:
            odd[char] = twin
        elif twin in seen:
            odd[twin] = char
    if odd:
        pairs = [f"{_listed([char], seen)} like '{twin}'" for char, twin in odd.items()]
        what = f"drawn like a usual character: {', '.join(pairs[:_SHOWN])}{_more(len(pairs))}"
        remedy = "no image can show the difference: write the usual one"
        yield odd, "look-alike", "error", what, remedy


def _kind_counts(seen: Mapping[str, int]) -> Counter[str]:
    kinds: Counter[str] = Counter()
    for char, count in seen.items():
        kinds[character_kind(char)] += count
    return kinds


def _kinds(seen: Mapping[str, int]) -> Iterator[_Found]:
    """Find the kinds that are a very small part of all."""
    kinds = _kind_counts(seen)
    for kind, count in kinds.items():
        if count * (_ALONE if count <= _FEW else _SURELY_ALONE) <= kinds.total():
            chars = [char for char in sorted(seen) if character_kind(char) == kind]
            common = kinds.most_common(1)[0][0]
            what = f"{kind} stand alone among {common}: {_listed(chars, seen)}"
            yield chars, "odd-kind", "warning", what, _CORRECT


def _unseen(seen: Mapping[str, int]) -> Iterator[_Found]:
    """Find the characters that are seen once or twice where others are seen often."""
    usual = median(seen.values()) if seen else 0
    odd = [char for char in sorted(seen) if seen[char] <= _FEW and seen[char] * _OFTEN <= usual]
    if odd:
        what = f"almost unseen, where others occur {usual:.0f} times: {_listed(odd, seen)}"
        yield odd, "almost-unseen", "warning", what, _CORRECT


def _listed(chars: Sequence[str], seen: Mapping[str, int]) -> str:
    """Return ``'O' (once), 'Q' (4 times)``, and how many more there are where they are many."""

    def times(count: int) -> str:
        return "once" if count == 1 else f"{count} times"

    shown = ", ".join(f"{show_char(char)} ({times(seen[char])})" for char in chars[:_SHOWN])
    return shown + _more(len(chars))


def _more(count: int) -> str:
    return f" and {count - _SHOWN} more" if count > _SHOWN else ""


def amount_findings(samples: Sequence[Sample]) -> Iterator[Finding]:
    """Yield whether the samples are too few."""
    if 0 < len(samples) < _FEWEST_SAMPLES:
        what = f"{counted(len(samples), 'sample')}: expect a model that often misreads"
        remedy = f"label at least {_FEWEST_SAMPLES}, better 100 or more"
        yield Finding("few-samples", "note", "labels", what, remedy)


def sameness_findings(samples: Sequence[Sample]) -> Iterator[Finding]:
    """Yield whether there is nothing to tell apart, or one label suspiciously often."""
    counts = Counter(sample.label for sample in samples)
    if not counts:
        return
    label, count = counts.most_common(1)[0]
    shown, n = printable(label), len(samples)
    if len(counts) == 1 and n > 1:
        what = f"all {n} labels are '{shown}': there is nothing to tell apart"
        remedy = "label captchas of other texts too"
        yield Finding("single-label", "error", "labels", what, remedy)
    elif len(chars := set().union(*counts)) == 1:
        what = f"the labels hold no character but '{printable(*chars)}'"
        remedy = "label captchas of other texts too"
        yield Finding("single-class", "error", "labels", what, remedy)
    elif count >= max(_REPEATED * n, _OFTEN_REPEATED):
        what = f"'{shown}' labels {count} of {n} images, as a placeholder would"
        remedy = "look whether they show it; a model learns to answer it"
        files = tuple(Mention(s.file) for s in samples if s.label == label)
        yield Finding("repeated-label", "warning", "labels", what, remedy, files)


def imbalance_findings(samples: Sequence[Sample], odd: Collection[str]) -> Iterator[Finding]:
    """Yield whether some characters are seen far more often than others, in all or in a place.

    What ratio there is hardly matters where even the rarest is seen often enough. Of the ``odd``
    characters something else has been found already, and those that all labels share, as sums
    their ``=?``, are no measure of how often others should occur.
    """
    apart = {*odd, *_shared(samples)}
    counts = Counter(char for sample in samples for char in sample.label if char not in apart)
    rising = sorted(counts, key=lambda char: (counts[char], char))
    if rising:
        most, rarest = rising[-1], rising[0]
        if counts[most] >= max(_IMBALANCE * counts[rarest], _COUNTS):
            severity: Severity = "note" if counts[rarest] >= _ENOUGH else "warning"
            few = [char for char in rising if counts[most] >= _IMBALANCE * counts[char]]
            shown = " ".join(f"{c}:{counts[c]}" for c in few[:8]) + " ..." * (len(few) > 8)
            what = f"'{most}' occurs {counts[most]} times, others a tenth as often: {shown}"
            remedy = "label more captchas with the rare ones"
            yield Finding("imbalance", severity, "labels", what, remedy)
    yield from _constants(samples)


def _shared(samples: Sequence[Sample]) -> set[str]:
    """Return the characters that nearly all labels hold once, or in one place from either end."""
    once = Counter(c for s in samples for c, count in Counter(s.label).items() if count == 1)
    placed = Counter(
        (place, char)
        for sample in samples
        for at, char in enumerate(sample.label)
        for place in (at, at - len(sample.label))
    )
    often = _CONSTANT * len(samples)
    return {c for c, count in once.items() if count >= often} | {
        char for (_, char), count in placed.items() if count >= often
    }


def _constants(samples: Sequence[Sample]) -> Iterator[Finding]:
    """Yield the places, from the left, in which nearly all labels have the same character."""
    if len({sample.label for sample in samples}) < 2:
        return
    longest = max(len(sample.label) for sample in samples)
    for place in range(longest):
        held = Counter(s.label[place] for s in samples if len(s.label) > place)
        char, count = held.most_common(1)[0]
        if held.total() >= _PLACED and count >= _CONSTANT * held.total():
            often = "always" if count == held.total() else "nearly always"
            what = f"character {place + 1} is {often} '{char}' ({count} of {held.total()})"
            remedy = "a model will read it there whatever an image shows"
            yield Finding("constant-character", "note", "labels", what, remedy)


def case_findings(samples: Sequence[Sample]) -> Iterator[Finding]:
    """Yield the labels that differ in nothing but case, as where that was not always minded."""
    spelt: defaultdict[str, set[str]] = defaultdict(set)
    for sample in samples:
        spelt[sample.label.lower()].add(sample.label)
    found = [s for s in samples if len(spelt[s.label.lower()]) > 1]
    if found:
        first, *others = dict.fromkeys(s.label for s in found)
        other = next(label for label in others if label.lower() == first.lower())
        pair = f"'{printable(first)}' and '{printable(other)}'"
        what = f"{len(found)} labels differ from another only in case, such as {pair}"
        remedy = "if the images show no difference, train with --ignore-case"
        files = tuple(Mention(s.file, {"label": s.label}) for s in found)
        yield Finding("case-only", "note", "labels", what, remedy, files)


def length_findings(samples: Sequence[Sample]) -> Iterator[Finding]:
    """Yield the odd lengths.

    Where nearly all labels have one length, any other rare one is odd; where lengths vary, as
    of words, the rare ones at either end are no fault unless they lie apart.
    """
    counts = Counter(len(sample.label) for sample in samples)
    if len(counts) < 2 or len(samples) < _FEWEST_LENGTHS:
        return
    usual, most = counts.most_common(1)[0]
    common = {n for n, count in counts.items() if count > max(1, _RARE * len(samples))} | {usual}
    fixed = most >= _NEARLY_ALL * len(samples)
    rare = counts.keys() - common
    odd = {n for n in rare if fixed or min(abs(n - other) for other in common) >= _APART}
    if not odd:
        return
    found = [s for s in samples if len(s.label) in odd]
    n = len(found)
    kind = f"{usual} characters" if fixed else f"{min(common)} to {max(common)} characters"
    what = f"{n} label{'s have' if n > 1 else ' has'} an odd length: nearly all have {kind}"
    remedy = "correct them; the length range of the readings follows from the labels"
    files = tuple(Mention(s.file, {"label": s.label, "length": len(s.label)}) for s in found)
    yield Finding("odd-length", "warning", "labels", what, remedy, files)


def label_findings(samples: Sequence[Sample], charset: Charset | None = None) -> list[Finding]:
    """Return what is wrong with the labels, which should be within ``charset`` if that is known.

    Example:
        >>> from captchascope.data.dataset import read_dataset
        >>> for finding in label_findings(read_dataset("examples").samples):
        ...     print(finding.what)
        12 samples: expect a model that often misreads
    """
    odd, characters = alphabet_findings(samples, charset)
    return [
        *sameness_findings(samples),
        *characters,
        *case_findings(samples),
        *length_findings(samples),
        *imbalance_findings(samples, odd),
        *amount_findings(samples),
    ]
