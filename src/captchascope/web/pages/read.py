"""What a page shows of an image that was uploaded, and of the stages of reading it."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
from fastapi import APIRouter, Request, Response

from captchascope.decode import ReadOptions
from captchascope.draw import panels
from captchascope.draw.canvas import drawing_uri, image_uri
from captchascope.draw.picture import explained
from captchascope.errors import CaptchascopeError, ImageError
from captchascope.image.decode import load_gray, load_rgb
from captchascope.reader import GlyphMethod
from captchascope.records import CharReading, Reading
from captchascope.web.batching import Batcher, Timed
from captchascope.web.forms import File, Form, form_of
from captchascope.web.problems import Problem
from captchascope.web.readers import Choice
from captchascope.web.settings import Limits
from captchascope.web.templates import page

_WIDEST = 680  # pixels; twice what the widest place on a page has, for fine screens


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as an address that holds it, and its size in pixels."""

    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the glyphs way: its number, its name, what it did, and pictures of that."""

    number: str
    name: str
    caption: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Stages:
    """Every stage of reading one image."""

    scheme: str
    text: str | None
    confidence: float
    stages: tuple[Stage, ...]


def picture_of(image: bytes, limits: Limits) -> Picture | None:
    """Return an uploaded image as the reader sees it, made smaller where it is large.

    None where it cannot be decoded. It is encoded anew: of the upload's own bytes, none reaches
    the page.
    """
    try:
        pixels = load_rgb(image, max_bytes=limits.body, max_pixels=limits.pixels)
    except ImageError:
        return None
    height, width = pixels.shape[:2]
    if (scale := _WIDEST / max(height, width)) < 1:
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(pixels.dtype)
        return Picture(image_uri(pixels), *size)
    return Picture(image_uri(pixels), width, height)


def stages_of(method: GlyphMethod, image: bytes, limits: Limits) -> Stages:
    """Return pictures of every stage of reading an uploaded image.

    Raises:
        ImageError: If it cannot be decoded.
        SegmentationError: If it cannot be cut into glyphs.
    """
    gray = load_gray(image, name="image", max_bytes=limits.body, max_pixels=limits.pixels)
    it = explained(method, gray, "image")
    stages = []
    for panel in panels(it):
        number, name = panel.title.split(" ", 1)
        pictures = [Picture(drawing_uri(one), *one.size) for one in panel.pictures]
        stages.append(Stage(number, name, panel.caption, tuple(pictures)))
    return Stages(it.scheme.name, it.text, it.confidence, tuple(stages))


_WIDTH = 340.0
_TALLEST = 170.0
_GAP = 8.0  # between the picture and what is below it
_BRACKET = 6.0
_LETTERS = 62.0  # the height below the brackets: leaders, characters, confidences
_APART = 38.0  # of two characters; less, and their confidences touch


@dataclass(frozen=True, slots=True)
class Mark:
    """One character, in the units of the drawing.

    Attributes:
        char: The character.
        confidence: The probability that it is right.
        left: Where the picture shows it, from here
        right: to there.
        middle: The middle of that.
        x: The middle of the character below; beside ``middle`` where two are close together.
    """

    char: str
    confidence: float
    left: float
    right: float
    middle: float
    x: float


@dataclass(frozen=True, slots=True)
class Strip:
    """A drawing ``width`` by ``height`` with the picture at its top, and the marks below.

    Attributes:
        x: The left edge of the picture.
        picture: Its width and height in the drawing.
        bracket: The top of the brackets below it.
        marks: From left to right.
        text: What the drawing shows, in words.
    """

    width: float
    height: float
    x: float
    picture: tuple[float, float]
    bracket: float
    marks: tuple[Mark, ...]
    text: str


def strip_of(picture: Picture, chars: Sequence[CharReading]) -> Strip | None:
    """Return the drawing of a reading.

    None where the model does not tell where it saw the characters, or there is no room to write
    what it thinks of each.
    """
    places = [char.place for char in chars if char.place is not None]
    if not chars or len(places) < len(chars) or len(chars) * _APART > _WIDTH:
        return None
    scale = min(_WIDTH / picture.width, _TALLEST / picture.height)
    width, height = picture.width * scale, picture.height * scale
    start = (_WIDTH - width) / 2
    edges = [(start + left * width, start + right * width) for left, right in places]
    middles = [(left + right) / 2 for left, right in edges]
    marks = [
        Mark(char.char, char.confidence, round(left, 1), round(right, 1), round(middle, 1), x)
        for char, (left, right), middle, x in zip(
            chars, edges, middles, _spread(middles), strict=True
        )
    ]
    seen = ", ".join(
        f"{c.char} at {left:.0%} to {right:.0%}"
        for c, (left, right) in zip(chars, places, strict=True)
    )
    return Strip(
        _WIDTH,
        round(height + _GAP + _BRACKET + _LETTERS, 1),
        round(start, 1),
        (round(width, 1), round(height, 1)),
        round(height + _GAP, 1),
        tuple(marks),
        f"Where each character was seen, in shares of the width from the left: {seen}.",
    )


def _spread(middles: Sequence[float]) -> list[float]:
    """Move what is too close together apart, by the least sum of squares.

    Less its rank times the distance, each place must only not be below the one before: that is an
    isotonic regression, solved by pooling adjacent violators (Ayer et al. 1955).
    """
    pools: list[tuple[float, int]] = []  # mean, and of how many
    for rank, middle in enumerate(middles):
        mean, count = middle - rank * _APART, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        pools.append((mean, count))
    low, high = _APART / 2, _WIDTH - _APART * (len(middles) - 0.5)
    starts = [min(max(mean, low), high) for mean, count in pools for _ in range(count)]
    return [round(start + rank * _APART, 1) for rank, start in enumerate(starts)]


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
        options = ReadOptions(
            self.charset or None, self.length or None, ignore_case=self.ignore_case
        )
        return Choice(self.model or None, options)


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
