"""An audit as JUnit XML, which pipelines show as tests: the grade, and each kind of fault."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from captchascope.audit.judge.findings import KINDS
from captchascope.audit.judge.grading import meets
from captchascope.audit.results import Audit, Finding, Grade

_FAILING = ("critical", "serious")
"""The severities of a finding that make its test fail."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 allows in no form, section 2.2."""


def junit_of(audit: Audit, fail_under: Grade | None = None) -> str:
    """Return an audit as a JUnit report.

    There is a test of the grade, and one of each kind of fault, which is skipped where that was not
    measured, and fails where the finding is critical or serious.

    Args:
        audit: What was found.
        fail_under: The grade below which the test of the grade fails; None for none.
    """
    conditions, name = audit.conditions, f"captchascope audit {audit.subject.name}"
    suite = ElementTree.Element("testsuite", {"name": _clean(name)})
    _add_properties(suite, audit)
    _add_grade(suite, audit, fail_under)
    found = {finding.kind: finding for finding in audit.findings}
    for kind, known in KINDS.items():
        if not known.good:
            case = _case(suite, kind)
            if kind in found:
                _add_finding(case, found[kind])
            elif not known.looked_for(audit):
                message = f"It was not measured ({known.of.replace('_', ' ')})."
                ElementTree.SubElement(case, "skipped", {"message": message})
    count = {
        "tests": len(suite.findall("testcase")),
        "failures": len(suite.findall("testcase/failure")),
        "errors": 0,
        "skipped": len(suite.findall("testcase/skipped")),
    }
    suites = ElementTree.Element("testsuites", {"name": "captchascope"})
    for element in (suites, suite):
        element.attrib |= {key: str(value) for key, value in count.items()}
        element.set("time", f"{conditions.seconds:.3f}")
    if conditions.ended:
        suite.set("timestamp", _clean(conditions.ended[:19]))
    suites.append(suite)
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _clean(text: str) -> str:
    """Return a text with what XML cannot hold spelt out."""
    return _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _case(suite: ElementTree.Element, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", {"name": name, "classname": "captchascope.audit", "time": "0"}
    )


def _add_properties(suite: ElementTree.Element, audit: Audit) -> None:
    properties = ElementTree.SubElement(suite, "properties")
    facts = {
        "grade": audit.verdict.grade or "none",
        "certain": "yes" if audit.verdict.certain else "no",
        "command": audit.conditions.command,
        "seed": str(audit.conditions.seed),
        "version": audit.conditions.version,
    }
    for name, value in facts.items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": _clean(value)})


def _add_grade(suite: ElementTree.Element, audit: Audit, fail_under: Grade | None) -> None:
    case, verdict = _case(suite, "grade"), audit.verdict
    text = f"{verdict.rule}\n{verdict.summary}"
    if fail_under is None or meets(verdict, fail_under):
        _add_text(case, "system-out", text)
        return
    given = "There is no grade" if verdict.grade is None else f"The grade is {verdict.grade}"
    certain = "" if verdict.certain else ", and not certain"
    message = f"{given}{certain}; {fail_under} was asked for."
    _add_text(case, "failure", text, message=message, type="grade")


def _add_finding(case: ElementTree.Element, finding: Finding) -> None:
    text = "\n".join(filter(None, (finding.what, finding.means, finding.remedy)))
    if finding.severity in _FAILING:
        _add_text(case, "failure", text, message=finding.title, type=finding.severity)
    else:
        _add_text(case, "system-out", f"{finding.severity}: {finding.title}\n{text}")


def _add_text(case: ElementTree.Element, tag: str, text: str, **attributes: str) -> None:
    known = {name: _clean(value) for name, value in attributes.items()}
    ElementTree.SubElement(case, tag, known).text = _clean(text)
