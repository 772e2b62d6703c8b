"""The grade: its rule, written out once, and what it makes of the figures.

A rule is judged on the measured share, as the field's threshold is: at its interval's lower end few
images would raise a grade, at its upper end they would condemn a scheme that nothing solved. Where
the interval leaves a worse grade open, or what decides it was not measured, the grade is not
certain; only A asks for the upper end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from captchascope.audit.figures import Figures, Reads
from captchascope.audit.results import GRADES, Curve, Grade, Subjected, Verdict
from captchascope.audit.wording import percent
from captchascope.evaluate import Rate

BROKEN = 0.01
"""The solve rate from which a scheme counts as broken (Bursztein et al. 2011)."""

READ_AS_IT_IS = 0.5
"""The solve rate without any label from which it keeps nobody out."""

SMALL_POOL = 10_000
"""As many images one person labels in a week's work, once and for all."""

FEW, MANY = 100, 1000
"""Labels: an attacker's few minutes, and an afternoon."""

TRIED = 500
"""Labels that a training must have had before it says that training does not help."""

MEANING: Mapping[Grade, str] = {
    "A": "Nothing that was tried solves it, and people can read it.",
    "B": "Nothing that was tried solves it often enough to count as broken.",
    "C": "It is broken by whoever labels some hundreds of its images: an afternoon's work.",
    "D": "It is broken by whoever labels a few of its images: a matter of minutes.",
    "E": "It is broken as it stands: a general reader solves enough of it without any label.",
    "F": "It keeps no program out.",
}
"""What each grade means, in a sentence."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An attack, and its solve rate.

    Attributes:
        name: What attacks, as the beginning of a sentence.
        way: ``read`` without any label, or so once ``denoised``; ``guess``; ``cut`` apart; or
            ``trained``.
        labels: That it was trained on.
        exact: The solve rate, 0 to 1.
        low: Of its 95 % interval.
        high: Likewise.
        measured: On labels; otherwise it is what the reader expects of itself.
    """

    name: str
    way: str
    labels: int
    exact: float
    low: float
    high: float
    measured: bool = True


@dataclass(frozen=True, slots=True)
class _Case:
    """What is judged."""

    figures: Figures
    tried: tuple[Tried, ...]

    def strongest(self, *ways: str, labels: int = MANY) -> Tried | None:
        """Return the attack of these ways, of so many labels at most, that solves most."""
        among = [a for a in self.tried if a.way in ways and a.labels <= labels]
        return max(among, key=lambda attack: attack.exact, default=None)

    @property
    def most_labels(self) -> int:
        """The most labels that were trained on to the end."""
        trained = {a.labels for a in self.tried if a.way == "trained"}
        return max(trained - cut_short(self.figures), default=0)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Whether a rule holds, the figures that say so, and why that is not certain; "" if it is."""

    holds: bool
    why: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the rule: the grade that it gives, and when.

    Attributes:
        grade: The grade.
        when: The condition, as half a sentence.
        judge: Says whether it holds.
    """

    grade: Grade
    when: str
    judge: Callable[[_Case], _Judged]


def labels_doubtful(figures: Figures) -> bool:
    """Tell whether the reader is sure of what it reads, and the labels say that it is all wrong.

    What it is sure of untold proves nothing where it is right once told: labels of another case.
    """
    found = [
        (reads.exact.value < 0.05 and reads.exact.high < 0.5, reads.expected)  # of few, nothing
        for reads in _reads(figures)
        if reads.exact is not None and reads.exact.total > 0
    ]
    return all(wrong for wrong, _ in found) and any(sure > 0.9 for _, sure in found)


def cut_short(figures: Figures) -> set[int]:
    """Return the numbers of labels of which the time limit cut all trainings short."""
    whole = {training.labels for training in figures.trainings if not training.cut_short}
    return {training.labels for training in figures.trainings} - whole


def attacks_of(figures: Figures, curve: Curve | None) -> tuple[Tried, ...]:
    """Return every attack whose solve rate is known, or expected where labels do not tell it."""
    found = [_reading(name, reads, figures) for name, reads in _named_reads(figures)]
    if figures.alphabet is not None and figures.alphabet.guess > 0:
        guess = figures.alphabet.guess
        found.append(Tried("A blind guess", "guess", 0, guess, guess, guess))
    if labels_doubtful(figures):
        return tuple(found)
    found.extend(_denoised(figures, max((attack.exact for attack in found), default=0.0)))
    cutting = figures.cutting
    if cutting is not None and cutting.exact is not None and cutting.exact.total:
        found.append(_rated("Cutting characters apart and comparing them", cutting.exact, "cut"))
    for p in curve.points if curve is not None else ():
        if p.labels > 0:
            name = f"A model trained on {p.labels:,} labels"
            found.append(Tried(name, "trained", p.labels, p.exact, p.low, p.high))
    return tuple(found)


