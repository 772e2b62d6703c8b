"""The two ways behind one call: constraints, abstaining, what is unfamiliar, unusable models."""

from __future__ import annotations

import base64
import math
import os
import pickle
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
from numpy.typing import NDArray
from PIL import Image

import captchascope
from captchascope.ctc.recogniser import CtcRecogniser
from captchascope.ctc.tta import augmented_logits
from captchascope.decode import Constraints, ReadOptions, decode_ctc
from captchascope.errors import ImageError, ModelError, SegmentationError, UsageError
from captchascope.generate import draw_captcha
from captchascope.glyphs.recogniser import GlyphRecogniser
from captchascope.image import ImageSource, Preprocessing, load_gray
from captchascope.model.file import ModelFile, open_model, open_model_bytes
from captchascope.reader import Reader, load, model_names, model_path, recogniser_of
from captchascope.records import FloatArray, Reading
from ctc.bars import CHARS, FREE, GRAY, bars, model_bytes, noise, write_model

GLYPHS = open_model(model_path("metu-glyphs"))
TEXTS = ["0", "01A", "AAbb", "abAB0", "43210aB"]
ANY = Constraints()


def whole(rule: Constraints = ANY, **changes: Any) -> CtcRecogniser:
    """Return the bars' recogniser."""
    made = recogniser_of(open_model_bytes(model_bytes(**changes), "bars.onnx"), rule)
    assert isinstance(made, CtcRecogniser)
    return made


def texts(recogniser: CtcRecogniser, *written: str) -> list[str | None]:
    """Return what is read of bars of these texts."""
    return [reading.text for reading in recogniser([bars(text) for text in written])]


@pytest.mark.parametrize(
    ("told", "weighed"),
    [
        ({}, True),
        ({"length": "4-6"}, True),
        ({"ignore_case": True}, True),
        ({"charset": "0-9"}, False),
        ({"pattern": "[0-9]{4}"}, False),
        ({"solve": True}, False),
    ],
)
def test_what_is_told_of_the_characters_leaves_nothing_to_the_prior(
    told: dict[str, Any], weighed: bool
) -> None:
    """Neither does a model of one scheme, or of an alphabet that mixes no kinds."""
    rule = ReadOptions(**told).constraints
    for name, general in (("any", True), ("metu", False)):
        recogniser = recogniser_of(open_model(model_path(name)), rule if general else ANY)
        assert isinstance(recogniser, CtcRecogniser)
        assert (recogniser.prior is not None) == (weighed and general)
    assert whole(lengths=None).prior is None


def test_what_the_prior_decides_does_not_depend_on_the_batch() -> None:
    """Nor on whether there is one; and a text that is sure stays as it is."""
    reader = load("any")
    images = [draw_captcha("general", 4711, number).jpeg() for number in range(8)]
    together = reader.read_many(images)
    for image, reading in zip(images, together, strict=True):
        alone = reader.read(image)
        assert reading.text == alone.text
        assert reading.confidence == pytest.approx(alone.confidence, abs=1e-4)


def test_a_model_is_read_by_its_own_method() -> None:
    """The metadata says which; either says how many channels it wants."""
    colour = replace(GRAY, channels=3)
    assert isinstance(recogniser_of(GLYPHS, ANY), GlyphRecogniser)
    assert recogniser_of(GLYPHS, ANY).spec.channels == 1
    assert whole().spec.channels == 1
    assert whole(spec=colour).spec.channels == 3


def test_texts_of_every_length_are_read() -> None:
    """With a confidence for the text and, where it was seen, for each character."""
    for text, reading in zip(TEXTS, whole()([bars(text) for text in TEXTS]), strict=True):
        assert reading.text == "".join(char.char for char in reading.chars) == text
        assert 0.5 < reading.confidence < 1
        assert all(reading.confidence <= char.confidence <= 1 for char in reading.chars)
        places = [char.place for char in reading.chars if char.place is not None]
        assert len(places) == len(text)
        assert places == sorted(places)
        assert (reading.abstained, reading.unfamiliar, reading.error) == (False, False, None)


def test_widths_that_follow_the_image_are_read_together() -> None:
    """Each in its place, whatever the sizes around it."""
    recogniser = whole(spec=FREE)
    sizes = [(24, 64), (24, 128), (24, 64), (24, 200), (48, 256)]
    found = recogniser(
        [
            bars("0Ab", size)
            if size[0] == 24
            else np.repeat(np.repeat(bars("0Ab", (24, 128)), 2, 0), 2, 1)
            for size in sizes
        ]
    )
    assert [reading.text for reading in found] == ["0Ab"] * 5


