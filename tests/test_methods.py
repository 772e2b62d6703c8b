"""The two ways behind one call: constraints, abstaining, what is unfamiliar, unusable models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from captchascope.decode import Constraints, decode_ctc
from captchascope.errors import ModelError, UsageError
from captchascope.methods import GlyphMethod, WholeMethod, method_of
from captchascope.modelfile import ModelFile, open_model, open_model_bytes
from captchascope.reader import model_path
from captchascope.records import FloatArray
from whole.bars import CHARS, FREE, GRAY, bars, model_bytes, noise

GLYPHS = open_model(model_path("metu-glyphs"))
TEXTS = ["0", "01A", "AAbb", "abAB0", "43210aB"]
ANY = Constraints()


def whole(rule: Constraints = ANY, **changes: Any) -> WholeMethod:
    """Return the bars' method."""
    made = method_of(open_model_bytes(model_bytes(**changes), "bars.onnx"), rule)
    assert isinstance(made, WholeMethod)
    return made


def texts(method: WholeMethod, *written: str) -> list[str | None]:
    """Return what is read of bars of these texts."""
    return [reading.text for reading in method([bars(text) for text in written])]


def test_a_model_is_read_by_its_own_method() -> None:
    """The metadata says which; either says how many channels it wants."""
    colour = replace(GRAY, channels=3)
    assert isinstance(method_of(GLYPHS, ANY), GlyphMethod)
    assert method_of(GLYPHS, ANY).channels == 1
    assert whole().channels == 1
    assert whole(spec=colour).channels == 3


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
    method = whole(spec=FREE)
    sizes = [(24, 64), (24, 128), (24, 64), (24, 200), (48, 256)]
    found = method(
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
        (Constraints.parse(), ["000", "01A"]),
        (Constraints.parse(length="1-9"), ["0", "01A"]),
        (Constraints.parse(pattern="[0A]{1,2}"), ["0", "0A"]),
        (Constraints.parse(charset="01"), ["000", "011"]),
    ],
)
def test_texts_are_as_long_as_the_labels_were(rule: Constraints, wanted: list[str]) -> None:
    """Unless the user says something of their length, or how they look."""
    method = whole(rule, lengths=(3, 4))
    for reading, text in zip(method([bars("0"), bars("01A")]), wanted, strict=True):
        assert reading.text is not None
        assert rule.length is not None or rule.pattern is not None or len(reading.text) in (3, 4)
        assert len(reading.text) == len(text)
        assert rule.charset is None or set(reading.text) <= set(rule.charset.chars)
    if rule.length is not None or rule.pattern is not None:
        assert texts(method, "0", "01A") == wanted


def test_only_what_is_unsure_is_looked_at_again() -> None:
    """In its place, and what all looks say together counts."""
    method = whole(temperature=0.1)  # whose bars are sure
    images = [bars("01A"), noise(1), bars("aB"), noise(2)]
    batches: list[FloatArray] = []

    def noted(batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        batches.append(batch)
        return method.recognise.run(batch)

    found = replace(method, recognise=replace(method.recognise, run=noted))(images)
    assert [found[0].text, found[2].text] == ["01A", "aB"]
    assert [len(batch) for batch in batches] == [4, 4 * 2]
    (bucket,) = method.recognise(images)
    for place, logits in zip((1, 3), method.recognise.again(bucket, [1, 3]), strict=True):
        (together,) = decode_ctc(logits[None], method.charset, method.rule, method.temperature)
        assert together is not None
        assert found[place].text == together.text
        assert found[place].confidence == pytest.approx(together.confidence)


def test_ignored_case_is_lower_case() -> None:
    """As for glyphs."""
    assert texts(whole(Constraints.parse(ignore_case=True)), "AbBa") == ["abba"]


def test_what_is_unlike_the_training_images_is_unfamiliar() -> None:
    """Above the model's threshold, and in its place; text or no text."""
    images = [bars("01A"), noise(1), bars("aB"), noise(2), bars("")]
    far = [reading.unfamiliar for reading in whole()(images)]
    assert far == [False, True, False, True, False]
    impossible = whole(Constraints.parse(length=400))(images)
    assert [reading.text for reading in impossible] == [None] * 5
    assert [reading.unfamiliar for reading in impossible] == far


@pytest.mark.parametrize("changes", [{"distance": False}, {"unfamiliar": None}])
def test_a_model_that_cannot_tell_finds_nothing_unfamiliar(changes: dict[str, Any]) -> None:
    """It gives no distance, or has no threshold."""
    found = whole(**changes)([noise(1), bars("01A")])
    assert [reading.unfamiliar for reading in found] == [False, False]


def test_a_distance_that_is_no_number_is_unfamiliar() -> None:
    """Whatever the image did to the network, it was not trained on that."""
    method = whole()

    def dizzy(batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        logits, distances = method.recognise.run(batch)
        return logits, None if distances is None else distances * np.float32(np.nan)

    changed = replace(method, recognise=replace(method.recognise, run=dizzy))
    assert [reading.unfamiliar for reading in changed([bars("01A")])] == [True]


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_the_models_fault(number: float) -> None:
    """Not the image's, and not an exception of the decoder's."""
    method = whole()

    def broken(batch: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        return np.full_like(method.recognise.run(batch)[0], number), None

    changed = replace(method, recognise=replace(method.recognise, run=broken))
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
        method_of(changed, ANY)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"charset": "xyz"}, f"--charset: has nothing in common .* \\(it knows {CHARS}\\)"),
        ({"pattern": "[x-z]{2}"}, "--pattern: matches no text that the model can read"),
        ({"pattern": "[0-9]{2}", "charset": "Ab"}, "--pattern: .* \\(it reads Ab\\)"),
        ({"pattern": "[0-9]{2}", "length": 3}, "--pattern: matches no text"),
        ({"length": 9999}, "--length: matches no text that the model can read"),
    ],
)
def test_what_the_model_can_never_satisfy_is_wrong_usage(
    options: dict[str, Any], message: str
) -> None:
    """It is known before an image is read."""
    with pytest.raises(UsageError, match=message) as caught:
        whole(Constraints.parse(**options))
    assert caught.value.remedy
