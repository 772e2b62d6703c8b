"""Places that cannot be written: one line that names them, and nothing is left there."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cli.commands import Cli, Done, ended, one_line, start, text

FOLDERS = {
    "generate": ["generate", "metu", "{}", "--count", "3"],
    "segment": ["segment", "captchas", "{}", "--last", "3"],
    "convert": ["convert", "captchas", "{}", "--to", "csv", "--last", "3"],
}
FILES = {
    "explain": (["explain", "captchas/1.jpeg", "-o", "{}"], "stages.png"),
    "test": (["test", "captchas", "--report", "{}"], "report.html"),
}


def written_to(command: list[str], output: object) -> list[str]:
    """Return a command with its output filled in."""
    return [part.format(output) for part in command]


def line_of(done: Done) -> str:
    """Return the only line on stderr; ``test`` has printed its results before it."""
    assert (done.out != "") == ("captchas (exact match)" in done.out)
    return one_line(replace(done, out=""), 1)


def left(place: Path) -> list[str]:
    """Return what is in the folder beside the captchas, hidden things too."""
    return sorted(path.name for path in place.iterdir() if path.name != "captchas")


@pytest.mark.parametrize("command", FOLDERS)
def test_a_folder_that_cannot_be_made(cli: Cli, place: Path, command: str) -> None:
    """Full, a file, below a file, the current one: nothing in them changes."""
    (place / "full").mkdir()
    (place / "full" / "kept").touch()
    (place / "file").touch()
    for output, begins in {
        "full": "full: is not empty (",
        "file": "file: is a file (",
        "file/below": "file/below: cannot be written: Not a directory (",
        ".": ".: is not empty (",
        "n" * 300: f"{'n' * 300}: cannot be written: File name too long (",
    }.items():
        assert one_line(cli(*written_to(FOLDERS[command], output)), 1).startswith(begins)
    assert left(place) == ["file", "full"]
    assert left(place / "full") == ["kept"]


@pytest.mark.parametrize("command", FOLDERS)
def test_an_empty_folder_and_missing_parents_are_welcome(
    cli: Cli, place: Path, command: str
) -> None:
    """Nothing would be lost there."""
    (place / "empty").mkdir()
    assert cli(*written_to(FOLDERS[command], "empty")).status == 0
    assert cli(*written_to(FOLDERS[command], "new/below")).status == 0
    assert left(place) == ["empty", "new"]


@pytest.mark.parametrize("command", FILES)
def test_a_file_that_cannot_be_written(cli: Cli, place: Path, command: str) -> None:
    """A folder, in a missing folder, below a file."""
    arguments, name = FILES[command]
    (place / name).mkdir()
    (place / "file").touch()
    for output, begins in {
        name: f"{name}: is a folder (",
        f"none/{name}": f"none/{name}: cannot be written: No such file or directory (",
        f"file/{name}": f"file/{name}: cannot be written: Not a directory (",
    }.items():
        assert line_of(cli(*written_to(arguments, output))).startswith(begins)
    assert left(place) == sorted(["file", name])
    assert left(place / name) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("command", FILES)
def test_a_full_disk(cli: Cli, place: Path, command: str) -> None:
    """What is behind the name has no room."""
    arguments, name = FILES[command]
    (place / name).symlink_to("/dev/full")
    line = line_of(cli(*written_to(arguments, name)))
    assert line.startswith(f"{name}: cannot be written: No space left on device (")


@pytest.mark.skipif(os.name != "posix", reason="needs setrlimit")
@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["generate", "metu", "out", "--count", "40"], "out"),
        (["segment", "captchas", "out"], "out"),
        (["convert", "captchas", "out", "--to", "csv"], "out"),
        (["explain", "captchas/1.jpeg", "-o", "out.png"], "out.png"),
        (["explain", "captchas/1.jpeg", "-o", "out.gif"], "out.gif"),
        (["test", "captchas", "--report", "out.html"], "out.html"),
    ],
)
def test_a_limit_on_the_size_of_files(place: Path, arguments: list[str], output: str) -> None:
    """It strikes in the middle of a file, and leaves nothing of it or of those before."""
    limit = 80 if arguments[0] == "segment" else 1000
    done = ended(start(*arguments, file_size=limit))
    line = line_of(done)
    assert line.startswith(f"{output}: cannot be written: File too large (raise the file size ")
    assert left(place) == []


def test_an_output_that_is_there_is_replaced_whole(cli: Cli, place: Path) -> None:
    """The picture that was there stays until the new one is complete."""
    (place / "stages.png").write_bytes(b"old")
    assert cli("explain", "none.jpeg", "-o", "stages.png").status == 1
    assert (place / "stages.png").read_bytes() == b"old"
    assert cli("explain", "captchas/1.jpeg", "-o", "stages.png").status == 0
    assert (place / "stages.png").read_bytes().startswith(b"\x89PNG")
    assert left(place) == ["stages.png"]


def test_a_line_break_in_the_name_of_an_output(cli: Cli) -> None:
    """It is escaped in the results, in the notes and in the errors."""
    done = cli("explain", "captchas/1.jpeg", "-o", "sta\nges.png")
    assert done.rows[0].startswith(f"sta\\nges.png\t{text(1, 'metu-glyphs')}\t")
    assert cli("generate", "metu", "ma\nde", "--count", "1").errors == [
        "1 captchas of metu in ma\\nde"
    ]
    line = one_line(cli("generate", "metu", "ma\nde", "--count", "1"), 1)
    assert line.startswith("ma\\nde: is not empty (")
