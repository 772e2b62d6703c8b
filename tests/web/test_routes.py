"""What every route answers to every method, and how it says no."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Request, Response

from captchascope.web.app import create_app
from captchascope.web.guard import HEADERS
from captchascope.web.settings import LabelSettings, Settings
from captchascope.web.templates import hash_of
from web.serving import TIMEOUT, serving

PROBLEM = "application/problem+json"
TOKEN = "correct-horse-battery"
METHODS = "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"
NOWHERE = (
    "/nowhere",
    "/static/",
    "/static",
    "/static/none.js",
    "/static/..%2fapp.py",
    "/static/%2e%2e/app.py",
    "/static/%00",
    "/static/" + "x" * 300,
    "/results/none",
    "/label/image/99",
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Settings:
    """Label a folder, measure on another, and want a token: all routes that there are."""
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "1.jpeg").write_bytes((drawn / "1.jpeg").read_bytes())
    label = LabelSettings(folder, "metu", retrain=None)
    return Settings(models=("metu",), token=TOKEN, label=label, data=drawn, echo=True)


@pytest.fixture(scope="module")
def site(settings: Settings) -> Iterator[httpx.Client]:
    """Ask as a program with the token does."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        serving(settings) as served,
        httpx.Client(base_url=served.url, headers=headers, timeout=TIMEOUT) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def routes(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Find all paths of such an app, with the methods that their routes name."""
    assert settings.label is not None
    label = replace(settings.label, folder=tmp_path_factory.mktemp("another"))
    shutil.copytree(settings.label.folder, label.folder, dirs_exist_ok=True)
    app = create_app(replace(settings, label=label))
    found: dict[str, set[str]] = {}

    def look(routes: list[Any]) -> None:
        for route in routes:
            if hasattr(route, "methods"):
                name = "icon.svg" if route.path.startswith("/static") else "metu"
                path = route.path.format(name=name, image=1)
                found.setdefault(path, set()).update(route.methods)
            else:
                look(route.original_router.routes)

    async def begin_and_end() -> None:
        async with app.router.lifespan_context(app):
            look(app.routes)

    asyncio.run(begin_and_end())
    assert len(found) >= 19
    return found


def test_every_route_answers_to_its_methods_and_says_no_to_others(
    site: httpx.Client, routes: dict[str, set[str]]
) -> None:
    """HEAD goes where GET does, 405 says what goes, and whatever goes wrong is a problem."""
    for path, methods in routes.items():
        wanted = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        for method in METHODS:
            answer = site.request(method, path)
            told = method, path, answer.status_code
            assert (answer.status_code == 405) == (method not in wanted), told
            if answer.status_code == 405 or method == "OPTIONS":
                assert set(answer.headers["allow"].split(", ")) == wanted, told
            if method == "OPTIONS":
                assert (answer.status_code, answer.content) == (204, b"")
            says_no(answer, method)
    counted = set(re.findall('path="([^"]+)"', site.get("/metrics").text))
    for path in routes.keys() - {"/v1/echo"}:
        assert counted & {path, "/" + path.split("/")[1]}, path


def says_no(answer: httpx.Response, method: str) -> None:
    """Check that an answer is a problem, if it is none of success; and none of our faults."""
    assert answer.status_code != 500, f"{method} {answer.url.path}"
    dressed(answer, method)


def dressed(answer: httpx.Response, method: str) -> None:
    """Check that an answer has the headers, and is a problem if it is none of success."""
    told = f"{method} {answer.url.path} {answer.status_code} {answer.text[:100]}"
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == PROBLEM, told
        if method != "HEAD":
            assert answer.json()["status"] == answer.status_code
            assert answer.json()["detail"]


def test_head_has_the_headers_of_get_and_no_body(
    site: httpx.Client, routes: dict[str, set[str]]
) -> None:
    """On pages, files, the API, redirections and errors."""
    growing = "/metrics", "/results/metu"  # from one asking to the next
    asked = [path for path, methods in routes.items() if "GET" in methods]
    pages = [*asked, *NOWHERE, "/label/history?session=12345678"]
    for path in pages:
        for headers in ({}, {"Accept": "text/html"}):
            get, head = site.get(path, headers=headers), site.head(path, headers=headers)
            assert (head.status_code, head.content) == (get.status_code, b""), path
            for each in (get, head):
                each.headers.pop("date", None)
                if path in growing:
                    del each.headers["content-length"]
            assert head.headers == get.headers


@pytest.mark.parametrize("path", NOWHERE)
def test_what_is_not_there_is_a_problem(site: httpx.Client, path: str) -> None:
    """Also where a file is asked for; nothing but the files of the app can be."""
    answer = site.get(path)
    assert answer.status_code == 404
    says_no(answer, "GET")


@pytest.mark.parametrize("asked", ["bytes=0-5", "bytes=999999-", "bytes=5-1", "nonsense"])
def test_a_part_of_a_file_cannot_be_asked_for(site: httpx.Client, asked: str) -> None:
    """They are small: whatever the Range, all of it comes, which RFC 9110 allows."""
    whole = site.get("/static/style.css")
    part = site.get("/static/style.css", headers={"Range": asked})
    assert (part.status_code, part.content) == (200, whole.content)


@pytest.mark.parametrize(
    ("seen", "status"),
    [("*", 304), ('"a", W/"{}" , "b"', 304), ('"{}"', 304), ("{}", 200), ('"other"', 200)],
)
def test_a_file_that_a_client_has_is_not_sent_again(
    site: httpx.Client, seen: str, status: int
) -> None:
    """By any of the tags that it knows, however it writes them."""
    headers = {"If-None-Match": seen.format(hash_of("style.css"))}
    answer = site.get("/static/style.css", headers=headers)
    assert (answer.status_code, not answer.content) == (status, status == 304)
    assert answer.headers["etag"] == f'"{hash_of("style.css")}"'


@pytest.mark.parametrize("path", ["/read", "/see", "/login"])
def test_a_form_that_goes_wrong_is_a_page_to_a_browser_alone(site: httpx.Client, path: str) -> None:
    """What htmx asks for is part of a page; to a program it is a problem."""
    sent = (
        {"files": {"token": ("", b"wrong")}} if path != "/login" else {"data": {"token": "wrong"}}
    )
    for headers in ({"Accept": "text/html"}, {"HX-Request": "true"}):
        page = site.post(path, headers=headers, **sent)
        assert page.status_code in (401, 422)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
    answer = site.post(path, **sent)
    assert answer.status_code == page.status_code
    says_no(answer, "POST")


def test_what_should_not_be_raised_is_a_problem_like_any_other(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Dressed, logged on one line with its path, and counted; nothing of it is told outside."""
    app = create_app(Settings(models=("metu",), access_log=True))

    async def broken(request: Request) -> Response:
        raise LookupError("private")

    app.add_route("/broken/{path}", broken)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/broken/a%0ab")

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    dressed(answer, "GET")
    assert "private" not in answer.text
    assert [record.message for record in caplog.records] == [r"GET /broken/a\nb"]
    (line,) = capsys.readouterr().err.splitlines()
    assert f'"GET /broken/a%0ab HTTP/1.1" 500 {len(answer.content)} ' in line


def test_a_method_that_nobody_knows_is_no_http(site: httpx.Client) -> None:
    """Its answer is a problem, too, with the headers that every response has."""
    with socket.create_connection((site.base_url.host, site.base_url.port or 80)) as connection:
        connection.settimeout(TIMEOUT)
        connection.sendall(b"BREW / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        said = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    assert lines[0] == "HTTP/1.1 400 Bad Request"
    assert {"connection: close", f"content-length: {len(body)}"} < {*lines}
    headers = dict(line.split(": ", 1) for line in lines[1:])
    asked = site.build_request("BREW", "/")
    dressed(httpx.Response(400, headers=headers, content=body, request=asked), "BREW")
