"""What an audit makes of what it measured, as records: the schema of its JSON.

What could not be measured is None in the figures, and ``Audit.left_out`` says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from captchascope.audit.figures import Figures, Picture


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The solve rate after a training on so many labels; 0 labels are the general reader's.

    Attributes:
        labels: How many.
        trainings: How many trainings were averaged.
        exact: The mean solve rate, 0 to 1.
        low: Of its 95 % interval, which counts the spread of trainings and of images.
        high: Likewise.
    """

    labels: int
    trainings: int
    exact: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LabelsNeeded:
    """How many labels a solve rate takes.

    Attributes:
        share: The solve rate, 0 to 1.
        labels: Interpolated; 0 where no label is needed; None where more than were tried.
        low: Of its 95 % interval; None where more than were tried.
        high: Likewise; None where more than were tried, or than can be told.
        words: Such as ``about 40 (25 to 70)``, ``none``, ``more than 500``.
    """

    share: float
    labels: float | None
    low: float | None
    high: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Curve:
    """The learning curve: fewest labels first."""

    points: tuple[CurvePoint, ...]
    needed: tuple[LabelsNeeded, ...]


@dataclass(frozen=True, slots=True)
class Attempts:
    """What an attacker submits who has k attempts before a lockout.

    Attributes:
        allowed: k.
        success: The probability of a success within them, 0 to 1.
        sessions: Sessions for a success that are expected; None where there is none.
    """

    allowed: int
    success: float
    sessions: float | None


@dataclass(frozen=True, slots=True)
class Attack:
    """What one way to attack costs.

    Attributes:
        name: Such as ``the general reader, no label`` or ``trained on 100 labels``.
        labels: How many.
        labelling_minutes: To label them.
        training_minutes: On this machine.
        exact: The solve rate.
        milliseconds: For one reading.
        price_per_1000: Of readings, in ``currency``.
        attempts_per_success: Submitted answers that a success takes; None where there is none.
        abstaining: The same, where the least sure are not submitted, but another image asked for.
        images_per_success: How many images that looks at.
        lockouts: With so many attempts before a lockout, the fewest first.
    """

    name: str
    labels: int
    labelling_minutes: float
    training_minutes: float
    exact: float
    milliseconds: float
    price_per_1000: float
    attempts_per_success: float | None
    abstaining: float | None
    images_per_success: float | None
    lockouts: tuple[Attempts, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What attacks cost, the one without labels first.

    Attributes:
        seconds_per_label: For one label.
        measured: Whether that was measured on this folder's labelling, or is given or assumed.
        price_per_hour: Of a processor, in ``currency``.
        currency: Such as ``USD``.
        attacks: Each way.
    """

    seconds_per_label: float
    measured: bool
    price_per_hour: float
    currency: str
    attacks: tuple[Attack, ...]


Severity: TypeAlias = Literal["critical", "serious", "moderate", "minor", "good"]
"""The worst first; ``good`` is what speaks for the scheme."""

SEVERITIES: tuple[Severity, ...] = ("critical", "serious", "moderate", "minor", "good")

Grade: TypeAlias = Literal["A", "B", "C", "D", "E", "F"]
"""A is the strongest; what each means, ``grading`` says."""

GRADES: tuple[Grade, ...] = ("A", "B", "C", "D", "E", "F")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that makes a scheme weak, or strong.

    Attributes:
        kind: Its name, such as ``read-without-labels``: stable, for scripts.
        severity: How much it weighs.
        title: A short sentence.
        what: What was measured, with its figures.
        means: What this means, in plain words.
        remedy: What to do about it; "" where there is nothing to do.
        pictures: Evidence.
    """

    kind: str
    severity: Severity
    title: str
    what: str
    means: str
    remedy: str
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The grade, and why.

    Attributes:
        grade: None where too little could be measured.
        rule: The part of the rule that gave it, as a sentence.
        certain: Whether the figures decide it: measured on labels, nothing that it rests on left
            out, and no interval that leaves another grade open. ``summary`` says why it is not.
        summary: Two or three plain sentences for somebody who reads nothing else.
    """

    grade: Grade | None
    rule: str
    certain: bool
    summary: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do.

    Attributes:
        title: A short imperative.
        why: In plain words, with the figures that make it urgent.
        source: The literature or standard behind it, with its address or reference.
    """

    title: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A measurement that was not made.

    Attributes:
        title: What would have been measured.
        why: Why it was not, and what to do about it.
    """

    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Subjected:
    """What was audited, in words and figures.

    Attributes:
        name: The folder or the scheme.
        generated: Whether its images were drawn by captchascope.
        images: How many there are.
        labelled: How many have a usable label.
        held_out: On how many of these everything is measured; no model saw them.
        labels: Where the labels come from, in words.
        characters: The alphabet of the labels; "" without.
        shortest: Characters of a label, fewest; 0 without.
        longest: Most.
        problems: What could not be used, each as a line; at most a few, and how many more.
    """

    name: str
    generated: bool
    images: int
    labelled: int
    held_out: int
    labels: str
    characters: str
    shortest: int
    longest: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """How it was measured.

    Attributes:
        version: Of captchascope.
        seed: Of everything.
        command: That repeats it.
        machine: The processor, the system and Python, in words.
        packages: Versions of what measured, such as ``onnxruntime 1.23``.
        ended: When, in UTC, ISO 8601.
        seconds: It took, all runs together.
        time_limit: Seconds that were allowed; None for no limit.
    """

    version: str
    seed: int
    command: str
    machine: str
    packages: tuple[str, ...]
    ended: str
    seconds: float
    time_limit: float | None


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit: what was measured, what it means, and how it was done.

    Attributes:
        subject: What was audited.
        conditions: How it was measured.
        figures: What was measured.
        curve: The learning curve; None without a training.
        cost: What attacks cost; None where nothing was read.
        verdict: The grade.
        findings: The one that weighs most first.
        recommendations: The most useful first.
        left_out: What was not measured, and why.
        interrupted: Whether somebody ended it before it was done.
    """

    subject: Subjected
    conditions: Conditions
    figures: Figures
    curve: Curve | None
    cost: Cost | None
    verdict: Verdict
    findings: tuple[Finding, ...]
    recommendations: tuple[Recommendation, ...]
    left_out: tuple[LeftOut, ...]
    interrupted: bool = False
