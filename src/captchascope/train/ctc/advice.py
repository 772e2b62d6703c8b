"""What the user should know of a data set before training, and of a network after it."""

from __future__ import annotations

from collections.abc import Sequence

from captchascope.check import label_findings
from captchascope.errors import TrainingError
from captchascope.records import Sample
from captchascope.train.ctc.logs import Row

_FAR = 0.25  # of the texts: training above validation by more is learning by heart


def about_labels(samples: Sequence[Sample], where: str) -> list[str]:
    """Return what in the labels will harm the training.

    Args:
        samples: At least one.
        where: What an error names.

    Raises:
        TrainingError: If nothing can be learned from them.
    """
    lines = []
    for finding in label_findings(samples):
        if finding.severity == "error":
            raise TrainingError(where, finding.what, finding.remedy)
        if finding.severity == "warning" or finding.kind == "few-samples":
            lines.append(str(finding))
    return lines


def about_rows(row: Row, held_out: int, fewest: int) -> list[str]:
    """Return what the last round of a training tells.

    Args:
        row: That round.
        held_out: Validation images.
        fewest: Of how many the figures mean something.
    """
    if row.exact is None or held_out < fewest or row.trained - row.exact <= _FAR:
        return []
    return [
        f"it overfits: it reads {row.trained:.0%} of the training texts, but {row.exact:.0%} of "
        "those held out (more labels would help)"
    ]
