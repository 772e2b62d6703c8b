"""All that the labels alone tell: no image is decoded."""

from __future__ import annotations

from collections.abc import Sequence

from captchascope.charset import Charset
from captchascope.check.alphabet import alphabet_findings
from captchascope.check.balance import amount_findings, imbalance_findings, sameness_findings
from captchascope.check.lengths import length_findings
from captchascope.check.report import Finding
from captchascope.records import Sample

__all__ = ["label_findings"]


def label_findings(samples: Sequence[Sample], charset: Charset | None = None) -> list[Finding]:
    """Return what is wrong with some labels.

    Args:
        samples: Of which only the labels are looked at.
        charset: What the labels should be within, if that is known.

    Example:
        >>> for finding in label_findings(read_dataset("captchas").samples):
        ...     print(finding)
        labels: 'O' (once) is of a kind that stands alone among digits (correct the labels; ...)
    """
    odd, characters = alphabet_findings(samples, charset)
    return [
        *sameness_findings(samples),
        *characters,
        *length_findings(samples),
        *imbalance_findings(samples, odd),
        *amount_findings(samples),
    ]
