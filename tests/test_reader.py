"""Reading with the shipped model of the glyphs way, and what both ways have in common."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import captchascope
from captchascope.errors import ImageError, ModelError, SegmentationError, UsageError
from captchascope.generate import draw
from captchascope.image import ImageSource, load_gray
from captchascope.methods import GlyphMethod
from captchascope.modelfile import ModelFile
from captchascope.reader import Reader, load, model_names, model_path
from captchascope.records import FloatArray, Reading

DRAWN = [draw("metu", 990001, number) for number in range(1, 101)]
JPEGS = [drawn.jpeg() for drawn in DRAWN]
BLANK = np.full((50, 150), 255, np.uint8)
REAL = Path(os.environ.get("CAPTCHASCOPE_DATA", ""), "metu-real", "images")


@pytest.fixture(scope="module")
def reader() -> Reader:
    """Open the shipped model once."""
    return load("metu-glyphs")


@pytest.fixture(scope="module")
def readings(reader: Reader) -> list[Reading]:
    """Read all captchas one by one."""
    return [reader.read(data) for data in JPEGS]


def same(one: Reading, other: Reading) -> bool:
    """Say whether two readings agree as far as is promised."""
    return one.text == other.text and math.isclose(one.confidence, other.confidence, abs_tol=1e-4)


def test_fresh_captchas_are_read(readings: list[Reading]) -> None:
    """At least 95 of a hundred that no training has seen."""
    right = sum(r.text == d.label for r, d in zip(readings, DRAWN, strict=True))
    assert right >= 95


@pytest.mark.skipif("CAPTCHASCOPE_DATA" not in os.environ, reason="CAPTCHASCOPE_DATA is unset")
def test_the_real_captchas_are_read(reader: Reader) -> None:
    """All four; their names are their labels."""
    files = sorted(REAL.iterdir())
    assert len(files) == 4
    assert [reading.text for reading in reader.read_many(files)] == [file.stem for file in files]


def test_a_reading_has_a_confidence_for_each_character(readings: list[Reading]) -> None:
    """The text's is their product, and nothing is in doubt."""
    for reading in readings:
        assert reading.text == "".join(char.char for char in reading.chars)
        assert len(reading.chars) == 6
        assert reading.confidence == math.prod(char.confidence for char in reading.chars)
        assert all(0 < char.confidence <= 1 for char in reading.chars)
        assert reading.error is None
        assert not reading.abstained
    assert np.mean([reading.confidence for reading in readings]) > 0.8


def test_the_same_pixels_give_the_same_reading(reader: Reader, tmp_path: Path) -> None:
    """As a path, bytes, an array or an image of Pillow."""
    for drawn in DRAWN[:5]:
        png = cv2.imencode(".png", drawn.image)[1].tobytes()
        file = tmp_path / "captcha.png"
        file.write_bytes(png)
        colour = np.repeat(drawn.image[..., None], 3, axis=2)
        expected = reader.read(drawn.image)
        sources: list[ImageSource] = [file, str(file), png, bytearray(png), memoryview(png)]
        sources += [colour, Image.fromarray(drawn.image), Image.fromarray(colour)]
        assert all(same(reader.read(source), expected) for source in sources)


def test_pillow_decodes_to_the_same_text(reader: Reader, readings: list[Reading]) -> None:
    """Its JPEG decoder may differ by a level or two."""
    for data, reading in zip(JPEGS[:30], readings, strict=False):
        with Image.open(BytesIO(data)) as image:
            assert reader.read(image).text == reading.text


def test_the_batch_has_no_say(reader: Reader, readings: list[Reading]) -> None:
    """All at once, in any order and one by one give the same."""
    order = list(range(100))
    random.Random(0).shuffle(order)
    shuffled = list(reader.read_many([JPEGS[i] for i in order]))
    assert all(same(shuffled[k], readings[i]) for k, i in enumerate(order))
    assert all(map(same, reader.read_many(JPEGS), readings))
    assert all(map(same, reader.read_batch(JPEGS), readings))


def test_threads_may_share_a_reader(reader: Reader, readings: list[Reading]) -> None:
    """Eight of them read what one reads."""
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: list(reader.read_many(JPEGS[:30])), range(8)):
            assert all(map(same, found, readings))


