"""The image of a page."""

from __future__ import annotations

import base64
import json
from contextlib import closing

import httpx
import pytest

from captchascope.collect.address import RefusedError
from captchascope.collect.fetch import Fetcher
from captchascope.collect.page import (
    PageSource,
    beginning,
    check_selector,
    data_of,
    image_in,
    image_in_json,
    largest,
)
from captchascope.errors import UsageError
from collect.sites import Answer, serve

URL = httpx.URL("http://127.0.0.1:8000/forms/register?step=1")


@pytest.mark.parametrize(
    ("html", "link"),
    [
        ("<img src=c.png>", "http://127.0.0.1:8000/forms/c.png"),
        ("<img src='/c.png?a=1&amp;b=2'>", "http://127.0.0.1:8000/c.png?a=1&b=2"),
        ("<img src='?c'>", "http://127.0.0.1:8000/forms/register?c"),
        ("<base href=/static/><img src=c.png>", "http://127.0.0.1:8000/static/c.png"),
        ("<base target=x><img src=c.png>", "http://127.0.0.1:8000/forms/c.png"),
        ("<img src=a.png srcset='b.png 2x, c.png 1.5x'>", "http://127.0.0.1:8000/forms/b.png"),
        ("<img src=a.png srcset=''>", "http://127.0.0.1:8000/forms/a.png"),
        ("<img src='//other/c.png'>", "http://other/c.png"),
        ("<input type=image src=' c.png '>", "http://127.0.0.1:8000/forms/c.png"),
    ],
)
def test_where_the_image_is(html: str, link: str) -> None:
    """As a browser would find it."""
    assert str(image_in(html, "img, input", URL)) == link


@pytest.mark.parametrize(
    ("srcset", "link"),
    [
        ("a.png", "a.png"),
        ("a.png 1x, b.png 2x", "b.png"),
        ("b.png 640w , a.png 320w", "b.png"),
        ("a.png,b.png 2x", "a.png,b.png"),
        ("a.png, b.png", "a.png"),
        ("data:image/png;base64,AAAA 2x, b.png", "data:image/png;base64,AAAA"),
        ("\n a.png\t1x,\n b.png   3x,", "b.png"),
        (" , ", ""),
        ("", ""),
    ],
)
def test_the_largest_candidate_counts(srcset: str, link: str) -> None:
    """Commas belong to a URL unless they end it, as the HTML standard has it."""
    assert largest(srcset) == link


@pytest.mark.parametrize(
    ("link", "data"),
    [
        ("data:image/png;base64," + base64.b64encode(b"image").decode(), b"image"),
        ("data:image/png;base64,aW1hZ2U", b"image"),
        ("data:image/png;base64,aW1h%0A Z2U%3D", b"image"),
        ("data:,im%61ge", b"image"),
    ],
)
def test_an_image_may_be_within_the_page(link: str, data: bytes) -> None:
    """In base64, with or without its padding, or in percents."""
    assert data_of(link, "page") == data
    assert image_in(f"<img src='{link}'>", "img", URL) == data


@pytest.mark.parametrize("link", ["data:image/png;base64,A", "data:;base64,ä", "data:nothing"])
def test_damaged_data_is_refused(link: str) -> None:
    """As one attempt without an image."""
    with pytest.raises(RefusedError, match="damaged"):
        data_of(link, "page")


@pytest.mark.parametrize(
    ("html", "what"),
    [
        ("<p>Please log in", "has nothing that matches img"),
        ("<img>", "names no image at img"),
        ("<img src=''>", "names no image at img"),
        ("<img src='mailto:a@b'>", "which is not asked for"),
    ],
)
def test_a_page_without_the_image(html: str, what: str) -> None:
    """What is said helps to find out why."""
    with pytest.raises(RefusedError, match=what):
        image_in(html, "img", URL)


@pytest.mark.parametrize("selector", ["", " ", "##", "img[", "a >"])
def test_a_selector_that_is_none(selector: str) -> None:
    """It is known before anything is asked."""
    with pytest.raises(UsageError, match="selector: is no CSS selector"):
        check_selector("--selector", selector)
    check_selector("--selector", "form img#captcha")


PIXEL = base64.b64decode("R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs=")
TEXT = base64.b64encode(PIXEL).decode()
SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><path d='M0 0h9'/></svg>"


