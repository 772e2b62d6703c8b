"""Where answers leak: file names and addresses, metadata, drawings, headers, cookies, pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from captchascope.audit.figures import Leak, Leaks
from captchascope.audit.leaks.outlines import outline_leaks
from captchascope.audit.leaks.permutation import Known, find_leaks
from captchascope.audit.leaks.places import DRAWING, NAME, Place, places_of_file
from captchascope.audit.leaks.served import places_of_page
from captchascope.audit.setting import Measurement, Setting, UnmeasuredError
from captchascope.audit.subject import evenly
from captchascope.data.match import is_inside
from captchascope.evaluate import Rate
from captchascope.files import printable, read_regular
from captchascope.image.frames import MAX_BYTES
from captchascope.image.svg import text_in
from captchascope.reader import reader_of
from captchascope.sums import value_of

MOST = 500
"""Images that are looked at, at most."""

_MOST_READ = 200  # where no label tells the answers
_SURE = 0.99
_KEEP = "collect with --keep-pages, and name that folder"


class _Answer(NamedTuple):
    """An image, and its answer as far as it is known."""

    path: Path
    text: str


def measure_leaks(setting: Setting) -> Leaks:
    """Look for the answers in all that comes with the images; nobody is asked for anything.

    The answers are the labels or, without any, what the general reader reads surely.

    Raises:
        UnmeasuredError: If no answer is known, and no image is a drawing.
    """
    subject = setting.subject
    places = _Places(setting)
    samples = subject.samples[:MOST]
    answers = [_Answer(s.path, s.label) for s in samples] or _sure_answers(setting)
    with_page = [answer for answer in answers if places.has_page(answer.path)]
    drawings = [(data, text) for path, text in answers if _is_drawing(data := places.data(path))]
    leaks = [*_text_of_drawings(setting, places), *outline_leaks(drawings, setting.seed)]
    for known, look in ((answers, places.of_file), (with_page, places.of_page)):
        leaks += _leaks_in(known, look, setting.seed)
    looked, missing = _said(setting, places, answers, len(with_page), len(drawings))
    return Leaks(looked, missing, tuple(sorted(leaks, key=lambda leak: -leak.found.value)))


def _leaks_in(
    answers: Sequence[_Answer], look: Callable[[Path], Iterable[Place]], seed: int
) -> Iterator[Leak]:
    """Give the places that have the answers, and those that have the results of sums."""
    yield from find_leaks([Known(text, partial(look, path)) for path, text in answers], seed)
    values = ((path, value_of(text)) for path, text in answers)
    sums = [Known(f"{value}", partial(look, path)) for path, value in values if value is not None]
    for leak in find_leaks(sums, seed):
        yield replace(leak, what=f"{leak.what}, as the result of the sum")


LEAKS = Measurement("leaks", "where answers leak", Leaks, measure_leaks, 8.0)


class _Places:
    """The places of each image of a folder: in its file, and in the page that was kept with it."""

    def __init__(self, setting: Setting) -> None:
        held = setting.subject.held
        self._folder = held.folder
        self.named = bool(held.samples) and held.source is None
        self.collection = setting.collection()

    def data(self, path: Path) -> bytes:
        """Return the bytes of an image; none of what cannot be read, or lies elsewhere."""
        try:
            if path.is_symlink() and not is_inside(self._folder, path):
                return b""
            return read_regular(path, MAX_BYTES)
        except (OSError, ValueError):
            return b""

    def of_file(self, path: Path) -> Iterator[Place]:
        """Give the places of its file, and its address."""
        if not (data := self.data(path)):
            return
        if not self.named:
            yield Place(NAME, "the name of the file", path.stem)
        if url := self._url(data):
            yield Place(NAME, "the address of the image", url)
        yield from places_of_file(data)

    def of_page(self, path: Path) -> Iterator[Place]:
        """Give the places of what the site answered."""
        data = self.data(path)
        if self.collection and (page := self.collection.page(_sha256(data))):
            yield from places_of_page(page)

    def has_page(self, path: Path) -> bool:
        """Say whether a page was kept with an image."""
        return next(self.of_page(path), None) is not None

    def has_url(self, path: Path) -> bool:
        """Say whether it is known where an image came from."""
        return bool(self._url(self.data(path)))

    def _url(self, data: bytes) -> str:
        return self.collection.url(_sha256(data)) if self.collection else ""


def _sure_answers(setting: Setting) -> list[_Answer]:
    """Return what the general reader reads surely; of labels there are none."""
    paths = evenly(setting.subject.images, _MOST_READ)
    options = replace(setting.reading, min_confidence=0.0)
    with reader_of("any", options) as reader:
        readings = list(reader.read_many(paths, jobs=setting.jobs, errors="return"))
    return [
        _Answer(path, reading.text)
        for path, reading in zip(paths, readings, strict=True)
        if reading.text and reading.confidence > _SURE
    ]


def _text_of_drawings(setting: Setting, places: _Places) -> tuple[Leak, ...]:
    """Return how many drawings have text as text, which needs no answer to be known."""
    paths = evenly(setting.subject.images, MOST)
    texts = [text for path in paths if (text := text_in(places.data(path)))]
    if not texts:
        return ()
    rate = Rate(len(texts), len(paths))
    return (Leak(DRAWING, "the text of the drawing", printable(texts[0]), rate, 0.0),)


def _said(
    setting: Setting, places: _Places, answers: Sequence[_Answer], pages: int, drawings: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return in words what was looked at, and what could not be."""
    files = [answer.path for answer in answers if places.data(answer.path)]
    if not files:
        paths = evenly(setting.subject.images, MOST)
        if not any(_is_drawing(places.data(path)) for path in paths):
            what = "no answer is known, and the general reader is sure of none"
            raise UnmeasuredError(f"{what} (label some images)")
        what = "all but the text of drawings: no answer is known, and the general reader is sure of"
        return ("the text of drawings",), (f"{what} none; label some images",)
    whose = (
        "their labels"
        if setting.subject.samples
        else (
            f"what the general reader is more than {100 * _SURE:.0f} % sure of, "
            "as there are no labels"
        )
    )
    looked = [f"the metadata of {len(files)} image files, and what follows the image, by {whose}"]
    missing = list[str]()
    if places.named:
        missing.append("the names of the files: the labels are taken from them")
    else:
        looked.append("the names of the files")
    if urls := sum(map(places.has_url, files)):
        looked.append(f"the addresses of {urls} images")
    else:
        missing.append("the addresses of the images: collect writes them down in collected.csv")
    if drawings:
        looked.append(f"the text and the outlines of {drawings} SVG drawings")
    if pages:
        looked.append(f"the headers, the cookies and the pages that came with {pages} images")
    elif setting.subject.scheme is not None:
        missing.append(f"headers, cookies and pages: a scheme that is drawn has none; {_KEEP}")
    else:
        missing.append(f"headers, cookies and pages: none were kept; {_KEEP}")
    if len({answer.text for answer in answers}) == 1 < len(answers):
        missing.append("whether it is the answer or chance: all images have the same one")
    if unread := len(answers) - len(files):
        missing.append(f"{unread} images, which cannot be read")
    return tuple(looked), tuple(missing)


def _is_drawing(data: bytes) -> bool:
    return b"<svg" in data[:4096]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
