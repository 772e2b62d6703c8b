"""Requests in an open loop: sent when they are due, whatever came of those before.

One thread without a framework, so that one core sends some twenty thousand requests a second. Each
is made beforehand, and goes out on a connection that nothing is awaited from, or on a new one.
"""

from __future__ import annotations

import select
import socket
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from soak_web import percentile

_READ, _WRITE = select.EPOLLIN, select.EPOLLOUT


@dataclass(slots=True)
class Outcome:
    """What came of the requests of one run.

    Attributes:
        seconds: From the first request to the end of sending.
        sent: How many went out.
        statuses: Answers by status that came while requests went out, late ones beside them.
        late: Answers by status that came after the last request had gone out.
        lost: Requests without an answer by why: ``reset``, ``closed``, ``timeout``, ``unsent``.
        times: Milliseconds from when a request was due to its answer with 200.
        behind: Seconds that the generator was late at most.
    """

    seconds: float = 0.0
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    late: Counter[int] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    behind: float = 0.0

    @property
    def goodput(self) -> float:
        """Answers with 200 in a second."""
        return self.statuses[200] / self.seconds

    def line(self, name: str) -> str:
        """Return the figures in words."""
        answers, lost = dict(self.statuses), dict(self.lost)
        return (
            f"{name}: sent {self.sent / self.seconds:.0f}/s, good {self.goodput:.0f}/s, "
            f"p50 {percentile(self.times, 0.5):.0f} ms, p99 {percentile(self.times, 0.99):.0f} ms, "
            f"answers {answers}, lost {lost or 'none'}, late {dict(self.late)}"
        )


class _Connection:
    __slots__ = ("answer", "busy", "due", "needed", "rest", "serial", "socket")

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.serial = 0  # of the request that is awaited
        self.busy = True
        self.due = 0.0
        self.rest = b""  # what is still to be sent
        self.answer = b""
        self.needed = 0


class OpenLoop:
    """Sends requests at a rate, over at most so many connections at a time.

    Args:
        port: Where on 127.0.0.1.
        requests: What is sent, by turns.
        connections: How many may be open; a request that is due when all are waited for is unsent.
        kept: Whether a connection is used again after its answer.
        patience: Seconds after which an answer is no longer waited for.
    """

    def __init__(
        self,
        port: int,
        requests: Sequence[bytes],
        connections: int,
        *,
        kept: bool = True,
        patience: float = 2.0,
    ) -> None:
        self._address = ("127.0.0.1", port)
        self._requests = requests
        self._most = connections
        self._kept = kept
        self._patience = patience
        self._epoll = select.epoll()
        self._open: dict[int, _Connection] = {}
        self._idle: list[_Connection] = []
        self._waiting: deque[tuple[float, _Connection, int]] = deque()
        self._outcome = Outcome()
        self._ended = False

    def run(self, rate: float, seconds: float) -> Outcome:
        """Send for so long, wait for what is left, hang up, and return what came of it."""
        out = self._outcome = Outcome()
        start = time.perf_counter()
        while (now := time.perf_counter()) < start + seconds:
            due = int((now - start) * rate)
            first = out.sent + out.lost["unsent"]
            if due > first:
                out.behind = max(out.behind, now - start - first / rate)
                for number in range(first, min(due, first + 64)):
                    self._send(number, start + number / rate)
                self._look(0)
            else:
                self._look(1 / rate)
            self._give_up(now)
        out.seconds = time.perf_counter() - start
        self._ended = True
        while self._waiting and (now := time.perf_counter()) < start + seconds + self._patience + 1:
            self._look(0.05)
            self._give_up(now)
        for connection in list(self._open.values()):
            self._close(connection)
        self._ended = False
        self._idle.clear()
        self._waiting.clear()
        return out

    def _send(self, number: int, due: float) -> None:
        out = self._outcome
        while self._idle:
            connection = self._idle.pop()
            if connection.socket.fileno() >= 0 and not _has_ended(connection.socket):
                break
        else:
            if len(self._open) >= self._most:
                out.lost["unsent"] += 1
                return
            connection = self._connect()
        out.sent += 1
        connection.serial += 1
        connection.busy, connection.due, connection.answer, connection.needed = True, due, b"", 0
        connection.rest = self._requests[number % len(self._requests)]
        self._waiting.append((due + self._patience, connection, connection.serial))
        self._write(connection, first=True)

    def _connect(self) -> _Connection:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect_ex(self._address)
        connection = self._open[sock.fileno()] = _Connection(sock)
        self._epoll.register(sock.fileno(), _READ)
        return connection

    def _write(self, connection: _Connection, *, first: bool) -> None:
        try:
            sent = connection.socket.send(connection.rest)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(connection, _why(error))
            return
        if sent == len(connection.rest):
            connection.rest = b""
            if not first:
                self._epoll.modify(connection.socket.fileno(), _READ)
        else:
            connection.rest = connection.rest[sent:]
            if first:
                self._epoll.modify(connection.socket.fileno(), _READ | _WRITE)

    def _look(self, timeout: float) -> None:
        for number, event in self._epoll.poll(timeout):
            connection = self._open.get(number)
            if connection is None:
                continue
            if event & ~_WRITE:
                self._receive(connection)
            elif connection.rest:
                self._write(connection, first=False)

    def _receive(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(connection, _why(error))
            return
        if not data:
            self._lose(connection, "closed")
            return
        answer = connection.answer = connection.answer + data if connection.answer else data
        if not connection.needed:
            end = answer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = answer[:end].lower()
            at = head.find(b"content-length:")
            connection.needed = end + 4 + int(head[at + 15 :].partition(b"\r\n")[0])
        if len(answer) >= connection.needed:
            self._answered(connection, answer)

    def _answered(self, connection: _Connection, answer: bytes) -> None:
        status = int(answer[9:12])
        out = self._outcome
        (out.late if self._ended else out.statuses)[status] += 1
        if status == 200:
            out.times.append(1000 * (time.perf_counter() - connection.due))
        connection.busy = False
        if not self._kept or b"connection: close" in answer[: connection.needed].lower():
            self._close(connection)
        else:
            self._idle.append(connection)

    def _give_up(self, now: float) -> None:
        waiting = self._waiting
        while waiting:
            deadline, connection, serial = waiting[0]
            if connection.busy and connection.serial == serial:
                if deadline > now:
                    return
                self._lose(connection, "timeout")
            waiting.popleft()

    def _lose(self, connection: _Connection, why: str) -> None:
        if connection.busy:
            self._outcome.lost[why] += 1
        self._close(connection)

    def _close(self, connection: _Connection) -> None:
        connection.busy = False
        self._open.pop(connection.socket.fileno(), None)
        connection.socket.close()


def _why(error: OSError) -> str:
    return "refused" if isinstance(error, ConnectionRefusedError) else "reset"


def _has_ended(sock: socket.socket) -> bool:
    """Tell whether the server has hung up on a connection that nothing is awaited from."""
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
