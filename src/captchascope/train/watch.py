"""The watch over a training: who is told what it does, and who may end it."""

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

    Between ``with`` and its end the first signal is remembered; a second one raises
    KeyboardInterrupt, and so does the first as long as nobody has asked whether to stop: nothing is
    trained yet that could be written. Elsewhere than in the main thread it does nothing, and
    signals that this process ignores, as in the background, stay ignored.

    Attributes:
        number: The signal that came; None before one has.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        """Tell whether to stop."""
        self._asked = True
        return self.number is not None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None or not self._asked:
            raise KeyboardInterrupt
        self.number = number


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is.

    Attributes:
        share: How much is done by steps or time, whichever is further, 0 to 1.
        unit: What is counted: ``step`` or ``epoch``.
        done: How many of them are done.
        planned: How many there are to be, if the time allows.
        exact: The newest exact match on the validation images; None before there is one.
        texts: How many images that is measured on.
    """

    share: float
    unit: str
    done: int
    planned: int
    exact: float | None = None
    texts: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """The watch over a training: who is told, and when to stop.

    Attributes:
        say: Takes a line for the user.
        warn: Takes a line that the user should not miss.
        progress: Takes how far the training is, after each step.
        stop: Whether to stop, with what is best so far.
        deadline: ``time.monotonic`` at which training must end; None for no limit.
        begun: ``time.monotonic`` at which all began.
    """

    say: Callable[[str], None] = lambda line: None
    warn: Callable[[str], None] = lambda line: None
    progress: Callable[[Progress], None] = lambda progress: None
    stop: Callable[[], bool] = lambda: False
    deadline: float | None = None
    begun: float = field(default_factory=time.monotonic)
