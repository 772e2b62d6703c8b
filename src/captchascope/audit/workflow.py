"""The audit as a whole: measurements made or found stored, in their order, within the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from captchascope import __version__
from captchascope.audit import plan
from captchascope.audit.conditions import conditions_of
from captchascope.audit.figures import Figures, Training
from captchascope.audit.interrupts import Interrupts
from captchascope.audit.judge.cost import cost_of, measured_seconds_per_label
from captchascope.audit.judge.curve import learning_curve
from captchascope.audit.judge.findings import findings_of
from captchascope.audit.judge.grading import verdict_of
from captchascope.audit.judge.lines import line_of
from captchascope.audit.judge.recommendations import recommendations_of
from captchascope.audit.leaks.search import LEAKS
from captchascope.audit.measure.alphabet import ALPHABET
from captchascope.audit.measure.cutting import CUTTING
from captchascope.audit.measure.learning import expected_seconds, train_and_read
from captchascope.audit.measure.legibility import LEGIBILITY
from captchascope.audit.measure.noise import NOISE
from captchascope.audit.measure.repeats import REPEATS
from captchascope.audit.measure.untrained import UNTRAINED
from captchascope.audit.measure.variety import VARIETY
from captchascope.audit.measure.whatif import WHAT_IF
from captchascope.audit.results import Audit, LeftOut, Subjected
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.audit.store import Kept, Store
from captchascope.audit.subject import Subject
from captchascope.errors import CaptchascopeError

MEASUREMENTS: tuple[Measurement[Any], ...] = (
    UNTRAINED,
    LEAKS,
    REPEATS,
    ALPHABET,
    LEGIBILITY,
    VARIETY,
    CUTTING,
    NOISE,
    WHAT_IF,
)
"""What is measured before anything is trained, in this order."""

_AFTERWARDS = 15.0  # seconds that are kept for the report
_ENDED = "the audit was ended before it was done (the same command goes on)"
_LATE = "the time limit was up (--time-limit allows more)"
_PROBLEMS = 10  # that the report lists


@dataclass(frozen=True, slots=True)
class AuditProgress:
    """How far an audit is.

    Attributes:
        event: What has happened: a measurement began or is under way (``measuring``), was made
            (``measured``), or was left out; or something was found, on the way or by it.
        title: Of the measurement.
        number: Which measurement it is, from 1.
        total: How many there are.
        share: How much of all is done, 0 to 1, by time.
        seconds_left: Until all is done, about.
        line: What was found, or why a measurement was left out.
    """

    event: Literal["measuring", "measured", "left_out", "found"]
    title: str
    number: int
    total: int
    share: float
    seconds_left: float
    line: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for beside the subject.

    Attributes:
        setting: What every measurement is given.
        full: Whether all is measured, however long it takes.
        time_limit: Seconds; None for no limit.
        seconds_per_label: That labelling takes; None where it is measured or assumed.
        price_per_hour: Of a processor.
        command: That repeats the audit.
    """

    setting: Setting
    full: bool
    time_limit: float | None
    seconds_per_label: float | None
    price_per_hour: float
    command: str

    def facts(self) -> dict[str, object]:
        """Return what tells this audit's measurements from those of another."""
        setting = self.setting
        reading = {name: value for name, value in _options(setting).items() if value is not None}
        return {
            "version": __version__,
            "subject": setting.subject.fingerprint(),
            "seed": setting.seed,
            "reading": reading,
            "pages": None if (kept := setting.collection()) is None else kept.fingerprint(),
            "audio": setting.audio,
        }


def _options(setting: Setting) -> dict[str, object]:
    return {name: value for name, value in asdict(setting.reading).items() if name != "constraints"}


@dataclass(slots=True)
class _Run:
    """An audit under way."""

    request: Request
    store: Store
    on_progress: Callable[[AuditProgress], None]
    pace: plan.Pace
    measured: dict[str, Any] = field(default_factory=dict)
    trainings: list[Training] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    number: int = 0
    interrupts: Interrupts = field(default_factory=Interrupts)

    def tell(self, event: Any, key: str, title: str, share: float = 0.0, line: str = "") -> None:
        """Say what has happened."""
        left = self.pace.left(key, share)
        if (limit := self.request.setting.deadline) is not None:
            left = min(left, max(limit - time.monotonic(), 0.0))
        done = self.pace.share(key, share)
        total = len(self.pace.expected)
        self.on_progress(AuditProgress(event, title, self.number, total, done, left, line))

    def leave_out(self, key: str, title: str, why: str) -> None:
        """Count a measurement as one that is not made."""
        self.pace.skip(key)
        self.left_out.append(LeftOut(title, why))
        self.tell("left_out", key, title, line=why)

    def setting(self, key: str, title: str) -> Setting:
        """Return what a measurement is given, which tells how far it is."""
        return replace(
            self.request.setting,
            say=lambda line: self.tell("found", key, title, line=line),
            progress=lambda share: self.tell("measuring", key, title, share),
        )

    def tell_measured(self, each: Measurement[Any], measured: object) -> None:
        """Say that a measurement is made, and what came of it."""
        self.tell("measured", each.key, each.title, 1.0)
        self.tell("found", each.key, each.title, 1.0, f"{each.title}: {line_of(measured)}")

    def make(self, each: Measurement[Any]) -> Any | None:
        """Return a measurement that is stored, or made now; None where it is left out."""
        self.number += 1
        if (kept := self.store.get(each.key, each.kind)) is not None:
            self.pace.make(each.key, kept.seconds)
            self.tell_measured(each, kept.measured)
            return kept.measured
        if self.interrupts.came or (self.request.setting.left() < _AFTERWARDS and self.number > 1):
            self.leave_out(each.key, each.title, _ENDED if self.interrupts.came else _LATE)
            return None
        self.tell("measuring", each.key, each.title)
        begun = time.monotonic()
        setting, why = self.setting(each.key, each.title), _ENDED
        try:
            measured = self.interrupts.ending(lambda: each.measure(setting))
        except UnmeasuredError as error:
            measured, why = None, error.why
        except CaptchascopeError as error:
            measured, why = None, str(error)
        if measured is None:
            self.leave_out(each.key, each.title, why)
            return None
        taken = time.monotonic() - begun
        if not getattr(measured, "cut_short", False):  # with more time there is more to measure
            self.store.put(each.key, Kept(measured, taken))
        self.pace.make(each.key, taken)
        self.tell_measured(each, measured)
        return measured


