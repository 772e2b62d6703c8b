"""Images beside readings, on a terminal whose other end is played here."""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import sys

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


def shown_on(answer: bytes, *arguments: str, **env: str) -> bytes:
    """Return what read writes to a terminal that answers so when it is asked."""
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "captchascope", "read", *arguments]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **QUIET, **env}
    )
    os.close(theirs)
    written = b""
    try:
        while True:
            got = os.read(ours, 65536)
            if not got:
                break
            asked = ASKED in written
            written += got
            if ASKED in written and not asked:
                os.write(ours, answer)
    except OSError:  # as Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(TIMEOUT) == 0, written
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