def _denoised(figures: Figures, solved: float) -> Iterator[Tried]:
    """Yield what denoising adds to what is solved: the best of several ways may be so by chance."""
    for way in figures.noise.ways if figures.noise else ():
        if way.exact is not None and way.exact.low > max(solved, BROKEN):
            yield _rated(
                f"The general reader, once images are denoised ({way.way}),", way.exact, "denoised"
            )


def _named_reads(figures: Figures) -> list[tuple[str, Reads]]:
    if figures.untrained is None:
        return []
    named = [("The general reader, told nothing,", figures.untrained.untold)]
    if figures.untrained.told is not None:
        known = figures.untrained.known or "alphabet and length"
        named.append((f"The general reader, told {known},", figures.untrained.told))
    return named


def _reads(figures: Figures) -> list[Reads]:
    return [reads for _, reads in _named_reads(figures)]


def _reading(name: str, reads: Reads, figures: Figures) -> Tried:
    if reads.exact is None or not reads.exact.total or labels_doubtful(figures):
        return Tried(name, "read", 0, reads.expected, 0.0, 1.0, measured=False)
    return _rated(name, reads.exact)


def _rated(name: str, exact: Rate, way: str = "read") -> Tried:
    return Tried(name, way, 0, exact.value, exact.low, exact.high)


def _leaks(case: _Case) -> _Judged:
    """Judge the answer beside the image."""
    leaks = case.figures.leaks
    if leaks is None:
        return _Judged(False, doubt="nobody looked whether the answer stands beside the image")
    for leak in leaks.leaks:
        if leak.found.total and leak.found.hits - leak.by_chance >= BROKEN * leak.found.total:
            share = percent(leak.found.value)
            return _Judged(True, f"The answer stands in {leak.what}, for {share} of the images.")
    return _Judged(False)


def _pool(case: _Case) -> _Judged:
    """Judge images that come again."""
    repeats = case.figures.repeats
    if repeats is None:
        return _Judged(False, doubt="nobody looked whether images come again")
    if repeats.pool is None or repeats.pool > SMALL_POOL:
        return _Judged(False)
    again = f"{repeats.same_pixels:,} of {repeats.images:,} images had come before"
    high = repeats.pool_high
    few = "there may be more images" if high is None or high > SMALL_POOL else ""
    return _Judged(True, f"There are about {repeats.pool:,.0f} images: {again}.", few)


_UNLABELLED = "read", "denoised", "guess"
_EXPECTED = "how much is solved is only what the reader expects of itself"


def _solves(share: float, *ways: str, labels: int = MANY) -> Callable[[_Case], _Judged]:
    """Return what judges whether such an attack solves this share."""

    def judge(case: _Case) -> _Judged:
        attack = case.strongest(*ways, labels=labels)
        if attack is None or attack.exact < share:
            return _Judged(False, doubt=_left_open(case.strongest(ways[0], labels=labels)))
        if not attack.measured:
            why = f"{attack.name} expects to solve {percent(attack.exact)} of the images."
            return _Judged(True, why, _EXPECTED)
        interval = f" (95 % interval {percent(attack.low)} to {percent(attack.high)})"
        sure = "" if attack.low == attack.high else interval
        doubt = f"it may be less than {percent(share)}" if attack.low < share else ""
        return _Judged(True, f"{attack.name} solves {percent(attack.exact)}{sure}.", doubt)

    def _left_open(attack: Tried | None) -> str:
        if attack is None:
            return _untried(ways[0], labels)
        if not attack.measured:
            return _EXPECTED
        if attack.high < share:
            return ""
        few = "so few images were read, or trainings made, that"
        return f"{few} {percent(share)} may be solved where {percent(attack.exact)} was"

    return judge


def _untried(way: str, labels: int) -> str:
    if way == "trained":
        return f"no training on {labels:,} labels or fewer was tried"
    return "cutting was not measured" if way == "cut" else "the general reader was not tried"


def _with_many(case: _Case) -> _Judged:
    """Judge what a training reaches, which must have had enough labels to say that it fails."""
    judged = _solves(BROKEN, "trained")(case)
    if judged.holds or judged.doubt or case.most_labels >= TRIED:
        return judged
    return _Judged(False, doubt=f"nothing was tried with more than {case.most_labels:,} labels")


