"""The Read page: images are uploaded and read, and every stage of reading one is shown."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
from fastapi import APIRouter, Request, Response

from captchascope.draw import Explanation, Panel, draw_panels, explain_reading
from captchascope.draw.canvas import drawing_uri, image_uri
from captchascope.errors import CaptchascopeError, ImageError
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.image import load_image, load_rgb
from captchascope.reader import Reader
from captchascope.records import CharReading, Reading
from captchascope.web.batching import Batcher, Busy
from captchascope.web.problems import Problem, shows_pages
from captchascope.web.schemas import Options, Upload, parse_options, parts_of
from captchascope.web.settings import Limits
from captchascope.web.templates import local_url, render_page

_FIELDS = 16  # of a form, beside its images
_LONGEST_NAME = 60  # characters of a file's name that are shown


@dataclass(frozen=True, slots=True)
class SentForm:
    """The fields of a form that a page has sent, by name, and its files in order."""

    fields: Mapping[str, str]
    files: tuple[Upload, ...]


async def form_of(request: Request, limits: Limits) -> SentForm:
    """Return the form that a request has sent.

    Raises:
        Problem: If it is none, is malformed, or has too many images.
    """
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise Problem(415, "this is not a form of the page")
    parts = await parts_of(kind, await request.body(), limits.images + _FIELDS)
    files = [
        (_shown(part.filename), part.data)
        for part in parts
        if part.filename or (part.filename is not None and part.data)  # or none was chosen
    ]
    if len(files) > limits.images:
        raise Problem(413, f"{len(files)} images at once", remedy=f"choose {limits.images} at most")
    fields = {p.name: p.data.decode(errors="replace") for p in parts if p.filename is None}
    return SentForm(fields, tuple(files))


def _shown(name: str) -> str:
    """Return the last part of a file's name as one line, with dots for the middle of a long one."""
    name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    half = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}"