@pytest.mark.parametrize(
    ("answer", "field", "image"),
    [
        ({"img": TEXT}, "img", PIXEL),
        ({"code": 200, "data": {"img": f"data:image/gif;base64,{TEXT}"}}, "data.img", PIXEL),
        ({"list": [{"img": "no"}, {"img": TEXT.rstrip("=")}]}, "list.1.img", PIXEL),
        ([TEXT], "0", PIXEL),
        ({"0": {"1": TEXT}}, "0.1", PIXEL),
        ({"svg": SVG}, "svg", SVG.encode()),
    ],
)
def test_the_image_in_an_answer(answer: object, field: str, image: bytes) -> None:
    """Base64, a data URI or a drawing, however deep."""
    assert image_in_json(json.dumps(answer).encode(), field, URL) == image


def test_a_link_in_an_answer_is_where_the_image_is() -> None:
    """As a page would have it."""
    for link in ("/c.png?id=1", "http://127.0.0.1:8000/c.png?id=1"):
        body = json.dumps({"url": link}).encode()
        assert str(image_in_json(body, "url", URL)) == "http://127.0.0.1:8000/c.png?id=1"


@pytest.mark.parametrize(
    ("body", "field", "what"),
    [
        (b"<html>", "img", "is no JSON"),
        (b"[" * 100_000, "img", "is no JSON"),
        (b'{"img": "a", "img": "b"}', "img", "the key 'img' is given more than once"),
        (b'{"code": 1, "data": {}}', "img", "has no img among code, data"),
        (b'{"data": {}}', "data.img", "has no img in an empty object"),
        (b"[1, 2]", "2", "has no 2 in a list of 2"),
        (b'{"img": 7}', "img.x", "has no x within a value"),
        (b'{"img": 7}', "img", "has no image in img"),
        (b'{"img": "%s!"}' % (TEXT * 300).encode(), "img", "has no image in img"),
    ],
)
def test_an_answer_without_the_image(body: bytes, field: str, what: str) -> None:
    """The error says what is there instead, and repeats nothing long."""
    with pytest.raises(RefusedError) as caught:
        image_in_json(body, field, URL)
    assert what in caught.value.what
    assert len(str(caught.value)) < 250


ATTRIBUTES = " ".join(f"a{number}" for number in range(30))


@pytest.mark.parametrize(
    "parts",
    [
        "<div>" * 200_000,
        "".join(f"<font {ATTRIBUTES} s{number}>" for number in range(10_000)),
        "<a " + ATTRIBUTES.replace(" ", "b ") * 3000 + ">",
        f"""<a b" c=">" {ATTRIBUTES}><""" * 5000,
        """<a b="x>y" c='x>y' d=x"y>""" * 10_000,
        "<a b" + " " * 101 + "=' > ' c" + " d=e" * 40_000,
        "<a " * 500_000,
        "<a =" * 300 + " " * 1_900_000,
        "<a" + "/" * 1_900_000 + ">" + "<a>" * 20_000,
        "<b>" * 20_000 + "</p>" * 20_000,
    ],
    ids=[
        *("tags", "attributes", "one tag", "an odd quote", "quotes", "gap", "tags in tags"),
        *("gaps in tags", "slashes", "ends"),
    ],
)
def test_a_page_is_parsed_up_to_its_30000th_tag_or_attribute(parts: str) -> None:
    """The parser's time grows with the square of them: minutes, for a page of 2 MB."""
    assert len(beginning(parts)) < len(parts) <= 2 * 2**20
    with pytest.raises(RefusedError, match="in its first 30,000 tags and attributes"):
        image_in(parts + "<img src=b.png>", "img", URL)
    assert image_in("<img src=b.png>" + parts, "img", URL) == URL.join("b.png")


def test_an_ordinary_page_is_parsed_whole() -> None:
    """Also where it is long."""
    page = "<p class='a b' id=c>1 < 2 &amp; 3 > 2</p><br/>" * 6000 + "text " * 100_000
    assert beginning(page) == page


def test_many_candidates_take_no_longer_each() -> None:
    """The rest is not copied for each of them."""
    assert largest("a 1x," * 400_000 + "b 2x") == "b"
    assert largest("a," * 400_000 + " b 2x") == "b"


@pytest.mark.parametrize("charset", ["idna", "punycode", "undefined", "hex", "no-such"])
def test_a_charset_of_no_page_is_not_used(charset: str) -> None:
    """Codecs of Python that are none raise, or take the square of the length."""
    headers = {"Content-Type": f"text/html; charset={charset}"}
    body = b"<img src=b.png>" + b"z9a" * 300_000
    with (
        serve(lambda path: Answer(body, headers=headers) if path == "/" else Answer(b"x")) as site,
        closing(Fetcher(httpx.URL(site.root))) as fetcher,
    ):
        assert PageSource(fetcher, httpx.URL(f"{site.root}/"), "img").next().data == b"x"
