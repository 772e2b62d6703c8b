"""The practice site: its settings, pages, images and visitors, and what goes wrong on purpose."""

from __future__ import annotations

import asyncio
import math
import re
import secrets
import time
from base64 import b64encode
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from urllib.parse import parse_qs, quote

import jinja2
import numpy as np
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.types import Receive, Scope, Send

from captchascope.errors import UsageError
from captchascope.generate import draw_captcha
from captchascope.practice.answers import AnswerFile

FAULTS = {
    "503": "the site is too busy",
    "429": "too many requests, with Retry-After",
    "truncated": "half an image; every other time in a connection that breaks off",
    "html": "a page instead of an image",
    "redirect": "the image is elsewhere on this site",
    "leak-header": "a whole image with its text in the header X-Captcha-Text",
    "leak-cookie": "a whole image with its text in the cookie captcha, in base64",
    "leak-page": "a page with the text of its image in a hidden field",
    "leak-name": "a page whose image has its text in its address",
}
"""The kinds of faults, with what a client sees of each."""

_OF_PAGES = frozenset({"leak-page", "leak-name"})
"""Kinds that strike the page of an image; who asks for the image alone gets a whole one."""

_STREAM = 1  # apart from the random numbers that the images are drawn with


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each kind strikes: its share of the image requests, together at most 1."""

    shares: tuple[tuple[str, float], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Read ``503=10%,html=5%``.

        Raises:
            UsageError: If a kind is unknown or named twice, a share is none, or they exceed 100 %.
        """
        shares: dict[str, float] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            kind, _, share = (piece.strip() for piece in part.partition("="))
            if kind not in FAULTS:
                raise UsageError("faults", f"no kind {kind!r}", f"known are {', '.join(FAULTS)}")
            if kind in shares:
                raise UsageError("faults", f"{kind} is given twice", "name each kind once")
            match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", share, re.ASCII)
            if match is None or float(match[1]) > 100:
                what = f"{kind} needs a share from 0% to 100%, not {share!r}"
                raise UsageError("faults", what, f"such as {kind}=10%")
            shares[kind] = float(match[1]) / 100
        if sum(shares.values()) > 1 + 1e-9:
            raise UsageError("faults", "the shares exceed 100 %", "leave some requests whole")
        return cls(tuple(shares.items()))

    def strike(self, seed: int, number: int) -> str | None:
        """Return what strikes the request of this number, from 1; the same for the same seed."""
        drawn = float(np.random.default_rng([seed, number, _STREAM]).random())
        for kind, share in self.shares:
            if drawn < share:
                return kind
            drawn -= share
        return None


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """The options of ``captchascope practice-site``.

    Attributes:
        scheme: A name of ``generate.SCHEMES``.
        seed: Of images and faults.
        answers: The file that what was served is written to.
        javascript: Whether only a script shows the image and changes it.
        rate_limit: The most pages and images in any second; None for no limit.
        delay: Seconds before a page or an image is answered.
        faults: What strikes requests for an image.
        retry_after: Seconds that a 429 of ``faults`` asks for.
        robots: Whether robots.txt lets robots in.
    """

    scheme: str = "metu"
    seed: int = 0
    answers: Path | None = None
    javascript: bool = False
    rate_limit: int | None = None
    delay: float = 0.0
    faults: Faults = field(default_factory=Faults)
    retry_after: int = 1
    robots: bool = True


COURSES = {
    "ASTR 101": "Introduction to astronomy",
    "BIOL 120": "Plants and their pollinators",
    "CENG 140": "Programming in C",
    "ENGL 211": "Academic writing",
    "HIST 202": "A history of writing systems",
    "MATH 119": "Calculus with analytic geometry",
    "PHYS 105": "General physics: mechanics",
}
"""What can be registered for."""

NOTICES = {
    "right": "You are registered. The characters were right.",
    "wrong": "The characters did not match the picture. Please try the new one.",
    "expired": "That picture had been answered, or was never shown. Please use the new one.",
    "incomplete": "Please fill in every field and choose a course.",
}
"""What comes of a form."""

