"""The click bot as a whole, over real HTTP."""

from __future__ import annotations

import base64
import csv
import json
import multiprocessing
import os
import random
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from captchascope.audit.leaks.search import measure_leaks
from captchascope.audit.setting import Setting
from captchascope.audit.subject import folder_subject
from captchascope.collect.address import CollectError
from captchascope.collect.client import FetchLimits
from captchascope.collect.kept import COLLECTED, PAGES, Collection, KeptPage
from captchascope.collect.run import CollectRequest, Counts, collect_images
from captchascope.errors import UsageError
from captchascope.evaluate import Rate
from captchascope.image import load_gray
from collect.sites import Answer, images, png, serve
from practice.site import practice_site

KILLS = 20
TIMEOUT = 120.0  # seconds


def agreed(folder: Path, number: int) -> list[dict[str, str]]:
    """Return the table, having checked that it and the folder hold 1 to ``number``, all whole."""
    with (folder / COLLECTED).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["file"].split(".")[0]) for row in rows] == list(range(1, number + 1))
    assert {row["file"] for row in rows} == {path.name for path in folder.glob("[0-9]*")}
    assert len({row["sha256"] for row in rows}) == number
    for row in rows:
        load_gray(folder / row["file"])
    assert not (folder / ".collecting.part").exists()
    return rows


def test_images_of_the_practice_site(tmp_path: Path) -> None:
    """The site runs in a process of its own."""
    with practice_site("--seed", 3) as url:
        counts = collect_images(CollectRequest(f"{url}captcha.jpeg", tmp_path, 60))
    assert counts == Counts(new=60)
    rows = agreed(tmp_path, 60)
    assert {row["url"] for row in rows} == {f"{url}captcha.jpeg"}
    assert {(row["status"], row["authorised"]) for row in rows} == {("200", "")}
    assert {Path(row["file"]).suffix for row in rows} == {".jpeg"}


def test_images_in_answers_of_json(tmp_path: Path) -> None:
    """What is stored is the image, not its text; a text alone is taken apart as well."""
    numbers = count(1)

    def answer(path: str) -> Answer:
        text = base64.b64encode(png(next(numbers))).decode()
        if path == "/text":
            return Answer(text.encode())
        body = json.dumps({"code": 200, "data": {"img": f"data:image/png;base64,{text}"}})
        return Answer(status=404) if path == "/robots.txt" else Answer(body.encode())

    with serve(answer) as site:
        request = CollectRequest(f"{site.root}/api", tmp_path, 3, json_field="data.img")
        assert collect_images(request) == Counts(new=3)
        assert collect_images(CollectRequest(f"{site.root}/text", tmp_path, 5)).new == 2
    rows = agreed(tmp_path, 5)
    assert [row["status"] for row in rows] == ["in page"] * 3 + ["200"] * 2
    for row in rows:
        assert (tmp_path / row["file"]).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("further", "what"),
    [({"selector": "img"}, "contradicts --selector"), ({"json_field": "a..b"}, "is no path")],
)
def test_a_field_of_json_that_makes_no_sense(
    tmp_path: Path, further: dict[str, str], what: str
) -> None:
    """Nothing is asked then."""
    request = CollectRequest("http://127.0.0.1:9/", tmp_path, 1, **{"json_field": "a", **further})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"json_field: {what}"):
        collect_images(request)


def test_images_of_a_page(tmp_path: Path) -> None:
    """Each with the page that it belongs to."""
    with practice_site("--seed", 3) as url:
        assert collect_images(CollectRequest(url, tmp_path, 10, "img#captcha")) == Counts(new=10)
    agreed(tmp_path, 10)


FAULTS = "503=10%,truncated=5%,html=5%,429=5%"


