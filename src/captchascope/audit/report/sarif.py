"""An audit as SARIF 2.1.0, which code hosts and pipelines show (OASIS standard, 2020)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from captchascope.audit.judge.findings import KINDS
from captchascope.audit.judge.grading import RULES, attacks_of
from captchascope.audit.results import Audit, Finding, Grade, Severity

_LEVELS: Mapping[Severity, str] = {
    "critical": "error",
    "serious": "error",
    "moderate": "warning",
    "minor": "note",
    "good": "none",
}

_SCORES: Mapping[Severity, str] = {
    "critical": "9.5",
    "serious": "7.5",
    "moderate": "5.0",
    "minor": "2.0",
}
"""As code hosts order what concerns security: 0 to 10, as in CVSS."""

_GRADES: Mapping[Grade, str] = {"C": "warning", "D": "warning", "E": "error", "F": "error"}

_GRADE = "grade"


def sarif_of(audit: Audit) -> dict[str, Any]:
    """Return an audit as a SARIF log, to be written as JSON.

    The grade is a result, and so is each finding; what speaks for the scheme has the kind ``pass``.
    What was left out is a notification. Evidence images are not in it.
    """
    conditions, subject = audit.conditions, audit.subject
    roles = ["analysisTarget"] if subject.generated else ["analysisTarget", "directory"]
    invocation = {
        "commandLine": conditions.command,
        "executionSuccessful": not audit.interrupted,
        "toolExecutionNotifications": [
            {"level": "warning", "message": _text(f"Not measured: {left.title}: {left.why}")}
            for left in audit.left_out
        ],
    }
    run = {
        "tool": {
            "driver": {
                "name": "captchascope",
                "version": conditions.version,
                "rules": [_grade_rule(), *(_rule(kind, audit) for kind in KINDS)],
            }
        },
        "automationDetails": {"id": f"captchascope/audit/{subject.name}"},
        "invocations": [invocation],
        "artifacts": [{"location": {"uri": _uri(audit)}, "roles": roles}],
        "results": [_grade_result(audit), *(_result(each, audit) for each in audit.findings)],
        "properties": _figures(audit),
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    return {"$schema": f"{schema}sarif-schema-2.1.0.json", "version": "2.1.0", "runs": [run]}


def _text(text: str) -> dict[str, str]:
    return {"text": text}


def _grade_rule() -> dict[str, Any]:
    lines = [f"{rule.grade}: {rule.when}." for rule in RULES]
    return {
        "id": _GRADE,
        "shortDescription": _text("The grade of the scheme, A to F."),
        "fullDescription": _text("The first line of the rule that holds gives the grade."),
        "help": _text("\n".join(lines)),
        "properties": {"tags": ["security"]},
    }


def _rule(kind: str, audit: Audit) -> dict[str, Any]:
    """Return a kind as a rule, with the help of the finding where there is one."""
    found = next((each for each in audit.findings if each.kind == kind), None)
    help_ = KINDS[kind].title if found is None else f"{found.means} {found.remedy}".strip()
    properties: dict[str, Any] = {"tags": ["security"]}
    if found is not None and found.severity in _SCORES:
        properties["security-severity"] = _SCORES[found.severity]
    return {
        "id": kind,
        "shortDescription": _text(KINDS[kind].title),
        "fullDescription": _text(KINDS[kind].title),
        "help": _text(help_),
        "properties": properties,
    }


def _grade_result(audit: Audit) -> dict[str, Any]:
    verdict = audit.verdict
    level = "none" if verdict.grade is None else _GRADES.get(verdict.grade, "none")
    kind = "fail" if level != "none" else "pass" if verdict.certain else "review"
    properties = {"grade": verdict.grade or "none", "certain": verdict.certain}
    return _made(_GRADE, 0, level, kind, f"{verdict.rule}. {verdict.summary}", properties, audit)


def _result(finding: Finding, audit: Audit) -> dict[str, Any]:
    level = _LEVELS[finding.severity]
    message = f"{finding.title} {finding.what} {finding.remedy}".strip()
    properties = {"severity": finding.severity, "what": finding.what, "means": finding.means}
    index = [*KINDS].index(finding.kind) + 1
    kind = "pass" if level == "none" else "fail"
    return _made(finding.kind, index, level, kind, message, properties, audit)


def _made(
    rule: str,
    index: int,
    level: str,
    kind: str,
    message: str,
    properties: Mapping[str, Any],
    audit: Audit,
) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": _uri(audit), "index": 0}}}
    same = hashlib.sha256(f"{rule}\0{audit.subject.name}".encode("utf-8", "replace")).hexdigest()
    return {
        "ruleId": rule,
        "ruleIndex": index,
        "level": level,
        "kind": kind,
        "message": _text(message),
        "locations": [place],
        "partialFingerprints": {"captchascope/v1": same},
        "properties": dict(properties),
    }


def _uri(audit: Audit) -> str:
    """Return where the scheme is, as a URI relative to where the audit ran, if it was given so."""
    name = audit.subject.name
    if audit.subject.generated:
        return quote(name, safe="")
    path = Path(name)
    whole = (
        path.as_uri() if path.is_absolute() else quote(path.as_posix().encode("utf-8", "replace"))
    )
    return f"{whole.rstrip('/')}/"


def _figures(audit: Audit) -> dict[str, Any]:
    """Return the figures that a script may want."""
    subject, conditions = audit.subject, audit.conditions
    return {
        "grade": audit.verdict.grade or "none",
        "certain": audit.verdict.certain,
        "images": subject.images,
        "labelled": subject.labelled,
        "heldOut": subject.held_out,
        "seed": conditions.seed,
        "seconds": conditions.seconds,
        "attacks": [
            {
                "name": attack.name.rstrip(","),
                "labels": attack.labels,
                "solveRate": attack.exact,
                "low": attack.low,
                "high": attack.high,
                "measured": attack.measured,
            }
            for attack in attacks_of(audit.figures, audit.curve)
        ],
    }
