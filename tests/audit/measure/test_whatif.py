"""What each knob turned up alone does to the general reader: few images, each setting the same."""

from __future__ import annotations

import base64
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from captchascope.audit.figures import WhatIf
from captchascope.audit.measure.whatif import measure_what_if
from captchascope.audit.setting import Setting, UnmeasuredError
from captchascope.audit.subject import Subject, folder_subject
from captchascope.data.dataset import Dataset
from captchascope.decode import ReadOptions
from captchascope.draw.canvas import png
from captchascope.generate import draw_captcha, write_folder
from captchascope.image import load_rgb
from captchascope.records import RgbImage, build

SEED, IMAGES = 161, 2
NOTHING = Dataset(Path("nowhere"), ())


def of_scheme(scheme: str, charset: str, length: str, **knobs: Any) -> Setting:
    """Make a setting of a scheme that is drawn as it is measured."""
    subject = Subject(scheme, (), NOTHING, NOTHING, scheme, knobs)
    return Setting(subject, Path("nowhere"), SEED, reading=ReadOptions(charset, length))


def of_folder(folder: Path, **told: Any) -> Setting:
    """Make a setting of the images of a folder."""
    return Setting(folder_subject(folder, SEED, **told), folder, SEED)


def shown(measured: WhatIf, name: str) -> list[RgbImage]:
    """Return the pictures of a knob, in the order of its settings."""
    (knob,) = (knob for knob in measured.knobs if knob.name == name)
    return [
        load_rgb(base64.b64decode(turned.picture.png)) for turned in knob.settings if turned.picture
    ]


@pytest.fixture(scope="module")
def plain() -> WhatIf:
    """Measure a scheme that has a style, with a knob that the user turned."""
    return measure_what_if(of_scheme("plain", "0-9", "5", lines=2), IMAGES)


@pytest.fixture(scope="module")
def metu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw captchas of a scheme without a style; nobody may change them."""
    folder = tmp_path_factory.mktemp("what-if") / "metu"
    write_folder("metu", folder, 2 * IMAGES, SEED)
    return folder


def test_a_scheme_is_drawn_anew_with_each_knob_turned(plain: WhatIf) -> None:
    """Every knob begins with the scheme as it is, and is read of as many images at each setting."""
    assert plain.drawn
    assert plain.images == IMAGES
    assert len(plain.knobs) >= 12
    assert not plain.left_out
    for knob in plain.knobs:
        first = replace(knob.settings[0], value="")
        assert first == replace(plain.knobs[0].settings[0], value="")
        assert len(knob.settings) > 1
        assert {turned.exact.total for turned in knob.settings if turned.exact} == {IMAGES}


def test_the_first_setting_is_the_scheme_itself(plain: WhatIf) -> None:
    """What is read as it is are the first captchas of the seed, with the knobs of the user."""
    drawn = load_rgb(draw_captcha("plain", SEED, 1, {"lines": 2}).jpeg())
    inside = shown(plain, "warp")[0][1:-1, 1:-1]  # a picture has a frame
    assert np.abs(inside.astype(int) - drawn).max() <= 8
    (lines,) = (knob for knob in plain.knobs if knob.name == "straight lines")
    assert [turned.value for turned in lines.settings] == ["2", "5", "8", "12"]


def test_all_settings_have_the_same_texts(plain: WhatIf) -> None:
    """So that what differs is the knob's: only alphabet and length change what is written."""
    label = draw_captcha("plain", SEED, 1).label
    for knob in plain.knobs:
        captions = [turned.picture.caption for turned in knob.settings if turned.picture]
        same = [caption.endswith(f"says {label}.") for caption in captions]
        assert all(same) or (knob.name in {"alphabet", "length"} and same.count(True) == 1)


def test_the_same_colours_lie_under_more_lines(plain: WhatIf) -> None:
    """A knob leaves the rest of the image as it was."""
    before, after = (picture.astype(int) for picture in shown(plain, "straight lines")[:2])
    assert (np.abs(before - after) < 25).mean() > 0.6


