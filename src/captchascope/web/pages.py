"""The Read page: images in, their texts with pictures of how they were read."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from fastapi import APIRouter, Request, Response

from captchascope.errors import CaptchascopeError
from captchascope.methods import GlyphMethod
from captchascope.records import Reading
from captchascope.web.batching import Batcher, Timed
from captchascope.web.forms import File, Form, form_of
from captchascope.web.problems import Problem
from captchascope.web.readers import Choice
from captchascope.web.settings import Limits
from captchascope.web.shown import Picture, Stages, picture_of, stages_of
from captchascope.web.strip import Strip, strip_of
from captchascope.web.templates import page

__all__ = ["router"]

_AT_ONCE = 2  # images whose stages are drawn at the same time; one takes a core for a moment


@dataclass(frozen=True, slots=True)
class Card:
    """One image that was read, as the page shows it.

    Attributes:
        name: What the file was called.
        reading: What was read.
        ms: Milliseconds from when it was taken in.
        picture: The image; None where it cannot be decoded.
        strip: Where each character was seen; None where the model does not tell.
        again: The file in base64, to send once more for its stages; "" where they can't be drawn.
    """

    name: str
    reading: Reading
    ms: float
    picture: Picture | None
    strip: Strip | None
    again: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for, as it was typed."""

    model: str = ""
    charset: str = ""
    length: str = ""
    ignore_case: bool = False

    @classmethod
    def of(cls, form: Form) -> Asked:
        """Return what a form has."""
        given = {name: form.fields.get(name, "").strip() for name in ("model", "charset", "length")}
        return cls(**given, ignore_case=bool(form.fields.get("ignore_case")))

    @property
    def choice(self) -> Choice:
        """The same as the readers take it; what is empty asks for nothing."""
        return Choice(
            model=self.model or None,
            charset=self.charset or None,
            length=self.length or None,
            ignore_case=self.ignore_case,
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Why there is nothing to show, what to do about it, and the status to say it with."""

    status: int
    what: str
    remedy: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class _Desk:
    """What the routes share."""

    def __init__(self, batcher: Batcher, limits: Limits) -> None:
        self.batcher = batcher
        self.limits = limits
        self.drawing = asyncio.Semaphore(_AT_ONCE)

    def stages_method(self, asked: str) -> GlyphMethod | None:
        """Return the way whose stages are shown: the model's that was asked for, or any that cuts.

        None where no model of the server cuts glyphs.
        """
        opened = self.batcher.readers.opened
        wanted = [opened[asked]] if asked in opened else []
        methods = [reader.method for reader in [*wanted, *opened.values()]]
        return next((method for method in methods if isinstance(method, GlyphMethod)), None)

    async def cards(self, files: Sequence[File], asked: Asked) -> list[Card]:
        """Read files and draw what is shown of them."""
        timed = await self.batcher.read([file.data for file in files], asked.choice)
        draw = partial(self._drawn, files, timed, self.stages_method(asked.model) is not None)
        return await asyncio.to_thread(draw)

    def _drawn(self, files: Sequence[File], timed: Sequence[Timed], stages: bool) -> list[Card]:
        return [self._card(*pair, stages) for pair in zip(files, timed, strict=True)]

    def _card(self, file: File, timed: Timed, stages: bool) -> Card:
        picture = picture_of(file.data, self.limits)
        strip = None if picture is None else strip_of(picture, timed.reading.chars)
        # a form that sends it back grows by a third, and must fit the limit too
        small = 1.4 * len(file.data) < self.limits.body
        again = base64.b64encode(file.data).decode() if picture and stages and small else ""
        return Card(file.name, timed.reading, timed.ms, picture, strip, again)

    async def stages(self, form: Form) -> Stages:
        """Draw the stages of the image that a form has in base64."""
        method = self.stages_method(form.fields.get("model", ""))
        if method is None:
            raise Problem(422, "no model of this server cuts glyphs", remedy="serve metu-glyphs")
        try:
            image = base64.b64decode(form.fields.get("image", ""), validate=True)
        except (binascii.Error, ValueError):
            raise Problem(422, "the image is not base64") from None
        async with self.drawing:
            return await asyncio.to_thread(stages_of, method, image, self.limits)


def router(batcher: Batcher, limits: Limits, labels: bool) -> APIRouter:
    """Return the routes of the Read page, and of the stages that it shows.

    Args:
        batcher: Reads the images.
        limits: How much a form may hold.
        labels: Whether there is a Label page; if not, one stands in that says how to get it.
    """
    desk = _Desk(batcher, limits)
    routes = APIRouter(include_in_schema=False)

    def whole(request: Request, asked: Asked, **found: object) -> Response:
        """Return the page, or for htmx only what goes into it."""
        name = "readings.html" if "hx-request" in request.headers else "read.html"
        shown: dict[str, object] = {"cards": [], "notice": None, **found}
        notice = shown["notice"]
        status, headers = (
            (notice.status, notice.headers) if isinstance(notice, Notice) else (200, {})
        )
        names = batcher.readers.names
        answer = page(
            name, status, here="read", asked=asked, models=names, most=limits.images, **shown
        )
        answer.headers.update(headers)
        return answer

    @routes.get("/")
    async def _start(request: Request) -> Response:
        return whole(request, Asked())

    @routes.post("/read")
    async def _read(request: Request) -> Response:
        asked = Asked()
        try:
            form = await form_of(request, limits)
            asked = Asked.of(form)
            if not form.files:
                raise Problem(422, "no image was chosen", remedy="choose one or more")
            return whole(request, asked, cards=await desk.cards(form.files, asked))
        except (CaptchascopeError, Problem) as error:
            return whole(request, asked, notice=_notice(error))

    @routes.get("/read")
    @routes.get("/see")
    async def _back() -> Response:
        return Response(status_code=303, headers={"Location": "/"})

    @routes.post("/see")
    async def _see(request: Request) -> Response:
        name = "stages.html" if "hx-request" in request.headers else "see.html"
        try:
            stages = await desk.stages(await form_of(request, limits))
        except (CaptchascopeError, Problem) as error:
            notice = _notice(error)
            return page(name, notice.status, here="read", notice=notice, stages=None)
        return page(name, here="read", notice=None, stages=stages)

    if not labels:

        @routes.get("/label")
        async def _label() -> Response:
            return page("nolabel.html", here="label")

    return routes


def _notice(error: CaptchascopeError | Problem) -> Notice:
    """Return what the page says of an error."""
    if isinstance(error, Problem):
        remedy = str(error.more.get("remedy", ""))
        if error.status_code == 503:
            remedy = "try again in a second"
        return Notice(error.status_code, str(error.detail), remedy, dict(error.headers or {}))
    where = "" if error.where == "image" else f"{error.where}: "
    return Notice(422, f"{where}{error.what}", error.remedy)
