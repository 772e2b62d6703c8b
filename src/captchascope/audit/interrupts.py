"""Ctrl-C during an audit: it ends what is measured at the moment, and nothing that is written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class Interrupts:
    """Remembers Ctrl-C between ``with`` and its end, raises it only while something is measured.

    A second one raises wherever it comes. Elsewhere than in the main thread it does nothing, and a
    signal that this process ignores, as in the background, stays ignored.

    Attributes:
        came: Whether somebody wants the audit to end.
    """

    def __init__(self) -> None:
        self.came = False
        self._measuring = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def ending(self, measure: Callable[[], T]) -> T | None:
        """Return what is measured; None where Ctrl-C ended it."""
        try:
            self._measuring = True
            try:
                return measure()
            finally:
                self._measuring = False
        except KeyboardInterrupt:
            self._measuring = False
            self.came = True
            return None

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self.came = self.came, True
        if again or self._measuring:
            raise KeyboardInterrupt
