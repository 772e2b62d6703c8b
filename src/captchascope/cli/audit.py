"""``captchascope audit``."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captchascope.atomic import atomic_write
from captchascope.audit import PRICE_PER_HOUR, TIME_LIMIT, run_audit
from captchascope.cli.options import (
    GENERATED,
    PATH,
    adding,
    common,
    image_options,
    labels_from,
    parse_duration,
    text_options,
)
from captchascope.cli.output import Console, need
from captchascope.errors import CaptchascopeError, UsageError
from captchascope.files import printable

if TYPE_CHECKING:
    from captchascope.audit.results import Audit, Grade
    from captchascope.audit.subject import Subject
    from captchascope.audit.workflow import AuditProgress

_TICKS = 1000
_GRADES = ("A", "B", "C", "D", "E", "F")  # as results.Grade, which imports more than help needs

_with_outputs = adding(
    click.option(
        "-o",
        "--output",
        "report",
        type=PATH,
        required=True,
        metavar="FILE.html",
        help="The report.",
    ),
    click.option("--json", "json_file", type=PATH, metavar="FILE", help="Write the figures, too."),
    click.option(
        "--sarif", "sarif_file", type=PATH, metavar="FILE", help="Write findings as SARIF."
    ),
    click.option("--junit", "junit_file", type=PATH, metavar="FILE", help="Write them as JUnit."),
    click.option(
        "--fail-under",
        type=click.Choice(_GRADES),
        metavar="GRADE",
        help="End with status 1 where the grade is worse, or there is none.",
    ),
)


def _said(_: click.Context, __: click.Parameter, answer: str | None) -> bool | None:
    return None if answer is None else answer == "yes"


_with_plan = adding(
    click.option(
        "--time-limit",
        type=parse_duration,
        default=f"{TIME_LIMIT / 60:.0f}m",
        metavar="30m",
        help="Be done after so long; what the time does not allow is left out, and named.",
    ),
    click.option("--full", is_flag=True, help="Measure all, however long; says how long before."),
    click.option("--seed", type=int, default=0, metavar="S", help="Of all that is chosen."),
    click.option("--jobs", type=int, default=1, metavar="N", help="Processes that read."),
)

_with_knowledge = adding(
    click.option("--unlabelled", is_flag=True, help="Take no label from anything."),
    click.option(
        "--pages",
        type=PATH,
        metavar="DIR",
        help="Pages that collect --keep-pages kept, where they are not beside the images.",
    ),
    click.option(
        "--audio",
        type=click.Choice(["yes", "no"]),
        callback=_said,
        help="Whether the scheme has an audio alternative.",
    ),
    click.option(
        "--seconds-per-label",
        type=float,
        metavar="S",
        help="What labelling an image takes.  [default: as label measured it, or 9.8]",
    ),
    click.option(
        "--price-per-hour",
        type=float,
        default=PRICE_PER_HOUR,
        metavar="USD",
        help="Of a processor.",
    ),
)


@click.command("audit")
@click.argument("subject", metavar="DIR|SCHEME", shell_complete=GENERATED)
@_with_outputs
@_with_plan
@_with_knowledge
@text_options
@image_options
@labels_from
@click.option("--progress", type=click.Choice(["jsonl"]), hidden=True)
@common
def audit_command(
    console: Console,
    subject: str,
    report: Path,
    json_file: Path | None,
    sarif_file: Path | None,
    junit_file: Path | None,
    fail_under: Grade | None,
    label_options: Mapping[str, Any],
    progress: str | None,
    **options: Any,
) -> None:
    """Measure how weak a scheme is, and write a report for whoever owns it.

    DIR is a folder of captchas, labelled or not; SCHEME one that captchascope schemes lists as
    generated. The report is one HTML file that needs nothing else. What was measured is kept
    beside it: the same command goes on where it was ended, and measures what was left out.

    \b
    Examples:
      captchascope audit captchas -o report.html
      captchascope audit captchas -o report.html --json report.json --fail-under C
      captchascope audit metu -o report.html --full
    """
    begun = time.monotonic()
    files = {"json_file": json_file, "sarif_file": sarif_file, "junit_file": junit_file}
    _require_apart({"report": report, **files})
    need("report", "audit")
    from captchascope.audit.judge.grading import meets

    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # do not spin where others need the time
    words = sys.argv[1:]
    if progress is not None:  # a page has begun it, whose files are of no interest
        limit = f"{options['time_limit']:.0f}s"
        words = ["audit", subject, "-o", report.name, "--time-limit", limit]
    with _told(console, progress, options["full"]) as on_progress:
        audit = run_audit(
            subject,
            report,
            labels=label_options,
            begun=begun,
            command=shlex.join(["captchascope", *words]),
            on_progress=on_progress,
            on_subject=lambda audited: _say_subject(console, audited),
            **options,
        )
    for path, text in _further(audit, json_file, sarif_file, junit_file, fail_under):
        atomic_write(path, text)
    grade = audit.verdict.grade or "none"
    told = (
        f"grade {audit.verdict.rule}" if audit.verdict.grade else f"no grade: {audit.verdict.rule}"
    )
    console.result(f"{printable(report)}\t{told}")
    if progress is not None:
        console.note(json.dumps({"event": "done", "grade": audit.verdict.grade}))
    if fail_under is not None and not meets(audit.verdict, fail_under):
        what, remedy = f"grade {grade}, not {fail_under} or better", f"see {printable(report)}"
        console.error(CaptchascopeError(subject, what, remedy))
    if audit.interrupted:
        console.note("interrupted: the report has what was measured; the same command goes on")
        raise click.exceptions.Exit(130)


def _require_apart(files: Mapping[str, Path | None]) -> None:
    """Check that no output takes the place of another."""
    places: dict[Path, str] = {}
    for name, path in files.items():
        if path is not None and places.setdefault(path.resolve(), name) != name:
            raise UsageError(name, "names the same file as another output", "name another")


def _further(
    audit: Audit,
    json_file: Path | None,
    sarif_file: Path | None,
    junit_file: Path | None,
    fail_under: Grade | None,
) -> Iterator[tuple[Path, str]]:
    """Yield the further files that are asked for, and what they hold."""
    from captchascope.audit.report.as_json import json_text
    from captchascope.audit.report.junit import junit_of
    from captchascope.audit.report.sarif import sarif_of

    if json_file is not None:
        yield json_file, json_text(audit)
    if sarif_file is not None:
        yield sarif_file, json.dumps(sarif_of(audit), indent=2)
    if junit_file is not None:
        yield junit_file, junit_of(audit, fail_under)


def _say_subject(console: Console, subject: Subject) -> None:
    """Say what is audited, and what of it cannot be used."""
    kind = "drawn" if subject.scheme else "images"
    counts = f"{len(subject.images)} {kind}, {len(subject.held.samples)} held out to measure on"
    console.note(f"{printable(subject.name)}: {counts}, {len(subject.pool.samples)} to train on")
    if subject.scheme is None:
        console.note(f"labels: {subject.labels}".replace("labels: labels:", "labels:"))
        for note in subject.held.origin.notes:
            console.note(f"labels: {printable(note)}")
        for doubt in subject.held.origin.doubts:
            console.warning(f"labels: {doubt}")
    console.errors(subject.problems)


@contextmanager
def _told(
    console: Console, form: str | None, full: bool
) -> Iterator[Callable[[AuditProgress], None]]:
    """Show a bar on a terminal, and say each line that is found; as JSON for who asks for it.

    How long a full audit takes is said before it begins.
    """
    if form is not None:
        if (ctrl_break := getattr(signal, "SIGBREAK", None)) is not None:
            signal.signal(ctrl_break, signal.default_int_handler)  # on Windows, what can be sent
        yield lambda now: console.note(json.dumps(asdict(now)))
        return
    with console.progress("measuring", _TICKS, counted=False) as moved:

        def told(now: AuditProgress) -> None:
            nonlocal full
            left = timedelta(seconds=round(now.seconds_left))
            if full:
                console.note(f"all of it takes about {left} h:min:s; Ctrl-C ends it early")
                full = False
            moved(round(_TICKS * now.share), f"{now.number}/{now.total} {now.title}")
            if now.event == "found":
                console.note(now.line)
            elif now.event == "left_out":
                console.note(f"left out: {now.title}: {now.line}")
            elif now.event == "measured":
                console.note(f"{now.number}/{now.total} {now.title}, about {left} left", level=1)

        yield told
