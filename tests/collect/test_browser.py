"""The click bot in a real Chromium, without a window."""

from __future__ import annotations

import csv
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

pytest.importorskip("playwright")

from captchascope.collect.address import CollectError, RefusedError
from captchascope.collect.browser import VARIABLE, BrowserSource, executable
from captchascope.collect.fetch import Fetcher
from captchascope.collect.kept import COLLECTED, Collection
from captchascope.collect.run import CollectRequest, Counts, collect_images
from captchascope.image import load_rgb
from collect.sites import Answer, Answering, images, png, serve
from practice.site import practice_site


def _missing() -> str:
    try:
        executable()
    except CollectError as error:
        return str(error)
    return ""


needs_chromium = pytest.mark.skipif(bool(_missing()), reason=_missing())


def rows(folder: Path, number: int) -> list[dict[str, str]]:
    """Return the table, having checked that it has so many different images."""
    with (folder / COLLECTED).open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert len({row["sha256"] for row in found}) == number
    for row in found:
        load_rgb(folder / row["file"])
    return found


HTML = {"Content-Type": "text/html"}


def pages(**answers: bytes) -> Answering:
    """Return what gives pages by name, another image at any other path, and no robots.txt."""
    other = images()

    def answer(path: str) -> Answer:
        page = answers.get(path.lstrip("/").partition("?")[0])
        return other(path) if page is None else Answer(page, headers=HTML)

    return answer


@needs_chromium
def test_twenty_images_of_a_page_that_needs_javascript(tmp_path: Path) -> None:
    """Refreshed by clicks; what is stored is what the site sent."""
    log = tmp_path / "log"
    with practice_site("--seed", 3, "--javascript", log=log) as url:
        request = CollectRequest(url, tmp_path / "made", 20, "#captcha", True, "#refresh")
        assert collect_images(request) == Counts(new=20)
    found = rows(request.folder, 20)
    assert {(row["status"], Path(row["file"]).suffix) for row in found} == {("200", ".jpeg")}
    asked = [line.split()[:2] for line in log.read_text().splitlines() if line.startswith("GET ")]
    assert len(asked) == len(log.read_text().splitlines())
    assert sum(path.startswith("/captcha.jpeg") for _, path in asked) == 20


@needs_chromium
def test_a_page_that_is_loaded_anew(tmp_path: Path) -> None:
    """Where there is nothing to click."""
    with practice_site("--seed", 3) as url:
        assert collect_images(CollectRequest(url, tmp_path, 3, "#captcha", browser=True)) == Counts(
            new=3
        )
    rows(tmp_path, 3)


CANVAS = b"""<canvas id=c width=60 height=20></canvas><script>
const pen = document.getElementById('c').getContext('2d');
for (let x = 0; x < 60; x += 4) {
    pen.fillStyle = `hsl(${Math.random() * 360} 80% 50%)`;
    pen.fillRect(x, 0, 4, 20);
}
</script>"""


@needs_chromium
def test_a_drawing_is_taken_as_a_screenshot(tmp_path: Path) -> None:
    """There are no bytes that came over the network."""
    with serve(pages(page=CANVAS)) as site:
        collect_images(CollectRequest(f"{site.root}/page", tmp_path, 2, "#c", browser=True))
    assert {row["status"] for row in rows(tmp_path, 2)} == {"screenshot"}


MADE = b"""<img id=c><script>
const image = document.getElementById('c');
fetch('/image?' + Math.random()).then(answer => answer.blob()).then(blob => {
    if (location.search === '?blob') image.src = URL.createObjectURL(blob);
    const reader = new FileReader();
    reader.onload = () => { if (location.search === '?data') image.src = reader.result; };
    reader.readAsDataURL(blob);
});
</script>"""


@needs_chromium
@pytest.mark.parametrize("way", ["blob", "data"])
def test_images_that_a_script_made(tmp_path: Path, way: str) -> None:
    """Their bytes are in the page alone."""
    with serve(pages(page=MADE)) as site:
        collect_images(CollectRequest(f"{site.root}/page?{way}", tmp_path, 1, "#c", browser=True))
    (row,) = rows(tmp_path, 1)
    assert row["status"] == "in page"
    assert (tmp_path / row["file"]).read_bytes() == png(1)