def test_nothing_bad_is_stored(tmp_path: Path) -> None:
    """All images arrive, though a quarter of the answers is bad in one way or another."""
    with practice_site("--seed", 3, "--faults", FAULTS, "--retry-after", 0) as url:
        counts = collect_images(CollectRequest(f"{url}captcha.jpeg", tmp_path, 100))
    assert (counts.new, counts.already, counts.repeats) == (100, 0, 0)
    assert counts.retries > 6
    assert counts.refused > 3
    agreed(tmp_path, 100)


@pytest.mark.skipif(os.name != "posix", reason="needs a kill that cannot be caught")
def test_a_collection_survives_twenty_kills(tmp_path: Path) -> None:
    """At random moments; in the end all is there, pages too, and nothing is half written."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["captchascope.collect.run", "numpy", "cv2"])
    chance = random.Random(4)
    killed = 0
    with serve(images()) as site:
        request = CollectRequest(f"{site.root}/captcha", tmp_path / "made", 300, keep_pages=True)
        while killed < KILLS:
            process = context.Process(target=collect_images, args=(request,))
            stored = size(request.folder)
            process.start()
            wait_for(request.folder, stored + chance.randrange(15) * 150)
            time.sleep(chance.random() * 0.01)
            process.kill()
            process.join()
            killed += process.exitcode == -9
            assert process.exitcode == -9, "the collection was over before its kills"
        counts = collect_images(request)
    assert 0 < counts.already < 300
    assert len(pages_of(request.folder)) == 300
    assert len(list((request.folder / PAGES).iterdir())) == 300


def size(folder: Path) -> int:
    """Return the bytes of the table, 0 where there is none."""
    table = folder / COLLECTED
    return table.stat().st_size if table.exists() else 0


def wait_for(folder: Path, least: int) -> None:
    """Wait until the table has so many bytes."""
    until = time.monotonic() + TIMEOUT
    while size(folder) < least:
        assert time.monotonic() < until
        time.sleep(0.001)


def test_repeats_are_skipped(tmp_path: Path) -> None:
    """And counted."""
    shown = iter([1, 1, 2, 1, 2, 3, 4])
    with serve(lambda path: Answer(png(next(shown)) if path == "/x" else b"")) as site:
        counts = collect_images(CollectRequest(f"{site.root}/x", tmp_path, 4))
    assert counts == Counts(new=4, repeats=3)
    agreed(tmp_path, 4)


def test_fifty_repeats_in_a_row_end_it(tmp_path: Path) -> None:
    """What is stored stays, and the same command would go on."""
    counts = Counts()
    with (
        serve(lambda path: Answer(png(1) if path == "/x" else b"")) as site,
        pytest.raises(CollectError, match="/x: gave 50 images in a row that are stored already"),
    ):
        collect_images(CollectRequest(f"{site.root}/x", tmp_path, 4), counts)
    assert counts == Counts(new=1, repeats=50)
    agreed(tmp_path, 1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(b"<!doctype html><p>Log in"), "at last it is an HTML page"),
        (Answer(png(1)[:500]), "at last it is truncated"),
        (Answer(b""), "at last it is empty"),
        (Answer(b"<p>gone", 404), "at last it answered with status 404"),
    ],
)
def test_twenty_failures_in_a_row_end_it(tmp_path: Path, answer: Answer, reason: str) -> None:
    """With the last reason."""
    counts = Counts()
    none = Answer(status=404)
    with (
        serve(lambda path: answer if path == "/x" else none) as site,
        pytest.raises(CollectError, match=reason),
    ):
        collect_images(CollectRequest(f"{site.root}/x", tmp_path, 4), counts)
    assert counts == Counts(refused=20)
    agreed(tmp_path, 0)


def test_failures_between_images_do_not_end_it(tmp_path: Path) -> None:
    """Only those in a row count."""
    numbers = count()

    def answer(path: str) -> Answer:
        number = next(numbers)
        return Answer(png(number) if number % 10 == 0 else b"no image")

    with serve(answer) as site:
        counts = collect_images(CollectRequest(f"{site.root}/x", tmp_path, 4))
    assert (counts.new, counts.refused) == (4, 36)


def test_a_drip_ends_it(tmp_path: Path) -> None:
    """After three answers that took too long, not after twenty."""
    limits = FetchLimits(seconds=0.2)
    drip = Answer(endless=b"x", pause=0.02)
    none = Answer(status=404)
    with (
        serve(lambda path: drip if path == "/x" else none) as site,
        pytest.raises(CollectError, match=r"at last it took longer than 0\.2 s"),
    ):
        collect_images(CollectRequest(f"{site.root}/x", tmp_path, 4, limits=limits))
    assert site.asked == ["/robots.txt", "/x", "/x", "/x"]


def test_robots_txt_that_forbids_ends_it(tmp_path: Path) -> None:
    """Nothing else is fetched, be it an image or a page."""
    log = tmp_path / "log"
    with practice_site("--robots", "disallow", log=log) as url:
        for request in (
            CollectRequest(f"{url}captcha.jpeg", tmp_path / "made", 4),
            CollectRequest(url, tmp_path / "made", 4, "img"),
        ):
            with pytest.raises(CollectError, match="forbidden"):
                collect_images(request)
    assert {line.split()[1] for line in log.read_text().splitlines()} == {"/robots.txt"}


def test_the_suffix_is_by_content(tmp_path: Path) -> None:
    """Whatever the URL or the server says."""
    pixels = np.random.default_rng(1).integers(0, 256, (20, 60), np.uint8)
    suffixes = ["jpg", "png", "bmp", "webp", "tiff"]
    encoded = iter([bytes(cv2.imencode(f".{suffix}", pixels)[1]) for suffix in suffixes])

    def answer(path: str) -> Answer:
        if path == "/robots.txt":
            return Answer(status=404)
        return Answer(next(encoded), headers={"Content-Type": "image/gif"})

    with serve(answer) as site:
        collect_images(CollectRequest(f"{site.root}/x.gif", tmp_path, 5))
    assert sorted(path.name for path in tmp_path.glob("[0-9]*")) == [
        *("1.jpeg", "2.png", "3.bmp", "4.webp", "5.tiff"),
    ]


def test_images_within_the_page(tmp_path: Path) -> None:
    """The page is where they came from."""
    from base64 import b64encode

    numbers = count(1)

    def answer(path: str) -> Answer:
        data = b64encode(png(next(numbers)))
        return Answer(b"<img src='data:image/png;base64," + data + b"'>")

    with serve(answer) as site:
        collect_images(CollectRequest(f"{site.root}/page", tmp_path, 3, "img"))
    rows = agreed(tmp_path, 3)
    assert {(row["url"], row["status"]) for row in rows} == {(f"{site.root}/page", "in page")}


def test_a_complete_collection_asks_for_nothing(tmp_path: Path) -> None:
    """Not even for robots.txt."""
    with serve(images()) as site:
        request = CollectRequest(f"{site.root}/x", tmp_path, 3)
        collect_images(request)
        asked = len(site.asked)
        assert collect_images(replace(request, count=2)) == Counts(already=3)
        assert len(site.asked) == asked


def test_progress_is_told_after_each_attempt(tmp_path: Path) -> None:
    """With the counts as they are."""
    told: list[int] = []
    with serve(images()) as site:
        collect_images(
            CollectRequest(f"{site.root}/x", tmp_path, 3),
            None,
            lambda counts: told.append(counts.new),
        )
    assert told == [1, 2, 3]


ASKED = CollectRequest("http://127.0.0.1:1/", Path("made"), 3)


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        (replace(ASKED, url="http://example.org/"), "authorised: is needed, as example.org is"),
        (replace(ASKED, url="http://10.0.0.1/", authorised=" "), "authorised: is needed"),
        (replace(ASKED, url="ftp://127.0.0.1/"), "is no address of the web"),
        (replace(ASKED, count=0), "count: must be at least 1, not 0"),
        (replace(ASKED, delay=-1), "delay: must be 0 s or more, not -1"),
        (replace(ASKED, delay=float("nan")), "delay: must be 0 s or more, not nan"),
        (replace(ASKED, selector="##"), "selector: is no CSS selector"),
        (replace(ASKED, browser=True), "browser: needs --selector"),
        (
            replace(ASKED, selector="img", refresh_selector="a"),
            "refresh_selector: needs --browser",
        ),
    ],
)
def test_requests_that_make_no_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: CollectRequest, what: str
) -> None:
    """No folder is made for them."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=what):
        collect_images(request_)
    assert not list(tmp_path.iterdir())


