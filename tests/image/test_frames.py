"""Animations: which frames count, what they are merged to, and how many are too many."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from captchascope.errors import ImageError
from captchascope.image import MAX_BYTES, MAX_PIXELS, Preprocessing, load_gray, load_image
from captchascope.image.decode import load_with_look
from captchascope.image.frames import MAX_FRAMES, animation_of, count_animations
from captchascope.records import RgbImage

FORMATS: dict[str, dict[str, Any]] = {"GIF": {}, "PNG": {}, "WEBP": {"lossless": True}}
WIDTH, HEIGHT, CHARS = 120, 40, 6
GRAY = np.dtype(np.uint8)


def picture(shown: Sequence[int], ground: int = 230, ink: int = 20) -> RgbImage:
    """Return six letters, of which some are shown, over lines and dots that never change."""
    image = np.full((HEIGHT, WIDTH, 3), ground, np.uint8)
    cv2.line(image, (0, 30), (WIDTH, 12), [(ground + ink) // 2] * 3)
    image[::7, ::9] = ink
    for number in shown:
        place = 4 + number * 19, 30
        cv2.putText(image, "7K3ZW8"[number], place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, [ink] * 3, 2)
    return image


WHOLE = range(CHARS)
KINDS = {
    "typed": [picture(range(n)) for n in range(1, CHARS + 1)],
    "flashing": [picture([c for c in WHOLE if c % 3 != n]) for n in range(3)],
    "one letter at a time": [picture([n]) for n in WHOLE],
    "begun blank": [picture([]), picture(WHOLE)],
    "ended blank": [picture(WHOLE), picture([])],
    "typed and erased": [picture(range(n)) for n in (0, 2, 4, 6, 3, 0)],
    "between blanks": [np.zeros_like(picture([])), picture(WHOLE), np.zeros_like(picture([]))],
    "on dark": [picture([c for c in WHOLE if c % 2 != n], 30, 240) for n in range(2)],
}


def encoded(frames: Sequence[RgbImage], codec: str, **options: Any) -> bytes:
    """Return an animation, or a still image of one frame."""
    file = BytesIO()
    first, *rest = map(Image.fromarray, frames)
    further = {"save_all": True, "append_images": rest, "duration": 100} if rest else {}
    first.save(file, codec, **{**FORMATS[codec], **further, **options})
    return file.getvalue()


def looked_at(data: bytes, frames: str | int = "auto") -> tuple[NDArray[np.uint8], str]:
    """Return the picture, and which frames it is of."""
    limits = MAX_BYTES, MAX_PIXELS
    image, look = load_with_look(data, 3, None, limits, Preprocessing(frames))
    return image, str(look)


def unlike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the share of pixels that differ by more than what a palette may change."""
    return float((np.abs(one.astype(int) - other).max(axis=2) > 16).mean())


