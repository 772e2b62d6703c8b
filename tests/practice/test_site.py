"""The practice site: its pages, what it remembers, and what it gives where a fault strikes."""

from __future__ import annotations

import hashlib
import re
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from captchascope.errors import UsageError
from captchascope.generate import draw_captcha
from captchascope.practice.site import (
    COURSES,
    FAULTS,
    STATIC,
    Faults,
    RateLimit,
    Session,
    Sessions,
    registration_page,
    static,
)
from cli.commands import TIMEOUT
from practice.site import practice_site


def test_so_many_pass_in_any_second() -> None:
    """The next one may once the first of them is a second old."""
    limit = RateLimit(3)
    assert [limit.wait(now) for now in (10.0, 10.5, 10.75, 10.9)] == [0, 0, 0, 1]
    assert [limit.wait(now) for now in (11.0, 11.25, 11.5, 11.6)] == [0, 1, 0, 1]


def test_who_waits_as_told_gets_through() -> None:
    """However often somebody was turned away before."""
    limit = RateLimit(1)
    assert limit.wait(0.0) == 0
    for tenth in range(1, 10):
        assert limit.wait(tenth / 10) == 1
    assert limit.wait(0.9 + 1) == 0


def test_an_answer_is_compared_with_the_last_image() -> None:
    """Blanks around it do not matter, capitals do."""
    session = Session(expected="a1B")
    assert session.check(" a1B ") is True
    session.expected = "a1B"
    assert session.check("a1b") is False
    assert (session.right, session.answered) == (1, 2)


def test_an_image_is_answered_once() -> None:
    """Neither a second try nor an answer to nothing counts."""
    session = Session(expected="226193")
    session.check("226198")
    assert session.check("226193") is None
    assert Session().check("") is None
    assert (session.right, session.answered) == (0, 1)


def test_a_token_leads_back_to_its_session() -> None:
    """Nobody else gets it, and a token that the site did not give opens a new one."""
    sessions = Sessions()
    token, session = sessions.of(None)
    other, others = sessions.of(None)
    mine, new = sessions.of("mine")
    assert sessions.of(token) == (token, session)
    assert sessions.of(token)[1] is session
    assert others is not session
    assert new is not session
    assert len({token, other, mine, "mine"}) == 4


def test_there_are_never_many_sessions() -> None:
    """The one that was longest unused makes room."""
    sessions = Sessions(most=3)
    first, _ = sessions.of(None)
    second, _ = sessions.of(None)
    sessions.of(None)
    sessions.of(first)
    sessions.of(None)
    assert len(sessions) == 3
    assert sessions.of(first)[0] == first
    assert sessions.of(second)[0] != second


