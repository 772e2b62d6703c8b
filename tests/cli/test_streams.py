"""stdin, stdout and stderr that are full, closed, or no longer read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.commands import ended, one_line, shell, start, text

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"], ["read", "captchas"]])
def test_a_full_disk_behind_stdout(place: Path, arguments: list[str]) -> None:
    """Results that cannot be written are an error, whichever command prints them."""
    with Path("/dev/full").open("wb") as full:
        done = ended(start(*arguments, stdout=full))
    assert one_line(done, 1).startswith("stdout: cannot be written: No space left on device (")


def test_a_closed_stdout(place: Path) -> None:
    """It is named, and is no defect of the tool."""
    done = shell("captchascope read captchas >&-")
    assert one_line(done, 1) == "stdout: is closed (send the results somewhere)"


def test_a_closed_stderr(place: Path) -> None:
    """What would be said there is lost, but neither the results nor the status."""
    done = shell("captchascope read none.jpeg captchas/1.jpeg 2>&-")
    assert (done.status, done.err) == (1, "")
    assert done.out.startswith(f"captchas/1.jpeg\t{text(1)}\t")


def test_a_closed_stdin(place: Path) -> None:
    """It is an image of no bytes."""
    done = shell("captchascope read - captchas/1.jpeg <&-")
    assert (done.status, len(done.rows)) == (1, 1)
    assert done.errors == ["captchascope: -: is empty (download or copy it again)"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stdin_that_fails(place: Path, jobs: int) -> None:
    """It is an image that cannot be read; those before and after it are."""
    with Path("written").open("wb") as written:
        images = ["captchas/1.jpeg", "-", "captchas/2.jpeg"]
        done = ended(start("read", *images, "--jobs", jobs, stdin=written))
    assert [row[:15] for row in done.rows] == ["captchas/1.jpeg", "captchas/2.jpeg"]
    assert (done.status, len(done.errors)) == (1, 1)
    assert done.errors[0].startswith("captchascope: -: cannot be read: ")


@pytest.mark.parametrize("command", ["read captchas", "read --jobs 2 captchas", "--help"])
def test_a_closed_pipe_ends_quietly(place: Path, command: str) -> None:
    """Nobody reads, whether it is noticed when the results are gathered or in between."""
    process = start(*command.split(), *["captchas"] * 60 * command.startswith("read captchas"))
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    done = ended(process)
    assert (done.status, done.err) == (0, "")


def test_head_takes_the_first_row(place: Path) -> None:
    """The whole pipe, as people type it."""
    done = shell("captchascope read captchas captchas | head -1")
    assert (done.status, done.err, len(done.rows)) == (0, "", 1)
    assert done.out.startswith(f"captchas/1.jpeg\t{text(1)}\t")


def test_a_terminal_that_knows_no_unicode(place: Path) -> None:
    """What it cannot show is escaped, in the results and in the errors."""
    (place / "captchas" / "1.jpeg").rename(place / "é.jpeg")
    done = ended(start("read", "é.jpeg", "ü.jpeg", env={"PYTHONIOENCODING": "ascii"}))
    assert (done.status, done.out[:17]) == (1, f"\\xe9.jpeg\t{text(1)}\t")
    assert done.errors == ["captchascope: \\xfc.jpeg: does not exist (check the path)"]


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_bar_is_drawn_on_a_terminal(
    place: Path, variables: dict[str, str], coloured: bool
) -> None:
    """In colours only where they are welcome, and never into a pipe."""
    said = on_a_terminal(["generate", "metu", "made", "--count", "300"], variables)
    assert "generating" in said
    assert ("\x1b[38;" in said or "\x1b[3" in said.replace("\x1b[?", "")) == coloured
    assert said.rstrip().endswith("300 captchas of metu in made")
    piped = ended(start("generate", "metu", "more", "--count", "3"))
    assert piped.errors == ["3 captchas of metu in more"]


@pytest.mark.usefixtures("place")
def test_one_process_alone_shows_how_far_a_training_is() -> None:
    """Under ``torchrun`` all have the same terminal."""
    pytest.importorskip("torch", reason="needs the extra 'train'")
    Path("spoilt").mkdir()
    Path("spoilt/labels.csv").write_text("file,label\n1.png,12\n2.png,21\n", encoding="utf-8")
    for name in ("1.png", "2.png"):
        Path("spoilt", name).write_bytes(b"no image")
    numbers = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    second = {"TORCHELASTIC_RUN_ID": "1", **numbers}
    said = on_a_terminal(["train", "spoilt", "-o", "mine.onnx"], second, status=1)
    assert said.startswith("captchascope: spoilt: ")
    assert "training" not in said


def on_a_terminal(arguments: list[str], variables: dict[str, str], status: int = 0) -> str:
    """Return what a command says on stderr where that is a terminal."""
    import pty

    ours, theirs = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "captchascope", *arguments],
        stderr=theirs,
        env={**env, "TERM": "xterm-256color", **variables},
    )
    os.close(theirs)
    said = b""
    while chunk := _read(ours):
        said += chunk
    os.close(ours)
    assert process.wait() == status
    return said.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""
