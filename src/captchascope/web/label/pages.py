"""What the pages send, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from captchascope.errors import ImageError
from captchascope.files import printable
from captchascope.web.label.images import png_of
from captchascope.web.label.schema import CSV, Guess
from captchascope.web.label.session import Desk, progress_of
from captchascope.web.label.store import Said
from captchascope.web.problems import Problem
from captchascope.web.templates import level, page

Session = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{8,64}$")]
"""What a page calls itself; no name of ours, such as ``labels.csv``, is of this form."""

_Number = Annotated[int, Field(ge=1, lt=2**31)]
_MOST = 100  # images that one page may have, and marks of one request
_LONGEST = 200  # characters of a label
_DAY = 86400.0


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wish(_Strict):
    """A page that wants images.

    Attributes:
        session: Who.
        hold: What it has and keeps.
        want: How many more.
        sure: Whether it wants those that the model is sure of.
    """

    session: Session
    hold: list[_Number] = Field(default=[], max_length=_MOST)
    want: int = Field(default=0, ge=0, le=40)
    sure: bool = False


class _Word(_Strict):
    key: Session
    image: _Number | None
    text: str | None = Field(default=None, max_length=_LONGEST)
    final: bool = False
    guess: str | None = Field(default=None, max_length=_LONGEST)
    seconds: float | None = Field(default=None, ge=0, le=_DAY)

    def said(self) -> Said:
        """Return it as the store takes it."""
        return Said(self.key, self.image, self.text, self.final, self.guess, self.seconds)


class Speech(_Strict):
    """What a page wants stored, in order."""

    session: Session
    said: list[_Word] = Field(min_length=1, max_length=_MOST)


_SURE = 0.9
"""The confidence from which on a guess is shown among nine others."""

_REMEMBERED = 50  # labels that a page that is loaded again can go back to
_REVIEWED = 30  # images on one page of the review

_PRIVATE = {"Cache-Control": "private, no-store"}


def router(desk: Desk) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(include_in_schema=False)
    pages = _Pages(desk)
    for path, endpoint, method in (
        ("/label", pages.one, "GET"),
        ("/label/grid", pages.grid, "GET"),
        ("/label/review", pages.review, "GET"),
        ("/label/image/{image}", pages.image, "GET"),
        ("/label/history", pages.history, "GET"),
        ("/label/lease", pages.lease, "POST"),
        ("/label/say", pages.say, "POST"),
    ):
        routes.add_api_route(path, endpoint, methods=[method], response_model=None)
    return routes


class _Pages:
    """What is behind each path. These run in threads, as storing waits for the disk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def one(self) -> HTMLResponse:
        """Show the page for one image at a time."""
        return page("label.html", here="label", folder=self._folder(), learns=self._learns())

    def grid(self) -> HTMLResponse:
        """Show the page for ten at a time."""
        return page("label-grid.html", here="label", folder=self._folder(), sure=_SURE)

    def review(self) -> HTMLResponse:
        """Show what people disagree about."""
        disputed = self._desk.store.with_state("disputed")
        cases = [self._case(image) for image in disputed[:_REVIEWED]]
        rest = len(disputed) - len(cases)
        return page(
            "label-review.html", here="label", folder=self._folder(), cases=cases, rest=rest
        )

    def image(self, image: int) -> Response:
        """Give an image of the folder, by its number alone."""
        file = self._desk.store.file(image)
        if file is None:
            raise Problem(404, "there is no such image")
        try:
            data = png_of(self._desk.plan.folder, file)
        except ImageError as error:
            raise Problem(422, error.what, remedy=error.remedy) from error
        return Response(data, media_type="image/png", headers=_PRIVATE)

    def history(self, session: Annotated[Session, Query()]) -> dict[str, object]:
        """Give the last labels of a session, the oldest first."""
        marks = self._desk.store.history(session, _REMEMBERED)
        return {
            "marks": [
                {"key": mark.key, "text": mark.text, "item": self._item(mark.image)}
                for mark in marks
                if self._desk.store.file(mark.image) is not None
            ]
        }

    def lease(self, wish: Wish) -> dict[str, object]:
        """Give images to a session, and keep for it what it has."""
        every = self._desk.guesses.order() if wish.want else ()
        order: Iterable[int] = every
        if wish.sure:
            order = filter(self._is_sure, reversed(every))
        leased = self._desk.leases.give(wish.session, wish.hold, order, wish.want)
        items = [self._item(image) for image in leased.new]
        return {"new": items, "lost": leased.lost, **self._progress(wish.session)}

    def say(self, speech: Speech) -> dict[str, object]:
        """Store labels; those without a fault are on the disk when this has answered."""
        said = [word.said() for word in speech.said]
        done = self._desk.say(speech.session, said)
        told = [{"key": one.key, "fault": one.fault} for one in done]
        return {"done": told, **self._progress(speech.session)}

    def _progress(self, session: str) -> dict[str, object]:
        return {"progress": progress_of(self._desk, session).to_json()}

    def _is_sure(self, image: int) -> bool:
        guess = self._desk.guesses.of(image)
        return guess is not None and guess.text is not None and guess.confidence >= _SURE

    def _item(self, image: int) -> dict[str, object]:
        """Return an image as the scripts take it."""
        name = printable(self._desk.store.file(image) or "")
        return {"id": image, "name": name, "guess": _told(self._desk.guesses.of(image))}

    def _case(self, image: int) -> dict[str, object]:
        """Return a disputed image with who said what."""
        people: dict[str, str] = {}
        said: dict[str | None, list[str]] = {}
        last = {mark.session: mark.text for mark in self._desk.store.marks(image)}
        for session, text in last.items():
            who = CSV if session == CSV else f"person {len(people) + 1}"
            people[session] = who
            said.setdefault(text, []).append(who)
        return {"id": image, "name": printable(self._desk.store.file(image) or ""), "said": said}

    def _folder(self) -> str:
        return printable(self._desk.plan.folder)

    def _learns(self) -> int | None:
        return self._desk.plan.retrain if self._desk.pupil.learns else None


def _told(guess: Guess | None) -> dict[str, object] | None:
    """Return a guess as the scripts take it."""
    if guess is None or guess.text is None:
        return None
    chars = [
        {"char": char, "confidence": confidence, "level": level(confidence)}
        for char, confidence in guess.chars
    ]
    return {"text": guess.text, "confidence": guess.confidence, "chars": chars}