@needs_chromium
def test_the_browser_has_the_same_manners(tmp_path: Path) -> None:
    """It obeys robots.txt, keeps to the site, sends no form, and names the tool."""
    with serve(images()) as other:
        page = f"""<img id=c src=/image><img src={other.root}/elsewhere><img src=/no/image>
            <form action=/sent><button id=b>Send</button></form>
            <script>fetch('/posted', {{method: 'POST', body: 'x'}});
            new WebSocket('{other.root}/socket'.replace('http', 'ws'));
            document.forms[0].requestSubmit(); document.forms[0].submit();</script>"""
        site_pages = pages(page=page.encode())

        def answer(path: str) -> Answer:
            rules = b"User-agent: captchascope\nDisallow: /no"
            return Answer(rules) if path == "/robots.txt" else site_pages(path)

        with serve(answer) as site:
            url = f"{site.root}/page"
            collect_images(CollectRequest(url, tmp_path, 1, "#c", browser=True))
        assert not other.asked
    assert set(site.asked) - {"/favicon.ico"} == {"/robots.txt", "/page", "/image"}
    assert all(asked["User-Agent"].startswith("captchascope/") for asked in site.headers)


CALLING = b"""<img id=c><script>
const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
socket.onclose = () => { document.getElementById('c').src = '/image'; };
</script>"""


@needs_chromium
def test_a_page_hears_that_its_socket_is_closed(tmp_path: Path) -> None:
    """And goes on without one, as many pages can."""
    with serve(pages(page=CALLING)) as site:
        collect_images(CollectRequest(f"{site.root}/page", tmp_path, 1, "#c", browser=True))
    assert rows(tmp_path, 1)[0]["status"] == "200"
    assert set(site.asked) - {"/favicon.ico"} == {"/robots.txt", "/page", "/image"}


@needs_chromium
def test_a_redirect_to_another_site_ends_it(tmp_path: Path) -> None:
    """Before the browser hears of it."""
    with serve(images()) as other:

        def answer(path: str) -> Answer:
            return Answer(status=302, headers={"Location": other.root})

        with serve(answer) as site, pytest.raises(CollectError, match="another site"):
            collect_images(CollectRequest(f"{site.root}/page", tmp_path, 1, "#c", browser=True))
        assert not other.asked


@contextmanager
def browsing(
    answer: Answering, page: str, refresh: str | None = None, selector: str = "#c"
) -> Iterator[BrowserSource]:
    """Give a page in a browser that waits for a moment only."""
    with serve(answer) as site:
        url = httpx.URL(f"{site.root}/{page}")
        with (
            closing(Fetcher(url)) as fetcher,
            closing(BrowserSource(fetcher, url, selector, refresh, patience=0.3)) as source,
        ):
            yield source


SAME = b"<img id=c src='data:image/png;base64,%s'><button id=b>Another</button>" % b64encode(png(1))


@needs_chromium
def test_a_click_that_changes_nothing_is_a_failure() -> None:
    """Not another image; as it takes long, few of them end a collection."""
    with browsing(pages(page=SAME), "page", "#b") as source:
        assert source.next().data == png(1)
        with pytest.raises(RefusedError, match="shows the same image after") as refused:
            source.next()
    assert refused.value.weight > 1


@needs_chromium
def test_what_the_page_does_not_have_is_named() -> None:
    """Whether it is to be clicked at or to be collected."""
    given = iter([SAME, b"<p>Nothing more</p>"])

    def answer(path: str) -> Answer:
        return Answer(next(given), headers=HTML) if path == "/page" else Answer(status=404)

    with browsing(answer, "page", "#none") as source:
        assert source.next().data == png(1)
        with pytest.raises(RefusedError, match="/page: has nothing to click at #none"):
            source.next()
        with pytest.raises(RefusedError, match="/page: has nothing that matches #c"):
            source.next()


@needs_chromium
def test_what_cannot_be_clicked_at_is_a_failure() -> None:
    """The page is loaded anew then, which may mend it."""
    hidden = pages(page=SAME + b"<button id=hidden hidden>Another</button>")
    with browsing(hidden, "page", "#hidden") as source:
        for _ in range(2):
            assert source.next().data == png(1)
            with pytest.raises(RefusedError, match=r"went wrong in the browser: .*Timeout"):
                source.next()


