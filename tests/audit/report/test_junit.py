"""The JUnit report is well-formed, and fails where a pipeline has to stop."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.figured import audit, curve, finding, strong, weak
from captchascope.audit.judge.findings import KINDS
from captchascope.audit.report.junit import junit_of
from captchascope.audit.results import SEVERITIES, Audit, Grade, Severity, Verdict

GOOD = Verdict("B", "B: nothing solves it", True, "Nothing that was tried solves it.")
FAULTS = [name for name, kind in KINDS.items() if not kind.good]


def suite_of(made: Audit, fail_under: Grade | None = None) -> ElementTree.Element:
    """Return the only suite of a report, as a reader of the XML has it."""
    suites = ElementTree.fromstring(junit_of(made, fail_under).encode())
    assert suites.tag == "testsuites"
    (suite,) = suites
    assert {key: suites.get(key) for key in ("tests", "failures", "skipped", "errors")} == {
        key: suite.get(key) for key in ("tests", "failures", "skipped", "errors")
    }
    return suite


def test_there_is_a_test_of_the_grade_and_of_each_fault() -> None:
    """What speaks for a scheme is no test."""
    suite = suite_of(audit(GOOD))
    assert [case.get("name") for case in suite.findall("testcase")] == ["grade", *FAULTS]
    assert suite.get("tests") == str(1 + len(FAULTS))


def skipped_of(made: Audit) -> set[str | None]:
    """Return the tests that are skipped."""
    cases = suite_of(made).findall("testcase")
    return {case.get("name") for case in cases if case.find("skipped") is not None}


def test_what_was_not_measured_is_skipped() -> None:
    """It has not passed."""
    assert skipped_of(audit(GOOD)) == {*FAULTS}
    assert skipped_of(replace(audit(GOOD), figures=strong())) == {
        "few-labels",
        "cheap-attack",
        "abstaining-attacker",
        "what-if-helps-little",
        "what-if-helps",
    }


def test_a_curve_without_a_training_says_nothing_of_labels() -> None:
    """The general reader alone is a point of it, too."""
    assert "few-labels" in skipped_of(replace(audit(GOOD), curve=curve(l0=0.5)))
    assert "few-labels" not in skipped_of(replace(audit(GOOD), curve=curve(l0=0.5, l25=0.6)))


@pytest.mark.parametrize("severity", SEVERITIES[:-1])
def test_what_is_critical_or_serious_fails(severity: Severity) -> None:
    """What weighs less is told, and passes."""
    made = replace(audit(GOOD, finding("small-pool", severity)), figures=weak())
    suite = suite_of(made)
    fails = severity in ("critical", "serious")
    assert suite.get("failures") == str(int(fails))
    text = suite.find(f"testcase[@name='small-pool']/{'failure' if fails else 'system-out'}")
    assert text is not None
    assert "It is so." in (text.text or "")


@pytest.mark.parametrize(
    ("grade", "certain", "fail_under", "failures"),
    [("B", True, None, "0"), ("B", True, "B", "0"), ("C", True, "B", "1"), ("B", False, "B", "1")],
)
def test_a_grade_below_what_was_asked_for_fails(
    grade: Grade, certain: bool, fail_under: Grade | None, failures: str
) -> None:
    """And so does one that is not certain, where it has to be."""
    verdict = Verdict(grade, "rule", certain, "summary")
    assert suite_of(audit(verdict), fail_under).get("failures") == failures


@given(st.text(), st.text())
def test_it_is_well_formed_whatever_names_and_texts_hold(name: str, text: str) -> None:
    """Control characters, halves of surrogate pairs, markup."""
    made = audit(GOOD, finding("answer-leaks", "critical", what=text), name=name)
    failure = suite_of(made).find("testcase[@name='answer-leaks']/failure")
    assert failure is not None
    assert "It means." in (failure.text or "")