def audit_subject(
    request: Request, store: Store, on_progress: Callable[[AuditProgress], None]
) -> Audit:
    """Make every measurement that the time allows, and judge what came of them.

    Ctrl-C ends it: what was measured by then is judged, the rest is left out.
    """
    setting = request.setting
    wanted = plan.trainings_of(len(setting.subject.pool.samples), setting.seed, request.full)
    keys = {_key(labels, seed): expected_seconds(labels, ()) for labels, seed in wanted}
    run = _Run(request, store, on_progress, plan.Pace(plan.expected_of(MEASUREMENTS, keys)))
    with run.interrupts:
        for each in MEASUREMENTS:
            if (measured := run.make(each)) is not None:
                run.measured[each.key] = measured
        _train_all(run, wanted)
        return _judged(run)


def _key(labels: int, seed: int) -> str:
    return f"training-{labels}-{seed}"


def _train_all(run: _Run, wanted: Sequence[tuple[int, int]]) -> None:
    """Make every training that the labels and the time allow, and say once of each size why not."""
    missed: dict[int, list[str]] = {}
    for labels, seed in wanted:
        if why := _hindrance(run, labels, seed):
            run.pace.skip(_key(labels, seed))
            missed.setdefault(labels, []).append(why)
        else:
            _train(run, labels, seed)
    for labels, reasons in missed.items():
        tried = sum(labels == n for n, _ in wanted)
        run.leave_out("", f"{len(reasons)} of {tried} trainings on {labels} labels", reasons[0])
    subject = run.request.setting.subject
    pool, held = len(subject.pool.samples), len(subject.held.samples)
    why = f"{pool} labelled images are left to train on, beside the {held} held out (label more)"
    if not held:
        why = "nothing labels the images (label some: captchascope label DIR)"
    for labels in plan.sizes(run.request.full):
        if labels > pool:
            run.leave_out("", f"trainings on {labels} labels", why)


def _hindrance(run: _Run, labels: int, seed: int) -> str:
    """Return why a training is not begun; "" where it can be, or has been made."""
    if run.store.get(_key(labels, seed), Training) is not None:
        return ""
    if run.interrupts.came:
        return _ENDED
    left = max(run.request.setting.left() - _AFTERWARDS, 0.0)
    if left >= (expected := expected_seconds(labels, run.trainings)):
        return ""
    return (
        f"the time limit left {_duration(left)}, and one takes about {_duration(expected)} "
        "(--time-limit allows more, --full all)"
    )


def _train(run: _Run, labels: int, seed: int) -> None:
    """Train on so many labels, if that is not done."""
    each = Measurement(
        _key(labels, seed),
        f"a reader trained on {labels} labels, seed {seed}",
        Training,
        lambda setting: train_and_read(setting, labels, seed),
        expected_seconds(labels, run.trainings),
    )
    if (trained := run.make(each)) is not None:
        run.trainings.append(trained)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _judged(run: _Run) -> Audit:
    """Return the audit: what was measured, what it means, and how it was done."""
    request, setting = run.request, run.request.setting
    subject = setting.subject
    order = sorted(run.trainings, key=lambda training: (training.labels, training.seed))
    figures = Figures(**run.measured, trainings=tuple(order))
    curve = learning_curve(figures.untrained, figures.trainings)
    cost = cost_of(
        figures,
        curve,
        seconds_per_label=request.seconds_per_label,
        measured=measured_seconds_per_label(subject.held.folder),
        price_per_hour=request.price_per_hour,
    )
    described = _described(subject)
    findings = findings_of(figures, curve, cost, described)
    return Audit(
        subject=described,
        conditions=conditions_of(
            setting.seed, request.command, sum(run.pace.taken.values()), request.time_limit
        ),
        figures=figures,
        curve=curve,
        cost=cost,
        verdict=verdict_of(figures, curve, described),
        findings=findings,
        recommendations=recommendations_of(figures, findings),
        left_out=tuple(run.left_out),
        interrupted=run.interrupts.came,
    )


def _described(subject: Subject) -> Subjected:
    problems = [str(problem) for problem in subject.problems]
    if (more := len(problems) - _PROBLEMS) > 0:
        problems = [*problems[:_PROBLEMS], f"and {more} more: captchascope check lists them"]
    shortest, longest = subject.lengths or (0, 0)
    return Subjected(
        name=subject.name,
        generated=subject.scheme is not None,
        images=len(subject.images),
        labelled=len(subject.samples),
        held_out=len(subject.held.samples),
        labels=subject.labels,
        characters=subject.characters,
        shortest=shortest,
        longest=longest,
        problems=tuple(problems),
    )
