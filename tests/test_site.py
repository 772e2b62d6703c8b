"""The site of the documents: built without a warning, its links followed, seen in Chromium."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("furo", reason="needs the extra 'docs'")
pytest.importorskip("axe_playwright_python", reason="needs the group 'dev'")
pytest.importorskip("selectolax", reason="needs the extra 'collect'")

from playwright.sync_api import Browser
from selectolax.lexbor import LexborHTMLParser

from captchascope.cli.app import COMMANDS
from shown import ROOT
from web.browsing import faults, opened

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
OURS = ("127.0.0.1", "localhost")
LEAST = 20  # pages

LOADING = {"img": "src", "script": "src", "link[rel=stylesheet]": "href", "iframe": "src"}
"""What a browser fetches of itself, and the attribute that says from where."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does; a warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


def build(folder: Path) -> None:
    """Build the site, or what has changed of it."""
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", ROOT / "docs", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def pages(site: Path) -> list[Path]:
    """Return every page of the site."""
    found = sorted(path for path in site.rglob("*.html") if "_downloads" not in path.parts)
    assert len(found) >= LEAST
    return found


@cache
def tree(page: Path) -> LexborHTMLParser:
    """Return the parsed page."""
    return LexborHTMLParser(page.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> set[str]:
    """Return the names in a page that a link may lead to."""
    return {"", *(node.attributes["id"] or "" for node in tree(page).css("[id]"))}


def test_a_page_that_is_not_built_again_stays_as_it_is(site: Path) -> None:
    """Though all pages are gone over once more: nothing is written into them twice."""
    page = site / "reference" / "http.html"
    before = page.read_bytes()
    assert b'role="heading" aria-level="2"' in before
    build(site)
    assert page.read_bytes() == before


def test_every_link_leads_somewhere(pages: list[Path]) -> None:
    """To a file of the site, and to an anchor that is there; those that leave it use HTTPS."""
    offenders, looked = [], 0
    for page in pages:
        for node in tree(page).css("a[href]"):
            link = urlsplit(node.attributes["href"] or "")
            looked += 1
            if link.scheme or link.netloc:
                if link.scheme != "https" and link.hostname not in OURS:
                    offenders.append(f"{page.name}: {link.geturl()}")
                continue
            there = (page.parent / unquote(link.path)) if link.path else page
            good = there.is_file()
            if good and there.suffix == ".html" and "_downloads" not in there.parts:
                good = unquote(link.fragment) in anchors(there.resolve())
            if not good:
                offenders.append(f"{page.name}: {link.geturl()}")
    assert offenders == []
    assert looked > 20 * len(pages)


def test_a_page_asks_nothing_of_another_machine(pages: list[Path]) -> None:
    """No typeface, script or picture comes from elsewhere: the site is read offline."""
    offenders = [
        f"{page.name}: {source}"
        for page in pages
        for selector, attribute in LOADING.items()
        for node in tree(page).css(selector)
        if "//" in (source := node.attributes.get(attribute) or "")
    ]
    assert offenders == []


def test_every_page_is_html_that_its_parser_finds_no_fault_with(pages: list[Path]) -> None:
    """By the rules of the WHATWG; the Nu checker, which takes Java, is `make pages`."""
    parsing = pytest.importorskip("tinyhtml5.parser", reason="needs the group 'dev'")
    offenders = []
    for page in pages:
        parser = parsing.HTMLParser(namespace_html_elements=False)
        parser.parse(page.read_text(encoding="utf-8"))
        offenders += [f"{page.name}: {error}" for error in parser.errors]
    assert offenders == []


def test_the_command_line_is_there_whole(site: Path) -> None:
    """With a section for each command."""
    page = site / "reference" / "command-line.html"
    assert anchors(page) >= {f"captchascope-{name}" for name in COMMANDS}


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the site to this machine, as its scripts may not load what a file names."""
    handler = partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    """Says nothing of each request."""

    def log_message(self, *_: object) -> None:
        """Keep it to itself."""


@pytest.fixture(scope="module")
def urls(site: Path, pages: list[Path], address: str) -> list[str]:
    """Return where every page is served."""
    return [address + page.relative_to(site).as_posix() for page in pages]


def test_a_page_never_moves_sideways_on_a_phone(urls: list[str], browser: Browser) -> None:
    """Tables and lines of output do, by themselves."""
    offenders = []
    with opened(browser, viewport=PHONE) as tab:
        for url in urls:
            tab.goto(url)
            width = tab.evaluate("document.documentElement.scrollWidth")
            if width > PHONE["width"]:
                offenders.append(f"{url}: {width}")
    assert offenders == []


def test_axe_finds_nothing_serious_on_any_page(urls: list[str], browser: Browser) -> None:
    """On a desk, in light and in dark."""
    offenders = []
    with opened(browser, viewport=DESK) as tab:
        for url in urls:
            tab.goto(url)
            offenders += [(url, fault) for fault in faults(tab)]
    assert offenders == []


@pytest.mark.parametrize("page", ["index", "start", "audit", "search"])
def test_axe_finds_nothing_serious_on_a_phone(page: str, address: str, browser: Browser) -> None:
    """Where the menu is folded away, in light and in dark."""
    with opened(browser, viewport=PHONE) as tab:
        tab.goto(f"{address}{page}.html")
        assert faults(tab) == []
