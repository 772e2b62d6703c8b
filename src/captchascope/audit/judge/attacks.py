"""Findings about attacks: what is read, after how many labels, and what it costs."""

from __future__ import annotations

from captchascope.audit.judge.evidence import Evidence, Finder, shown, solved
from captchascope.audit.judge.grading import BROKEN, FEW, MANY, READ_AS_IT_IS, TRIED, cut_short
from captchascope.audit.results import Attack, Finding, Severity
from captchascope.audit.wording import in_time, percent, rate_in_words

_SHARES = BROKEN, 0.5, 0.9

_SURE = 0.9
"""The share of answers that are right from which an attacker hardly ever answers wrong."""

_LIKE = " Images drawn like these may have been among those that the reader was trained on."


def _labels_doubtful(evidence: Evidence) -> Finding | None:
    reads = evidence.best_read
    if not evidence.doubtful or reads is None or reads.exact is None:
        return None
    return Finding(
        "labels-doubtful",
        "critical",
        "The labels contradict what is read.",
        f"The general reader is sure of {percent(reads.expected)} of what it reads; by the "
        f"labels {rate_in_words(reads.exact)} are read right.",
        "Either the labels belong to other images, or they say something else than the images "
        "show. No solve rate that counts them can be trusted, and so the grade rests on what the "
        "reader expects of itself.",
        "Look at a few images and their labels, mend the labels, and audit again.",
        shown(evidence.figures.untrained.picture if evidence.figures.untrained else None),
    )


def _read_without_labels(evidence: Evidence) -> Finding | None:
    reads, untrained = evidence.best_read, evidence.figures.untrained
    if reads is None or untrained is None:
        return None
    measured = reads.exact is not None and not evidence.doubtful
    share = solved(reads) if measured else reads.expected
    if share < BROKEN:
        return None
    told = "" if reads is untrained.untold else f", told {untrained.known}"
    severity: Severity = "critical" if share >= READ_AS_IT_IS else "serious"
    if reads.exact is not None and measured:
        what = f"It solves {rate_in_words(reads.exact)}{told}."
    else:
        labels = "the labels cannot" if evidence.doubtful else "there are no labels to"
        what = f"It expects to solve {percent(share)} of the images{told}; {labels} tell whether."
        severity = "serious" if share >= READ_AS_IT_IS else "moderate"
    return Finding(
        "read-without-labels",
        severity,
        "A general reader solves it without any label.",
        f"{what} One image takes {reads.milliseconds:.0f} milliseconds of one processor."
        f"{_LIKE if evidence.subject.generated else ''}",
        "Whoever wants in needs no preparation: the reader is free, and was made for captchas of "
        f"any kind. A scheme counts as broken from {percent(BROKEN)} on, as wrong answers cost an "
        "attacker next to nothing.",
        "Treat every answer as one that a program may have given, and put other defences behind.",
        shown(untrained.picture),
    )


def _few_labels(evidence: Evidence) -> Finding | None:
    told = [needed for share in _SHARES if (needed := evidence.needed(share)) is not None]
    few = [needed.labels for needed in told if needed.labels and needed.labels <= MANY]
    if not few:
        return None
    most = [f"{needed.words} for {percent(needed.share)}" for needed in told]
    broken = evidence.needed(BROKEN)
    soon = broken is not None and broken.labels is not None and 0 < broken.labels <= FEW
    severity: Severity = "serious" if soon else "moderate"
    seconds = evidence.cost.seconds_per_label if evidence.cost else None
    pace = (
        f" At {seconds:g} seconds a label, 100 take {in_time(100 * seconds / 60)}."
        if seconds
        else ""
    )
    return Finding(
        "few-labels",
        severity,
        "A few labelled images are enough to train a reader for it.",
        f"Labels that a solve rate takes: {'; '.join(most)}.{pace}",
        "An attacker labels some images by hand, once, and has a program for all that follow.",
        "Do not count on the drawing being unknown: who sees some images can learn it.",
    )


