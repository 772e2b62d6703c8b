"""The pages of labelling, and what their scripts ask for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from captchascope.draw.canvas import png
from captchascope.errors import ImageError, UsageError
from captchascope.files import printable
from captchascope.image import load_rgb
from captchascope.web.label.images import bytes_of
from captchascope.web.label.schema import CSV, DATABASE, Guess, Submission
from captchascope.web.label.session import LabelSession
from captchascope.web.problems import Problem
from captchascope.web.schemas import json_of
from captchascope.web.templates import level, render_page

SessionId = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{8,64}$")]
"""What a page calls itself; no name of ours, such as ``labels.csv``, is of this form."""

_LAST = 2**31  # no image has a number as large
_Number = Annotated[int, Field(ge=1, lt=_LAST)]
_MOST = 100  # images that one page may have, and submissions of one request
_LONGEST = 200  # characters of a label
_DAY = 86400.0


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class LeaseBody(_Strict):
    """A page asks for ``want`` more images, ``sure`` ones or any, and keeps what it holds.

    ``page`` is when it was opened, in milliseconds, and ``model`` the one whose guesses it has.
    """

    session: SessionId
    page: int = Field(default=0, ge=0, lt=2**53)
    hold: list[_Number] = Field(default=[], max_length=_MOST)
    want: int = Field(default=0, ge=0, le=40)
    sure: bool = False
    model: str = Field(default="", max_length=_LONGEST)


class LeaveBody(_Strict):
    """A page goes, and what it says of ``hold`` has not been stored yet."""

    session: SessionId
    page: int = Field(default=0, ge=0, lt=2**53)
    hold: list[_Number] = Field(default=[], max_length=_MOST)


class TextsBody(_Strict):
    """What somebody says of the texts; "" for any."""

    session: SessionId
    charset: str = Field(max_length=_LONGEST)
    length: str = Field(max_length=16)


class _SubmissionBody(_Strict):
    key: SessionId
    image: _Number | None
    text: str | None = Field(default=None, max_length=_LONGEST)
    final: bool = False
    guess: str | None = Field(default=None, max_length=_LONGEST)
    seconds: float | None = Field(default=None, ge=0, le=_DAY)


class SayBody(_Strict):
    """The submissions that a page wants stored, in order."""

    session: SessionId
    said: list[_SubmissionBody] = Field(min_length=1, max_length=_MOST)


_SURE = 0.9
"""The confidence from which on a guess is shown among nine others."""

_REMEMBERED = 50  # labels that a page that is loaded again can go back to
_TABS = 10_000  # whose pages are told apart
_REVIEWED = 30  # images on one page of the review

_PRIVATE = {"Cache-Control": "private, no-store"}


class _JsonRequest(Request):
    async def json(self) -> Any:
        return json_of(await self.body())


class _JsonRoute(APIRoute):
    """A route whose JSON is taken as strictly as that of the API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(_JsonRequest(request.scope, request.receive))

        return handle_strictly


def label_routes(labelling: LabelSession) -> APIRouter:
    """Return the routes of labelling: its pages, images, leases and submissions."""
    routes = APIRouter(include_in_schema=False, route_class=_JsonRoute)
    pages = _Pages(labelling)
    for path, endpoint, method in (
        ("/label", pages.one, "GET"),
        ("/label/grid", pages.grid, "GET"),
        ("/label/review", pages.review, "GET"),
        ("/label/image/{image}", pages.image, "GET"),
        ("/label/history", pages.history, "GET"),
        ("/label/backup", pages.backup, "GET"),
        ("/label/lease", pages.lease, "POST"),
        ("/label/leave", pages.leave, "POST"),
        ("/label/texts", pages.texts, "POST"),
        ("/label/say", pages.say, "POST"),
    ):
        routes.add_api_route(path, endpoint, methods=[method], response_model=None)
    return routes