def test_who_allowed_it_is_written_down(tmp_path: Path) -> None:
    """Also on this machine, where nobody has to."""
    with serve(images()) as site:
        collect_images(CollectRequest(f"{site.root}/x", tmp_path, 1, authorised=" Ada "))
    assert agreed(tmp_path, 1)[0]["authorised"] == "Ada"


def pages_of(folder: Path) -> list[KeptPage]:
    """Return the pages of a collection, one for each image."""
    collection = Collection.at(folder)
    assert collection is not None
    found = [
        collection.page(row["sha256"]) for row in agreed(folder, len(list(folder.glob("*.*g"))))
    ]
    return [page for page in found if page is not None]


LEAKS = {
    "leak-header": ("captcha.jpeg", None, "the header X-Captcha-Text of the image"),
    "leak-cookie": ("captcha.jpeg", None, "the cookie captcha of the image, in base64"),
    "leak-page": ("", "#captcha", "the hidden field expected of the page"),
    "leak-name": ("", "#captcha", "the attribute src of <img captcha> of the page"),
}


@pytest.mark.parametrize("kind", LEAKS)
def test_pages_that_are_kept_tell_where_answers_leak(tmp_path: Path, kind: str) -> None:
    """From the practice site through a collection and its labels to the finding."""
    path, selector, what = LEAKS[kind]
    answers, folder = tmp_path / "answers.csv", tmp_path / "made"
    with practice_site("--faults", f"{kind}=100%", "--answers", answers) as url:
        request = CollectRequest(f"{url}{path}", folder, 8, selector, keep_pages=True)
        assert collect_images(request) == Counts(new=8)
        again = replace(request, count=12)
        assert collect_images(again) == Counts(new=4, already=8)
    assert len(pages_of(folder)) == 12
    subject = folder_subject(folder, 0, answers=answers)
    found = measure_leaks(Setting(subject, tmp_path)).leaks
    assert what in [leak.what for leak in found]
    assert {leak.found for leak in found} == {Rate(12, 12)}