_WIDEST = 680  # pixels; twice what the widest place on a page has, for fine screens


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as an address that holds it, and its size in pixels."""

    uri: str
    width: int
    height: int


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


def stages_of(
    reader: Reader, image: bytes, limits: Limits
) -> tuple[Explanation, list[tuple[Panel, list[Picture]]]]:
    """Return every stage of reading an uploaded image, and its panels with their pictures.

    Raises:
        ImageError: If it cannot be decoded.
        SegmentationError: If it cannot be cut into glyphs.
    """
    gray = load_image(
        image,
        1,
        name="image",
        max_bytes=limits.body,
        max_pixels=limits.pixels,
        preprocessing=reader.preprocessing,
    )
    assert isinstance(reader.recogniser, GlyphRecogniser)
    explanation = explain_reading(reader.recogniser, gray, "image")
    panels = [
        (panel, [Picture(drawing_uri(one), *one.size) for one in panel.pictures])
        for panel in draw_panels(explanation)
    ]
    return explanation, panels


_WIDTH = 340.0
_TALLEST = 170.0
_GAP = 8.0  # between the picture and what is below it
_BRACKET = 6.0
_LETTERS = 62.0  # the height below the brackets: leaders, characters, confidences
_APART = 38.0  # of two characters; less, and their confidences touch


@dataclass(frozen=True, slots=True)
class AlignedChar:
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
class Alignment:
    """A drawing ``width`` by ``height``: the picture, and below it where each character was seen.

    Attributes:
        x: The left edge of the picture.
        picture: Its width and height in the drawing.
        bracket: The top of the brackets below it.
        chars: From left to right.
        text: What the drawing shows, in words.
    """

    width: float
    height: float
    x: float
    picture: tuple[float, float]
    bracket: float
    chars: tuple[AlignedChar, ...]
    text: str


def alignment_of(picture: Picture, chars: Sequence[CharReading]) -> Alignment | None:
    """Return the drawing of where the characters of a reading were seen.

    None where the model does not tell where it saw the characters, these stand in several rows, or
    there is no room to write what it thinks of each.
    """
    places = [char.place for char in chars if char.place is not None]
    if not chars or len(places) < len(chars) or len(chars) * _APART > _WIDTH:
        return None
    scale = min(_WIDTH / picture.width, _TALLEST / picture.height)
    width, height = picture.width * scale, picture.height * scale
    start = (_WIDTH - width) / 2
    edges = [(start + left * width, start + right * width) for left, right in places]
    middles = [(left + right) / 2 for left, right in edges]
    if middles != sorted(middles):
        return None
    aligned = [
        AlignedChar(c.char, c.confidence, round(left, 1), round(right, 1), round(middle, 1), x)
        for c, (left, right), middle, x in zip(chars, edges, middles, _spread(middles), strict=True)
    ]
    seen = ", ".join(
        f"{c.char} at {left:.0%} to {right:.0%}"
        for c, (left, right) in zip(chars, places, strict=True)
    )
    return Alignment(
        _WIDTH,
        round(height + _GAP + _BRACKET + _LETTERS, 1),
        round(start, 1),
        (round(width, 1), round(height, 1)),
        round(height + _GAP, 1),
        tuple(aligned),
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
_WAITING = 32  # that wait for it


@dataclass(frozen=True, slots=True)
class Card:
    """One image that was read, as the page shows it.

    Attributes:
        name: What the file was called.
        reading: What was read.
        ms: Milliseconds from when it was taken in.
        picture: The image; None where it cannot be decoded.
        alignment: Where each character was seen; None where the model does not tell.
        again: The file in base64, to send once more for its stages; "" where they can't be drawn.
    """

    name: str
    reading: Reading
    ms: float
    picture: Picture | None
    alignment: Alignment | None
    again: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Why there is nothing to show, what to do about it, and the status to say it with."""

    status: int
    what: str
    remedy: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: CaptchascopeError | Problem) -> Notice:
        """Return what the page says of an error."""
        if isinstance(error, Problem):
            status, what, headers = error.status_code, str(error.detail), dict(error.headers or {})
            where, remedy = error.more.get("where", ""), str(error.more.get("remedy", ""))
        else:
            status, what, headers = 422, error.what, {}
            where, remedy = error.where, error.remedy
        if where not in ("", "image"):
            what = f"{where}: {what}".replace("_", " ", 1)
        if status == 503:
            remedy = "try again in a second"
        return cls(status, what, remedy, headers)


def _typed(form: SentForm) -> dict[str, str]:
    """Return what a form asks for beside its images, as it was typed."""
    return {name: form.fields.get(name, "").strip() for name in Options.model_fields}


