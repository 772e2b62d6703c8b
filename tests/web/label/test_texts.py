"""What labels tell of the texts: never less than is in them, and what images tell before."""

from __future__ import annotations

import string
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from captchascope.decode import ReadOptions
from captchascope.generate import draw_captcha
from captchascope.reader import load
from captchascope.web.label.texts import Texts, texts_of_images, texts_of_labels

LABELS = st.lists(st.text(string.ascii_letters + string.digits + "-+é", min_size=1, max_size=9))


@given(LABELS)
def test_what_labels_tell_allows_all_of_them(labels: list[str]) -> None:
    """They are as many as make it worth saying, and it can be told as it stands."""
    found = texts_of_labels(labels)
    assert (found is None) == (len(labels) < 10)
    if found is None:
        return
    told = ReadOptions(charset=found.charset, length=found.length, case="keep").constraints
    assert told.charset is not None
    assert told.length == (min(map(len, labels)), max(map(len, labels)))
    assert set("".join(labels)) <= set(told.charset.chars)


def test_few_labels_stand_for_their_alphabet() -> None:
    """Ten labels do not have all digits; odd characters are taken one by one."""
    assert texts_of_labels(["1234"] * 10) == Texts("0-9", "4", "your 10 labels")
    assert texts_of_labels(["ab", "abc"] * 5) == Texts("a-z", "2-3", "your 10 labels")
    assert texts_of_labels(["aé"] * 10) == Texts("aé", "2", "your 10 labels")


def test_images_tell_what_they_have_in_common(tmp_path: Path) -> None:
    """To a reader that knows nothing of them; one that was told or trained so is not asked."""
    images = []
    for number in range(1, 13):
        images.append(tmp_path / f"{number}.jpeg")
        images[-1].write_bytes(draw_captcha("metu", 990_118, number).jpeg())
    reader = load("any")
    assert texts_of_images(reader, images) == Texts("0-9", "6", "the images")
    assert texts_of_images(reader.with_options(ReadOptions(length=6)), images) is None
    assert texts_of_images(load("metu"), images) is None