def _withstands(case: _Case) -> _Judged:
    """Judge whether it resists all attacks for certain, and suits people."""
    legibility = case.figures.legibility
    fit = legibility is not None and not legibility.warnings and legibility.audio is True
    holds = (
        fit
        and case.figures.untrained is not None
        and case.figures.leaks is not None
        and case.figures.repeats is not None
        and case.most_labels >= MANY
        and {attack.way for attack in case.tried} >= {"read", "cut", "trained"}
        and all(attack.measured for attack in case.tried)
        and all(a.high < BROKEN for a in case.tried if a.way in ("read", "trained"))
    )
    return _Judged(holds, f"All {len(case.tried)} attacks solve less than {percent(BROKEN)}.")


def _remains(case: _Case) -> _Judged:
    best = case.strongest("read", "denoised", "cut", "trained")
    if best is None:  # how long a text is says nothing of how it is drawn
        return _Judged(False)
    most = f"{best.name} solves most: {percent(best.exact)}." if best.exact else "None was solved."
    return _Judged(True, most)


RULES: tuple[Rule, ...] = (
    Rule(
        "F", f"the answer stands in plain text beside {percent(BROKEN)} of images or more", _leaks
    ),
    Rule("F", f"images come again, from a pool of {SMALL_POOL:,} or fewer", _pool),
    Rule(
        "F",
        f"{percent(READ_AS_IT_IS)} or more is solved without any label",
        _solves(READ_AS_IT_IS, *_UNLABELLED),
    ),
    Rule(
        "E",
        f"{percent(BROKEN)} or more is solved without any label",
        _solves(BROKEN, *_UNLABELLED),
    ),
    Rule(
        "D",
        f"{percent(BROKEN)} or more is solved after a training on {FEW} labels or fewer",
        _solves(BROKEN, "trained", labels=FEW),
    ),
    Rule(
        "D",
        f"{percent(BROKEN)} or more is solved by cutting characters apart and comparing them",
        _solves(BROKEN, "cut"),
    ),
    Rule(
        "C",
        f"{percent(BROKEN)} or more is solved after a training on {MANY:,} labels or fewer",
        _with_many,
    ),
    Rule(
        "A",
        f"nothing solves {percent(BROKEN)}, the general reader and trainings on {MANY:,} labels "
        "not even at the upper end of their intervals; and people can read it: contrast, sizes and "
        "characters give no warning, and there is an audio alternative",
        _withstands,
    ),
    Rule("B", f"nothing that was tried solves {percent(BROKEN)}", _remains),
)
"""The rule: the first line that holds gives the grade."""


def verdict_of(figures: Figures, curve: Curve | None, subject: Subjected) -> Verdict:
    """Return the grade, and why.

    What was not measured makes a grade uncertain, and A and B ``at best``.
    """
    case = _Case(figures, attacks_of(figures, curve))
    doubtful = ["the labels contradict what is read"] if labels_doubtful(figures) else []
    doubts: list[tuple[Grade, str]] = []
    for rule in RULES:
        judged = rule.judge(case)
        if judged.holds:
            others = [doubt for grade, doubt in doubts if grade != rule.grade]
            every = dict.fromkeys((*doubtful, *others, judged.doubt))
            return _verdict(rule, judged.why, [doubt for doubt in every if doubt], subject)
        doubts.append((rule.grade, judged.doubt))
    nothing = "Too little could be measured to give a grade: the report says what is missing."
    return Verdict(None, "no attack could be measured", False, nothing)


def _verdict(rule: Rule, why: str, doubts: list[str], subject: Subjected) -> Verdict:
    at_best = " at best" if doubts and rule.grade in ("A", "B") else ""
    summary = f"{MEANING[rule.grade]} {why}"
    if subject.held_out:
        summary += f" It was measured on {subject.held_out:,} images that no model had seen."
    if doubts:
        summary += f" This grade is not certain: {'; '.join(doubts)}."
    return Verdict(rule.grade, f"{rule.grade}{at_best}: {rule.when}", not doubts, summary)


def meets(verdict: Verdict, wanted: Grade) -> bool:
    """Tell whether a verdict is good enough for a pipeline that asks for a grade.

    A and B say that nothing solves the scheme, so there they have to be certain: an audit that had
    no labels or no time passes no such gate.
    """
    if verdict.grade is None or GRADES.index(verdict.grade) > GRADES.index(wanted):
        return False
    return verdict.certain or GRADES.index(wanted) > GRADES.index("B")