def test_pages_are_only_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    """They are the site's, and take room."""
    with practice_site() as url:
        collect_images(CollectRequest(url, tmp_path, 2, "#captcha"))
    assert not (tmp_path / PAGES).exists()


def test_redirects_and_answers_of_json_are_kept(tmp_path: Path) -> None:
    """Each with its headers; an image that came in the answer has none of its own."""
    numbers = count(1)

    def answer(path: str) -> Answer:
        if path == "/start":
            headers = {"Location": "/api?text=k7", "Set-Cookie": "a=1"}
            return Answer(status=302, headers=headers)
        if path.startswith("/api"):
            text = base64.b64encode(png(next(numbers))).decode()
            return Answer(json.dumps({"img": text, "answer": "k7"}).encode())
        return Answer(status=404)

    with serve(answer) as site:
        request = CollectRequest(
            f"{site.root}/start", tmp_path, 2, json_field="img", keep_pages=True
        )
        collect_images(request)
    for page in pages_of(tmp_path):
        first, second = page.exchanges
        assert (first.what, first.status, first.body) == ("redirect", 302, None)
        assert {(h.name.lower(), h.value) for h in first.headers} >= {("set-cookie", "a=1")}
        assert (second.what, second.url) == ("page", f"{site.root}/api?text=k7")
        assert json.loads(second.data)["answer"] == "k7"
