"""The pages over HTTP, as a browser without JavaScript gets them."""

from __future__ import annotations

import base64
import html
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import resources
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.data.dataset import read_dataset
from captchascope.evaluate import evaluate_reader
from captchascope.reader import load
from captchascope.records import CharReading, Reading
from captchascope.web.pages.read import Alignment, Card, Picture, alignment_of
from captchascope.web.settings import Settings
from captchascope.web.templates import hash_of, render_page
from web.serving import TIMEOUT, serving

EXAMPLES = Path(__file__).parents[3] / "examples"
ONE = (EXAMPLES / "1.jpeg").read_bytes()
TWO = (EXAMPLES / "2.jpeg").read_bytes()
PAGES = ["", "results", "label"]


@pytest.fixture(scope="module")
def site() -> Iterator[httpx.Client]:
    """Serve two models, and labelled images to test them on."""
    settings = Settings(models=("metu", "metu-glyphs"), data=EXAMPLES)
    with serving(settings) as served:
        headers = {"Origin": served.url.rstrip("/"), "Accept": "text/html,*/*"}
        with httpx.Client(base_url=served.url, headers=headers, timeout=TIMEOUT) as client:
            yield client


def posted(
    site: httpx.Client, *images: bytes, name: str = "a.jpeg", **fields: str
) -> httpx.Response:
    """Send the form of the Read page."""
    files = [("images", (name, image, "image/jpeg")) for image in images]
    return site.post("/read", files=files, data=fields)


def texts(page: str) -> list[str]:
    """Return the texts of the readings on a page."""
    return re.findall(r"<h3>\s*<samp>(.*?)</samp>", page)


def readings(model: str = "metu") -> list[str | None]:
    """Return what the library reads in the same two images."""
    reader = load(model)
    return [reader.read(image).text for image in (ONE, TWO)]