@needs_chromium
def test_an_image_that_does_not_come_is_a_failure() -> None:
    """It says what the site gave for it, whatever the browser shows in its place."""
    links = ["/no/image", "/circle", "/gone"]
    given = (Answer(f"<img id=c src={link}>".encode(), headers=HTML) for link in links)
    answers = {
        "/robots.txt": Answer(b"User-agent: *\nDisallow: /no"),
        "/circle": Answer(status=302, headers={"Location": "/circle"}),
    }

    def answer(path: str) -> Answer:
        return next(given) if path == "/page" else answers.get(path, Answer(status=404))

    with browsing(answer, "page") as source:
        for why in (
            "/no/image: was not loaded by the browser",
            "/circle: redirects more than 5 times",
            "/gone: answered with status 404",
        ):
            with pytest.raises(RefusedError, match=why):
                source.next()


@needs_chromium
def test_a_page_may_lead_to_another_of_its_site(tmp_path: Path) -> None:
    """By a script and a redirect; links are then the other page's, and so are its cookies."""
    moved = {
        "/page": Answer(b"<script>location = '/old'</script>", headers=HTML),
        "/old": Answer(status=302, headers={"Location": "/new/page", "Set-Cookie": "a=b; Path=/"}),
        "/new/page": Answer(b"<img id=c src=image>", headers=HTML),
        "/new/image": Answer(png(1)),
    }
    with serve(lambda path: moved.get(path, Answer(status=404))) as site:
        collect_images(CollectRequest(f"{site.root}/page", tmp_path, 1, "#c", browser=True))
    assert rows(tmp_path, 1)[0]["url"] == f"{site.root}/new/image"
    sent = dict(zip(site.asked, site.headers, strict=True))
    assert sent["/new/image"]["Cookie"] == "a=b"


@needs_chromium
def test_a_script_that_leads_to_another_site_ends_it(tmp_path: Path) -> None:
    """Through a redirect, which only the answer shows; nothing is asked there."""
    with serve(images()) as other:
        away = {
            "/page": Answer(b"<script>location = '/out'</script>", headers=HTML),
            "/out": Answer(status=302, headers={"Location": f"{other.root}/page"}),
        }
        with (
            serve(lambda path: away.get(path, Answer(status=404))) as site,
            pytest.raises(CollectError, match="redirects to another site") as error,
        ):
            collect_images(CollectRequest(f"{site.root}/page", tmp_path, 1, "#c", browser=True))
        assert not isinstance(error.value, RefusedError)
        assert not other.asked


@pytest.mark.parametrize("variable", ["", "no-such-browser"])
def test_without_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """The line says what to install; nothing is downloaded."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(VARIABLE, variable)
    with pytest.raises(CollectError, match=r"--browser: finds no .*install chromium"):
        executable()


def test_a_browser_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one line as well."""
    fake = tmp_path / "chromium"
    fake.write_text("#!/bin/sh\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(fake))
    with serve(images()) as site, pytest.raises(CollectError, match="does not start"):
        collect_images(CollectRequest(site.root, tmp_path / "made", 1, "img", browser=True))
    assert not site.asked


@needs_chromium
def test_pages_as_the_browser_has_them(tmp_path: Path) -> None:
    """What was sent, with its headers, and what a script has made of it, for each click again."""
    pytest.importorskip("filelock")
    with practice_site("--javascript", "--faults", "leak-header=100%") as url:
        request = CollectRequest(url, tmp_path, 2, "#captcha", True, "#refresh", keep_pages=True)
        assert collect_images(request).new == 2
    collection = Collection.at(tmp_path)
    assert collection is not None
    first, second = (collection.page(row["sha256"]) for row in rows(tmp_path, 2))
    assert first is not None
    assert second is not None
    assert [one.what for one in first.exchanges][:3] == ["page", "image", "rendered"]
    # The page's icon is loaded when Chromium likes, on a busy machine after the first image.
    others = [one for one in second.exchanges if not one.url.endswith("/icon.svg")]
    assert [one.what for one in others] == ["image", "rendered"]
    assert b"<img" not in first.exchanges[0].data
    assert b"<img" in first.exchanges[2].data
    for page in (first, second):
        image = next(one for one in page.exchanges if one.what == "image")
        assert "x-captcha-text" in {header.name.lower() for header in image.headers}
        assert image.body is None