@pytest.mark.parametrize("codec", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_all_of_the_text_is_looked_at(kind: str, codec: str) -> None:
    """However it is shown, the picture is the still one of the same format."""
    ground, ink = (30, 240) if kind == "on dark" else (230, 20)
    still = load_image(encoded([picture(WHOLE, ground, ink)], codec), 3)
    for which in ("auto", "merge"):
        assert unlike(looked_at(encoded(KINDS[kind], codec), which)[0], still) < 0.002


def test_auto_takes_the_last_frame_where_that_shows_all() -> None:
    """Else all are merged; what was looked at is told either way."""
    told = {kind: looked_at(encoded(frames, "GIF"))[1] for kind, frames in KINDS.items()}
    assert told == {
        "typed": "6 of 6",
        "flashing": "all 3",
        "one letter at a time": "all 6",
        "begun blank": "2 of 2",
        "ended blank": "all 2",
        "typed and erased": "all 6",
        "between blanks": "2 of 3",
        "on dark": "all 2",
    }


@pytest.mark.parametrize("codec", FORMATS)
def test_one_frame_alone_can_be_chosen(codec: str) -> None:
    """The last, the first, or one by its number from 1."""
    frames = KINDS["typed"]
    data = encoded(frames, codec)
    for which, number in (("first", 1), ("last", 6), (1, 1), (3, 3), (6, 6)):
        image, look = looked_at(data, which)
        assert unlike(image, load_image(encoded([frames[number - 1]], codec), 3)) < 0.002
        assert look == f"{number} of 6"
    with pytest.raises(ImageError, match=r"has 6 frames, and no frame 7 \(choose 1 to 6\)"):
        looked_at(data, 7)


def test_a_still_image_has_one_frame() -> None:
    """Which is all that counts, and is not spoken of; another one is an error."""
    for codec in FORMATS:
        data = encoded([picture(WHOLE)], codec)
        assert animation_of(data, codec) is None
        for which in ("auto", "merge", "last", "first", 1):
            image, look = looked_at(data, which)
            assert (unlike(image, picture(WHOLE)), look) == (0.0, "None")
        with pytest.raises(ImageError, match="is no animation, and has no frame 2"):
            looked_at(data, 2)


@settings(max_examples=30)
@given(st.data())
def test_whatever_flashes_is_merged(data: st.DataObject) -> None:
    """Every letter is hidden in some frames and shown in others; the picture has all of them."""
    count = data.draw(st.integers(2, 7))
    schedules = st.lists(st.booleans(), min_size=count, max_size=count).filter(any)
    shown = [data.draw(schedules) for _ in WHOLE]
    frames = [picture([c for c in WHOLE if shown[c][n]]) for n in range(count)]
    image, _ = looked_at(encoded(frames, "PNG"))
    assert unlike(image, picture(WHOLE)) < 0.002


@pytest.mark.parametrize("disposal", [1, 2, 3])
def test_the_disposal_of_a_gif_is_heeded(disposal: int) -> None:
    """Parts that are drawn over what is left of the frames before them, on a clear ground."""
    parts = []
    for number in WHOLE:
        image = Image.new("RGBA", (WIDTH, HEIGHT))
        image.paste((20, 20, 20, 255), (4 + number * 19, 5, 14 + number * 19, 35))
        parts.append(image)
    file = BytesIO()
    parts[0].save(file, "GIF", save_all=True, append_images=parts[1:], disposal=disposal)
    picture, look = looked_at(file.getvalue())
    bars = (picture[20] < 100).any(axis=1)
    assert np.flatnonzero(np.diff(bars.astype(int)) == 1).size == CHARS
    assert look == ("6 of 6" if disposal == 1 else "all 6")


def test_the_default_image_of_a_png_is_no_frame() -> None:
    """It is for viewers that show no animation."""
    frames = KINDS["flashing"]
    notice = np.zeros_like(frames[0])
    data = encoded([notice, *frames], "PNG", default_image=True)
    image, look = looked_at(data)
    assert (unlike(image, picture(WHOLE)) < 0.002, look) == (True, "all 3")
    assert unlike(looked_at(data, "first")[0], frames[0]) == 0


def test_noise_that_moves_is_not_merged() -> None:
    """Dots that change from frame to frame are no part of the text."""
    rng = np.random.default_rng(1)
    frames = []
    for _ in range(5):
        frame = picture(WHOLE)
        frame[rng.random((HEIGHT, WIDTH)) < 0.02] = 20
        frames.append(frame)
    assert looked_at(encoded(frames, "PNG"))[1] == "5 of 5"


@pytest.mark.parametrize("codec", FORMATS)
def test_gray_is_that_of_the_colours(codec: str) -> None:
    """A model that looks at gray sees the same frames."""
    data = encoded(KINDS["flashing"], codec)
    wanted = cv2.cvtColor(load_image(data, 3), cv2.COLOR_RGB2GRAY)
    assert np.array_equal(load_gray(data), wanted)


@pytest.mark.parametrize("codec", FORMATS)
def test_too_many_frames_are_refused_before_they_are_decoded(codec: str) -> None:
    """By their number, or by the pixels of all; the first alone can still be looked at."""
    image = Image.new("L", (8, 8), 255)
    others = [Image.new("L", (8, 8), 255 - number % 250) for number in range(1, MAX_FRAMES + 1)]
    file = BytesIO()
    image.save(file, codec, save_all=True, append_images=others, duration=10, **FORMATS[codec])
    for which in ("auto", "last", MAX_FRAMES + 1):
        with pytest.raises(ImageError, match="is too large: 501 frames of 8 x 8 pixels") as caught:
            looked_at(file.getvalue(), which)
        assert "frames first" in caught.value.remedy
    assert looked_at(file.getvalue(), "first")[1] == "1 of 501"
    data = encoded(KINDS["typed"], codec)
    with pytest.raises(ImageError, match="6 frames of 120 x 40 pixels; 500 frames and 20,000"):
        load_gray(data, max_pixels=20_000)


def test_a_bomb_of_frames_is_refused_at_once() -> None:
    """Ten thousand frames cost no more than the walk through their headers."""
    frame = b"!\xf9\x04\x00\x01\x00\x00\x00,\0\0\0\0\xff\x0f\xff\x0f\0\x08\x02\0\0\0"
    gif = b"GIF89a" + struct.pack("<HHBBB", 4095, 4095, 0, 0, 0) + frame * 10_000 + b";"
    began = time.thread_time()
    with pytest.raises(ImageError, match="is too large"):
        load_gray(gif)
    assert time.thread_time() - began < 2.0


def test_a_frame_larger_than_its_screen_counts_for_the_size() -> None:
    """Pillow would make room for it, before its size could be told."""
    frame = b",\0\0\0\0\xff\xff\xff\xff\0\x08\x02\0\0\0"
    gif = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0) + frame * 2 + b";"
    with pytest.raises(ImageError, match="is too large: 65535 x 65535 pixels"):
        load_gray(gif)


