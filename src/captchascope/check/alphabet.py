"""Characters that do not belong: outside a charset, of another kind, or almost never seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from statistics import median
from typing import TypeAlias

from captchascope.charset import Charset
from captchascope.check.characters import described, kind_of, look_alike
from captchascope.check.report import Finding, Mention, Severity
from captchascope.records import Sample

__all__ = ["alphabet_findings"]

_FEW = 2  # times
_OFTEN = 10  # as often as that is the median character, if few is almost unseen
_ALONE = 50  # one in so many characters at most, if its kind stands alone
_SURELY_ALONE = 200  # the same where it is seen more than a few times

_SHOWN = 8  # characters in a message

_CORRECT = "correct the labels; if they are right, label more captchas with it"


def alphabet_findings(
    samples: Sequence[Sample], charset: Charset | None
) -> tuple[frozenset[str], list[Finding]]:
    """Return the characters that do not belong, and what is wrong with them.

    Each is in one finding at most.

    Args:
        samples: With their labels.
        charset: What the labels should be within, if the user says so.
    """
    seen = Counter(char for sample in samples for char in sample.label)
    odd: set[str] = set()
    findings = []
    for find in (_outside(charset), _twins, _kinds, _unseen):
        for chars, kind, severity, what, remedy in find({c: seen[c] for c in seen if c not in odd}):
            odd.update(chars)
            files = _mentions(samples, chars)
            findings.append(Finding(kind, severity, "labels", what, remedy, files))
    return frozenset(odd), findings + _never_seen(seen, charset)


def _never_seen(seen: Collection[str], charset: Charset | None) -> list[Finding]:
    """Return a finding of what a charset has and no label holds."""
    missing = "" if charset is None else "".join(c for c in charset.chars if c not in seen)
    if not missing or not seen:
        return []
    what, remedy = f"no label holds any of {missing}", "label captchas with them, or none is read"
    return [Finding("never-seen", "note", "labels", what, remedy)]


_Found: TypeAlias = tuple[Collection[str], str, Severity, str, str]
_Find: TypeAlias = Callable[[Mapping[str, int]], Iterator[_Found]]


def _mentions(samples: Sequence[Sample], chars: Collection[str]) -> tuple[Mention, ...]:
    """Return the samples whose labels hold any of some characters."""
    held = [s for s in samples if not set(chars).isdisjoint(s.label)]
    return tuple(Mention(s.file, {"label": s.label}) for s in held)


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
        rarer = kinds[kind_of(char)] <= kinds[kind_of(twin)] if twin else False
        if rarer:
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
        kinds[kind_of(char)] += count
    return kinds


def _kinds(seen: Mapping[str, int]) -> Iterator[_Found]:
    """Find the kinds that are a very small part of all."""
    kinds = _kind_counts(seen)
    for kind, count in kinds.items():
        if count * (_ALONE if count <= _FEW else _SURELY_ALONE) <= kinds.total():
            chars = [char for char in sorted(seen) if kind_of(char) == kind]
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
    shown = ", ".join(f"{described(char)} ({_times(seen[char])})" for char in chars[:_SHOWN])
    return shown + _more(len(chars))


def _more(count: int) -> str:
    return f" and {count - _SHOWN} more" if count > _SHOWN else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
