"""The interface of ddddocr over our reader: what it takes, what it gives, and what it refuses."""

from __future__ import annotations

import base64
import io
import pickle
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
from PIL import Image

import captchascope
from captchascope.compat import ddddocr
from captchascope.errors import CaptchascopeError, ImageError, UsageError
from captchascope.generate import draw_captcha

CAPTCHA = draw_captcha("metu", 990_004, 1)
DATA = CAPTCHA.jpeg()


@pytest.fixture(scope="module")
def ocr() -> ddddocr.DdddOcr:
    """One whose ranges are never set."""
    return ddddocr.DdddOcr(show_ad=False)


def test_the_names_are_pinned() -> None:
    """What a program may take from ``captchascope.compat.ddddocr`` is a promise."""
    assert ddddocr.__all__ == [
        "DDDDOCRError",
        "DdddOcr",
        "DdddOcrInputError",
        "InvalidImageError",
        "TypeError",
        "base64_to_image",
        "get_img_base64",
    ]
    assert all(hasattr(ddddocr, name) for name in ddddocr.__all__)


def test_it_reads_what_the_reader_reads(ocr: ddddocr.DdddOcr) -> None:
    """The general one, told nothing."""
    assert ocr.classification(DATA) == captchascope.load("any").read(DATA).text


def test_all_kinds_of_images_are_taken(ocr: ddddocr.DdddOcr, tmp_path: Path) -> None:
    """Bytes, paths, base64 text, arrays and Pillow's."""
    path = tmp_path / "captcha.jpeg"
    path.write_bytes(DATA)
    with Image.open(path) as image:
        array = np.asarray(image.convert("L"))
        given: list[ddddocr.Picture] = [
            path,
            str(path),
            base64.b64encode(DATA).decode(),
            image,
            array,
        ]
        assert {ocr.classification(each) for each in given} == {ocr.classification(DATA)}
    assert ddddocr.get_img_base64(path) == base64.b64encode(DATA).decode()
    with ddddocr.base64_to_image(ddddocr.get_img_base64(path)) as image:
        assert image.size == (150, 50)


def test_every_keyword_is_taken_and_nothing_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """Those of 1.6.1 at their defaults, the advertisement included."""
    ocr = ddddocr.DdddOcr(
        ocr=True,
        det=False,
        old=True,
        beta=False,
        use_gpu=False,
        device_id=0,
        show_ad=True,
        import_onnx_path="",
        charsets_path="",
    )
    assert isinstance(ocr.classification(DATA, png_fix=True, probability=False), str)
    assert capfd.readouterr() == ("", "")


def test_probabilities_have_the_keys_and_shapes_of_the_original(ocr: ddddocr.DdddOcr) -> None:
    """Of each character at each place; they sum up to 1, and the blank comes first."""
    found = ocr.classification(DATA, probability=True)
    assert [*found] == ["text", "probabilities", "charset", "confidence"]
    assert found["text"] == ocr.classification(DATA)
    assert found["charset"] == ocr.get_charset()
    assert found["charset"][0] == ""
    shares = np.array(found["probabilities"])
    assert shares.shape == (len(shares), 1, len(found["charset"]))
    assert np.allclose(shares.sum(axis=2), 1, atol=1e-5)
    assert found["confidence"] == captchascope.load("any").read(DATA).confidence


def blank() -> bytes:
    """Return a white PNG."""
    with io.BytesIO() as file:
        Image.new("L", (90, 30), 255).save(file, "PNG")
        return file.getvalue()


def test_no_text_is_an_empty_one(ocr: ddddocr.DdddOcr) -> None:
    """Where our reader gives None."""
    assert captchascope.load("any").read(blank()).text is None
    assert ocr.classification(blank()) == ""


@pytest.mark.parametrize(
    ("number", "chars"),
    [
        (0, string.digits),
        (1, string.ascii_lowercase),
        (2, string.ascii_uppercase),
        (3, string.ascii_letters),
        (4, string.ascii_lowercase + string.digits),
        (5, string.ascii_uppercase + string.digits),
        (6, string.ascii_letters + string.digits),
    ],
)
def test_numbers_name_ranges(number: int, chars: str) -> None:
    """0 to 6, as the README of ddddocr lists them: nothing else is read."""
    ocr = ddddocr.DdddOcr(show_ad=False)
    ocr.set_ranges(number)
    told = captchascope.load("any", charset=chars).read(DATA)
    assert ocr.classification(DATA) == told.text
    assert {*(told.text or "")} <= {*chars}