SEED = 4
FORM = {"name": "Ada Lovelace", "number": "1815121", "course": "CENG 140"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of the site's files."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """Start a site for the tests below, which run on it one after the other."""
    with practice_site("--seed", SEED, "--answers", folder / "answers.csv") as address:
        yield address


@pytest.fixture
def visitor(url: str) -> Iterator[httpx.Client]:
    """Open a browser of sorts: it keeps cookies and follows redirects."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=TIMEOUT) as client:
        yield client


def answers(folder: Path) -> dict[str, str]:
    """Return what the site says it served, by digest."""
    rows = (folder / "answers.csv").read_text().splitlines()
    assert rows[0] == "sha256,label"
    return dict(row.split(",") for row in rows[1:])


def label(response: httpx.Response, folder: Path) -> str:
    """Return what an image says, which stands in the file as soon as somebody has the image."""
    return answers(folder)[hashlib.sha256(response.content).hexdigest()]


def test_the_images_are_those_of_generate(visitor: httpx.Client, folder: Path) -> None:
    """Image n of the same seed, with its label; the site has not been asked before."""
    for number in range(1, 6):
        drawn = draw_captcha("metu", SEED, number)
        response = visitor.get("captcha.jpeg")
        assert response.content == drawn.jpeg()
        assert label(response, folder) == drawn.label
    assert len(answers(folder)) == 5


def test_an_image_is_never_stored_by_anybody(visitor: httpx.Client) -> None:
    """Every request gets a fresh one."""
    first, second = visitor.get("captcha.jpeg"), visitor.get("captcha.jpeg")
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["Content-Type"] == "image/jpeg"
    assert first.content != second.content


def test_right_and_wrong_answers_make_the_score(visitor: httpx.Client, folder: Path) -> None:
    """It is the visitor's own; the last image counts, and only once."""
    assert "<strong>0</strong> of 0" in visitor.get("").text
    visitor.get("captcha.jpeg")
    text = label(visitor.get("captcha.jpeg"), folder)
    right = visitor.post("register", data={**FORM, "answer": text})
    assert right.url == visitor.base_url
    assert "You are registered" in right.text
    assert "<strong>1</strong> of 1" in right.text
    again = visitor.post("register", data={**FORM, "answer": text})
    assert "had been answered" in again.text
    visitor.get("captcha.jpeg")
    wrong = visitor.post("register", data={**FORM, "answer": "nothing"})
    assert "did not match" in wrong.text
    assert "<strong>1</strong> of 2" in wrong.text
    assert "did not match" not in visitor.get("").text
    assert "<strong>0</strong> of 0" in httpx.get(visitor.base_url, timeout=TIMEOUT).text


def test_a_form_with_a_gap_costs_no_image(visitor: httpx.Client, folder: Path) -> None:
    """Nor does a course that is not offered; then the same image may still be answered."""
    text = label(visitor.get("captcha.jpeg"), folder)
    for form in ({**FORM, "name": " "}, {**FORM, "course": "COOK 101"}, {}):
        page = visitor.post("register", data={**form, "answer": text})
        assert "fill in every field" in page.text
    assert "You are registered" in visitor.post("register", data={**FORM, "answer": text}).text


def test_a_form_without_end_is_refused(visitor: httpx.Client) -> None:
    """However it is long: one field, or very many."""
    assert visitor.post("register", data={"name": "x" * 20_000}).status_code == 413
    many = {f"field{number}": "x" for number in range(100)}
    assert visitor.post("register", data=many).status_code == 413


def test_the_session_is_no_business_of_scripts(visitor: httpx.Client) -> None:
    """And its cookie says nothing."""
    cookie = visitor.get("captcha.jpeg").headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_every_answer_comes_with_a_strict_policy(visitor: httpx.Client) -> None:
    """Pages, files, images and errors alike."""
    for path in ("", "style.css", "captcha.jpeg", "none"):
        headers = visitor.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; img-src 'self';")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_robots_are_let_in(visitor: httpx.Client) -> None:
    """Unless the site was told otherwise."""
    assert visitor.get("robots.txt").text == "User-agent: *\nDisallow:\n"


def test_there_is_nothing_else(visitor: httpx.Client) -> None:
    """No description of the interface that would load scripts from elsewhere, no other file."""
    for path in ("docs", "redoc", "openapi.json", "refresh.js", "frame.html", "..%2Fsite.py"):
        assert visitor.get(path).status_code == 404, path
    assert visitor.post("captcha.jpeg").status_code == 405


def test_a_site_that_is_slow_strict_and_closed(tmp_path: Path) -> None:
    """The rate limit, the delay, the closed robots.txt, and the log of who asked for what."""
    options = "--rate-limit", 1, "--delay", 0.2, "--robots", "disallow"
    log = tmp_path / "log"
    with (
        practice_site(*options, log=log) as url,
        httpx.Client(base_url=url, timeout=TIMEOUT) as client,
    ):
        assert client.get("robots.txt").text == "User-agent: *\nDisallow: /\n"
        began = time.monotonic()
        assert client.get("captcha.jpeg").status_code == 200
        assert time.monotonic() - began >= 0.2
        paths = ["captcha.jpeg", ""] * 25  # far more than a second has room for
        refused = next(r for path in paths if (r := client.get(path)).status_code != 200)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert "Too many requests" in refused.text
        time.sleep(1)
        assert client.get("").status_code == 200
    lines = log.read_text().splitlines()
    assert lines[:2] == ["GET /robots.txt 200", "GET /captcha.jpeg 200"]
    assert lines[-2].endswith(" 429")
    assert lines[-1] == "GET / 200"


def test_a_site_that_needs_a_script() -> None:
    """The script is served as a file of its own, and the scheme may be any."""
    with practice_site("--javascript", "--scheme", "wavy") as url:
        assert 'src="/refresh.js"' in httpx.get(url, timeout=TIMEOUT).text
        script = httpx.get(f"{url}refresh.js", timeout=TIMEOUT)
        assert script.headers["Content-Type"].startswith("text/javascript")
        image = httpx.get(f"{url}captcha.jpeg", timeout=TIMEOUT)
        assert image.content == draw_captcha("wavy", 0, 1).jpeg()


FILLED = Session(
    right=2,
    answered=3,
    fields={"name": '"><b>x', "number": "1815121", "course": "CENG 140"},
    notice="wrong",
)


def test_every_field_has_its_label() -> None:
    """For those who hear the page; the picture has a text too."""
    page = registration_page(FILLED, javascript=False)
    labels = set(re.findall(r'<label for="(\w+)"', page))
    assert labels == set(re.findall(r'<(?:input|select) id="(\w+)"', page))
    assert labels == {"name", "number", "course", "answer"}
    assert 'alt="Characters to copy"' in page


def test_what_was_filled_in_stays() -> None:
    """As text, whatever it is; the answer does not."""
    page = registration_page(FILLED, javascript=False)
    assert 'value="&#34;&gt;&lt;b&gt;x"' in page
    assert 'value="1815121"' in page
    assert re.findall(r'<option value="([^"]*)" selected>', page) == ["CENG 140"]
    assert len(re.findall(r"<option", page)) == len(COURSES) + 1


def test_the_score_is_shown() -> None:
    """Beside what came of the last answer."""
    page = registration_page(FILLED, javascript=False)
    assert "<strong>2</strong> of 3" in page
    assert "did not match" in page


def test_nothing_comes_from_elsewhere() -> None:
    """No address of another host, no style or script within the page, which its policy forbids."""
    pages = [
        registration_page(FILLED, javascript=False),
        registration_page(Session(), javascript=True),
    ]
    for text in [*pages, *(static(name).decode() for name in STATIC)]:
        assert "//" not in re.sub(r'xmlns="[^"]*"|^ *//.*$', "", text, flags=re.MULTILINE)
        assert "@import" not in text
    for page in pages:
        assert not re.search(r"<style|style=|\bon\w+=|javascript:|data:", page)
        assert not re.search(r"<script(?! src=\"/refresh\.js\" defer></script>)", page)


def test_the_picture_is_put_in_by_the_script_alone() -> None:
    """With ``javascript`` the page has neither picture nor link; without it has no script."""
    with_script, plain = (registration_page(Session(), javascript=each) for each in (True, False))
    assert "<img" not in with_script
    assert 'href="/"' not in with_script
    assert "/refresh.js" in with_script
    assert '<img id="captcha" src="/captcha.jpeg"' in plain
    assert '<a class="refresh" id="refresh" href="/"' in plain
    assert "<script" not in plain


STRUCK_SEED = 2
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
    options = "--seed", STRUCK_SEED, "--faults", SHARES, "--retry-after", 7
    responses: Seen = {}
    answers = place / "answers.csv"
    with (
        practice_site(*options, "--answers", answers) as url,
        httpx.Client(base_url=url, timeout=TIMEOUT) as client,
    ):
        for number in range(1, COUNT + 1):
            try:
                responses[number] = client.get("captcha.jpeg")
            except httpx.RemoteProtocolError:
                responses[number] = None
    return responses


def of_kind(seen: Seen, kind: str | None) -> list[int]:
    """Return the numbers of the requests that a kind strikes."""
    faults = Faults.parse(SHARES)
    numbers = [number for number in seen if faults.strike(STRUCK_SEED, number) == kind]
    assert numbers
    return numbers


def test_what_no_fault_strikes_is_whole(seen: Seen, place: Path) -> None:
    """And the file of answers has these, and only these, in their order."""
    digests = []
    for number in of_kind(seen, None):
        response = seen[number]
        assert response is not None
        assert response.content == draw_captcha("metu", STRUCK_SEED, number).jpeg()
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
        response, whole = seen[number], draw_captcha("metu", STRUCK_SEED, number).jpeg()
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
        response = httpx.get(f"{url}captcha.jpeg", follow_redirects=True, timeout=TIMEOUT)
    assert response.content == draw_captcha("metu", 0, 2).jpeg()


ALL = "503=10%, truncated=5%,html=2.5%,429=5%,redirect=1%"
ALL += ",leak-header=1%,leak-cookie=2%,leak-page=3%,leak-name=4%"


def test_shares_are_read_from_a_list_of_commas() -> None:
    """With a blank here and there, and fractions of a percent."""
    shares = dict(Faults.parse(ALL).shares)
    faults = {"503": 0.1, "truncated": 0.05, "html": 0.025, "429": 0.05, "redirect": 0.01}
    leaks = {"leak-header": 0.01, "leak-cookie": 0.02, "leak-page": 0.03, "leak-name": 0.04}
    assert shares == faults | leaks
    assert set(shares) == set(FAULTS)


def test_no_list_is_no_fault() -> None:
    """All requests are answered well."""
    assert Faults.parse("") == Faults()
    assert not any(Faults().strike(1, number) for number in range(200))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("404=5%", f"no kind '404' (known are {', '.join(FAULTS)})"),
        ("html", "html needs a share from 0% to 100%, not '' (such as html=10%)"),
        ("html=0.1", "html needs a share from 0% to 100%, not '0.1' (such as html=10%)"),
        ("html=-1%", "html needs a share from 0% to 100%, not '-1%' (such as html=10%)"),
        ("html=101%", "html needs a share from 0% to 100%, not '101%' (such as html=10%)"),
        ("html=1%,html=2%", "html is given twice (name each kind once)"),
        ("html=60%,503=41%", "the shares exceed 100 % (leave some requests whole)"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(text: str, what: str) -> None:
    """The line names what there is."""
    with pytest.raises(UsageError) as raised:
        Faults.parse(text)
    assert str(raised.value) == f"faults: {what}"


def test_each_kind_strikes_as_often_as_was_said() -> None:
    """Within four standard deviations, over ten thousand requests."""
    faults, count = Faults.parse(ALL), 10_000
    struck = Counter(faults.strike(3, number) for number in range(1, count + 1))
    for kind, share in faults.shares:
        spread = (count * share * (1 - share)) ** 0.5
        assert abs(struck[kind] - count * share) < 4 * spread, kind


def test_the_seed_decides() -> None:
    """The same one strikes the same requests, another one others."""
    faults = Faults.parse(ALL)

    def fates(seed: int) -> list[str | None]:
        return [faults.strike(seed, number) for number in range(1, 301)]

    assert fates(5) == fates(5)
    assert fates(5) != fates(6)


def test_a_hundred_percent_spares_nothing() -> None:
    """Alone, or together."""
    for text in ("html=100%", "html=50%,503=50%", "503=33.3%,429=33.3%,html=33.4%"):
        assert all(Faults.parse(text).strike(1, number) for number in range(1, 500))


def test_answers_that_leak_with_the_image() -> None:
    """The image is whole, and is the next one; a header or a cookie says what it says."""
    for kind in ("leak-header", "leak-cookie"):
        with practice_site("--faults", f"{kind}=100%") as url:
            response = httpx.get(f"{url}captcha.jpeg", timeout=TIMEOUT)
        drawn = draw_captcha("metu", 0, 1)
        assert response.content == drawn.jpeg()
        told = (response.headers.get("X-Captcha-Text"), response.cookies.get("captcha"))
        packed = b64encode(drawn.label.encode()).decode()
        assert [value and value.strip('"') for value in told] == (
            [drawn.label, None] if kind == "leak-header" else [None, packed]
        )


def test_answers_that_leak_with_the_page() -> None:
    """Its image is the one that it was made for, whoever asks for others in between."""
    for kind in ("leak-page", "leak-name"):
        with (
            practice_site("--faults", f"{kind}=100%") as url,
            httpx.Client(base_url=url, timeout=TIMEOUT) as client,
        ):
            page = client.get("").text
            other = httpx.get(f"{url}captcha.jpeg", timeout=TIMEOUT).content
            link = re.search(r'src="(/captcha[^"]*)"', page)
            assert link is not None
            image = client.get(link[1]).content
            following = client.get("captcha.jpeg").content
        first, *more = (draw_captcha("metu", 0, number) for number in (1, 2, 3))
        assert (image, other, following) == (first.jpeg(), *(one.jpeg() for one in more))
        assert first.label in (page if kind == "leak-page" else link[1])
        assert ('name="expected"' in page) is (kind == "leak-page")
