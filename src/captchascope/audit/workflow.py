"""The audit as a whole: measurements made or found stored, in their order, within the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from captchascope import __version__
from captchascope.audit import plan
from captchascope.audit.alphabet import ALPHABET
from captchascope.audit.conditions import conditions_of
from captchascope.audit.cutting import CUTTING
from captchascope.audit.figures import Figures, Training
from captchascope.audit.findings import findings_of
from captchascope.audit.grading import verdict_of
from captchascope.audit.learning import expected_seconds, train_and_read
from captchascope.audit.legibility import LEGIBILITY
from captchascope.audit.recommendations import recommendations_of
from captchascope.audit.repeats import REPEATS
from captchascope.audit.results import Audit, LeftOut, Subjected
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.audit.store import Kept, Store
from captchascope.audit.subject import Subject
from captchascope.audit.untrained import UNTRAINED
from captchascope.audit.whatif import WHAT_IF
from captchascope.errors import CaptchascopeError

MEASUREMENTS: tuple[Measurement[Any], ...] = (
    UNTRAINED,
    REPEATS,
    ALPHABET,
    LEGIBILITY,
    CUTTING,
    WHAT_IF,
)
"""What is measured before anything is trained, in this order."""

_AFTERWARDS = 15.0  # seconds that are kept for the report
_PROBLEMS = 10  # that the report lists


@dataclass(frozen=True, slots=True)
class AuditProgress:
    """How far an audit is.

    Attributes:
        event: What has happened: a measurement began or is under way (``measuring``), was made
            (``measured``), or was left out; or something was found on the way.
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
            "pages": None if setting.pages is None else str(setting.pages.absolute()),
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
    interrupted: bool = False

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

    def make(self, each: Measurement[Any]) -> Any | None:
        """Return a measurement that is stored, or made now; None where it is left out."""
        self.number += 1
        if (kept := self.store.get(each.key, each.kind)) is not None:
            self.pace.make(each.key, kept.seconds)
            self.tell("measured", each.key, each.title, 1.0)
            return kept.measured
        if self.interrupted:
            self.leave_out(each.key, each.title, "the audit was ended before; it can go on")
            return None
        self.tell("measuring", each.key, each.title)
        begun = time.monotonic()
        try:
            measured = each.measure(self.setting(each.key, each.title))
        except UnmeasuredError as error:
            self.leave_out(each.key, each.title, error.why)
        except CaptchascopeError as error:
            self.leave_out(each.key, each.title, str(error))
        except KeyboardInterrupt:
            self.interrupted = True
            self.leave_out(each.key, each.title, "it was ended in its middle; it can go on")
        else:
            taken = time.monotonic() - begun
            if not getattr(measured, "cut_short", False):  # with more time there is more to measure
                self.store.put(each.key, Kept(measured, taken))
            self.pace.make(each.key, taken)
            self.tell("measured", each.key, each.title, 1.0)
            return measured
        return None


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
    for each in MEASUREMENTS:
        if (measured := run.make(each)) is not None:
            run.measured[each.key] = measured
    _leave_out_sizes(run, len(setting.subject.pool.samples))
    for labels, seed in wanted:
        _train(run, labels, seed)
    return _judged(run)


def _key(labels: int, seed: int) -> str:
    return f"training-{labels}-{seed}"


def _leave_out_sizes(run: _Run, pool: int) -> None:
    """Say of the trainings for which there are too few labels that they are not made."""
    sizes = [n for n in (plan.ALL_LABELS if run.request.full else plan.LABELS) if n > pool]
    held = len(run.request.setting.subject.held.samples)
    for labels in sizes:
        why = f"{pool} labelled images are left to train on, beside the {held} held out"
        if not held:
            why = "there are no labels (label some: captchascope label DIR)"
        run.left_out.append(LeftOut(f"what {labels} labels teach a reader", why))


def _train(run: _Run, labels: int, seed: int) -> None:
    """Train on so many labels, if that is not done and the time suffices."""
    key, title = _key(labels, seed), f"a reader trained on {labels} labels, seed {seed}"
    expected = expected_seconds(labels, run.trainings)

    def measure(setting: Setting) -> Training:
        if setting.left() - _AFTERWARDS < expected:
            raise UnmeasuredError(
                f"the time limit leaves {_duration(max(setting.left(), 0))}, and it takes about "
                f"{_duration(expected)} (--full measures all, --time-limit more)"
            )
        return train_and_read(setting, labels, seed)

    trained = run.make(Measurement(key, title, Training, measure, expected))
    if trained is not None:
        run.trainings.append(trained)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _judged(run: _Run) -> Audit:
    """Return the audit: what was measured, what it means, and how it was done."""
    request, setting = run.request, run.request.setting
    subject = setting.subject
    order = sorted(run.trainings, key=lambda training: (training.labels, training.seed))
    figures = Figures(**run.measured, trainings=tuple(order))
    curve = cost = None
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
        interrupted=run.interrupted,
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