def test_the_knob_that_costs_most_comes_first(plain: WhatIf) -> None:
    """Knobs are in the order of what is still read at their dearest setting."""
    least = [
        min(
            (turned.exact.hits if turned.exact else -1, turned.expected) for turned in knob.settings
        )
        for knob in plain.knobs
    ]
    assert least == sorted(least)


def test_less_contrast_is_measured(plain: WhatIf) -> None:
    """The contrast of each setting is that of its images."""
    (contrast,) = (knob for knob in plain.knobs if knob.name == "contrast")
    measured = [turned.contrast for turned in contrast.settings]
    assert measured == sorted(measured, reverse=True)
    assert 1 < measured[-1] < measured[0] / 2


def test_what_was_measured_is_restored_from_its_fields(plain: WhatIf) -> None:
    """A stored measurement is the same when it is read again."""
    assert build(WhatIf, asdict(plain)) == plain


def test_images_of_a_folder_are_changed(metu: Path) -> None:
    """Images that are there are read as they are, and changed in each way, as the seed tells."""
    shares = list[float]()
    measured = measure_what_if(replace(of_folder(metu), progress=shares.append), IMAGES)
    assert not measured.drawn
    assert measured.images == IMAGES
    assert len(measured.knobs) >= 8
    assert {knob.settings[0].value for knob in measured.knobs} == {"as it is"}
    assert all(turned.exact for knob in measured.knobs for turned in knob.settings)
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert 0.9 < shares[-1] <= 1
    assert measure_what_if(of_folder(metu), IMAGES) == measured


def test_without_labels_the_reader_itself_expects(metu: Path) -> None:
    """Nothing is counted as right; knobs are in the order of the mean confidence."""
    measured = measure_what_if(of_folder(metu, unlabelled=True), 2)
    assert all(turned.exact is None for knob in measured.knobs for turned in knob.settings)
    least = [min(turned.expected for turned in knob.settings) for knob in measured.knobs]
    assert least == sorted(least)
    assert measured.images == 2


def test_images_that_cannot_be_decoded_are_left_out(tmp_path: Path) -> None:
    """Of a folder without labels those are read that can be; none is no measurement."""
    (tmp_path / "a.png").write_bytes(b"not an image")
    with pytest.raises(UnmeasuredError, match="no image can be decoded"):
        measure_what_if(of_folder(tmp_path, unlabelled=True), IMAGES)
    (tmp_path / "b.png").write_bytes(png(np.full((2000, 900, 3), 255, np.uint8)))
    assert measure_what_if(of_folder(tmp_path, unlabelled=True), IMAGES).images == 1


def test_labels_that_the_reader_does_not_know_are_read_untold(tmp_path: Path) -> None:
    """One image whose label is in a foreign script is measured all the same."""
    (tmp_path / "1.png").write_bytes(png(np.full((30, 80, 3), 255, np.uint8)))
    (tmp_path / "labels.csv").write_text("file,label\n1.png,жук\n", encoding="utf-8")
    measured = measure_what_if(of_folder(tmp_path), IMAGES)
    assert measured.images == 1
    assert measured.knobs[0].settings[0].exact


def test_what_the_user_says_that_the_reader_does_not_know_is_not_told(metu: Path) -> None:
    """The images are measured all the same."""
    told = replace(of_folder(metu, unlabelled=True), reading=ReadOptions(charset="жук"))
    assert measure_what_if(told, 1).images == 1


class Clock(Setting):
    """A setting of which it is told how much time is left, each time that it is asked."""

    answers: ClassVar[list[float]] = []

    def left(self) -> float:
        """Return the next answer, the last one for ever."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_what_there_is_no_time_for_is_named(metu: Path) -> None:
    """A knob that would take too long is left out; where all would, nothing is measured."""
    setting = Clock(folder_subject(metu, SEED), metu, SEED)
    Clock.answers = [100, 100, 100, 0]
    measured = measure_what_if(setting, 1)
    assert len(measured.knobs) == 1
    assert len(measured.left_out) >= 7
    for answers in ([0.0], [100.0, 100.0, 0.0]):
        Clock.answers = answers
        with pytest.raises(UnmeasuredError, match="no time left"):
            measure_what_if(setting, 1)