def test_nothing_in_nothing_out() -> None:
    """No images are no readings."""
    assert whole()([]) == []


def test_an_empty_text_is_none() -> None:
    """A blank image is abstained from, though the model is sure of it."""
    (reading,) = whole()([bars("")])
    assert (reading.text, reading.abstained, reading.chars) == (None, True, ())
    assert reading.confidence > 0.5


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (Constraints(), ["000", "01A"]),
        (ReadOptions(length="1-9").constraints, ["0", "01A"]),
        (ReadOptions(pattern="[0A]{1,2}").constraints, ["0", "0A"]),
        (ReadOptions(charset="01").constraints, ["000", "011"]),
    ],
)
def test_texts_are_as_long_as_the_labels_were(rule: Constraints, wanted: list[str]) -> None:
    """Unless the user says something of their length, or how they look."""
    recogniser = whole(rule, lengths=(3, 4))
    for reading, text in zip(recogniser([bars("0"), bars("01A")]), wanted, strict=True):
        assert reading.text is not None
        assert rule.length is not None or rule.pattern is not None or len(reading.text) in (3, 4)
        assert len(reading.text) == len(text)
        assert rule.charset is None or set(reading.text) <= set(rule.charset.chars)
    if rule.length is not None or rule.pattern is not None:
        assert texts(recogniser, "0", "01A") == wanted


def test_only_what_is_unsure_is_looked_at_again() -> None:
    """In its place, and what all views say in the mean counts."""
    recogniser = replace(whole(temperature=0.1), augments=True)  # whose bars are sure
    images = [bars("01A"), noise(1), bars("aB"), noise(2)]
    batches: list[FloatArray] = []

    def noted(batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        batches.append(batch)
        return recogniser.network(batch)

    found = replace(recogniser, network=noted)(images)
    assert [found[0].text, found[2].text] == ["01A", "aB"]
    assert [len(batch) for batch in batches] == [4, 4 * 2]
    (bucket,) = recogniser.buckets(images)
    for place in (1, 3):
        one = slice(place, place + 1)
        logits = augmented_logits(recogniser.network, bucket.images[one], bucket.logits[one])
        (together,) = decode_ctc(logits, recogniser.charset, recogniser.rule, 0.1)
        assert together is not None
        assert found[place].text == together.text
        assert found[place].confidence == pytest.approx(together.confidence)


def test_ignored_case_is_lower_case() -> None:
    """As for glyphs."""
    assert texts(whole(ReadOptions(ignore_case=True).constraints), "AbBa") == ["abba"]


def test_what_is_unlike_the_training_images_is_unfamiliar() -> None:
    """Above the model's threshold, and in its place; text or no text."""
    images = [bars("01A"), noise(1), bars("aB"), noise(2), bars("")]
    far = [reading.unfamiliar for reading in whole()(images)]
    assert far == [False, True, False, True, False]
    impossible = whole(ReadOptions(length=400).constraints)(images)
    assert [reading.text for reading in impossible] == [None] * 5
    assert [reading.unfamiliar for reading in impossible] == far


@pytest.mark.parametrize("changes", [{"distance": False}, {"unfamiliar": None}])
def test_a_model_that_cannot_tell_finds_nothing_unfamiliar(changes: dict[str, Any]) -> None:
    """It gives no distance, or has no threshold."""
    found = whole(**changes)([noise(1), bars("01A")])
    assert [reading.unfamiliar for reading in found] == [False, False]


def test_a_distance_that_is_no_number_is_unfamiliar() -> None:
    """Whatever the image did to the network, it was not trained on that."""
    recogniser = whole()

    def dizzy(batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        logits, distances = recogniser.network(batch)
        return logits, None if distances is None else distances * np.float32(np.nan)

    changed = replace(recogniser, network=dizzy)
    assert [reading.unfamiliar for reading in changed([bars("01A")])] == [True]


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_the_models_fault(number: float) -> None:
    """Not the image's, and not an exception of the decoder's."""
    recogniser = whole()

    def broken(batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        return np.full_like(recogniser.network(batch)[0], number), None

    changed = replace(recogniser, network=broken)
    with pytest.raises(ModelError, match=r"bars\.onnx: gives what cannot be decoded: .* NaN"):
        changed([bars("01A")])


def test_the_temperature_softens() -> None:
    """The text stays, its confidence falls."""
    (sharp,), (soft,) = whole()([bars("0")]), whole(temperature=1.2)([bars("0")])
    assert sharp.text == soft.text == "0"
    assert soft.confidence < sharp.confidence


WHOLE = open_model_bytes(model_bytes(), "bars.onnx")


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        (GLYPHS, {"normalisation": "none"}, "wants the unknown normalisation 'none'"),
        (GLYPHS, {"scheme": None}, "has unusable metadata: the file must be a table"),
        (GLYPHS, {"scheme": {"name": "metu"}}, "has unusable metadata: the key title is missing"),
        (GLYPHS, {"input": {}}, "has unusable metadata: the key kind is missing"),
        (
            GLYPHS,
            {"input": {"kind": "window", "height": 0, "width": 22}},
            "has unusable metadata: height and width must be at least 4",
        ),
        (WHOLE, {"normalisation": "none"}, "wants the unknown normalisation 'none'"),
        (WHOLE, {"input": {}}, "has unusable metadata: the key kind is missing"),
        (WHOLE, {"input": GLYPHS.metadata.input}, "has unusable metadata: the key min_width"),
    ],
)
def test_models_of_another_making_are_refused(
    model: ModelFile, changes: dict[str, Any], message: str
) -> None:
    """Their file is sound, but this version cannot read with it."""
    changed = replace(model, metadata=replace(model.metadata, **changes))
    with pytest.raises(ModelError, match=message) as caught:
        recogniser_of(changed, ANY)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"charset": "xyz"}, f"charset: has nothing in common .* \\(it knows {CHARS}\\)"),
        ({"pattern": "[x-z]{2}"}, "pattern: matches no text that the model can read"),
        ({"pattern": "[0-9]{2}", "charset": "Ab"}, "pattern: .* \\(it reads Ab\\)"),
        ({"pattern": "[0-9]{2}", "length": 3}, "pattern: matches no text"),
        ({"length": 9999}, "length: matches no text that the model can read"),
    ],
)
def test_what_the_model_can_never_satisfy_is_wrong_usage(
    options: dict[str, Any], message: str
) -> None:
    """It is known before an image is read."""
    with pytest.raises(UsageError, match=message) as caught:
        whole(ReadOptions(**options).constraints)
    assert caught.value.remedy


