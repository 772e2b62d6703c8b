"""How weak a scheme is: what is measured, what it means, and the report; extra ``report``.

Matplotlib and what else that needs is imported when an audit begins.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captchascope.atomic import atomic_write
from captchascope.decode import Case, ReadOptions
from captchascope.errors import MissingExtraError, OutputError, UsageError, likeliest
from captchascope.files import StrPath, printable
from captchascope.generate import SCHEMES

if TYPE_CHECKING:
    from captchascope.audit.results import Audit
    from captchascope.audit.subject import Subject
    from captchascope.audit.workflow import AuditProgress

__all__ = ["run_audit"]

TIME_LIMIT = 30 * 60.0
"""Seconds of an audit, where none are given."""

PRICE_PER_HOUR = 0.05
"""Of a processor for an hour, in USD: about what the large clouds ask for one."""


def run_audit(
    subject: StrPath,
    report: StrPath,
    *,
    knobs: Mapping[str, Any] | None = None,
    seed: int = 0,
    time_limit: float | None = TIME_LIMIT,
    full: bool = False,
    jobs: int = 1,
    charset: str | None = None,
    length: str | int | None = None,
    pattern: str | None = None,
    ignore_case: bool = False,
    case: Case = "fold",
    frames: str | int | None = None,
    rows: str | int | None = None,
    ink: str | None = None,
    labels: Mapping[str, Any] | None = None,
    unlabelled: bool = False,
    pages: StrPath | None = None,
    audio: bool | None = None,
    seconds_per_label: float | None = None,
    price_per_hour: float = PRICE_PER_HOUR,
    begun: float | None = None,
    command: str | None = None,
    on_progress: Callable[[AuditProgress], None] = lambda progress: None,
    on_subject: Callable[[Subject], None] = lambda subject: None,
) -> Audit:
    """Measure how weak a scheme is, and write the report: one HTML file that needs nothing else.

    Beside it lies ``REPORT.run/`` with each measurement as it ended: the same call goes on where
    one was ended, and measures what the time did not allow before. Ctrl-C in the main thread ends
    it early, with a report of what was measured.

    >>> import captchascope
    >>> audit = captchascope.run_audit("captchas", "report.html")
    >>> audit.verdict.grade
    'F'

    Args:
        subject: A folder of images, labelled or not; or the name of a scheme that can be generated.
        report: The file to write.
        knobs: Of a generated scheme, what is turned, as ``draw_captcha`` takes it.
        seed: Of all that is chosen, drawn and trained.
        time_limit: Seconds after which all must be written; None for no limit.
        full: Whether all is measured, however long it takes: more trainings.
        jobs: How many processes read.
        charset: What is known of the texts, here and below; told by the labels where there are any.
            The general reader is told nothing of it at first.
        length: How many characters they have: 6, "6" or "4-6".
        pattern: What they match as a whole.
        ignore_case: Whether upper and lower case are one.
        case: What letters mean that are told in one case alone.
        frames: Which frame of an animation is looked at.
        rows: In how many rows the text stands.
        ink: The colour that it is written in.
        labels: Where the labels are, as ``read_dataset`` takes it.
        unlabelled: Whether nothing labels the images, whatever they are called.
        pages: Pages that were kept while collecting; None for those that lie in the folder.
        audio: Whether there is an audio alternative; None where that is not known.
        seconds_per_label: That labelling takes; None where it is measured, or else assumed.
        price_per_hour: Of a processor, in USD.
        begun: ``time.monotonic`` from which the time counts; None for now.
        command: That repeats the audit, as the report shows it.
        on_progress: Takes how far the audit is.
        on_subject: Takes what is audited, before anything is measured.

    Raises:
        DatasetError: If the folder holds no images, or its labels cannot be taken.
        OutputError: If the report cannot be written, or another audit is writing there.
        UsageError: If an option is malformed, or there is no such folder or scheme.
        MissingExtraError: If the packages of the extra ``report`` are not installed.
    """
    begun = time.monotonic() if begun is None else begun
    reading = ReadOptions(
        charset, length, pattern, ignore_case, case, frames=frames, rows=rows, ink=ink
    )
    _check(seed, time_limit, jobs, seconds_per_label, price_per_hour)
    try:
        from captchascope.audit import workflow
        from captchascope.audit.report.page import audit_html
        from captchascope.audit.setting import Setting
        from captchascope.audit.store import open_store
        from captchascope.audit.subject import folder_subject, scheme_subject
    except ModuleNotFoundError as error:
        raise MissingExtraError("run_audit", "report") from error
    limit = None if full else time_limit
    if Path(report).exists() and not Path(report).is_file():
        raise OutputError(printable(report), "is no file", "name one, such as report.html")
    if pages is not None and not Path(pages).is_dir():
        raise UsageError("pages", f"is no folder: {printable(pages)}", "name that of a collection")
    drawn = _is_scheme(subject)
    with open_store(Path(report)) as store:
        if drawn:
            audited = scheme_subject(str(subject), knobs or {}, store.place / "images", seed)
        else:
            audited = folder_subject(Path(subject), seed, unlabelled=unlabelled, **labels or {})
        if (problem := audited.contradicting(reading)) is not None:
            audited = replace(audited, problems=(*audited.problems, problem))
        on_subject(audited)
        deadline = None if limit is None else begun + limit
        setting = Setting(
            audited,
            store.place,
            seed,
            jobs,
            reading,
            None if pages is None else Path(pages),
            audio,
            deadline,
        )
        request = workflow.Request(
            setting,
            full,
            limit,
            seconds_per_label,
            price_per_hour,
            command or f"captchascope.run_audit({str(subject)!r}, {str(report)!r}, seed={seed})",
        )
        audit = workflow.audit_subject(request, store, on_progress)
        atomic_write(report, audit_html(audit))
        store.clear()
    return audit


def _check(seed: int, limit: float | None, jobs: int, label: float | None, price: float) -> None:
    """Raise UsageError where a number is none that can be meant."""
    if not 0 <= seed < 2**31:
        raise UsageError("seed", f"must be 0 to 2**31 - 1, not {seed}", "such as 1")
    if jobs < 1:
        raise UsageError("jobs", f"must be at least 1, not {jobs}", "such as 2")
    for name, number in (
        ("time_limit", limit),
        ("seconds_per_label", label),
        ("price_per_hour", price),
    ):
        if number is not None and not 0 < number < math.inf:
            raise UsageError(name, f"must be more than 0, not {number}", "such as 5")


def _is_scheme(subject: StrPath) -> bool:
    """Tell whether a scheme is meant, and no folder.

    Raises:
        UsageError: If either could be, or neither.
    """
    named, exists = str(subject) in SCHEMES, Path(subject).exists()
    if named and exists:
        what, here = "is a folder here, and a scheme", f"write ./{subject} for the folder"
        raise UsageError(str(subject), what, f"{here}, or run it elsewhere for the scheme")
    if not named and not exists:
        remedy = f"{likeliest(str(subject), SCHEMES)}name a folder, or one of {', '.join(SCHEMES)}"
        raise UsageError(printable(subject), "is no folder, and no scheme", remedy)
    return named