def _withstands_training(evidence: Evidence) -> Finding | None:
    points = evidence.curve.points if evidence.curve is not None else ()
    points = tuple(p for p in points if p.labels not in cut_short(evidence.figures))
    if not points or points[-1].labels < TRIED or not evidence.withstood or evidence.doubtful:
        return None
    last = points[-1]
    return Finding(
        "withstands-training",
        "good",
        "Training on labelled images does not break it.",
        f"After {last.labels:,} labels, {percent(last.exact)} is solved "
        f"(95 % interval {percent(last.low)} to {percent(last.high)}).",
        "The trainings that were tried were not enough. More labels, or a better attacker, may be.",
        "",
    )


def _withstands_reading(evidence: Evidence) -> Finding | None:
    reads = evidence.best_read
    if reads is None or reads.exact is None or evidence.doubtful or reads.exact.high >= BROKEN:
        return None
    return Finding(
        "withstands-reading",
        "good",
        "A general reader does not solve it.",
        f"The general reader solves {rate_in_words(reads.exact)}.",
        "An attack takes some preparation: labelled images, or a reader made for the scheme.",
        "",
    )


def _cheap_attack(evidence: Evidence) -> Finding | None:
    attack, cost = evidence.cheapest, evidence.cost
    if attack is None or cost is None or attack.attempts_per_success is None:
        return None
    per_success = attack.price_per_1000 * attack.attempts_per_success
    people = attack.labelling_minutes
    reads = evidence.best_read
    expected = not attack.labels and (reads is None or reads.exact is None)
    severity: Severity = "serious" if people < 60 and not expected else "moderate"
    source = "measured here" if cost.measured else "as assumed or given"
    work = (
        f"{in_time(people)} of labelling ({cost.seconds_per_label:g} seconds a label, {source}), "
        f"{in_time(attack.training_minutes)} of training, then"
        if attack.labels
        else "no labelling and no training, only"
    )
    return Finding(
        "cheap-attack",
        severity,
        "An attack costs next to nothing.",
        f"{_who(attack)}: {work} {per_success:.2g} {cost.currency} of computing for a thousand "
        "solved images.",
        "It costs about a US dollar to have people solve a thousand captchas (Motoyama et al. "
        "2010), so even a scheme that no program reads costs an attacker no more than that.",
        "Make each success worth less, or cost more, by what stands behind the captcha.",
    )


def _abstaining(evidence: Evidence) -> Finding | None:
    attack = evidence.strongest
    if attack is None or not attack.attempts_per_success or not attack.abstaining:
        return None
    if attack.abstaining > min(1 / _SURE, 0.8 * attack.attempts_per_success):
        return None
    return Finding(
        "abstaining-attacker",
        "moderate",
        "An attacker who skips the hard images hardly ever answers wrong.",
        f"{_who(attack)}: {attack.attempts_per_success:.2g} answers for each success, but "
        f"{attack.abstaining:.2g} where the least sure are not submitted"
        f"{_looked_at(attack)}.{_lockout(attack)}",
        "The reader knows when it is unsure. A limit on wrong answers then hits people, who cannot "
        "help answering, before it hits the attacker.",
        "Count the images that are asked for, not only the answers that are wrong.",
    )


def _who(attack: Attack) -> str:
    name = f"a reader {attack.name}" if attack.labels else attack.name
    return f"{name[:1].upper()}{name[1:]}"


def _looked_at(attack: Attack) -> str:
    images = attack.images_per_success
    return "" if images is None else f", which takes {images:.2g} images"


def _lockout(attack: Attack) -> str:
    if not attack.lockouts:
        return ""
    first = attack.lockouts[0]
    tries = "1 attempt" if first.allowed == 1 else f"{first.allowed} attempts"
    return f" With {tries} before a lockout, {percent(first.success)} of all sessions succeed."


FINDERS: tuple[Finder, ...] = (
    _labels_doubtful,
    _read_without_labels,
    _few_labels,
    _cheap_attack,
    _abstaining,
    _withstands_training,
    _withstands_reading,
)
"""Look for findings about attacks."""
