"""Images beside readings, on terminals that say that they show images, and nowhere else."""

from __future__ import annotations

import base64
import contextlib
import io
import os
import re
import select
import sys
import threading
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
_LATEST = 1.0  # seconds from the question on in which an answer is kept from the shell
_FORCED_TIMEOUT = 10.0  # of a far or busy terminal that somebody says shows images
_CELL = (10, 20)  # width and height in pixels, where a terminal does not tell them
_SMALLEST, _LARGEST = 4, 256  # pixels of a side of a cell that are believed
_WIDEST = 40  # columns
_CHUNK = 4096  # characters of base64 in one sequence of kitty's
# A query of kitty's graphics, the size of a cell, and the device attributes, which all answer.
_QUERY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c"
_END = re.compile(rb"\x1b\[\?[\d;]*c")  # the device attributes, which come last


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


@contextlib.contextmanager
def image_terminal(forced: bool = False) -> Iterator[ImageTerminal | None]:
    """Yield the terminal that stdout is, if it shows images; it is asked, and waited for briefly.

    An answer that comes later, up to a second after the question, is taken in within the block, and
    waited for at its end: else the shell would be told it, as if it had been typed.

    Args:
        forced: Whether to ask where NO_COLOR, CI, TERM or a multiplexer speak against it, and to
            wait for long.
    """
    if os.name != "posix" or sys.stdout is None or not sys.stdout.isatty():
        yield None
        return
    names = ("NO_COLOR", "CI", "TMUX", "STY")
    term = os.environ.get("TERM", "dumb")
    unfit = term.startswith(("dumb", "screen", "tmux", "linux"))
    if not forced and (unfit or any(os.environ.get(name) for name in names)):
        yield None
        return
    with _answered(sys.stdout.fileno(), _FORCED_TIMEOUT if forced else _TIMEOUT) as answer:
        yield _terminal_of(answer)


def _terminal_of(answer: bytes) -> ImageTerminal | None:
    size = re.search(rb"\x1b\[6;(\d{1,3});(\d{1,3})t", answer)
    cell = (int(size[2]), int(size[1])) if size else _CELL
    if min(cell) < _SMALLEST or max(cell) > _LARGEST:  # nobody could read such characters
        cell = _CELL
    if re.search(rb"\x1b_Gi=31;OK", answer):
        return ImageTerminal("kitty", cell)
    if "iTerm" in os.environ.get("TERM_PROGRAM", "") + os.environ.get("LC_TERMINAL", ""):
        return ImageTerminal("iterm", cell)
    attributes = re.search(rb"\x1b\[\?([\d;]+)c", answer)
    if attributes and b"4" in attributes[1].split(b";")[1:]:
        return ImageTerminal("sixel", cell)
    return None


@contextlib.contextmanager
def _answered(stdout: int, timeout: float) -> Iterator[bytes]:
    """Ask a terminal, and yield what it says until its device attributes; nothing if it is silent.

    What somebody has typed already would be mistaken for it, so then it is not asked.
    """
    terminal = _unechoed(stdout)
    if terminal is None:
        yield b""
        return
    asked, answer = time.monotonic(), b""
    try:
        with contextlib.suppress(OSError):
            os.write(terminal.file, _QUERY)
            answer = _read_answer(terminal.file, asked + timeout)
        if _END.search(answer) or timeout >= _LATEST:
            terminal.restore()
            yield answer
            return
        late = threading.Thread(target=terminal.drain, args=(answer, asked + _LATEST), daemon=True)
        late.start()
        try:
            yield b""
        finally:
            late.join()  # which is at _LATEST at the latest
    finally:
        terminal.restore()
        os.close(terminal.file)


def _read_answer(terminal: int, until: float, answer: bytes = b"") -> bytes:
    """Read on until the end of an answer, or until a time has come."""
    while not _END.search(answer):
        left = until - time.monotonic()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            break
        answer += os.read(terminal, 1024)
    return answer


class _Unechoed:
    """A terminal without echo or lines, until it is restored.

    Attributes:
        file: Open for reading and writing.
    """

    def __init__(self, file: int) -> None:
        import termios

        self.file = file
        self._changing = threading.Lock()
        self._restored = False
        self._before = termios.tcgetattr(file)
        during = termios.tcgetattr(file)
        during[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(file, termios.TCSANOW, during)

    def drain(self, answer: bytes, until: float) -> None:
        """Read what is left of an answer, and restore the terminal."""
        with contextlib.suppress(OSError):
            _read_answer(self.file, until, answer)
        self.restore()

    def restore(self, typed: bool = False) -> None:
        """Make it what it was, once; what waits there is thrown away unless somebody typed it."""
        import termios

        with self._changing:
            if not self._restored:
                self._restored = True
                when = termios.TCSANOW if typed else termios.TCSAFLUSH
                with contextlib.suppress(termios.error):
                    termios.tcsetattr(self.file, when, self._before)


def _unechoed(stdout: int) -> _Unechoed | None:
    """Take the echo of the terminal that stdout is; None in the background, or where some wait."""
    import termios

    try:
        terminal = os.open(os.ttyname(stdout), os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    with contextlib.suppress(OSError, termios.error):
        if not _is_in_background(terminal):
            unechoed = _Unechoed(terminal)
            if not select.select([terminal], [], [], 0)[0]:
                return unechoed
            unechoed.restore(typed=True)
    os.close(terminal)
    return None


def _is_in_background(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) != os.getpgrp()
    except OSError:  # it controls nobody, so that nobody is stopped who writes to it
        return False
