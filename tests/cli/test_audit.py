"""captchascope audit: a report of what could be measured, whatever is brought."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from captchascope.generate import write_folder
from cli.commands import TIMEOUT, Cli, Done, ended, start

pytest.importorskip("matplotlib")
pytest.importorskip("filelock")

QUICK = "--time-limit", "10m"  # for a slow machine; there are too few labels to train on
FIRST = "--time-limit", "1s"  # only the first measurement is made, however little time there is


@pytest.fixture(scope="module")
def captchas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of thirty labelled captchas."""
    folder = tmp_path_factory.mktemp("audited") / "captchas"
    write_folder("plain", folder, 30, 16)
    return folder


@pytest.fixture(scope="module")
def audited(captchas: Path) -> tuple[Done, dict[str, Any], str]:
    """Return what an audit of them said, its figures and its page."""
    place = captchas.parent
    files = "-o", place / "report.html", "--json", place / "r.json"
    done = ended(start("audit", captchas, *files, *QUICK))
    document = json.loads((place / "r.json").read_text("utf-8"))
    return done, document, (place / "report.html").read_text("utf-8")


def test_a_folder_has_a_report(audited: tuple[Done, dict[str, Any], str]) -> None:
    """The line on stdout names it, and its grade."""
    done, document, page = audited
    assert done.status == 0, done.err
    assert f"grade {document['verdict']['grade']}" in done.out
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert document["figures"]["untrained"]["untold"]["exact"]["total"] == 15


def test_what_was_left_out_is_named(audited: tuple[Done, dict[str, Any], str]) -> None:
    """Fifteen labels are too few to train on 25: said in JSON and in the report."""
    _, document, page = audited
    reasons = {left["title"]: left["why"] for left in document["left_out"]}
    title = next(title for title in reasons if "25 labels" in title)
    assert "15 labelled images are left" in reasons[title]
    assert title in page


def test_a_first_answer_comes_before_all_else(audited: tuple[Done, dict[str, Any], str]) -> None:
    """What the general reader reads, told nothing."""
    done, _, _ = audited
    said = [line for line in done.errors if "told nothing" in line]
    assert said, done.err


def test_what_each_measurement_found_is_said(audited: tuple[Done, dict[str, Any], str]) -> None:
    """Behind what it is, as soon as it is made."""
    done, document, _ = audited
    images = document["figures"]["repeats"]["images"]
    assert f"images that come again: 0 of {images}" in done.errors


def test_a_grade_below_what_is_asked_is_a_failure(cli: Cli, place: Path) -> None:
    """With the status that a pipeline looks at, and nothing measured twice."""
    report = place / "graded.html"
    done = cli("audit", "captchas", "-o", report, "--fail-under", "A", *QUICK)
    assert done.status == 1
    assert done.errors[-1].startswith("captchascope: captchas: grade ")
    again = cli("audit", "captchas", "-o", report, "--fail-under", "F", *QUICK)
    assert again.status == 0, again.err
    assert not [line for line in again.errors if "told nothing" in line]


def test_findings_go_to_pipelines_too(cli: Cli, place: Path) -> None:
    """As SARIF and as JUnit."""
    files = {"--sarif": place / "a.sarif", "--junit": place / "a.xml"}
    options = [part for pair in files.items() for part in pair]
    assert cli("audit", "captchas", "-o", place / "p.html", *options, *FIRST).status == 0
    assert json.loads(files["--sarif"].read_text("utf-8"))["version"] == "2.1.0"
    assert "<testsuite" in files["--junit"].read_text("utf-8")


def brought(kind: str, folder: Path) -> Path:
    """Make a folder of what somebody brings."""
    shutil.copytree("captchas", folder)
    (folder / "labels.txt").unlink()
    table = folder / "labels.csv"
    rows = [row.split(",") for row in table.read_text("utf-8").splitlines()]
    if kind == "no labels":
        table.unlink()
    elif kind == "one class":
        table.write_text("file,label\n" + "".join(f"{row[0]},12345\n" for row in rows[1:]))
    elif kind == "all labels wrong":
        labels = [row[1] for row in rows[1:]]
        moved = zip(rows[1:], labels[1:] + labels[:1], strict=True)
        table.write_text("file,label\n" + "".join(f"{row[0]},{label}\n" for row, label in moved))
    elif kind == "unreadable files":
        for row in rows[1:]:
            (folder / row[0]).write_bytes(b"\xff\xd8\xff\xe0 nothing")
    elif kind == "one image":
        table.write_text("".join(f"{','.join(row)}\n" for row in rows[:2]))
        for row in rows[2:]:
            (folder / row[0]).unlink()
    return folder


@pytest.mark.parametrize("kind", ["no labels", "one class", "unreadable files", "one image"])
def test_whatever_is_brought_has_a_report(cli: Cli, place: Path, kind: str) -> None:
    """It says what could not be measured, and why; what is wrong with a file is said as ever."""
    document_of(cli, place, kind)


