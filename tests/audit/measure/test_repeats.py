"""Images that come again."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from PIL import Image

from audit.subjects import of_images, of_scheme
from captchascope.audit.measure.repeats import measure_repeats
from captchascope.audit.setting import Setting, UnmeasuredError
from captchascope.audit.subject import folder_subject
from captchascope.files import find_images
from captchascope.generate import write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Draw twenty captchas that are all different."""
    write_folder("plain", tmp_path / "plain", 20, 1)
    return tmp_path / "plain"


def test_drawn_captchas_do_not_repeat(tmp_path: Path) -> None:
    """None of sixty came before, so that all that is known is how many there are at least."""
    found = measure_repeats(of_scheme(tmp_path, "wavy", 60))
    assert (found.images, found.same_bytes, found.same_pixels) == (60, 0, 0)
    assert (found.pool, found.pool_high, found.picture) == (None, None, None)
    assert found.pool_low > 400
    assert found.same_text == 0


def test_a_copy_came_before(folder: Path) -> None:
    """Two copies are two images whose bytes came before, and are shown."""
    shutil.copy(folder / "3.jpeg", folder / "21.jpeg")
    shutil.copy(folder / "5.jpeg", folder / "22.jpeg")
    found = measure_repeats(of_images(find_images(folder)))
    assert (found.images, found.same_bytes, found.same_pixels) == (22, 2, 2)
    assert found.pool is not None
    assert found.pool_high is not None
    assert found.pool_low < found.pool < found.pool_high
    assert found.picture is not None
    assert found.picture.caption == "One image that was shown twice, as 3.jpeg and 21.jpeg."


def test_the_same_pixels_in_another_file_came_before(folder: Path) -> None:
    """Saved as PNG an image has other bytes, and is the same."""
    Image.open(folder / "3.jpeg").save(folder / "21.png")
    found = measure_repeats(of_images(find_images(folder)))
    assert (found.same_bytes, found.same_pixels) == (0, 1)
    assert found.pool is not None


def test_of_collected_images_none_that_came_again_is_there(folder: Path) -> None:
    """The same bytes are stored once, so that no repeat is no praise."""
    images = find_images(folder)
    rows = [f"{path.name},,{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in images]
    (folder / "collected.csv").write_text("\n".join(["file,url,sha256", *rows]))
    with pytest.raises(UnmeasuredError, match="collect stores the same image once"):
        measure_repeats(Setting(folder_subject(folder, 0), folder))


def test_broken_files_do_not_repeat(folder: Path) -> None:
    """That a server was down twice does not make its images fewer."""
    for name in ("21.jpeg", "22.jpeg"):
        (folder / name).write_bytes(b"\xff\xd8\xff not to be decoded")
    images = [*find_images(folder), folder / "gone.jpeg"]
    found = measure_repeats(of_images(images))
    assert (found.images, found.same_bytes, found.same_pixels) == (20, 0, 0)


def test_labels_that_come_again_are_counted(tmp_path: Path) -> None:
    """Sixty texts of one digit are ten different ones at most."""
    found = measure_repeats(of_scheme(tmp_path, "plain", 60, charset="0123456789", length=(1, 1)))
    assert found.same_text is not None
    assert found.same_text >= 50


def test_one_image_is_at_least_one(folder: Path) -> None:
    """Nothing else can be said."""
    found = measure_repeats(of_images([folder / "1.jpeg"]))
    assert (found.images, found.pool, found.pool_low) == (1, None, 1)


@pytest.mark.parametrize("images", [[], [Path("gone.png")]])
def test_without_an_image_nothing_is_measured(images: list[Path]) -> None:
    """The reason says what to do."""
    with pytest.raises(UnmeasuredError, match="check"):
        measure_repeats(of_images(images))
