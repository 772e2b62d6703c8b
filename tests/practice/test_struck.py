"""What a client sees of each fault, over real connections."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from captchascope.generate import draw
from captchascope.practice.faults import Faults

from .site import practice_site

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
        assert response.content == draw("metu", SEED, number).jpeg()
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
        response, whole = seen[number], draw("metu", SEED, number).jpeg()
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
    assert response.content == draw("metu", 0, 2).jpeg()