def test_range_seven_is_all_the_rest() -> None:
    """What is neither a letter of ASCII nor a digit."""
    ocr = ddddocr.DdddOcr(show_ad=False)
    ocr.set_ranges(7)
    assert not {*ocr.classification(DATA)} & {*string.ascii_letters, *string.digits}


def test_characters_name_ranges() -> None:
    """As a str or a list; a dash is itself, and what the model does not know is left out."""
    ocr = ddddocr.DdddOcr(show_ad=False)
    plus, minus = ddddocr.DdddOcr(show_ad=False), ddddocr.DdddOcr(show_ad=False)
    ocr.set_ranges(string.digits)
    plus.set_ranges([*string.digits, "掀", ""])
    minus.set_ranges("0-9")
    assert ocr.classification(DATA) == plus.classification(DATA)
    assert {*minus.classification(DATA)} <= {"0", "-", "9"}


@pytest.mark.parametrize("bad", [-1, 8, "", [], "掀", ["掀"], None, 0.5, b"01", [["0"]]])
def test_ranges_without_meaning_are_refused(ocr: ddddocr.DdddOcr, bad: Any) -> None:
    """A number that names none, characters of which the model knows none, and what is neither."""
    with pytest.raises(ddddocr.DdddOcrInputError, match="charset_range"):
        ocr.set_ranges(bad)


COLOURED = np.full((40, 120, 3), 255, np.uint8)
cv2.putText(COLOURED, "47", (5, 32), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (200, 0, 0), 3)
cv2.putText(COLOURED, "25", (62, 32), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 200), 3)


@pytest.mark.parametrize(("colour", "part"), [("red", "left"), ("Blue", "right")])
def test_colours_are_filtered(ocr: ddddocr.DdddOcr, colour: str, part: str) -> None:
    """What is left is read as if the rest had never been drawn."""
    alone = COLOURED.copy()
    alone[:, 60:] = 255 if part == "left" else alone[:, 60:]
    alone[:, :60] = 255 if part == "right" else alone[:, :60]
    found = ocr.classification(COLOURED, color_filter_colors=[colour])
    assert found == ocr.classification(alone) != ocr.classification(COLOURED)


def test_ranges_of_colours_are_filtered(ocr: ddddocr.DdddOcr) -> None:
    """Hue, saturation and value, as OpenCV counts them."""
    named = ocr.classification(COLOURED, color_filter_colors=["blue"])
    ranges = [((100, 50, 50), (130, 255, 255))]
    assert ocr.classification(COLOURED, color_filter_custom_ranges=ranges) == named


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda _: ddddocr.DdddOcr(det=True), "det"),
        (lambda _: ddddocr.DdddOcr(ocr=False), "ocr"),
        (lambda _: ddddocr.DdddOcr(import_onnx_path="a.onnx"), "import_onnx_path"),
        (lambda _: ddddocr.DdddOcr(charsets_path="a.json"), "charsets_path"),
        (lambda _: ddddocr.DdddOcr(old=True, beta=True), "old"),
        (lambda _: ddddocr.DdddOcr(use_gpu=True, device_id=1), "device_id"),
        (lambda ocr: ocr.detection(DATA), "detection"),
        (
            lambda ocr: ocr.slide_match(target_img=DATA, background_img=DATA, simple_target=True),
            "slide_match",
        ),
        (
            lambda ocr: ocr.slide_comparison(target_img=DATA, background_img=DATA),
            "slide_comparison",
        ),
        (lambda ocr: ocr.switch_device(use_gpu=True), "switch_device"),
        (lambda ocr: ocr.get_model_info(), "get_model_info"),
        (lambda ocr: ocr.classification(5), "img"),
        (lambda _: ddddocr.base64_to_image(5), "img_base64"),  # type: ignore[arg-type]
    ],
)
def test_what_is_not_there_is_refused(
    ocr: ddddocr.DdddOcr, call: Callable[[ddddocr.DdddOcr], object], where: str
) -> None:
    """At once, with what to do; caught by our names and by theirs."""
    with pytest.raises(ddddocr.DdddOcrInputError) as caught:
        call(ocr)
    assert caught.value.where == where
    assert caught.value.remedy
    assert isinstance(caught.value, UsageError | ddddocr.TypeError)


