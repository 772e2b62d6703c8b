"""The Audit page: who may start what, how far it is, its end, and its report."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi")
pytest.importorskip("matplotlib", reason="needs the extra 'report'")
pytest.importorskip("filelock", reason="needs the extra 'report'")

from captchascope.web.app import create_app
from captchascope.web.pages.audit import REPORT_POLICY
from captchascope.web.pages.auditing import FIGURES, REPORT, Audits, AuditState
from captchascope.web.settings import Settings
from web.serving import TIMEOUT, Served, serving

FORM = {"subject": "plain", "minutes": "5"}  # all of which no machine does at once
PAGE = {"Accept": "text/html"}
PATIENCE = 300  # seconds: an audit gives way to all else on a busy machine


@pytest.fixture(scope="module")
def served(drawn: Path) -> Iterator[Served]:
    """Serve with a folder; what a test starts, it ends."""
    with serving(Settings(models=("metu",), data=drawn)) as server:
        yield server


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    """Ask as a page of the server does."""
    headers = {"Origin": served.url, **PAGE}
    with httpx.Client(base_url=served.url, headers=headers, timeout=TIMEOUT) as connection:
        yield connection


def shown(client: httpx.Client, wanted: str) -> str:
    """Return the page, once something stands on it."""
    until = time.monotonic() + PATIENCE
    while wanted not in (page := client.get("/audit").text):
        assert time.monotonic() < until, page
        time.sleep(0.05)
    return page


def test_the_form_offers_the_folder_and_the_schemes(client: httpx.Client, drawn: Path) -> None:
    """By their names: where the folder lies, no page tells; ``general`` is no one scheme."""
    page = client.get("/audit").text
    offered = re.findall('<option value="([^"]+)"', page)
    assert {"/", "metu", "lined"} < {*offered}
    assert "general" not in offered
    assert drawn.name in page
    assert str(drawn.parent) not in page


@pytest.mark.parametrize(
    "form",
    [
        {"subject": "/etc", "minutes": "5"},
        {"subject": "../captchas", "minutes": "5"},
        {"subject": "general", "minutes": "5"},
        {"subject": "--help", "minutes": "5"},
        {"subject": "metu", "minutes": "600"},
        {"subject": "metu", "minutes": "x"},
        {"subject": "metu"},
        {},
    ],
    ids=str,
)
def test_nothing_but_what_the_form_offers_can_be_started(
    client: httpx.Client, form: dict[str, str]
) -> None:
    """Above all no folder by its path."""
    assert client.post("/audit", data=form).status_code == 422
    assert "Start" in client.get("/audit").text


def test_no_page_of_another_site_starts_or_stops_an_audit(client: httpx.Client) -> None:
    """As with all that does something."""
    foreign = {"Origin": "http://evil.example"}
    for path in ("/audit", "/audit/stop"):
        assert client.post(path, data=FORM, headers=foreign).status_code == 403


def test_there_is_no_report_before_an_audit(client: httpx.Client) -> None:
    """Nor is there anything to stop."""
    for path in ("/audit/report", "/audit/report.json"):
        assert client.get(path).status_code == 404
    assert client.post("/audit/stop").status_code == 303
    assert "Start" in client.get("/audit").text


def test_an_audit_shows_how_far_it_is_and_gives_a_report_when_it_is_stopped(
    client: httpx.Client, drawn: Path
) -> None:
    """Meanwhile no other can be started, and images are read as ever."""
    assert client.post("/audit", data=FORM).headers["location"] == "/audit"
    refused = client.post("/audit", data=FORM)
    assert (refused.status_code, "already" in refused.text) == (409, True)
    refused = client.post("/audit", data=FORM, headers={"Accept": "*/*"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "an audit is running")
    assert client.get("/audit/report").status_code == 404
    read = client.post("/v1/read", files={"images": (drawn / "1.jpeg").read_bytes()})
    assert read.status_code == 200
    page = shown(client, "(1 of ")
    assert "Auditing plain" in page
    assert re.search("About [0-9]+ minutes? left", page)
    assert client.post("/audit/stop").status_code == 303
    page = shown(client, "Open the report")
    document = client.get("/audit/report.json").json()
    assert document["interrupted"]
    command = "captchascope audit plain -o report.html --time-limit 300s"
    assert document["conditions"]["command"] == command
    assert f"<dd>{document['verdict']['grade'] or 'none'}</dd>" in page
    report = client.get("/audit/report")
    assert report.headers.get_list("content-security-policy") == [REPORT_POLICY]
    assert report.headers["content-type"] == "text/html; charset=utf-8"
    assert report.text.lower().startswith("<!doctype html>")


def ended(audits: Audits) -> AuditState:
    """Return what came of an audit."""
    until = time.monotonic() + PATIENCE
    while (state := audits.state) is None or state.running:
        assert time.monotonic() < until
        time.sleep(0.02)
    return state


@pytest.fixture
def audits() -> Iterator[Audits]:
    """Audit until the test ends."""
    one = Audits()
    try:
        yield one
    finally:
        one.close()


def test_an_audit_ends_by_itself_when_its_time_is_over(audits: Audits, drawn: Path) -> None:
    """No report tells where the folder lies; the next audit removes it."""
    assert audits.start(f"./{drawn.name}", "captchas", drawn.parent, 5)
    state = ended(audits)
    assert (state.trouble, state.running) == ("", False)
    assert state.left_out
    for name in (REPORT, FIGURES):
        report = audits.report(name)
        assert report
        assert str(drawn.parent).encode() not in report
    assert audits.start("metu", "metu", None, 5)
    assert audits.report(REPORT) is None


def test_an_audit_that_cannot_be_made_says_why(audits: Audits, tmp_path: Path) -> None:
    """As the command says it."""
    assert audits.start("./gone", "gone", tmp_path, 20)
    state = ended(audits)
    assert "gone: is no folder" in state.trouble
    assert audits.report(REPORT) is None


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes in /proc")
def test_an_audit_ends_with_the_server(drawn: Path) -> None:
    """Neither its process nor its folder is left."""
    with serving(Settings(models=("metu",), data=drawn)) as server:
        headers = {"Origin": server.url, **PAGE}
        with httpx.Client(base_url=server.url, headers=headers, timeout=TIMEOUT) as client:
            assert client.post("/audit", data=FORM).status_code == 303
        tasks = Path(f"/proc/{server.process.pid}/task").glob("*/children")
        [child] = " ".join(task.read_text(encoding="ascii") for task in tasks).split()
        command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        folder = Path(command[command.index(b"-o") + 1].decode()).parent
        assert folder.is_dir()
        assert server.stop() == 0
    assert not Path(f"/proc/{child}").exists()
    assert not folder.exists()


def page_of(settings: Settings, method: str = "GET", **sent: object) -> httpx.Response:
    """Ask an app in this process for the page."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(settings))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, "/audit", **sent)  # type: ignore[arg-type]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("package", "extra"), [("matplotlib", "report"), ("filelock", "report"), ("torch", "train")]
)
def test_missing_packages_are_told_with_the_line_that_installs_them(
    package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without those of ``report`` nothing can be started; those of ``train`` are not needed."""
    monkeypatch.setitem(sys.modules, package, None)  # as find_spec sees a package that is not there
    page = page_of(Settings(models=("metu",)))
    assert f"pip install 'captchascope[{extra}]'" in page.text
    assert ("Start</button>" in page.text) == (extra == "train")
    if extra == "report":
        refused = page_of(Settings(models=("metu",)), "POST", data=FORM)
        assert (refused.status_code, extra in refused.json()["remedy"]) == (501, True)


def test_several_workers_audit_nothing() -> None:
    """None would know of another's audit; the page says how to serve with one."""
    settings = Settings(models=("metu",), workers=2)
    page = page_of(settings)
    assert "captchascope serve --workers 1" in page.text
    assert "Start</button>" not in page.text
    refused = page_of(settings, "POST", data=FORM)
    assert refused.status_code == 409


def test_what_an_audit_says_is_taken_as_it_comes() -> None:
    """A line that is no event is what went wrong, if there is no report in the end."""
    state = AuditState("metu", 300)
    measuring = (
        '{"event": "measuring", "title": "noise", "number": 2, "total": 9, "share": 0.25, '
        '"seconds_left": 60, "line": ""}'
    )
    state = state.told(measuring)
    assert (state.title, state.number, state.total, state.share) == ("noise", 2, 9, 0.25)
    assert state.seconds_left is not None
    assert 0 < state.seconds_left <= 60
    state = state.told('{"event": "found", "line": "1 of 2\\u001b[31m"}')
    state = state.told('{"event": "left_out", "title": "leaks", "line": "no time"}')
    assert state.found == ("1 of 2\\x1b[31m",)
    assert state.left_out == (("leaks", "no time"),)
    for line in ("Killed", "", "7", '{"event": "measured"}'):
        state = state.told(line)
    assert state.trouble == "Killed"