DRAWN = [draw_captcha("metu", 990001, number) for number in range(1, 101)]
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
    """As a path, bytes, base64, an open file, an array or an image of Pillow."""
    for drawn in DRAWN[:5]:
        png = cv2.imencode(".png", drawn.image)[1].tobytes()
        file = tmp_path / "captcha.png"
        file.write_bytes(png)
        colour = np.repeat(drawn.image[..., None], 3, axis=2)
        expected = reader.read(drawn.image)
        sources: list[ImageSource] = [file, str(file), png, bytearray(png), memoryview(png)]
        text = base64.b64encode(png).decode()
        sources += [text, f"data:image/png;base64,{text}", BytesIO(png), text.encode()]
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


@pytest.mark.parametrize(
    "image",
    ["captcha.jpeg", Path("captcha.jpeg"), JPEGS[0], bytearray(JPEGS[0]), memoryview(JPEGS[0])],
    ids=lambda image: type(image).__name__,
)
def test_one_image_is_not_many(reader: Reader, image: Any) -> None:
    """Most of what an image can be could be gone through, letter by letter or row by row."""
    gray, colour = DRAWN[0].image, np.repeat(DRAWN[0].image[..., None], 3, axis=2)
    sources: list[Any] = [image, gray, colour, Image.fromarray(gray), BytesIO(JPEGS[0])]
    for one in sources:
        with pytest.raises(UsageError, match=r"images: is one image \(give a list of images"):
            reader.read_many(one)


def test_an_array_of_several_images_is_a_batch(reader: Reader, readings: list[Reading]) -> None:
    """One of read_many's, gray or colour; read refuses it."""
    grays = np.stack([drawn.image for drawn in DRAWN[:3]])
    for batch in (grays, grays[..., None], np.repeat(grays[..., None], 3, axis=3)):
        assert all(map(same, reader.read_many(batch), readings))
        with pytest.raises(ImageError, match="pass one image at a time"):
            reader.read(batch)