@pytest.mark.parametrize(
    ("option", "bad"),
    [
        *(("color_filter_colors", bad) for bad in (["rde"], "red", [1], 5)),
        ("color_filter_custom_ranges", 5),
        ("color_filter_custom_ranges", [(0, 50, 50)]),
        ("color_filter_custom_ranges", [((0, 50), (10, 255, 255))]),
        ("color_filter_custom_ranges", [((0, 0, 0.5), (10, 255, 255))]),
        ("color_filter_custom_ranges", [(("a", 0, 0), (10, 255, 255))]),
    ],
)
def test_what_is_no_colour_is_refused(ocr: ddddocr.DdddOcr, option: str, bad: Any) -> None:
    """By the name of its own argument, and by no error of OpenCV's."""
    with pytest.raises(ddddocr.DdddOcrInputError) as caught:
        ocr.classification(DATA, **{option: bad})
    assert caught.value.where == option


def test_ranges_of_colours_may_be_wide_and_of_any_kind(ocr: ddddocr.DdddOcr) -> None:
    """Lists, arrays and ends beyond what a colour can have."""
    all_of_them = np.array([[[-5, 0, 0], [2**40, 300, 256]]])
    found = ocr.classification(DATA, color_filter_custom_ranges=all_of_them)  # type: ignore[call-overload]
    assert found == ocr.classification(DATA)


def test_nothing_is_cleaned_up(ocr: ddddocr.DdddOcr) -> None:
    """It reads on afterwards."""
    ocr.cleanup()
    assert ocr.classification(DATA)


@pytest.mark.parametrize("bad", [b"", b"no image", "no/such/file.png", Path("no/such/file.png")])
def test_what_is_no_image_is_refused(ocr: ddddocr.DdddOcr, bad: bytes | str | Path) -> None:
    """As our own error, and as one that a user of ddddocr catches."""
    with pytest.raises(ddddocr.InvalidImageError) as caught:
        ocr.classification(bad)
    assert isinstance(caught.value, ImageError)
    for name in ("DDDDOCRError", "DdddOcrInputError", "TypeError"):  # theirs are of both, too
        assert isinstance(caught.value, getattr(ddddocr, name))
    assert isinstance(caught.value, CaptchascopeError)


def test_base64_of_no_image_is_refused() -> None:
    """Whether it is no base64, or the image is none."""
    for bad in ("!", base64.b64encode(b"no image").decode()):
        with pytest.raises(ddddocr.InvalidImageError):
            ddddocr.base64_to_image(bad)


def test_it_can_be_pickled_with_its_ranges() -> None:
    """As the readers of another process are."""
    ocr = ddddocr.DdddOcr(show_ad=False)
    ocr.set_ranges("01")
    again = pickle.loads(pickle.dumps(ocr))
    assert again.classification(DATA) == ocr.classification(DATA)
    assert {*again.classification(DATA)} <= {"0", "1"}


def test_threads_may_share_one(ocr: ddddocr.DdddOcr) -> None:
    """Each gets the text of its own image."""
    images = [draw_captcha("metu", 990_004, number).jpeg() for number in range(1, 9)]
    alone = [ocr.classification(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(ocr.classification, images * 3)] == alone * 3


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this build has CUDA"
)
def test_a_gpu_that_is_not_there_is_told_by_the_name_of_its_argument() -> None:
    """Who calls this class knows nothing of providers."""
    with pytest.raises(UsageError) as caught:
        ddddocr.DdddOcr(use_gpu=True)
    assert str(caught.value).startswith("use_gpu: needs cuda, which this ONNX Runtime lacks (pip ")