@pytest.mark.parametrize("codec", FORMATS)
def test_a_prefix_is_refused_or_read_in_part_aloud(codec: str) -> None:
    """Whatever is cut off, nothing but an ImageError is raised."""
    data = encoded(KINDS["flashing"], codec)
    for length in range(1, len(data), max(1, len(data) // 60)):
        try:
            image, _ = looked_at(data[:length])
        except ImageError:
            continue
        assert image.shape == (HEIGHT, WIDTH, 3)


def test_a_gif_that_is_cut_off_never_passes_for_its_first_frames() -> None:
    """But where it ends between two frames, or one byte before; its first one is there as such."""
    data = encoded(KINDS["typed"], "GIF")
    read: list[int] = []
    first: list[int] = []
    for length in range(1, len(data)):
        for frames, found in (("auto", read), ("first", first)):
            with suppress(ImageError):
                load_image(data[:length], 1, preprocessing=Preprocessing(frames))
                found.append(length)
    assert len(read) <= 2 * CHARS
    assert len(first) > len(data) // 2


def test_bytes_between_the_frames_of_a_gif_are_passed_over() -> None:
    """As viewers do: the frames behind them count too."""
    data = encoded([picture(range(2)), picture(WHOLE)], "GIF")
    second = data.rindex(b"\x21\xf9\x04")
    odd = data[:second] + b"\0\0" + data[second:]
    assert looked_at(odd)[1] == looked_at(data)[1] == "2 of 2"
    assert np.array_equal(looked_at(odd)[0], looked_at(data)[0])


def test_a_screen_that_grows_is_white_where_nothing_was() -> None:
    """Its first frame is smaller than its last."""
    data = encoded([np.full((8, 8, 3), level, np.uint8) for level in (90, 40)], "GIF")
    place = data.rindex(struct.pack("<cHHHH", b",", 0, 0, 8, 8))
    grown = data[: place + 1] + struct.pack("<H", 2) + data[place + 3 :]
    for which in ("auto", "merge", "last"):
        image, _ = looked_at(grown, which)
        assert image.shape == (8, 10, 3)
        assert image[0, -1, 0] == 40
    assert looked_at(grown, "first")[0].shape == (8, 8, 3)


def test_animations_are_counted_by_their_headers(tmp_path: Path) -> None:
    """What cannot be read is none."""
    files = [tmp_path / name for name in ("a.gif", "b.png", "c.webp", "d.gif", "e.jpeg", "none")]
    for path, codec in zip(files, FORMATS, strict=False):
        path.write_bytes(encoded(KINDS["typed"], codec))
    files[3].write_bytes(encoded([picture([])], "GIF"))
    files[4].write_bytes(b"\xff\xd8\xff")
    assert count_animations(files) == 3
