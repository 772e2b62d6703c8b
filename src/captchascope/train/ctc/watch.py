"""Who is told what a training does, and who may end it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """Turns Ctrl-C and termination into a wish to stop, so that the best model can be written.

    Between ``with`` and its end the first signal is remembered; a second one ends the process the
    usual way. Elsewhere than in the main thread it does nothing.

    Attributes:
        number: The signal that came; None before one has.
    """

    def __init__(self, said: Callable[[], None] = lambda: None) -> None:
        self.number: int | None = None
        self._said = said
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        self.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Take the signals, again where another library has taken them since."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            held = signal.signal(number, self._note)
            self._before.setdefault(number, held)

    def __call__(self) -> bool:
        """Tell whether to stop."""
        return self.number is not None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            raise KeyboardInterrupt
        self.number = number
        self._said()


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told, and when to stop.

    Attributes:
        say: Takes a line for the user.
        warn: Takes a line that the user should not miss.
        share: Takes how much of the training is done, 0 to 1, and the newest exact match on the
            validation images, None before there is one.
        stop: Whether to stop, and how signals are caught.
        deadline: ``time.monotonic`` at which training must end; None for no limit.
        begun: ``time.monotonic`` at which all began.
    """

    say: Callable[[str], None] = lambda line: None
    warn: Callable[[str], None] = lambda line: None
    share: Callable[[float, float | None], None] = lambda share, exact: None
    stop: Interrupts = field(default_factory=Interrupts)
    deadline: float | None = None
    begun: float = field(default_factory=time.monotonic)
