"""The pages themselves."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import httpx
import pytest

from captchascope.generate import draw_captcha
from captchascope.practice.pages import COURSES, STATIC, Form, registration_page, static
from captchascope.practice.settings import Faults
from practice.site import practice_site

FILLED = Form(
    javascript=False,
    right=2,
    answered=3,
    fields={"name": '"><b>x', "number": "1815121", "course": "CENG 140"},
    notice="wrong",
)


def test_every_field_has_its_label() -> None:
    """For those who hear the page; the picture has a text too."""
    page = registration_page(FILLED)
    labels = set(re.findall(r'<label for="(\w+)"', page))
    assert labels == set(re.findall(r'<(?:input|select) id="(\w+)"', page))
    assert labels == {"name", "number", "course", "answer"}
    assert 'alt="Characters to copy"' in page


def test_what_was_filled_in_stays() -> None:
    """As text, whatever it is; the answer does not."""
    page = registration_page(FILLED)
    assert 'value="&#34;&gt;&lt;b&gt;x"' in page
    assert 'value="1815121"' in page
    assert re.findall(r'<option value="([^"]*)" selected>', page) == ["CENG 140"]
    assert len(re.findall(r"<option", page)) == len(COURSES) + 1


def test_the_score_is_shown() -> None:
    """Beside what came of the last answer."""
    page = registration_page(FILLED)
    assert "<strong>2</strong> of 3" in page
    assert "did not match" in page


def test_nothing_comes_from_elsewhere() -> None:
    """No address of another host, no style or script within the page, which its policy forbids."""
    pages = [registration_page(FILLED), registration_page(Form(javascript=True))]
    for text in [*pages, *(static(name).decode() for name in STATIC)]:
        assert "//" not in re.sub(r'xmlns="[^"]*"|^ *//.*$', "", text, flags=re.MULTILINE)
        assert "@import" not in text
    for page in pages:
        assert not re.search(r"<style|style=|\bon\w+=|javascript:|data:", page)
        assert not re.search(r"<script(?! src=\"/refresh\.js\" defer></script>)", page)


def test_the_picture_is_put_in_by_the_script_alone() -> None:
    """With ``javascript`` the page has neither picture nor link; without it has no script."""
    with_script, plain = registration_page(Form(True)), registration_page(Form(False))
    assert "<img" not in with_script
    assert 'href="/"' not in with_script
    assert "/refresh.js" in with_script
    assert '<img id="captcha" src="/captcha.jpeg"' in plain
    assert '<a class="refresh" id="refresh" href="/"' in plain
    assert "<script" not in plain


SEED = 2
SHARES = "503=15%,429=15%,truncated=20%,html=15%,redirect=15%"
Seen = dict[int, httpx.Response | None]
"""What came for each request; None where the connection broke."""

COUNT = 60  # requests for an image: about nine of each kind


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder that the answers are written to."""
    return tmp_path_factory.mktemp("struck")


@pytest.fixture(scope="module")
def seen(place: Path) -> Seen:
    """Ask for many images, and give what came, by number from 1."""
    options = "--seed", SEED, "--faults", SHARES, "--retry-after", 7
    responses: Seen = {}
    answers = place / "answers.csv"
    with practice_site(*options, "--answers", answers) as url, httpx.Client(base_url=url) as client:
        for number in range(1, COUNT + 1):
            try:
                responses[number] = client.get("captcha.jpeg")
            except httpx.RemoteProtocolError:
                responses[number] = None
    return responses


def of_kind(seen: Seen, kind: str | None) -> list[int]:
    """Return the numbers of the requests that a kind strikes."""
    faults = Faults.parse(SHARES)
    numbers = [number for number in seen if faults.strike(SEED, number) == kind]
    assert numbers
    return numbers


def test_what_no_fault_strikes_is_whole(seen: Seen, place: Path) -> None:
    """And the file of answers has these, and only these, in their order."""
    digests = []
    for number in of_kind(seen, None):
        response = seen[number]
        assert response is not None
        assert response.content == draw_captcha("metu", SEED, number).jpeg()
        digests.append(hashlib.sha256(response.content).hexdigest())
    rows = (place / "answers.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == digests


@pytest.mark.parametrize(("kind", "status"), [("503", 503), ("429", 429), ("html", 200)])
def test_pages_instead_of_images(seen: Seen, kind: str, status: int) -> None:
    """Only a 429 says when to come back."""
    for number in of_kind(seen, kind):
        response = seen[number]
        assert response is not None
        assert response.status_code == status
        assert response.headers["Content-Type"].startswith("text/html")
        assert response.headers.get("Retry-After") == ("7" if kind == "429" else None)


def test_truncated_images_break_off_every_other_time(
    seen: Seen,
) -> None:
    """The others end after half of the image as if it were whole."""
    numbers = of_kind(seen, "truncated")
    assert [seen[number] is None for number in numbers] == [
        index % 2 == 1 for index in range(len(numbers))
    ]
    for number in numbers[::2]:
        response, whole = seen[number], draw_captcha("metu", SEED, number).jpeg()
        assert response is not None
        assert response.content == whole[: len(whole) // 2]
        assert response.headers["Content-Length"] == str(len(whole) // 2)


def test_redirects_stay_on_the_site(seen: Seen) -> None:
    """They lead to a place where the next image is."""
    for number in of_kind(seen, "redirect"):
        response = seen[number]
        assert response is not None
        assert response.status_code == 302
        assert response.headers["Location"] == "/moved/captcha.jpeg"


def test_the_place_that_redirects_lead_to_is_spared() -> None:
    """So that who follows always gets an image, the one after that of the redirect."""
    with practice_site("--faults", "redirect=100%") as url:
        response = httpx.get(f"{url}captcha.jpeg", follow_redirects=True)
    assert response.content == draw_captcha("metu", 0, 2).jpeg()
