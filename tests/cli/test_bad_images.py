"""Images that are missing, damaged or monstrous: one line each, and the rest is read."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli.commands import Cli, one_line, shaped, text


@cache
def monster() -> bytes:
    """Return a valid PNG of 20,000 x 20,000 white pixels, all of it, in some 50 kB."""
    rows = zlib.compressobj(9)
    white = b"\0" + b"\xff" * 2500
    data = b"".join(rows.compress(white * 1000) for _ in range(20)) + rows.flush()
    header = struct.pack(">IIBBBBB", 20000, 20000, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def truncated() -> bytes:
    """Return the first half of a captcha."""
    data = Path("captchas/1.jpeg").read_bytes()
    return data[: len(data) // 2]


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.jpeg": (lambda: b"", "is empty"),
    "text.jpeg": (lambda: b"<html>not found</html>\n", "is an HTML page"),
    "words.jpeg": (lambda: b"not an image\n", "is plain text"),
    "half.jpeg": (truncated, "is truncated"),
    "monster.png": (monster, "is too large: 20000 x 20000 pixels"),
    "a\nb.jpeg": (lambda: b"", "is empty"),
}
"""File names, what they hold, and how the line about them begins."""


@pytest.fixture
def bad(place: Path) -> Path:
    """Make a folder of bad images with a good one at either end."""
    folder = place / "bad"
    folder.mkdir()
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content())
    Image.fromarray(np.full((50, 150), 255, np.uint8)).save(folder / "blank.png")
    for name in ("0.jpeg", "z\t1.jpeg"):
        (folder / name).write_bytes((place / "captchas" / "1.jpeg").read_bytes())
    return folder


@pytest.mark.parametrize("name", BAD)
def test_each_is_one_line(cli: Cli, bad: Path, name: str) -> None:
    """Nothing on stdout in text mode; a line break in a name stays escaped."""
    shown = name.replace("\n", "\\n")
    line = one_line(cli("read", f"bad/{name}"), 1)
    assert line.startswith(f"bad/{shown}: {BAD[name][1]}")


@pytest.mark.parametrize("name", BAD)
def test_each_is_a_row_in_jsonl(cli: Cli, bad: Path, name: str) -> None:
    """No text, the error, and the file exactly as it was given."""
    done = cli("read", f"bad/{name}", "--format", "jsonl")
    row = json.loads(done.out)
    assert (done.status, len(done.rows), len(done.errors)) == (1, 1, 1)
    assert (row["file"], row["text"], row["abstained"]) == (f"bad/{name}", None, False)
    assert row["error"].startswith(BAD[name][1])
    assert (row["confidence"], row["chars"]) == (0.0, [])


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_rest_of_a_folder_is_read(cli: Cli, bad: Path, jobs: int) -> None:
    """One line per bad image, whatever lies around it; a tab in a name is escaped."""
    files = ["bad", "none.jpeg", "captchas/2.jpeg"]
    done = cli("read", *files, "--jobs", jobs, "--model", "metu-glyphs")
    assert done.status == 1
    assert [row.split("\t")[:2] for row in done.rows] == [
        ["bad/0.jpeg", text(1, "metu-glyphs")],
        ["bad/z\\t1.jpeg", text(1, "metu-glyphs")],
        ["captchas/2.jpeg", text(2, "metu-glyphs")],
    ]
    assert len(done.errors) == len(BAD) + 2
    lines = sorted(shaped(line) for line in done.errors)
    assert any(line.startswith("bad/blank.png: no ink (") for line in lines)
    assert any(line.startswith("none.jpeg: does not exist (") for line in lines)


def test_a_folder_without_images(cli: Cli) -> None:
    """It is one line that says which files count; what follows is read."""
    Path("notes").mkdir()
    Path("notes/readme.txt").write_text("no image")
    done = cli("read", "notes", "captchas/1.jpeg")
    assert (done.status, len(done.rows), len(done.errors)) == (1, 1, 1)
    assert shaped(done.errors[0]).startswith("notes: holds no images (known are .apng ")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("none.jpeg", "none.jpeg: does not exist (check the path)"),
        ("none/", "none/: does not exist (check the path)"),
        ("captchas/1.jpeg/x", "captchas/1.jpeg/x: "),
        ("n" * 300, f"{'n' * 300}: cannot be read: "),
    ],
)
def test_a_path_that_leads_nowhere(cli: Cli, path: str, line: str) -> None:
    """It is one line, whatever the system calls it, and the next image is read."""
    assert one_line(cli("read", path), 1).startswith(line)
    assert len(cli("read", path, "captchas/1.jpeg").rows) == 1


def test_an_empty_path_is_wrong_usage(cli: Cli) -> None:
    """It is a shell variable that was never set, and must not mean the current folder."""
    assert one_line(cli("read", ""), 2) == (
        "PATH: is empty (name a file, a folder, or - for stdin)"
    )


@pytest.mark.parametrize("name", [*BAD, "blank.png", "none.png"])
def test_explain_refuses_each(cli: Cli, bad: Path, name: str) -> None:
    """One line, and no picture."""
    shown = name.replace("\n", "\\n")
    line = one_line(cli("explain", f"bad/{name}", "-o", "stages.png"), 1)
    assert line.startswith(f"bad/{shown}: ")
    assert not Path("stages.png").exists()


@pytest.mark.parametrize("command", [["test", "--model", "metu-glyphs"], ["segment"]])
def test_labelled_bad_images(cli: Cli, bad: Path, command: list[str]) -> None:
    """They are one line each, the good ones are measured and cut."""
    for name in ("a\nb.jpeg", "z\t1.jpeg"):
        (bad / name).unlink()
    rows = [f"{path.name},{text(1, 'metu-glyphs')}\n" for path in sorted(bad.iterdir())]
    (bad / "labels.csv").write_text("file,label\n" + "".join(rows))
    done = cli(*command, "bad", *(["glyphs"] if command == ["segment"] else []))
    assert done.status == 1
    assert len(done.errors) == len(BAD)  # one less of the odd names, one more for the blank
    for line in done.errors:
        assert shaped(line).startswith("bad/")
    if command == ["segment"]:
        assert len(list(Path("glyphs").rglob("*.png"))) == 6
    else:
        assert "1 of 7" in done.out
