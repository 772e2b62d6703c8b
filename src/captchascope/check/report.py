"""The records of a check: the report, its findings, and the images that these mention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["error", "warning", "note"]
"""An error is wrong whatever is trained; a warning is likely wrong, or harms; a note does not."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A file that a finding is about.

    Attributes:
        file: As the label file has it, relative to the data set's folder.
        facts: What is special about it, by name; shown in this order.
    """

    file: str
    facts: Mapping[str, str | int | float] = field(default_factory=dict)

    def to_json(self) -> dict[str, str | int | float]:
        """Return the file and its facts as one object."""
        return {"file": self.file, **self.facts}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a data set should be looked at for.

    Attributes:
        kind: Its name, such as ``almost-unseen``.
        severity: How bad it is.
        where: What it is about: a file, the folder, or ``labels`` or ``images`` in general.
        what: What was found, as half a sentence.
        remedy: What to do about it, as half a sentence; may be empty.
        files: All files concerned, where it is about single ones.
    """

    kind: str
    severity: Severity
    where: str
    what: str
    remedy: str
    files: tuple[Mention, ...] = ()

    def __str__(self) -> str:
        tail = f" ({self.remedy})" if self.remedy else ""
        return f"{self.where}: {self.what}{tail}"

    def to_json(self) -> dict[str, object]:
        """Return the finding as what ``json.dumps`` takes."""
        return {
            **{n: getattr(self, n) for n in ("kind", "severity", "where", "what", "remedy")},
            "files": [mention.to_json() for mention in self.files],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found in a data set.

    Attributes:
        folder: The data set.
        origin: Where its labels come from, on one line.
        images: How many images are in the part that was checked.
        samples: How many of them have a usable label.
        alphabet: The characters of these labels, in order.
        lengths: The fewest and most characters of one; 0 without any.
        findings: The worst first.
    """

    folder: str
    origin: str
    images: int
    samples: int
    alphabet: str
    lengths: tuple[int, int]
    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        ordered = sorted(self.findings, key=lambda finding: SEVERITIES.index(finding.severity))
        object.__setattr__(self, "findings", tuple(ordered))

    @property
    def harmful(self) -> bool:
        """Whether anything found would harm a training."""
        return any(finding.severity != "note" for finding in self.findings)

    def count(self, severity: Severity) -> int:
        """Return how many findings are of one severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def to_json(self) -> dict[str, object]:
        """Return the report as what ``json.dumps`` takes."""
        return {
            **{n: getattr(self, n) for n in ("folder", "origin", "images", "samples", "alphabet")},
            "lengths": list(self.lengths),
            **{f"{severity}s": self.count(severity) for severity in SEVERITIES},
            "findings": [finding.to_json() for finding in self.findings],
        }
