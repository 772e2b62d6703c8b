"""The folder of a collection, and what mends it."""

from __future__ import annotations

import csv
import hashlib
import os
import stat
from pathlib import Path

import pytest

from captchascope.collect.kept import (
    COLLECTED,
    LONGEST_BODY,
    PAGES,
    Collection,
    Exchange,
    Header,
    packed_body,
    read_page,
)
from captchascope.collect.store import open_store
from captchascope.errors import OutputError
from captchascope.files import survey_folder
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


def page(number: int) -> Exchange:
    """Return an answer that tells which image it came with."""
    headers = (Header("Set-Cookie", "session=abc"), Header("X-Number", str(number)))
    return Exchange("page", "http://127.0.0.1/", 200, headers, f"<p>{number}</p>")


def fill_with_pages(folder: Path, *numbers: int) -> None:
    """Store some images, each with its page."""
    with open_store(folder) as store:
        for number in numbers:
            store.add(png(number), ".png", "http://127.0.0.1/x", "200", "", [page(number)])


def kept(folder: Path) -> dict[str, int]:
    """Return which page is there, and which image it came with."""
    found = {path.name: read_page(path) for path in (folder / PAGES).iterdir()}
    return {name: int(p.exchanges[0].headers[1].value) for name, p in found.items() if p}


def test_pages_are_kept_beside_their_images(tmp_path: Path) -> None:
    """Nobody else may read them, and whoever looks for images does not see them."""
    fill_with_pages(tmp_path, 5, 6)
    fill(tmp_path, 7)
    fill_with_pages(tmp_path, 8)
    assert kept(tmp_path) == {"1.json": 5, "2.json": 6, "4.json": 8}
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / PAGES).stat().st_mode) == 0o700
        assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / PAGES).iterdir()} == {0o600}
    found = survey_folder(tmp_path)
    assert (len(found.paths), found.note) == (4, "")
    collection = Collection.at(tmp_path)
    assert collection is not None
    told = collection.page(hashlib.sha256(png(6)).hexdigest())
    assert told is not None
    assert told.exchanges == (page(6),)


def test_a_kill_after_the_page(tmp_path: Path) -> None:
    """Its row was not written: it goes, and so do a part, a torn one and another image's."""
    fill_with_pages(tmp_path, 5, 6, 7)
    folder = tmp_path / PAGES
    (folder / "4.json").write_bytes((folder / "3.json").read_bytes())
    (folder / ".page.part").write_bytes(b'{"file": "4.p')
    (folder / "2.json").write_bytes((folder / "2.json").read_bytes()[:40])
    (folder / "3.json").write_bytes((folder / "1.json").read_bytes())
    fill(tmp_path, 8)
    assert [path.name for path in folder.iterdir()] == ["1.json"]
    assert len(rows(tmp_path)) == 4


def test_a_page_of_a_row_without_its_image(tmp_path: Path) -> None:
    """Both go, and the number is given again."""
    fill_with_pages(tmp_path, 5, 6)
    (tmp_path / "2.png").unlink()
    fill_with_pages(tmp_path, 7)
    assert kept(tmp_path) == {"1.json": 5, "2.json": 7}


def test_a_folder_of_pages_that_leads_elsewhere(tmp_path: Path) -> None:
    """Nothing is removed there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "9.json").write_text("{}")
    fill(tmp_path / "made", 5)
    (tmp_path / "made" / PAGES).symlink_to(elsewhere)
    fill(tmp_path / "made", 6)
    assert (elsewhere / "9.json").exists()


def test_bodies_are_kept_as_they_are_and_bounded(tmp_path: Path) -> None:
    """Also what is no UTF-8."""
    bodies = [b"", "é<p>\r\n".encode(), bytes(range(256)), b"x" * (2 * LONGEST_BODY)]
    exchanges = [Exchange("page", "u", 200, (), *packed_body(body)) for body in bodies]
    with open_store(tmp_path) as store:
        store.add(png(5), ".png", "u", "200", "", exchanges)
    told = read_page(tmp_path / PAGES / "1.json")
    assert told is not None
    assert [one.data for one in told.exchanges] == [body[:LONGEST_BODY] for body in bodies]
    assert [one.cut for one in told.exchanges] == [False, False, False, True]


def test_a_collection_is_told_from_what_becomes_of_it(tmp_path: Path) -> None:
    """Nothing that was found in its pages before counts when others lie there."""

    def fingerprint() -> str:
        collection = Collection.at(tmp_path)
        assert collection is not None
        return collection.fingerprint()

    fill_with_pages(tmp_path, 1, 2)
    first = fingerprint()
    assert fingerprint() == first
    fill_with_pages(tmp_path, 3)
    more = fingerprint()
    (tmp_path / PAGES / "1.json").unlink()
    assert len({first, more, fingerprint()}) == 3
