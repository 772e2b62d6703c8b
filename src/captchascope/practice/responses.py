"""What a request for an image gets where a fault strikes it."""

from __future__ import annotations

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

from captchascope.practice.pages import message_page

__all__ = ["MOVED", "NO_STORE", "CutResponse", "refusal", "struck"]

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
