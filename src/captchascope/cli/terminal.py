"""Images beside readings, on terminals that say that they show images, and nowhere else."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import re
import select
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from captchascope.draw.sixel import to_sixel
from captchascope.records import RgbImage

ROWS = 2
"""How many lines of text an image is high."""

_TIMEOUT = 0.15  # seconds for the answer, once, where a terminal stays silent
_FORCED_TIMEOUT = 10.0  # of a far or busy terminal that somebody says shows images
_CELL = (10, 20)  # width and height in pixels, where a terminal does not tell them
_WIDEST = 40  # columns
_CHUNK = 4096  # characters of base64 in one sequence of kitty's
# A query of kitty's graphics, the size of a cell, and the device attributes, which all answer.
_QUERY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c"


@dataclass(frozen=True, slots=True)
class ImageTerminal:
    """A terminal that shows images.

    Attributes:
        protocol: ``kitty``, ``iterm`` or ``sixel``.
        cell: Width and height of a character, in pixels.
    """

    protocol: str
    cell: tuple[int, int] = _CELL

    def shown(self, image: RgbImage) -> str:
        """Return what draws an image and leaves the cursor to its right, on the lowest line.

        Args:
            image: Shape (H, W, 3); it is scaled to two lines of text.
        """
        cell_width, cell_height = self.cell
        height = cell_height * ROWS // 6 * 6  # whole sixels, so that none goes below the last line
        width = max(1, round(image.shape[1] * height / image.shape[0]))
        width = min(width, _WIDEST * cell_width)
        height = min(height, max(1, round(image.shape[0] * width / image.shape[1])))
        scaled = Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS)
        columns = -(-width // cell_width)
        # Room is made first, so that nothing scrolls while the cursor is kept.
        room = "\n" * ROWS + f"\x1b[{ROWS}A"
        beside = f"\x1b8\x1b[{ROWS - 1}B\x1b[{columns + 1}C"
        return f"{room}\x1b7{self._sequence(scaled)}{beside}"

    def _sequence(self, image: Image.Image) -> str:
        if self.protocol == "sixel":
            return to_sixel(np.asarray(image))
        file = io.BytesIO()
        image.save(file, "PNG")
        data = base64.b64encode(file.getvalue()).decode("ascii")
        if self.protocol == "iterm":
            size = f"width={image.width}px;height={image.height}px;size={len(file.getvalue())}"
            return f"\x1b]1337;File=inline=1;{size}:{data}\x07"
        chunks = [data[i : i + _CHUNK] for i in range(0, len(data), _CHUNK)]
        first = "a=T,f=100,q=2,C=1,"
        return "".join(
            f"\x1b_G{first if i == 0 else ''}m={int(i < len(chunks) - 1)};{chunk}\x1b\\"
            for i, chunk in enumerate(chunks)
        )


def image_terminal(forced: bool = False) -> ImageTerminal | None:
    """Return the terminal that stdout is, if it shows images; it is asked, and waited for briefly.

    Args:
        forced: Whether to ask where NO_COLOR, CI, TERM or a multiplexer speak against it, and to
            wait for long.
    """
    if os.name != "posix" or sys.stdout is None or not sys.stdout.isatty():
        return None
    names = ("NO_COLOR", "CI", "TMUX", "STY")
    term = os.environ.get("TERM", "dumb")
    unfit = term.startswith(("dumb", "screen", "tmux", "linux"))
    if not forced and (unfit or any(os.environ.get(name) for name in names)):
        return None
    answer = _answer(sys.stdout.fileno(), _FORCED_TIMEOUT if forced else _TIMEOUT)
    size = re.search(rb"\x1b\[6;(\d+);(\d+)t", answer)
    cell = (int(size[2]), int(size[1])) if size and int(size[1]) and int(size[2]) else _CELL
    if re.search(rb"\x1b_Gi=31;OK", answer):
        return ImageTerminal("kitty", cell)
    if "iTerm" in os.environ.get("TERM_PROGRAM", "") + os.environ.get("LC_TERMINAL", ""):
        return ImageTerminal("iterm", cell)
    attributes = re.search(rb"\x1b\[\?([\d;]+)c", answer)
    if attributes and b"4" in attributes[1].split(b";")[1:]:
        return ImageTerminal("sixel", cell)
    return None


def _answer(stdout: int, timeout: float) -> bytes:
    """Ask a terminal, and return what it says until its device attributes; nothing if it is silent.

    What somebody has typed already would be mistaken for it, so then it is not asked.
    """
    with contextlib.suppress(OSError), _unechoed(stdout) as terminal:
        if terminal is None or select.select([terminal], [], [], 0)[0]:
            return b""
        os.write(terminal, _QUERY)
        answer, until = b"", time.monotonic() + timeout
        while not re.search(rb"\x1b\[\?[\d;]*c", answer):
            left = until - time.monotonic()
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                break
            answer += os.read(terminal, 1024)
        return answer
    return b""


@contextlib.contextmanager
def _unechoed(stdout: int) -> Iterator[int | None]:
    """Open the terminal that stdout is, without echo or lines; None in the background.

    Afterwards it is as it was, and what is left of an answer is thrown away.
    """
    import termios

    terminal = os.open(os.ttyname(stdout), os.O_RDWR | os.O_NOCTTY)
    try:
        if _is_in_background(terminal):
            yield None
            return
        before = termios.tcgetattr(terminal)
        during = termios.tcgetattr(terminal)
        during[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(terminal, termios.TCSANOW, during)
        try:
            yield terminal
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
    except termios.error as error:
        raise OSError(*error.args) from error
    finally:
        os.close(terminal)


def _is_in_background(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) != os.getpgrp()
    except OSError:  # it controls nobody, so that nobody is stopped who writes to it
        return False
