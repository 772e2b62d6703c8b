"""The pages of the practice site, and the few files that they are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import jinja2
from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

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


@dataclass(frozen=True, slots=True)
class Form:
    """What the registration page shows.

    Attributes:
        javascript: Whether only a script shows the image.
        right: How many answers of this visitor were right.
        answered: How many there were.
        fields: What was filled in before, by name.
        notice: A name of ``NOTICES``, or None.
    """

    javascript: bool
    right: int = 0
    answered: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    notice: str | None = None


def registration_page(form: Form) -> str:
    """Return the page with the form."""
    notice = NOTICES[form.notice] if form.notice else None
    return _template("registration.html").render(form=form, courses=COURSES, notice=notice)


def message_page(title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _template("message.html").render(title=title, text=text)


@cache
def static(name: str) -> bytes:
    """Return a file of ``STATIC``."""
    folder: Traversable = resources.files("captchascope.practice").joinpath("html")
    return folder.joinpath(name).read_bytes()


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(lambda file: static(file).decode()),
    )
    return environment.get_template(name)


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
        kind: A name of ``faults.FAULTS``.
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