def test_reading_one_image_raises(reader: Reader, tmp_path: Path) -> None:
    """The error tells a file that is no image from an image without a text."""
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), BLANK)
    with pytest.raises(ImageError, match=r"none\.png"):
        reader.read(tmp_path / "none.png")
    with pytest.raises(ImageError):
        reader.read(b"no image")
    with pytest.raises(SegmentationError, match="image: no ink"):
        reader.read(BLANK)
    for source in (blank, str(blank)):
        with pytest.raises(SegmentationError) as caught:
            reader.read(source)
        assert caught.value.where == str(blank)
    with pytest.raises(TypeError):
        reader.read(None)  # type: ignore[arg-type]


def test_errors_are_returned_in_their_place(reader: Reader, tmp_path: Path) -> None:
    """The images around them are read."""
    images: list[ImageSource] = [
        JPEGS[0],
        b"no image",
        JPEGS[1],
        BLANK,
        tmp_path / "none",
        JPEGS[2],
    ]
    found = list(reader.read_many(images, errors="return"))
    kinds = [type(reading.error) for reading in found]
    nothing = type(None)
    assert kinds == [nothing, ImageError, nothing, SegmentationError, ImageError, nothing]
    for reading in found:
        if reading.error is not None:
            assert (reading.text, reading.confidence, reading.chars) == (None, 0, ())
            assert not reading.abstained
    assert [r.text for r in found if r.error is None] == [d.label for d in DRAWN[:3]]


def test_an_error_is_raised_after_what_came_before_it(reader: Reader) -> None:
    """The readings of the good images are not lost."""
    found = reader.read_many([JPEGS[0], JPEGS[1], b"no image", JPEGS[2]])
    assert [reading.text for reading in islice(found, 2)] == [d.label for d in DRAWN[:2]]
    with pytest.raises(ImageError):
        next(found)
    assert list(found) == []


def test_images_are_taken_as_they_are_needed(reader: Reader) -> None:
    """No more than a batch ahead, so that a stream may be endless."""
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for data in cycle(JPEGS):
            taken += 1
            yield data

    found = reader.read_many(endless())
    assert taken == 0
    for done in range(1, 301):
        assert next(found).text is not None
        assert done <= taken < done + 256


def test_large_images_are_taken_a_few_at_once(reader: Reader) -> None:
    """A batch of the largest ones would fill the memory."""
    images = iter([np.zeros((4000, 4000), np.uint8)] * 12)
    found = reader.read_many(images, errors="return")
    next(found)
    assert len(list(images)) == 12 - 5


def test_images_that_fail_are_held_a_few_at_once(reader: Reader) -> None:
    """An error that can still tell where it came from holds the file that it is about."""
    images = iter([JPEGS[0][:500]] * 12)
    next(reader.read_many(images, errors="return"))
    assert len(list(images)) == 12 - 5


def test_no_images_are_no_readings(reader: Reader) -> None:
    """Neither is an error."""
    assert list(reader.read_many([])) == []
    assert reader.read_batch([]) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jobs": 0}, "jobs: must be at least 1, not 0"),
        ({"errors": "ignore"}, "cannot be 'ignore'"),
    ],
)
def test_wrong_usage_is_known_at_once(
    reader: Reader, options: dict[str, Any], message: str
) -> None:
    """Not when the first image is asked for."""
    with pytest.raises(UsageError, match=message):
        reader.read_many(JPEGS, **options)


def test_a_charset_limits_the_text(readings: list[Reading]) -> None:
    """And changes nothing where the text has no other characters."""
    reader = load("metu-glyphs", charset="0123456")
    for found, reading in zip(reader.read_many(JPEGS[:40]), readings, strict=False):
        assert found.text is not None
        assert set(found.text) <= set("0123456")
        if set(reading.text or "") <= set("0123456"):
            assert found.text == reading.text
            assert found.confidence >= reading.confidence - 1e-4