def test_a_reader_is_known_by_what_it_was_given() -> None:
    """Its repr is short, and shows no option that was left alone."""
    assert repr(load("metu-glyphs")) == "Reader('metu-glyphs', method='glyphs')"
    options: dict[str, Any] = {"length": "4-6", "min_confidence": 0.5}
    expected = "Reader('metu-glyphs', method='glyphs', length='4-6', min_confidence=0.5)"
    assert repr(load("metu-glyphs", **options)) == expected


def test_a_reader_is_equal_to_itself_alone(reader: Reader) -> None:
    """So it can be looked up, though its model cannot be compared."""
    other = load("metu-glyphs")
    assert {reader: "one", other: "other"}[reader] == "one"
    assert reader != other


def test_a_pickled_reader_opens_its_model_anew(readings: list[Reading]) -> None:
    """With the same options, threads and providers."""
    reader = load("metu-glyphs", min_confidence=0.5, threads=2, providers=["cpu"])
    again = pickle.loads(pickle.dumps(reader))
    assert same(again.read(JPEGS[0]), readings[0])
    for name in ("path", "options", "threads", "providers"):
        assert getattr(again, name) == getattr(reader, name)


def test_threads_and_providers_are_onnx_runtimes(reader: Reader) -> None:
    """One thread, unless more are asked for; what there is not is wrong usage."""
    threaded = load("metu-glyphs", threads=3, providers=["CPUExecutionProvider"])
    counts = [
        each.model.session.get_session_options().intra_op_num_threads for each in (reader, threaded)
    ]
    assert counts == [1, 3]
    assert threaded.model.session.get_providers() == ["CPUExecutionProvider"]
    wrongs: list[dict[str, Any]] = [{"threads": 0}, {"providers": ["NoProvider"]}]
    for wrong in wrongs:
        with pytest.raises(UsageError, match=f"{next(iter(wrong))}: "):
            load("metu-glyphs", **wrong)


def test_other_options_need_no_other_model(reader: Reader) -> None:
    """They are as those of load; the reader itself keeps its own."""
    narrower = reader.with_options(ReadOptions(charset="0123456", min_confidence=1.0))
    assert narrower.model is reader.model
    found = narrower.read(JPEGS[0])
    assert found.abstained
    assert {char.char for char in found.chars} <= {*"0123456"}
    assert reader.options == ReadOptions()
    with pytest.raises(UsageError, match="charset: has nothing in common"):
        reader.with_options(ReadOptions(charset="abc"))


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
        ({"charset": "abc"}, "charset: has nothing in common with the model's"),
        ({"charset": ""}, "charset: a charset needs at least one character"),
        ({"length": 5}, r"length: the model reads 6 characters \(leave it away, or include 6\)"),
        ({"length": "7-9"}, "length: the model reads 6 characters"),
        ({"length": "six"}, "length: is no length"),
        ({"pattern": "("}, r"pattern: \( at character 1 is empty"),
        ({"pattern": "[a-z]{6}"}, "pattern: matches no text that the model can read"),
        ({"pattern": "[0-9]{4}"}, "it reads 6 characters of 0123456789"),
        ({"min_confidence": 1.1}, "min_confidence: must be 0 to 1"),
        ({"min_confidence": float("nan")}, "min_confidence: must be 0 to 1"),
    ],
)
def test_reader_what_the_model_can_never_satisfy_is_wrong_usage(
    options: dict[str, Any], message: str
) -> None:
    """It is known when the model is loaded."""
    with pytest.raises(UsageError, match=message) as caught:
        load("metu-glyphs", **options)
    assert caught.value.remedy


def test_options_are_inferred_from_images_of_one_scheme(tmp_path: Path) -> None:
    """What is told stays; those that fail are left out, and of more than a hundred some."""
    texts = [f"{n % 5}{n // 5 % 5}{n // 25 % 5}" for n in range(125)]
    images = [bars(text) for text in texts]
    reader = load(write_model(tmp_path / "bars.onnx"), min_confidence=0.1)
    found = reader.inferred_options([b"no image", *images])
    assert found == replace(reader.options, charset="0-4", length="3")
    assert reader.with_options(found).read(images[7]).text == texts[7]
    told = reader.with_options(ReadOptions(length=3))
    assert told.inferred_options(images) == ReadOptions(charset="0-4", length="3")
    assert reader.inferred_options([b"no image"]) is None
    assert reader.inferred_options([]) is None


