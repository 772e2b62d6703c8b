"""The click bot in a real Chromium, without a window."""

from __future__ import annotations

import csv
from base64 import b64encode
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from captchascope.collect.address import CollectError
from captchascope.collect.browser import VARIABLE, executable
from captchascope.collect.run import CollectRequest, Counts, collect_images
from captchascope.collect.store import COLLECTED
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


def pages(**answers: bytes) -> Answering:
    """Return what gives pages by name, another image at any other path, and no robots.txt."""
    other = images()

    def answer(path: str) -> Answer:
        page = answers.get(path.lstrip("/").partition("?")[0])
        return other(path) if page is None else Answer(page, headers={"Content-Type": "text/html"})

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


@needs_chromium
def test_a_redirect_to_another_site_ends_it(tmp_path: Path) -> None:
    """Before the browser hears of it."""
    with serve(images()) as other:

        def answer(path: str) -> Answer:
            return Answer(status=302, headers={"Location": other.root})

        with serve(answer) as site, pytest.raises(CollectError, match="another site"):
            collect_images(CollectRequest(f"{site.root}/page", tmp_path, 1, "#c", browser=True))
        assert not other.asked


SAME = b"""<img id=c src='data:image/png;base64,%s'><button id=b>Another</button>"""


@needs_chromium
def test_a_click_that_changes_nothing_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not another image."""
    monkeypatch.setattr("captchascope.collect.browser.PATIENCE", 0.3)
    same = pages(page=SAME % b64encode(png(1)))
    with serve(same) as site, pytest.raises(CollectError, match="shows the same image after"):
        collect_images(CollectRequest(f"{site.root}/page", tmp_path, 2, "#c", True, "#b"))
    rows(tmp_path, 1)


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