class _Pages:
    """The endpoints of the labelling pages. These run in threads, as storing waits for the disk."""

    def __init__(self, labelling: LabelSession) -> None:
        self._labelling, self._store = labelling, labelling.store
        self._newest: OrderedDict[str, int] = OrderedDict()  # page of each tab, by when last told
        self._coming = Lock()

    def one(self) -> HTMLResponse:
        """Show the page for one image at a time."""
        learns = self._labelling.settings.retrain if self._labelling.retrainer.learns else None
        return self._page("label.html", learns=learns)

    def grid(self) -> HTMLResponse:
        """Show the page for ten at a time."""
        return self._page("label-grid.html", sure=_SURE)

    def review(self) -> HTMLResponse:
        """Show what people disagree about."""
        disputed = self._store.with_state("disputed")
        cases = []
        for image in disputed[:_REVIEWED]:
            last = {one.session: one.text for one in self._store.annotations(image)}
            said: dict[str | None, list[str]] = {}
            for number, (session, text) in enumerate(last.items(), 1):
                said.setdefault(text, []).append(CSV if session == CSV else f"person {number}")
            name = printable(self._store.file(image) or "")
            cases.append({"id": image, "name": name, "said": said})
        return self._page("label-review.html", cases=cases, rest=len(disputed) - len(cases))

    def _page(self, name: str, **context: object) -> HTMLResponse:
        return render_page(name, 200, here="label", folder=printable(self._store.folder), **context)

    def image(self, image: int) -> Response:
        """Give an image of the folder as a PNG, by its number: no browser sees foreign bytes."""
        file = self._store.file(image) if 0 < image < _LAST else None
        if file is None:
            raise Problem(404, "there is no such image")
        try:
            data = png(load_rgb(bytes_of(self._store.folder, file)))
        except ImageError as error:
            raise Problem(422, error.what, remedy=error.remedy) from error
        return Response(data, media_type="image/png", headers=_PRIVATE)

    def history(self, session: Annotated[SessionId, Query()]) -> dict[str, object]:
        """Give the last labels of a session, the oldest first."""
        return {
            "marks": [
                {"key": said.key, "text": said.text, "item": self._item(said.image, None)}
                for said in self._store.history(session, _REMEMBERED)
                if self._store.file(said.image) is not None
            ]
        }

    def backup(self) -> Response:
        """Give the file of labels as it is at one moment: the server alone may open it."""
        with TemporaryDirectory() as folder:
            copy = Path(folder, DATABASE)
            self._store.back_up(copy)
            data = copy.read_bytes()
        return Response(data, media_type="application/vnd.sqlite3", headers=_PRIVATE)

    def lease(self, body: LeaseBody) -> dict[str, object]:
        """Give images to a session, and keep for it what it has, with guesses of one model alone.

        The guesses for what a page has are given again if they are another model's. A page that
        has gone, or was copied to another tab, gets nothing under its name any more.
        """
        with self._coming:
            if body.page < self._newest.get(body.session, 0):
                return {"taken": True}
            self._came(body.session, body.page)
            sure = _SURE if body.sure else None
            leased = self._store.lease(body.session, body.hold, body.want, sure)
        kept = [image for image in body.hold if image not in leased.lost]
        number, guesses = self._labelling.guesses.of(leased.new)
        model, again = self._labelling.model_token(number), dict[int, Guess]()
        stale = kept if body.model != model else []
        if stale:
            again = self._labelling.guesses.of(stale)[1]
        return {
            "new": [self._item(image, guesses.get(image)) for image in leased.new],
            "again": [self._item(image, again.get(image)) for image in stale],
            "lost": leased.lost,
            "model": model,
            "progress": self._labelling.progress(body.session),
        }

    def leave(self, body: LeaveBody) -> dict[str, object]:
        """Let others have what a page had that is gone, unless another took its place."""
        with self._coming:
            if body.page >= self._newest.get(body.session, 0):
                self._came(body.session, body.page + 1)  # what it asked before may come after
                self._store.release(body.session, body.hold)
        return {}

    def _came(self, session: str, page: int) -> None:
        """Remember the newest page of a tab; of tabs that are long gone nothing comes any more."""
        self._newest[session] = page
        self._newest.move_to_end(session)
        if len(self._newest) > _TABS:
            self._newest.popitem(last=False)

    def texts(self, body: TextsBody) -> dict[str, object]:
        """Tell the guesses what somebody knows of the texts."""
        try:
            self._labelling.tell(body.charset.strip(), body.length.strip())
        except UsageError as error:
            where = error.where.replace("_", " ")
            raise Problem(422, f"{where}: {error.what}", remedy=error.remedy) from error
        return {"progress": self._labelling.progress(body.session)}

    def say(self, body: SayBody) -> dict[str, object]:
        """Store labels; those without a fault are on the disk when this has answered."""
        submissions = [Submission(**one.model_dump()) for one in body.said]
        done = [asdict(result) for result in self._store.say(body.session, submissions)]
        return {"done": done, "progress": self._labelling.progress(body.session)}

    def _item(self, image: int, guess: Guess | None) -> dict[str, object]:
        """Return an image as the scripts take it."""
        item: dict[str, object] = {"id": image, "name": printable(self._store.file(image) or "")}
        if guess is None or guess.text is None:
            return {**item, "guess": None}
        chars = [
            {"char": char, "confidence": confidence, "level": level(confidence)}
            for char, confidence in guess.chars
        ]
        shown = {"text": guess.text, "confidence": guess.confidence, "chars": chars}
        return {**item, "guess": shown}