def test_a_pattern_limits_the_text(readings: list[Reading]) -> None:
    """It chooses the best of the texts that match."""
    patterned = load("metu-glyphs", pattern="[0-4]{3}[0-9]{3}", length="4-6", ignore_case=True)
    for found, reading in zip(patterned.read_many(JPEGS[:40]), readings, strict=False):
        assert found.text is not None
        assert set(found.text[:3]) <= set("01234")
        assert found.text[3:] == (reading.text or "")[3:]


def test_a_reader_abstains_below_its_confidence(readings: list[Reading]) -> None:
    """It still tells what it saw; at the bound it is sure enough."""
    bound = sorted(reading.confidence for reading in readings)[50]
    strict = load("metu-glyphs", min_confidence=bound - 1e-3)
    for found, reading in zip(strict.read_many(JPEGS), readings, strict=True):
        assert found.confidence == pytest.approx(reading.confidence, abs=1e-4)
        assert len(found.chars) == 6
        assert found.abstained == (found.confidence < bound - 1e-3)
        assert found.text == (None if found.abstained else reading.text)
        assert found.error is None
    exact = load("metu-glyphs", min_confidence=readings[0].confidence).read(JPEGS[0])
    assert not exact.abstained


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"charset": "abc"}, "--charset: has nothing in common with the model's"),
        ({"charset": ""}, "--charset: a charset needs at least one character"),
        ({"length": 5}, r"--length: the model reads 6 characters \(leave it away, or include 6\)"),
        ({"length": "7-9"}, "--length: the model reads 6 characters"),
        ({"length": "six"}, "--length: is no length"),
        ({"pattern": "("}, r"--pattern: \( at character 1 is not understood"),
        ({"pattern": "[a-z]{6}"}, "--pattern: matches no text that the model can read"),
        ({"pattern": "[0-9]{4}"}, "it reads 6 characters of 0123456789"),
        ({"min_confidence": 1.1}, "--min-confidence: must be 0 to 1"),
        ({"min_confidence": float("nan")}, "--min-confidence: must be 0 to 1"),
    ],
)
def test_what_the_model_can_never_satisfy_is_wrong_usage(
    options: dict[str, Any], message: str
) -> None:
    """It is known when the model is loaded."""
    with pytest.raises(UsageError, match=message) as caught:
        load("metu-glyphs", **options)
    assert caught.value.remedy


def test_models_go_by_name_or_path(reader: Reader, readings: list[Reading]) -> None:
    """The names are listed, and each is a file."""
    assert {"metu", "metu-glyphs"} <= set(model_names())
    assert all(model_path(name).is_file() for name in model_names())
    assert reader.charset.chars == "0123456789"
    by_path = load(model_path("metu-glyphs"))
    assert same(by_path.read(JPEGS[0]), readings[0])
    assert captchascope.load is load


def test_unusable_models_are_refused(tmp_path: Path) -> None:
    """The error names what was asked for, and what there is."""
    with pytest.raises(ModelError, match=r"metoo: no such model \(name one of metu, metu-glyphs"):
        load("metoo")
    file = tmp_path / "model.onnx"
    with pytest.raises(ModelError, match=r"model\.onnx"):
        load(file)
    for content in (b"", b"no model at all", JPEGS[0]):
        file.write_bytes(content)
        with pytest.raises(ModelError, match=r"model\.onnx"):
            load(file)
    with pytest.raises(ModelError):
        load(tmp_path)


def test_a_model_that_fails_in_use_is_a_model_error(reader: Reader) -> None:
    """It is not blamed on the image."""

    def broken(batch: FloatArray) -> FloatArray:
        return ModelFile.run(reader.model, batch[:, :, :-1])

    assert isinstance(reader.method, GlyphMethod)
    recognise = replace(reader.method.recognise, run=broken)
    failing = replace(reader, method=replace(reader.method, recognise=recognise))
    with pytest.raises(ModelError, match="failed on a batch of the shape"):
        list(failing.read_many(JPEGS[:1], errors="return"))


def test_an_image_is_not_changed(reader: Reader) -> None:
    """Not even an array that is passed as it is."""
    array = load_gray(JPEGS[0])
    copy = array.copy()
    array.setflags(write=False)
    reader.read(array)
    np.testing.assert_array_equal(array, copy)
