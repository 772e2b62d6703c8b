"""Sources of images that fail in the middle: what came before is read, then they are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest

from captchascope.errors import ImageError
from captchascope.generate import draw_captcha
from captchascope.reader import Reader, load

DRAWN = draw_captcha("metu", 990009, 1)
COUNT = 70  # images, more than a process gets at a time, and less than are read at once in one


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """Return one reader, with its processes."""
    with load("metu-glyphs") as opened:
        yield opened


def given(*last: Any) -> Iterator[Any]:
    """Yield images, and then raise what is an error, and yield the rest."""
    for image in (*[DRAWN.image] * COUNT, *last, DRAWN.image):
        if isinstance(image, BaseException):
            raise image
        yield image


def taken(readings: Iterator[Any]) -> tuple[list[str | None], BaseException | None]:
    """Return the texts that come, and the error that ends them."""
    texts = []
    try:
        for reading in readings:
            texts.append(reading.text)
    except BaseException as error:
        return texts, error
    return texts, None


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("errors", ["raise", "return"])
def test_a_source_that_raises(
    reader: Reader, jobs: int, errors: Literal["raise", "return"]
) -> None:
    """Its own error, after the readings of all that it gave; then there are no more."""
    failure = ConnectionResetError("gone")
    readings = reader.read_many(given(failure), jobs=jobs, errors=errors)
    texts, error = taken(readings)
    assert texts == [DRAWN.label] * COUNT
    assert error is failure
    assert list(readings) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_no_image_is_told_in_its_place(reader: Reader, jobs: int) -> None:
    """As a failure of the source is, for it is none of the image."""
    texts, error = taken(reader.read_many(given(5), jobs=jobs, errors="return"))
    assert texts == [DRAWN.label] * COUNT
    assert isinstance(error, TypeError)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_image_that_fails_first_is_raised_first(reader: Reader, jobs: int) -> None:
    """The source failed later, though it was found out earlier."""
    texts, error = taken(reader.read_many(given(b"no image", OSError()), jobs=jobs))
    assert texts == [DRAWN.label] * COUNT
    assert isinstance(error, ImageError)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_in_the_source_is_raised_at_once(reader: Reader, jobs: int) -> None:
    """Nobody who waits for the end is given readings, nor can they swallow it by leaving."""
    texts, error = taken(reader.read_many(given(KeyboardInterrupt()), jobs=jobs))
    assert (texts, type(error)) == ([], KeyboardInterrupt)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_source_that_is_left_goes_on(reader: Reader, jobs: int) -> None:
    """Who closes the readings has the rest of what is given."""
    source = given(*[DRAWN.image] * 600)
    readings = reader.read_many(source, jobs=jobs)
    next(readings)
    readings.close()  # type: ignore[attr-defined]
    assert next(source) is DRAWN.image
