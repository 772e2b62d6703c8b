"""The SARIF log has what the standard and code hosts ask for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.figured import audit, cost, curve, finding, weak
from captchascope.audit.judge.findings import KINDS, findings_of
from captchascope.audit.judge.grading import verdict_of
from captchascope.audit.report.sarif import sarif_of
from captchascope.audit.results import SEVERITIES, Audit, Grade, LeftOut, Verdict

POOR = Verdict("F", "F: it leaks", True, "It keeps no program out.")


def whole() -> Audit:
    """Return an audit of a scheme with every fault."""
    made, points = audit(POOR), curve(l25=0.6, l100=0.9)
    findings = findings_of(weak(), points, cost(), made.subject)
    verdict = verdict_of(weak(), points, made.subject)
    left = (LeftOut("Pages", "none were kept; collect them with --keep-pages"),)
    return replace(
        made, figures=weak(), curve=points, findings=findings, verdict=verdict, left_out=left
    )


def run_of(made: Audit) -> dict[str, Any]:
    """Return the only run of a log, as a reader of the JSON has it."""
    log = json.loads(json.dumps(sarif_of(made), allow_nan=False))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_each_result_has_its_rule_by_name_and_by_index() -> None:
    """The grade is the first, and no finding is missing."""
    run = run_of(whole())
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["grade", *KINDS]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert [result["ruleId"] for result in run["results"]] == [
        "grade",
        *(each.kind for each in whole().findings),
    ]


def test_each_rule_says_what_it_is_and_what_to_do() -> None:
    """As code hosts show it."""
    for rule in run_of(whole())["tool"]["driver"]["rules"]:
        for part in ("shortDescription", "fullDescription", "help"):
            assert rule[part]["text"]


def test_levels_follow_severities() -> None:
    """What speaks for the scheme has passed."""
    findings = [finding(kind, severity) for kind, severity in zip(KINDS, SEVERITIES, strict=False)]
    results = run_of(audit(POOR, *findings))["results"][1:]
    assert [result["level"] for result in results] == ["error", "error", "warning", "note", "none"]
    assert [result["kind"] for result in results] == ["fail"] * 4 + ["pass"]


@pytest.mark.parametrize(
    ("grade", "certain", "level", "kind"),
    [
        ("A", True, "none", "pass"),
        ("B", True, "none", "pass"),
        ("B", False, "none", "review"),
        (None, False, "none", "review"),
        ("C", True, "warning", "fail"),
        ("F", False, "error", "fail"),
    ],
)
def test_the_grade_is_a_result(grade: Grade | None, certain: bool, level: str, kind: str) -> None:
    """One that is not shown has not passed: somebody has to look."""
    result = run_of(audit(Verdict(grade, "rule", certain, "summary")))["results"][0]
    assert (result["level"], result["kind"]) == (level, kind)


def test_what_was_left_out_is_told() -> None:
    """As a notification of the run."""
    (invocation,) = run_of(whole())["invocations"]
    assert "--keep-pages" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert invocation["executionSuccessful"] is True


def test_solve_rates_are_figures() -> None:
    """A script need not read sentences."""
    attacks = run_of(whole())["properties"]["attacks"]
    told = next(attack for attack in attacks if "told 10 characters" in attack["name"])
    assert told["solveRate"] == 0.9
    assert told["low"] < 0.9 < told["high"]


@given(st.text())
def test_the_place_is_a_relative_uri_whatever_the_folder_is_called(name: str) -> None:
    """A folder's ends in a slash, and leads to it."""
    (artifact,) = run_of(audit(POOR, name=f"sets/{name}"))["artifacts"]
    uri = artifact["location"]["uri"]
    assert uri.startswith("sets/")
    assert uri.isascii()
    assert uri.isprintable()
    assert uri.endswith("/")
    assert " " not in uri
    assert unquote(uri)


def test_the_same_finding_has_the_same_fingerprint() -> None:
    """So that it is one alert, whatever its figures are."""
    one, other = whole(), replace(whole(), figures=replace(weak(), noise=None))
    assert [result["partialFingerprints"] for result in run_of(one)["results"]] == [
        result["partialFingerprints"] for result in run_of(other)["results"]
    ]
