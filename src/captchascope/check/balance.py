"""Whether there is enough to learn from, and of everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from captchascope.check.report import Finding, Mention, Severity, counted
from captchascope.files import printable
from captchascope.records import Sample

__all__ = ["amount_findings", "imbalance_findings", "sameness_findings"]

_FEW = 25  # samples
_OFTEN = 10  # as often as the rarest character is the most frequent one of an imbalance
_COUNTS = 30  # times at least is that one seen, or all is chance
_ENOUGH = 20  # times: a rare character is no harm, however much rarer than others
_PLACED = 20  # samples, of which at least ...
_CONSTANT = 0.95  # have the same character in a place, if that is to be called constant
_REPEATED = 0.1  # of the samples and ...
_OFTEN_REPEATED = 10  # times at least occurs a label that looks like a placeholder


def amount_findings(samples: Sequence[Sample]) -> Iterator[Finding]:
    """Yield whether the samples are too few."""
    if 0 < len(samples) < _FEW:
        what = f"{counted(len(samples), 'sample')}: expect a model that often misreads"
        remedy = f"label at least {_FEW}, better 100 or more"
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

    What ratio there is hardly matters where even the rarest is seen often enough.

    Args:
        samples: With their labels.
        odd: Characters that something else has been found of.
    """
    counts = Counter(char for sample in samples for char in sample.label if char not in odd)
    if counts:
        most, rarest = max(counts, key=_by(counts)), min(counts, key=_by(counts))
        if counts[most] >= max(_OFTEN * counts[rarest], _COUNTS):
            severity: Severity = "note" if counts[rarest] >= _ENOUGH else "warning"
            few = sorted((c for c in counts if counts[most] >= _OFTEN * counts[c]), key=_by(counts))
            shown = " ".join(f"{c}:{counts[c]}" for c in few[:8]) + " ..." * (len(few) > 8)
            what = f"'{most}' occurs {counts[most]} times, others a tenth as often: {shown}"
            remedy = "label more captchas with the rare ones"
            yield Finding("imbalance", severity, "labels", what, remedy)
    yield from _constants(samples)


def _by(counts: Counter[str]) -> Callable[[str], tuple[int, str]]:
    return lambda char: (counts[char], char)


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