STATIC = {
    "style.css": "text/css; charset=utf-8",
    "refresh.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files beside the pages, with their types."""


class RateLimit:
    """Lets at most so many requests through in any one second, whoever makes them.

    What is turned away does not count, so that who waits as told gets through.
    """

    def __init__(self, most: int) -> None:
        self._let_in: deque[float] = deque(maxlen=most)
        self._most = most

    def wait(self, now: float) -> int:
        """Ask for one request at a time in seconds, never earlier than the last.

        Returns:
            0 if it may go through, or the whole seconds after which it may.
        """
        if len(self._let_in) == self._most and now - self._let_in[0] < 1:
            return math.ceil(self._let_in[0] + 1 - now)
        self._let_in.append(now)
        return 0


_MOST = 1000  # sessions; a client that keeps no cookies opens one for every image


@dataclass(slots=True)
class Session:
    """The session of one visitor: what the site remembers.

    Attributes:
        expected: The text of the last image served; None where it has been answered.
        right: How many answers were right.
        answered: How many there were.
        drawn: The image that the last page belongs to, and its text; None for whichever is next.
        fields: What the form held when it was last sent, without the answer.
        notice: What came of it: a name of ``NOTICES``; shown once.
    """

    expected: str | None = None
    right: int = 0
    answered: int = 0
    drawn: tuple[bytes, str] | None = None
    fields: dict[str, str] = field(default_factory=dict)
    notice: str | None = None

    def check(self, answer: str) -> bool | None:
        """Tell whether an answer is right; None where there is no image that can be answered."""
        expected, self.expected = self.expected, None
        if expected is None:
            return None
        right = answer.strip() == expected
        self.answered += 1
        self.right += right
        return right


class Sessions:
    """The sessions that are open, by their token; the longest unused goes when there are many."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._open: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def of(self, token: str | None) -> tuple[str, Session]:
        """Return the session of a token, or a new one with its own token."""
        if token is None or token not in self._open:
            token = secrets.token_urlsafe(16)
            self._open[token] = Session()
        self._open.move_to_end(token)
        while len(self._open) > self._most:
            self._open.popitem(last=False)
        return token, self._open[token]


def registration_page(session: Session, javascript: bool, leak: str | None = None) -> str:
    """Return the page with a visitor's form; with ``javascript`` only a script shows the image.

    Args:
        session: The visitor's.
        javascript: Whether a script shows the image.
        leak: How the page gives the text of ``session.drawn`` away, if it does.
    """
    label = session.drawn[1] if session.drawn else ""
    return (
        _templates()
        .get_template("registration.html")
        .render(
            form=session,
            javascript=javascript,
            courses=COURSES,
            notice=NOTICES[session.notice] if session.notice else None,
            expected=label if leak == "leak-page" else "",
            image=f"/captcha/{quote(label, '')}.jpeg" if leak == "leak-name" else "/captcha.jpeg",
        )
    )


def message_page(title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _templates().get_template("message.html").render(title=title, text=text)


@cache
def static(name: str) -> bytes:
    """Return a file of ``STATIC``."""
    return resources.files("captchascope.practice").joinpath("html", name).read_bytes()


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.PackageLoader("captchascope.practice", "html"),
    )


MOVED = "/moved/captcha.jpeg"
"""Where redirects lead to; it shows images as ``/captcha.jpeg`` does, and is never struck."""

NO_STORE = {"Cache-Control": "no-store"}

_REFUSALS = {
    404: ("Not found", "There is no such page."),
    405: ("Not allowed", "That is not how this page is asked for."),
    413: ("Too much", "The form is longer than any name, number and course."),
    429: ("Too many requests", "Please wait a moment, and try again."),
    503: ("Too busy", "Everybody is registering at once. Please try again."),
}


class CutResponse(Response):
    """Promises the whole of its content, sends half of it, and ends the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer without the end that the protocol asks for; uvicorn then hangs up."""
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})


def refusal(status: int, retry_after: int | None = None) -> Response:
    """Return the page for a status, with Retry-After where its seconds are given."""
    title, text = _REFUSALS.get(status, ("Not possible", "The request cannot be answered."))
    headers = dict(NO_STORE)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return HTMLResponse(message_page(title, text), status, headers)


def struck(kind: str, image: bytes, cut: bool, retry_after: int) -> Response:
    """Return what a fault makes of an image.

    Args:
        kind: A name of ``FAULTS``.
        image: What a request without a fault would have got.
        cut: Whether a truncated image breaks off, or ends as if it were whole.
        retry_after: Seconds that a 429 asks for.
    """
    if kind == "503":
        return refusal(503)
    if kind == "429":
        return refusal(429, retry_after)
    if kind == "redirect":
        return RedirectResponse(MOVED, 302, NO_STORE)
    if kind == "html":
        page = message_page("Session expired", "Please open the registration page again.")
        return HTMLResponse(page, headers=NO_STORE)
    if cut:
        return CutResponse(image, media_type="image/jpeg", headers=NO_STORE)
    return Response(image[: len(image) // 2], media_type="image/jpeg", headers=NO_STORE)


_COOKIE = "session"
_FIELDS = ("name", "number", "course")
_LONGEST = 80  # characters of a field that are kept
_LARGEST = 10_000  # bytes of a form


class Site:
    """The pages, and all that they share; ``app`` serves it.

    The site runs in one thread and draws each image when it is asked for, so that the n-th request
    for an image always gets the same image and the same fault.
    """

    def __init__(self, settings: SiteSettings, answers: AnswerFile | None = None) -> None:
        self._settings = settings
        self._answers = answers
        self._sessions = Sessions()
        self._limit = RateLimit(settings.rate_limit) if settings.rate_limit else None
        self._images = 0  # asked for
        self._cuts = 0

    def app(self) -> FastAPI:
        """Return what a server can serve."""
        app = FastAPI(openapi_url=None)  # and with it no page that loads scripts from elsewhere
        slow = [Depends(self._admit)]
        for path, endpoint, method, dependencies in (
            ("/", self.page, "GET", slow),
            ("/register", self.register, "POST", slow),
            ("/captcha.jpeg", self.captcha, "GET", slow),
            ("/captcha/{text:path}", self.captcha, "GET", slow),
            (MOVED, self.fresh, "GET", slow),
            ("/robots.txt", self.robots, "GET", []),
            ("/{name}", self.file, "GET", []),
        ):
            app.add_api_route(
                path, endpoint, methods=[method], dependencies=dependencies, response_model=None
            )
        app.add_exception_handler(AnyHTTPException, _refuse)
        return app

    async def _admit(self) -> None:
        """Keep the rate, and be as slow as was asked for."""
        if self._limit and (seconds := self._limit.wait(time.monotonic())):
            raise HTTPException(429, headers={"Retry-After": str(seconds)})
        if self._settings.delay:
            await asyncio.sleep(self._settings.delay)

    async def page(self, request: Request) -> Response:
        """Show the form, and once what came of the last one."""
        token, session = self._session(request)
        kind = self._strike()
        session.drawn = self._draw() if kind in _OF_PAGES else None
        shown = registration_page(session, self._settings.javascript, kind)
        session.notice = None
        return _remembered(HTMLResponse(shown, headers=NO_STORE), token)

    async def register(self, request: Request) -> Response:
        """Check the answer and lead back to the page, so that reloading it sends nothing twice."""
        token, session = self._session(request)
        form = await _form(request)
        session.fields = {name: form.get(name, "").strip()[:_LONGEST] for name in _FIELDS}
        if not all(session.fields.values()) or session.fields["course"] not in COURSES:
            session.notice = "incomplete"
        else:
            right = session.check(form.get("answer", ""))
            session.notice = {True: "right", False: "wrong", None: "expired"}[right]
        return _remembered(RedirectResponse("/", 303, NO_STORE), token)

    async def captcha(self, request: Request) -> Response:
        """Give a fresh image, or what a fault makes of it."""
        _, session = self._session(request)
        kind = self._strike() if session.drawn is None else None
        if kind is None or kind.startswith("leak-"):
            return self._whole(request, kind)
        jpeg, _ = self._draw()
        self._cuts += kind == "truncated"
        return struck(kind, jpeg, self._cuts % 2 == 0, self._settings.retry_after)

    async def robots(self) -> Response:
        """Tell robots whether they may come in."""
        rule = "Disallow:" if self._settings.robots else "Disallow: /"
        return PlainTextResponse(f"User-agent: *\n{rule}\n")

    async def file(self, name: str) -> Response:
        """Give one of the files beside the pages."""
        if name not in STATIC or (name == "refresh.js" and not self._settings.javascript):
            raise HTTPException(404)
        return Response(static(name), media_type=STATIC[name])

    async def fresh(self, request: Request) -> Response:
        """Give a fresh image, whole."""
        return self._whole(request)

    def _whole(self, request: Request, leak: str | None = None) -> Response:
        """Give the next image, write down what it says, and expect that from the visitor."""
        token, session = self._session(request)
        jpeg, label = session.drawn or self._draw()
        session.drawn = None
        if self._answers:
            self._answers.add(jpeg, label)
        session.expected = label
        response = Response(jpeg, media_type="image/jpeg", headers=NO_STORE)
        if leak == "leak-header":
            response.headers["X-Captcha-Text"] = quote(label)
        if leak == "leak-cookie":
            response.set_cookie("captcha", b64encode(label.encode()).decode())
        return _remembered(response, token)

    def _strike(self) -> str | None:
        """Return what strikes the next image."""
        return self._settings.faults.strike(self._settings.seed, self._images + 1)

    def _draw(self) -> tuple[bytes, str]:
        self._images += 1
        drawn = draw_captcha(self._settings.scheme, self._settings.seed, self._images)
        return drawn.jpeg(), drawn.label

    def _session(self, request: Request) -> tuple[str, Session]:
        return self._sessions.of(request.cookies.get(_COOKIE))


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise HTTPException(413)
    try:
        fields = parse_qs(body.decode(errors="replace"), max_num_fields=20)
    except ValueError as error:
        raise HTTPException(413) from error
    return {name: values[0] for name, values in fields.items()}


def _remembered(response: Response, token: str) -> Response:
    response.set_cookie(_COOKIE, token, httponly=True, samesite="lax")
    return response


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)
    retry_after = (error.headers or {}).get("Retry-After")
    return refusal(error.status_code, int(retry_after) if retry_after else None)
