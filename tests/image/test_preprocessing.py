"""What is done to images first: what can be told, what cannot, and that loading does it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from captchascope.errors import UsageError
from captchascope.image import Preprocessing, load_image
from captchascope.image.preprocessing import INKS

AS_IT_IS = Preprocessing()


@pytest.mark.parametrize(
    ("told", "field", "value"),
    [
        ({"frames": "merge"}, "frames", "merge"),
        ({"frames": "12"}, "frames", 12),
        ({"rows": "2"}, "rows", 2),
        ({"ink": " Grey"}, "ink", "gray"),
        ({"ink": "#C00"}, "ink", "#cc0000"),
        ({"ink": "#0f08fF"}, "ink", "#0f08ff"),
        ({"ink": "all"}, "ink", None),
    ],
)
def test_one_thing_has_one_spelling(told: dict[str, str], field: str, value: object) -> None:
    """However it is told; so equal ones are equal, and hash alike."""
    made = Preprocessing(**told)  # type: ignore[arg-type]
    assert getattr(made, field) == value
    assert made == AS_IT_IS.told(**told)
    assert pickle.loads(pickle.dumps(made)) == made
    assert hash(made) == hash(AS_IT_IS.told(**told))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("frames", "second"),
        ("frames", 0),
        ("frames", "-1"),
        ("frames", ""),
        ("frames", True),
        ("rows", 0),
        ("rows", "two"),
        ("rows", 10),
        ("rows", 1.5),
        ("rows", "\N{SUPERSCRIPT TWO}"),
        ("ink", "mauve"),
        ("ink", "#c0"),
        ("ink", "c00"),
        ("ink", ""),
        ("ink", 7),
    ],
)
def test_what_is_none_of_these_is_refused(field: str, value: object) -> None:
    """The error names the field, and says what could stand there."""
    with pytest.raises(UsageError) as caught:
        Preprocessing(**{field: value})  # type: ignore[arg-type]
    assert caught.value.where == field
    assert repr(value) in caught.value.what
    assert caught.value.remedy


def test_what_is_not_told_stays() -> None:
    """Only ``all`` takes an ink back."""
    trained = Preprocessing("last", 2, "red")
    assert trained.told() is trained
    assert trained.told(rows=1) == Preprocessing("last", 1, "red")
    assert trained.told(ink="all") == Preprocessing("last", 2)


def test_nothing_told_changes_nothing() -> None:
    """The pixels are those of the file."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    assert np.array_equal(load_image(pixels, 3, preprocessing=AS_IT_IS), pixels)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("ink", [None, "red", *INKS[:1]])
def test_rows_and_ink_go_together(channels: int, ink: str | None) -> None:
    """Both in gray and in colour, whatever the image is stored in."""
    pixels = np.full((40, 30, 3), 255, np.uint8)
    pixels[4:16, 5:15] = (204, 0, 0)
    pixels[24:36, 15:25] = 0
    shape = (20, 60) if channels == 1 else (20, 60, 3)
    wanted = Preprocessing(rows=2, ink=ink)
    found = load_image(pixels, channels, preprocessing=wanted)  # type: ignore[arg-type]
    assert found.shape == shape
    assert (found[10, 10].min() < 128, found[10, 50].min() < 128) == (ink != "black", ink != "red")


@pytest.mark.parametrize("name", ["frames", "rows", "ink"])
def test_an_error_does_not_repeat_a_long_value(name: str) -> None:
    """It may be as long as a request to a server is."""
    with pytest.raises(UsageError) as caught:
        Preprocessing(**{name: "x" * 5000})  # type: ignore[arg-type]
    assert caught.value.what == f"cannot be '{'x' * 39}…"