def measured(site: httpx.Client, model: str) -> str:
    """Return the page of a result, when it is there."""
    until = time.monotonic() + TIMEOUT
    while "Testing" in (page := site.get(f"/results/{model}").text):
        assert time.monotonic() < until
        time.sleep(0.05)
    return page


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_nothing_inline(site: httpx.Client, path: str) -> None:
    """Its policy forbids styles and scripts within it, and what is of elsewhere."""
    answer = site.get(f"/{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'; style-src 'self'" in answer.headers["content-security-policy"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|//", answer.text)
    assert all(' src="/static/' in tag for tag in re.findall(r"<script[^>]*>", answer.text))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_where_it_is(site: httpx.Client, path: str) -> None:
    """One place of the navigation is the current one."""
    assert f'<a href="/{path}" aria-current="page">' in site.get(f"/{path}").text


def test_files_are_kept_for_ever_by_their_hash(site: httpx.Client) -> None:
    """A page names them with it; another version is another address."""
    for path, kind in (("style.css", "text/css"), ("htmx.min.js", "text/javascript")):
        (address,) = re.findall(rf'"(/static/{re.escape(path)}\?v=\w+)"', site.get("/").text)
        answer = site.get(address)
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_a_file_is_of_its_type(site: httpx.Client) -> None:
    """Whatever the machine takes it for: with ``nosniff`` no browser runs a script of another."""
    folder = Path(str(resources.files("captchascope.web").joinpath("static")))
    types = set()
    for file in folder.iterdir():
        told = site.get(f"/static/{file.name}").headers["content-type"]
        types.add((file.suffix, told.partition(";")[0]))
    plain = {(".css", "text/css"), (".svg", "image/svg+xml"), (".txt", "text/plain")}
    assert types == plain | {(".js", "text/javascript")}


def test_a_file_is_the_same_by_its_bytes_and_not_by_its_time(site: httpx.Client) -> None:
    """Some installers give the files of all versions one time."""
    tag = site.get("/static/label.js").headers["etag"]
    assert tag == f'"{hash_of("label.js")}"'
    again = site.get("/static/label.js", headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def test_files_without_a_hash_are_asked_for_again(site: httpx.Client) -> None:
    """And not sent again where they are the same."""
    first = site.get("/static/style.css?v=another")
    assert first.headers["cache-control"] == "no-cache"
    again = site.get("/static/style.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["no.css", "..%2Fpages.py", "%2e%2e/settings.py", "/etc/passwd"])
def test_no_other_file_can_be_asked_for(site: httpx.Client, name: str) -> None:
    """Whatever the path."""
    assert site.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize("model", ["metu", "metu-glyphs"])
def test_a_plain_form_reads(site: httpx.Client, model: str) -> None:
    """All of the page comes back, with what the library reads, and the same choices."""
    answer = posted(site, ONE, TWO, model=model)
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>")
    assert texts(answer.text) == readings(model)
    assert f"<option selected>{model}</option>" in answer.text


def test_htmx_gets_only_what_it_puts_in(site: httpx.Client) -> None:
    """Readings without the page around them."""
    files = [("images", ("a.jpeg", ONE, "image/jpeg"))]
    answer = site.post("/read", files=files, headers={"HX-Request": "true"})
    assert texts(answer.text) == readings()[:1]
    assert "<html" not in answer.text


def test_each_character_is_marked_where_it_was_seen(site: httpx.Client) -> None:
    """By the model that reads the whole image; the one that cuts gives a list instead."""
    whole = posted(site, ONE, model="metu").text
    assert len(re.findall(r'<text class="letter"', whole)) == 6
    assert "Where each character was seen" in whole
    glyphs = posted(site, ONE, model="metu-glyphs").text
    assert len(re.findall(r'<li class="char \w+">', glyphs)) == 6


def test_what_the_texts_may_be_is_obeyed(site: httpx.Client) -> None:
    """And stands in the form again; the next request knows nothing of it."""
    answer = posted(site, ONE, charset="0-1", length="6", pattern="[01]{5}0", case="keep")
    assert 'name="case" value="keep" checked' in answer.text
    assert re.fullmatch("[01]{5}0", texts(answer.text)[0])
    assert 'name="charset" maxlength="256"' in answer.text
    assert re.search(r'id="charset"[^>]* value="0-1"', answer.text)
    assert re.search(r'id="pattern"[^>]* value="\[01\]\{5\}0"', answer.text)
    assert texts(posted(site, ONE).text) == readings()[:1]


def test_what_is_not_sure_enough_has_no_text(site: httpx.Client) -> None:
    """The least confidence is a number from 0 to 1; a case that counts for nothing is a box."""
    answer = posted(site, ONE, charset="01", min_confidence="0.999999", ignore_case="1")
    assert "No text: not sure enough" in answer.text
    assert re.search(r'id="min_confidence"[^>]* value="0.999999"', answer.text)
    assert 'name="ignore_case" value="1" checked' in answer.text


def test_a_sum_stands_beside_its_result() -> None:
    """Whole or a fraction; what is no sum stands alone."""
    found = []
    for text in ("3+5=?", "8/3", "1234"):
        card = Card("a.png", Reading(text, 0.9), 1.0, None, None, "")
        page = bytes(render_page("readings.html", cards=[card], notice=None, asked={}).body)
        found.append(re.findall(r"<samp>(.*?)</samp>", page.decode()))
    assert found == [["3+5=?", "8"], ["8/3", "8/3"], ["1234"]]


def test_what_is_no_sum_has_no_text_where_sums_are_asked_for(site: httpx.Client) -> None:
    """A box asks for them."""
    answer = posted(site, ONE, solve="1")
    assert "No text: not sure enough, or no sum" in answer.text
    assert 'name="solve" value="1" checked' in answer.text


def test_an_image_that_cannot_be_read_does_not_hide_the_others(site: httpx.Client) -> None:
    """It says why, in its place."""
    answer = posted(site, b"no image", ONE)
    assert answer.status_code == 200
    assert answer.text.index("Not read") < answer.text.index("<samp>")
    assert texts(answer.text) == readings()[:1]


@pytest.mark.parametrize(
    ("fields", "count", "status", "said"),
    [
        ({}, 0, 422, "No image was chosen"),
        ({"charset": "x"}, 1, 422, "nothing in common"),
        ({"length": "long"}, 1, 422, "Length"),
        ({"model": "other"}, 1, 422, "there is no other"),
        ({"pattern": "["}, 1, 422, "Pattern: "),
        ({"pattern": "a" * 257}, 1, 422, "Pattern: is longer than 256 characters"),
        ({"min_confidence": "2"}, 1, 422, "Min confidence: "),
        ({"min_confidence": "high"}, 1, 422, "Min confidence: "),
        ({}, 65, 413, "65 images at once"),
    ],
    ids=[
        "none",
        "charset",
        "length",
        "model",
        *("pattern", "long", "high", "no number"),
        "too many",
    ],
)
def test_what_is_wrong_is_said_on_the_page(
    site: httpx.Client, fields: dict[str, str], count: int, status: int, said: str
) -> None:
    """With a status that is no success."""
    files = [("images", ("a.jpeg", ONE, "image/jpeg"))] * count or [("images", ("", b"", ""))]
    answer = site.post("/read", files=files, data=fields)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert said in html.unescape(answer.text)


def test_the_name_of_a_file_is_only_text(site: httpx.Client) -> None:
    """Its last part is shown, escaped."""
    page = posted(site, ONE, name='../../etc/<img src=x onerror="1">.png').text
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
    assert "etc/" not in page


def test_every_stage_is_drawn(site: httpx.Client) -> None:
    """From the image that the card of a reading sends back."""
    sent = base64.b64encode(ONE).decode()
    assert f'<input type="hidden" name="image" value="{sent}">' in posted(site, ONE).text
    answer = site.post("/see", files={"image": (None, sent)})
    assert answer.status_code == 200
    titles = re.findall(r"<b><span>(\d)</span> (\w+)</b>", answer.text)
    assert [number for number, _ in titles] == list("123456789")
    assert titles[2][1] == "binarize"
    assert len(re.findall(r'<img src="data:image/png;base64,', answer.text)) >= 9


@pytest.mark.parametrize(
    ("image", "said"),
    [("*", "not base64"), (base64.b64encode(b"no image").decode(), "image"), ("", "empty")],
    ids=["no base64", "no image", "nothing"],
)
def test_stages_of_what_is_no_image_are_refused(site: httpx.Client, image: str, said: str) -> None:
    """With what is wrong."""
    answer = site.post("/see", files={"image": (None, image)})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert said in answer.text


def test_stages_are_drawn_for_nobody_who_has_gone(site: httpx.Client) -> None:
    """A few may wait for them, others are told to come again; those who hang up cost nothing."""
    files = {"image": (None, base64.b64encode(ONE).decode())}
    sent = site.build_request("POST", "/see", files=files)
    head = f"POST /see HTTP/1.1\r\nHost: {sent.url.netloc.decode()}\r\n".encode()
    kind, body = sent.headers["content-type"].encode(), sent.read()
    more = b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(body))
    with ExitStack() as stack:
        for _ in range(300):
            one = stack.enter_context(
                socket.create_connection((sent.url.host, sent.url.port), TIMEOUT)
            )
            one.sendall(head + more + body)
        assert one.recv(12) == b"HTTP/1.1 503"
    until = time.monotonic() + TIMEOUT
    while (answer := site.post("/see", files=files)).status_code == 503:
        assert answer.headers["retry-after"] == "1"
        assert time.monotonic() < until
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/read", "/see"])
def test_a_page_that_was_posted_to_leads_back(site: httpx.Client, path: str) -> None:
    """Where somebody loads it again."""
    answer = site.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_result_has_the_figures_of_a_test(site: httpx.Client) -> None:
    """As ``captchascope test`` measures them, with their intervals."""
    data, reader = read_dataset(EXAMPLES), load("metu")
    result = evaluate_reader(reader, data)
    page = measured(site, "metu").replace("\xa0", " ")
    assert f"{result.exact_match.low:.1%}".replace("%", " %") in page
    assert f"<small>{result.exact_match.hits} right</small>" in page
    assert f"<small>of {result.character_accuracy.total}</small>" in page
    matrix = page.partition('<table class="matrix">')[2].partition("</table>")[0]
    counts = re.findall(r'<td class="[\w-]+">(\d+)</td>', matrix)
    assert sum(map(int, counts)) == result.character_accuracy.total
    assert "There is no log of a training" in page


def test_a_result_is_measured_again_if_asked(site: httpx.Client) -> None:
    """Then its page is what it was."""
    before = measured(site, "metu-glyphs")
    answer = site.post("/results/metu-glyphs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/results/metu-glyphs")
    assert measured(site, "metu-glyphs") == before


def test_a_model_that_is_not_served_has_no_result(site: httpx.Client) -> None:
    """Not even one that ships."""
    assert site.get("/results/none").status_code == 404
    assert site.post("/results/none").status_code == 404


PICTURE = Picture("data:image/png;base64,", 150, 50)
APART = 38.0


def drawn(*places: tuple[float, float], picture: Picture = PICTURE) -> Alignment:
    """Return the alignment of characters that were seen at these places."""
    chars = [CharReading("x", 0.9, place) for place in places]
    alignment = alignment_of(picture, chars)
    assert alignment is not None
    return alignment


def test_a_character_is_marked_where_it_was_seen() -> None:
    """The brackets are those shares of the width, and the letter is below their middle."""
    (mark,) = drawn((0.25, 0.35)).chars
    assert (mark.left, mark.right, mark.middle, mark.x) == (85.0, 119.0, 102.0, 102.0)


def test_a_tall_picture_stays_in_the_middle() -> None:
    """Marks follow it there."""
    alignment = drawn((0.0, 1.0), picture=Picture("", 100, 100))
    assert alignment.picture == (170.0, 170.0)
    assert alignment.x == 85.0
    assert (alignment.chars[0].left, alignment.chars[0].right) == (85.0, 255.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).map(sorted))
def test_letters_never_touch(middles: list[float]) -> None:
    """However close the characters are, theirs are apart, in order, and within the drawing."""
    found = [mark.x for mark in drawn(*((middle, middle) for middle in middles)).chars]
    assert all(right - left >= APART - 0.11 for left, right in pairwise(found))
    assert found[0] >= APART / 2 - 0.11
    assert found[-1] <= 340 - APART / 2 + 0.11


def test_letters_that_have_room_are_not_moved() -> None:
    """Two that are close move by the same, to either side; the third stays."""
    alignment = drawn((0.3, 0.3), (0.35, 0.35), (0.8, 0.8))
    first, second, third = alignment.chars
    assert third.x == third.middle
    assert round(second.x - first.x, 1) == APART
    assert round(first.middle - first.x, 1) == round(second.x - second.middle, 1) > 0


def test_there_is_none_without_places_or_room() -> None:
    """A model that cuts does not say where; and nine confidences do not fit side by side."""
    assert alignment_of(PICTURE, [CharReading("x", 1.0)]) is None
    assert alignment_of(PICTURE, []) is None
    many = [CharReading("x", 1.0, (i / 9, (i + 1) / 9)) for i in range(9)]
    assert alignment_of(PICTURE, many) is None
    assert alignment_of(PICTURE, many[:8]) is not None
    assert alignment_of(PICTURE, many[4:8] + many[:4]) is None, "they stand in two rows"


def test_the_drawing_is_told_in_words() -> None:
    """For those who hear the page."""
    assert "x at 25% to 35%" in drawn((0.25, 0.35)).text
