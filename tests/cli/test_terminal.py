"""Images beside readings, on a terminal whose other end is played here."""

from __future__ import annotations

import base64
import io
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captchascope.image.decode import load_rgb
from cli.commands import TIMEOUT, Cli, text

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")

QUIET = {"TERM": "xterm-256color", "NO_COLOR": "", "CI": "", "TMUX": "", "STY": ""}
QUIET |= {"TERM_PROGRAM": "", "LC_TERMINAL": ""}
CELL = b"\x1b[6;20;10t"
KITTY = b"\x1b_Gi=31;OK\x1b\\" + CELL + b"\x1b[?62c"
SIXEL = CELL + b"\x1b[?62;4;22c"
PLAIN = b"\x1b[?62;22c"
ASKED = b"\x1b[c"


READ = (sys.executable, "-m", "captchascope", "read")
PICTURE = b"\x1b_Ga=T"

LATE = """
import sys, captchascope.cli.terminal as terminal
terminal._TIMEOUT, terminal._LATEST = 0.01, 60.0
from captchascope.cli.app import main
sys.argv[1:1] = ["read"]
main()
"""
"""As it is, but for the times: a busy machine must not be taken for a late terminal."""


def played(
    command: Sequence[str],
    answer: bytes,
    env: dict[str, str],
    *,
    wait: float = 0.0,
    pictured: Callable[[], object] = lambda: None,
) -> tuple[bytes, bytes]:
    """Run a command on a terminal that answers so; return what it writes, and what is left to read.

    Args:
        command: What is run.
        answer: What the terminal says when it is asked.
        env: Of the environment, what differs.
        wait: Seconds until it says so.
        pictured: Called when the first picture begins to come, before more is taken.
    """
    import pty
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **QUIET, **env}
    )
    written = b""
    end = time.monotonic() + TIMEOUT
    while process.poll() is None or select.select([ours], [], [], 0)[0]:
        assert time.monotonic() < end, written
        if not select.select([ours], [], [], 0.05)[0]:
            continue
        asked, shown = ASKED in written, PICTURE in written
        written += os.read(ours, 1024)
        if ASKED in written and not asked:
            time.sleep(wait)
            os.write(ours, answer)
        if PICTURE in written and not shown:
            pictured()
    assert process.returncode == 0, written
    assert termios.tcgetattr(theirs) == before
    before[3] &= ~termios.ICANON
    termios.tcsetattr(theirs, termios.TCSANOW, before)
    left = os.read(theirs, 1024) if select.select([theirs], [], [], 0)[0] else b""
    os.close(theirs)
    os.close(ours)
    return written, left


def shown_on(answer: bytes, *arguments: str, **env: str) -> bytes:
    """Return what read writes to a terminal that answers so when it is asked."""
    written, left = played([*READ, *arguments], answer, env)
    assert left == b""
    return written


def test_kitty_is_sent_the_image(cli: Cli) -> None:
    """Two lines of 20 pixels high, as PNG in chunks; the row of text is what it always is."""
    written = shown_on(KITTY, "captchas/1.jpeg", "--images")
    chunks = re.findall(rb"\x1b_G[^;]*m=[01];([^\x1b]*)\x1b", written)
    with Image.open(io.BytesIO(base64.b64decode(b"".join(chunks)))) as sent:
        pixels = np.asarray(sent)
    image = load_rgb("captchas/1.jpeg")
    assert (sent.height, sent.width) == (36, round(image.shape[1] * 36 / image.shape[0]))
    wanted = np.asarray(Image.fromarray(image).resize(sent.size, Image.Resampling.LANCZOS))
    assert (pixels == wanted).all()
    assert f"captchas/1.jpeg\t{text(1)}".encode() in written


def test_sixels_are_sent_where_the_device_attributes_have_a_four(cli: Cli) -> None:
    """And nothing of the answer is echoed."""
    written = shown_on(SIXEL, "captchas/1.jpeg", "--images")
    assert b"\x1bP0;1q" in written
    assert b"?62" not in written


@pytest.mark.parametrize("size", [b"1;1", b"2;8", b"300;300"])
def test_a_size_of_characters_that_nobody_could_read_is_not_believed(cli: Cli, size: bytes) -> None:
    """An image for it would have no pixel, or in the end more than there is memory for."""
    answer = KITTY.replace(b"20;10", size)
    assert answer != KITTY
    written = shown_on(answer, "captchas/1.jpeg", "--images")
    assert written == shown_on(KITTY, "captchas/1.jpeg", "--images")


def test_iterm_is_sent_its_inline_image(cli: Cli) -> None:
    """By the name that it gives itself."""
    written = shown_on(PLAIN, "captchas/1.jpeg", "--images", TERM_PROGRAM="iTerm.app")
    data = re.search(rb"\x1b\]1337;File=inline=1;[^:]*:([^\x07]*)\x07", written)
    assert data
    with Image.open(io.BytesIO(base64.b64decode(data[1]))) as sent:
        assert sent.height == 36


@pytest.mark.parametrize(("answer", "flags"), [(PLAIN, ["--images"]), (b"", [])])
def test_a_terminal_that_cannot_or_is_silent_gets_text_alone(
    cli: Cli, answer: bytes, flags: list[str]
) -> None:
    """After the question there is the row, and no escape sequence."""
    after = shown_on(answer, "captchas/1.jpeg", *flags).rpartition(ASKED)[2]
    assert f"captchas/1.jpeg\t{text(1)}".encode() in after
    assert b"\x1b" not in after


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"CI": "1"}, {"TERM": "dumb"}, {"TMUX": "x"}])
def test_what_speaks_against_images_is_heard(cli: Cli, env: dict[str, str]) -> None:
    """The terminal is not even asked."""
    assert b"\x1b" not in shown_on(KITTY, "captchas/1.jpeg", **env)


def test_what_is_piped_is_asked_nothing(cli: Cli) -> None:
    """Not with --images either, which says that it cannot."""
    done = cli("read", "captchas/1.jpeg", "--images")
    assert (done.status, "\x1b" in done.out, len(done.errors)) == (0, False, 1)


def test_an_answer_that_comes_late_is_kept_from_the_shell(cli: Cli) -> None:
    """Neither shown, nor left to be read by whoever reads the terminal next."""
    command = [sys.executable, "-c", LATE, "captchas/1.jpeg"]
    written, left = played(command, KITTY, {}, wait=0.2)
    assert f"captchas/1.jpeg\t{text(1)}".encode() in written
    assert b"?62" not in written
    assert left == b""


def test_a_file_that_goes_after_it_was_read_has_no_picture(cli: Cli, tmp_path: Path) -> None:
    """And all are read: more are shown than a terminal takes in before somebody looks."""
    data = Path("captchas/1.jpeg").read_bytes()
    files = [tmp_path / f"{number}.jpeg" for number in range(1, 21)]
    for file in files:
        file.write_bytes(data)
    command = [*READ, *map(str, files), "--images", "--model", "metu"]
    written, _ = played(command, KITTY, {}, pictured=files[-1].unlink)
    assert written.count(PICTURE) == 19
    assert len(re.findall(rb"\.jpeg\t\d{6}\t", written)) == 20
