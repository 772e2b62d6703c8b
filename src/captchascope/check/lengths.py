"""Labels that are longer or shorter than nearly all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from captchascope.check.report import Finding, Mention
from captchascope.records import Sample

__all__ = ["length_findings"]

_FEWEST = 10  # samples: of less, none is odd
_RARE = 0.02  # of the samples at most have a rare length
_NEARLY_ALL = 0.9  # of the samples have the usual length, if any other rare one is odd
_APART = 2  # characters between a rare length and the next common one, where lengths vary


def length_findings(samples: Sequence[Sample]) -> Iterator[Finding]:
    """Yield the odd lengths.

    Where nearly all labels have one length, any other rare one is odd; where lengths vary, as
    of words, the rare ones at either end are no fault unless they lie apart.
    """
    counts = Counter(len(sample.label) for sample in samples)
    if len(counts) < 2 or len(samples) < _FEWEST:
        return
    usual, most = counts.most_common(1)[0]
    common = {n for n, count in counts.items() if count > max(1, _RARE * len(samples))} | {usual}
    fixed = most >= _NEARLY_ALL * len(samples)
    odd = {n for n in counts.keys() - common if fixed or _gap(n, common) >= _APART}
    if not odd:
        return
    found = [s for s in samples if len(s.label) in odd]
    n = len(found)
    kind = f"{usual} characters" if fixed else f"{min(common)} to {max(common)} characters"
    what = f"{n} label{'s have' if n > 1 else ' has'} an odd length: nearly all have {kind}"
    remedy = "correct them; the length range of the readings follows from the labels"
    files = tuple(Mention(s.file, {"label": s.label, "length": len(s.label)}) for s in found)
    yield Finding("odd-length", "warning", "labels", what, remedy, files)


def _gap(length: int, common: set[int]) -> int:
    return min(abs(length - other) for other in common)
