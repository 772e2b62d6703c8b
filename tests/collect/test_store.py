"""The folder of a collection, and what mends it."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import pytest

from captchascope.collect.store import COLLECTED, open_store
from captchascope.errors import OutputError
from collect.sites import png

HEADER = "file,url,time,sha256,status,authorised\n"


def fill(folder: Path, *numbers: int) -> None:
    """Store some images."""
    with open_store(folder) as store:
        for number in numbers:
            store.add(png(number), ".png", "http://127.0.0.1/x", "200", 'Ada, "registrar"\n')


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the table, having checked that it agrees with the folder."""
    with (folder / COLLECTED).open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert sorted(row["file"] for row in found) == sorted(path.name for path in folder.glob("*.*g"))
    for row in found:
        assert hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest() == row["sha256"]
    return found


def test_no_room_in_the_middle_of_a_row(tmp_path: Path) -> None:
    """It is an error that leaves no half image; with room again the collection goes on whole."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(png(0)) + 333, limits[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            fill(tmp_path, *range(100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not (tmp_path / ".collecting.part").exists()
    begun = len(list(tmp_path.glob("*.png")))
    assert not (tmp_path / COLLECTED).read_bytes().endswith(b"\n")
    fill(tmp_path, 200, 201)
    assert len(rows(tmp_path)) == begun + 2


def test_images_are_numbered_from_one(tmp_path: Path) -> None:
    """And each has a row, on one line."""
    fill(tmp_path / "new" / "folder", 5, 6)
    first, second = rows(tmp_path / "new" / "folder")
    assert (first["file"], second["file"]) == ("1.png", "2.png")
    assert (first["url"], first["status"]) == ("http://127.0.0.1/x", "200")
    assert first["authorised"] == 'Ada, "registrar"\\n'
    assert first["time"].endswith("Z")
    assert (tmp_path / "new" / "folder" / COLLECTED).read_text().startswith(HEADER)


def test_a_collection_goes_on_where_it_was(tmp_path: Path) -> None:
    """It knows what it has."""
    fill(tmp_path, 5, 6)
    with open_store(tmp_path) as store:
        assert len(store.rows) == 2
        assert store.holds(png(5))
        assert not store.holds(png(7))
    fill(tmp_path, 7)
    assert [row["file"] for row in rows(tmp_path)] == ["1.png", "2.png", "3.png"]


def test_a_kill_before_the_row(tmp_path: Path) -> None:
    """What was written of the image goes."""
    fill(tmp_path, 5)
    (tmp_path / ".collecting.part").write_bytes(png(6)[:40])
    fill(tmp_path, 6)
    assert len(rows(tmp_path)) == 2
    assert not (tmp_path / ".collecting.part").exists()


@pytest.mark.parametrize("torn", [1, 40, 100])
def test_a_kill_within_the_row(tmp_path: Path, torn: int) -> None:
    """The torn line goes, wherever it is torn."""
    fill(tmp_path, 5, 6)
    (tmp_path / "2.png").unlink()
    table = (tmp_path / COLLECTED).read_bytes()
    (tmp_path / COLLECTED).write_bytes(table[:-torn])
    fill(tmp_path, 7)
    assert [row["file"] for row in rows(tmp_path)] == ["1.png", "2.png"]


def test_a_kill_between_row_and_image(tmp_path: Path) -> None:
    """The row goes, and its number is given to the next image."""
    fill(tmp_path, 5, 6)
    (tmp_path / "2.png").unlink()
    fill(tmp_path, 7)
    assert (tmp_path / "2.png").read_bytes() == png(7)
    assert len(rows(tmp_path)) == 2


def test_a_power_cut(tmp_path: Path) -> None:
    """Images of which nothing was written go; one whose row was not written gets one."""
    fill(tmp_path, 5, 6, 7, 8)
    table = (tmp_path / COLLECTED).read_text().splitlines(keepends=True)
    (tmp_path / COLLECTED).write_text("".join(table[:3]))
    (tmp_path / "2.png").write_bytes(b"")
    (tmp_path / "4.png").write_bytes(bytes(300))
    fill(tmp_path)
    first, third = rows(tmp_path)
    assert (first["file"], third["file"], third["status"]) == ("1.png", "3.png", "found")


def test_an_image_that_somebody_deleted_is_not_missed(tmp_path: Path) -> None:
    """Its number stays free, so that labels by number stay right."""
    fill(tmp_path, 5, 6, 7)
    (tmp_path / "2.png").unlink()
    fill(tmp_path, 8)
    assert [row["file"] for row in rows(tmp_path)] == ["1.png", "3.png", "4.png"]


def test_a_folder_in_order_is_not_written_to(tmp_path: Path) -> None:
    """Opening it changes nothing."""
    fill(tmp_path, 5, 6)
    before = (tmp_path / COLLECTED).stat().st_mtime_ns
    fill(tmp_path)
    assert (tmp_path / COLLECTED).stat().st_mtime_ns == before


def test_labels_beside_the_images_do_not_disturb(tmp_path: Path) -> None:
    """Somebody will label what was collected, and collect on."""
    fill(tmp_path, 5)
    (tmp_path / "labels.csv").write_text("file,label\n1.png,abc\n")
    (tmp_path / "sheet.png").write_bytes(png(1))
    fill(tmp_path, 6)
    assert (tmp_path / "2.png").exists()


def test_two_collections_cannot_share_a_folder(tmp_path: Path) -> None:
    """The second says so."""
    with (
        open_store(tmp_path),
        pytest.raises(OutputError, match="another collection is writing there"),
        open_store(tmp_path),
    ):
        raise AssertionError


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("1.png", png(9), "holds images that were not collected, such as 1.png"),
        (COLLECTED, b"file,label\n1.png,abc\n", "is not a table of a collection"),
        (COLLECTED, b"\xff\n", "cannot be read"),
        (COLLECTED, HEADER.encode() + b"../1.png,,,,,\n", "collected.csv:2: is not a row of ours"),
        (COLLECTED, HEADER.encode() + b"1.png,,\n", "collected.csv:2: is not a row of ours"),
    ],
)
def test_what_is_not_ours_is_left_alone(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    """Nothing is removed, and nothing added."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OutputError, match=what), open_store(tmp_path):
        raise AssertionError
    assert (tmp_path / name).read_bytes() == content


def test_images_that_somebody_changed_are_left_alone(tmp_path: Path) -> None:
    """Whether they have a row or not."""
    fill(tmp_path, 5)
    (tmp_path / "1.png").write_bytes(png(6))
    with pytest.raises(OutputError, match=r"1\.png: is not the image"), open_store(tmp_path):
        raise AssertionError
    (tmp_path / "1.png").write_bytes(png(5))
    (tmp_path / "2.png").write_bytes(b"notes")
    with pytest.raises(OutputError, match=r"2\.png: is not in"), open_store(tmp_path):
        raise AssertionError
    assert (tmp_path / "2.png").read_bytes() == b"notes"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """It is an error of output that names it."""
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(OutputError, match="cannot be written"),
        open_store(tmp_path / "file"),
    ):
        raise AssertionError