def document_of(cli: Cli, place: Path, kind: str) -> dict[str, Any]:
    """Audit what somebody brings, and return the figures, which say what was left out and why."""
    folder = brought(kind, place / "brought")
    report, figures = place / "report.html", place / "report.json"
    done = cli("audit", folder, "-o", report, "--json", figures, *QUICK)
    assert done.status == (1 if kind == "unreadable files" else 0), done.err
    document: dict[str, Any] = json.loads(figures.read_text("utf-8"))
    assert document["left_out"]
    assert all(left["why"] for left in document["left_out"])
    assert document["left_out"][0]["why"] in report.read_text("utf-8")
    return document


def test_labels_that_contradict_the_reading_are_doubted(cli: Cli, place: Path) -> None:
    """A strong grade from wrong labels would be the worst that can happen."""
    document = document_of(cli, place, "all labels wrong")
    assert "labels-doubtful" in {finding["kind"] for finding in document["findings"]}
    assert document["verdict"]["grade"] not in ("A", "B", "C")


def test_neither_a_folder_nor_a_scheme_is_wrong_usage(cli: Cli) -> None:
    """The nearest scheme is named."""
    done = cli("audit", "plane", "-o", "report.html")
    assert done.status == 2
    assert "plain" in done.err


def test_what_could_be_either_is_wrong_usage(cli: Cli, place: Path) -> None:
    """A folder that is called as a scheme is named by ./ before it."""
    shutil.copytree("captchas", "plain")
    assert cli("audit", "plain", "-o", "report.html").status == 2
    assert cli("audit", "./plain", "-o", "report.html", *FIRST).status == 0


def test_a_report_that_is_a_folder_is_refused_at_once(cli: Cli, place: Path) -> None:
    """Nothing is measured for half an hour first."""
    done = cli("audit", "captchas", "-o", place)
    assert (done.status, done.out) == (1, "")
    assert "is no file" in done.err


def test_two_outputs_of_one_name_are_wrong_usage(cli: Cli) -> None:
    """One would take the place of the other, after half an hour."""
    done = cli("audit", "captchas", "-o", "a.html", "--json", "./a.html")
    assert done.status == 2
    assert "--json" in done.err


def test_pages_that_are_not_there_are_wrong_usage(cli: Cli, place: Path) -> None:
    """That none were kept would be taken for no leak."""
    done = cli("audit", "captchas", "-o", place / "report.html", "--pages", place / "nowhere")
    assert (done.status, done.out) == (2, "")
    assert "--pages" in done.err


def test_labels_that_are_doubted_are_said(cli: Cli, place: Path) -> None:
    """As wherever labels are taken: what was guessed is a warning."""
    folder = place / "numbered"
    folder.mkdir()
    for number in range(1, 4):
        shutil.copy(f"captchas/{number}.jpeg", folder / f"000{number}_{12345 + number}.jpeg")
    done = cli("audit", folder, "-o", place / "r.html", "--labels-from", "names:1", *QUICK)
    assert any(line.startswith("warning: labels: ") for line in done.errors), done.err


def wait_for_measured(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until an audit has kept a measurement."""
    until = time.monotonic() + TIMEOUT
    while not any(folder.glob("measured-*.json")):
        assert process.poll() is None, ended(process)
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_an_audit_that_is_interrupted_reports_what_it_has(cli: Cli, place: Path) -> None:
    """The same command goes on from there."""
    options = ["-o", place / "report.html", "--json", place / "r.json"]
    process = start("audit", "captchas", *options)
    wait_for_measured(place / "report.html.run", process)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    document = json.loads((place / "r.json").read_text("utf-8"))
    assert (done.status, document["interrupted"]) == (130, True), done.err
    assert any("ended" in left["why"] for left in document["left_out"])
    before = {p: p.read_bytes() for p in (place / "report.html.run").glob("measured-*.json")}
    assert cli("audit", "captchas", *options, *FIRST).status == 0
    assert {path: path.read_bytes() for path in before} == before
    assert not json.loads((place / "r.json").read_text("utf-8"))["interrupted"]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_an_audit_that_is_killed_goes_on(cli: Cli, place: Path) -> None:
    """Whatever had ended is not measured again; no report is half written."""
    report = place / "report.html"
    process = start("audit", "captchas", "-o", report)
    wait_for_measured(place / "report.html.run", process)
    process.kill()
    ended(process)
    assert not report.exists()
    kept = {path: path.read_bytes() for path in place.glob("report.html.run/measured-*.json")}
    assert cli("audit", "captchas", "-o", report, *FIRST).status == 0
    assert {path: path.read_bytes() for path in kept} == kept
    assert report.exists()