def test_options_are_inferred_where_glyphs_are_cut(reader: Reader) -> None:
    """How many there are is known; an image that cannot be cut says nothing."""
    assert reader.inferred_options([BLANK, *JPEGS[:20]]) == replace(reader.options, length="6")
    with pytest.raises(UsageError, match="pattern: leaves nothing to be inferred"):
        reader.with_options(ReadOptions(pattern="[0-9]{6}")).inferred_options(JPEGS)


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
    with pytest.raises(ModelError, match=r"metoo: no such model \(did you mean metu\? name "):
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


def test_a_model_that_fails_in_use_is_a_model_error(tmp_path: Path) -> None:
    """It is not blamed on the image."""
    failing = load(write_model(tmp_path / "odd.onnx", breaks=True))
    with pytest.raises(ModelError, match="failed on a batch of the shape"):
        list(failing.read_many(JPEGS[:1], errors="return"))


def test_an_image_is_not_changed(reader: Reader) -> None:
    """Not even an array that is passed as it is."""
    array = load_gray(JPEGS[0])
    copy = array.copy()
    array.setflags(write=False)
    reader.read(array)
    np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("one", ["examples/1.jpeg", b"\xff\xd8"])
def test_one_image_is_no_list_of_images_to_infer_from(one: str | bytes) -> None:
    """As where many are read."""
    with pytest.raises(UsageError, match="is one image"):
        load("any").inferred_options(one)  # type: ignore[arg-type]


def test_a_length_that_was_told_stays_when_the_characters_are_inferred() -> None:
    """However much longer it is than what is thought of otherwise."""
    images = [draw_captcha("metu", 5, number).jpeg() for number in range(6)]
    options = load("any", length="4-20").inferred_options(images)
    assert options is not None
    assert options.length in ("4-20", "6")


def test_sums_of_any_length_blame_no_pattern() -> None:
    """There was none."""
    with pytest.raises(UsageError, match="length: is too long for sums"):
        load("any", solve=True, length="100")


def in_two_rows(upper: str, lower: str) -> NDArray[np.uint8]:
    """Draw bars of light levels in two rows, with white between them."""
    size = 24, 48
    return np.vstack([bars(upper, size), np.full((4, 48), 255, np.uint8), bars(lower, size)])


def test_a_model_looks_at_images_as_it_was_trained(tmp_path: Path) -> None:
    """Unless it is told otherwise; other processes do as well."""
    image = in_two_rows("012", "210")
    trained = write_model(tmp_path / "rows.onnx", preprocessing=Preprocessing(rows=2))
    plain = write_model(tmp_path / "plain.onnx")
    with load(trained) as reader:
        assert [reading.text for reading in reader.read_many([image] * 2, jobs=2)] == 2 * ["012210"]
    assert load(plain, rows="2").read(image).text == "012210"
    assert reader.with_options(ReadOptions(rows=1)).read(image).text != "012210"


def test_characters_stand_in_their_row(tmp_path: Path) -> None:
    """Their places are shares of the image's own width, not of that of all rows together."""
    reader = load(write_model(tmp_path / "bars.onnx"), rows=2)
    places = [char.place for char in reader.read(in_two_rows("012", "210")).chars]
    for place, left in zip(places, 2 * [4, 16, 28], strict=True):
        assert place == pytest.approx((left / 48, (left + 8) / 48), abs=5 / 48)


def test_an_image_without_the_ink_fails_alone(tmp_path: Path) -> None:
    """Its error says so; the image after it is read."""
    red = cv2.merge([np.full((24, 96), 255, np.uint8), *2 * [bars("b")]])
    reader = load(write_model(tmp_path / "bars.onnx"), ink="red")
    blue, kept = reader.read_many([red[:, :, ::-1].copy(), red], errors="return")
    assert "shows nothing in the ink red" in str(blue.error)
    assert kept.error is None


def test_how_images_are_looked_at_is_checked() -> None:
    """Before anything is read."""
    for told in ({"frames": "all"}, {"rows": 0}, {"ink": "mauve"}):
        with pytest.raises(UsageError, match=next(iter(told))):
            load("metu", **told)