class _Pages:
    """The endpoints of the Read page, and what they share."""

    def __init__(self, batcher: Batcher, limits: Limits) -> None:
        self.batcher = batcher
        self.limits = limits
        self.drawing = asyncio.Semaphore(_AT_ONCE)
        self.asked = 0  # whose stages are drawn, or wait for it

    def glyph_reader(self, model: str) -> Reader | None:
        """Return the reader whose stages are shown: the model's, or any that cuts glyphs.

        None where no model of the server does.
        """
        opened = self.batcher.readers.opened
        wanted = [opened[model]] if model in opened else []
        readers = [*wanted, *opened.values()]
        return next((r for r in readers if isinstance(r.recogniser, GlyphRecogniser)), None)

    async def cards(self, form: SentForm) -> list[Card]:
        """Read the files of a form and draw what is shown of them."""
        if not form.files:
            raise Problem(422, "no image was chosen", remedy="choose one or more")
        fields = {name: value for name, value in _typed(form).items() if value}
        for box in ("ignore_case", "solve"):  # as a browser sends one that is ticked
            if box in fields:
                fields[box] = "true"
        asked = parse_options([*fields.items()], self.limits, self.batcher.readers.names)
        images = [data for _, data in form.files]
        readings, ms = await self.batcher.read(images, asked.choice())
        stages = self.glyph_reader(asked.model or "") is not None

        def card(file: Upload, reading: Reading) -> Card:
            name, data = file
            picture = picture_of(data, self.limits)
            alignment = None if picture is None else alignment_of(picture, reading.chars)
            # a form that sends it back grows by a third, and must fit the limit too
            small = 1.4 * len(data) < self.limits.body
            again = base64.b64encode(data).decode() if picture and stages and small else ""
            return Card(name, reading, ms, picture, alignment, again)

        both = zip(form.files, readings, strict=True)
        return await asyncio.to_thread(lambda: [card(*each) for each in both])

    async def stages(
        self, form: SentForm, is_gone: Callable[[], Awaitable[bool]]
    ) -> tuple[Explanation, list[tuple[Panel, list[Picture]]]]:
        """Draw the stages of the image that a form has in base64, as ``stages_of`` does.

        Nothing is drawn for a client that ``is_gone`` when its turn comes.
        """
        reader = self.glyph_reader(form.fields.get("model", ""))
        if reader is None:
            raise Problem(422, "no model of this server cuts glyphs", remedy="serve metu-glyphs")
        try:
            image = base64.b64decode(form.fields.get("image", ""), validate=True)
        except (binascii.Error, ValueError):
            raise Problem(422, "the image is not base64") from None
        if self.asked >= _AT_ONCE + _WAITING:
            raise Busy("too many drawings are waiting")
        self.asked += 1
        try:
            async with self.drawing:
                if await is_gone():
                    raise Problem(400, "the client hung up before its turn came")
                return await asyncio.to_thread(stages_of, reader, image, self.limits)
        finally:
            self.asked -= 1


def read_routes(batcher: Batcher, limits: Limits, labels: bool) -> APIRouter:
    """Return the routes of the Read page, and of the stages that it shows.

    Args:
        batcher: Reads the images.
        limits: How much a form may hold.
        labels: Whether there is a Label page; if not, one stands in that says how to get it.
    """
    pages = _Pages(batcher, limits)
    routes = APIRouter(include_in_schema=False)

    def shown(
        request: Request, form: SentForm, cards: Sequence[Card] = (), notice: Notice | None = None
    ) -> Response:
        """Return the page, or for htmx only what goes into it."""
        name = "readings.html" if "hx-request" in request.headers else "read.html"
        answer = render_page(
            name,
            200 if notice is None else notice.status,
            here="read",
            asked=_typed(form),
            models=batcher.readers.names,
            most=limits.images,
            cards=cards,
            notice=notice,
        )
        answer.headers.update({} if notice is None else notice.headers)
        return answer

    @routes.get("/")
    async def _start(request: Request) -> Response:
        return shown(request, SentForm({}, ()))

    @routes.post("/read")
    async def _read(request: Request) -> Response:
        form = SentForm({}, ())
        try:
            form = await form_of(request, limits)
            return shown(request, form, await pages.cards(form))
        except (CaptchascopeError, Problem) as error:
            if not shows_pages(request):
                raise
            return shown(request, form, notice=Notice.of(error))

    @routes.get("/read")
    @routes.get("/see")
    async def _back() -> Response:
        return Response(status_code=303, headers={"Location": local_url("/")})

    @routes.post("/see")
    async def _see(request: Request) -> Response:
        name = "stages.html" if "hx-request" in request.headers else "see.html"
        try:
            form = await form_of(request, limits)
            explanation, panels = await pages.stages(form, request.is_disconnected)
        except (CaptchascopeError, Problem) as error:
            if not shows_pages(request):
                raise
            notice = Notice.of(error)
            page = render_page(name, notice.status, here="read", notice=notice, panels=())
            page.headers.update(notice.headers)
            return page
        return render_page(name, here="read", notice=None, explanation=explanation, panels=panels)

    if not labels:

        @routes.get("/label")
        async def _label() -> Response:
            return render_page("nolabel.html", here="label")

    return routes
