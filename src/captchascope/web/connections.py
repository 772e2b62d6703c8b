"""HTTP on one connection: the limits that hold before there is a request, and after its answer.

A server waits for its clients twice: until a request has come, and until its answer is taken in.
Both end here, so that nobody who is slow, silent or hostile keeps one of the places that there are.
"""

from __future__ import annotations

import asyncio
import math
import re
import socket
import struct
import sys
from collections import deque
from contextlib import suppress
from operator import itemgetter
from typing import Any, ClassVar, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from captchascope.web.settings import Limits
from captchascope.web.shedding import Shedder, raw_problem

_PACE = 64 * 2**10  # bytes of an answer that a client takes in ``Limits.idle`` seconds, or all
_AHEAD = 32  # requests that a connection may have waiting; each holds some kilobytes
_LINGER = 2.0  # seconds after a refusal for what is still on its way, or it could miss that
_GOODBYE = 0.5  # seconds that a client has to hang up when the server ends
_SHORTEST_WAIT = 1.0  # seconds that a client may keep us waiting, however many others come
_LONGEST_LENGTH = 19  # digits of a Content-Length
_HOST = re.compile(rb"(\[[0-9A-Za-z:.%]+\]|[^\s\x00-\x20\x7f/?#@\\,\[\]:]*)(:[0-9]*)?")
_SOON = 1  # seconds after which who is too many may come again
_NEVER = math.inf
_AT_ONCE = struct.pack("HH" if sys.platform == "win32" else "ii", 1, 0)  # SO_LINGER: no seconds


class LimitedProtocol(HttpToolsProtocol):
    """HTTP/1.1, within limits.

    ``Limits.seconds`` are there for a head (the line of a request and its headers) to come, and as
    many again for its body; ``Limits.idle`` until the next head begins, and for each 64 KiB of an
    answer to be taken. When there are too many connections, the one that has kept the server
    waiting the longest makes room; so do those who have left their answers the longest, when all
    that wait to be taken are more than ``Limits.bodies``.
    """

    limits: ClassVar[Limits]
    refused: ClassVar[staticmethod[[tuple[str, int] | None, int, int], None]]
    full_until: ClassVar[float] = 0.0

    shedder: ClassVar[Shedder]

    def __init__(self, accepted: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._accepted = accepted
        self._part: Literal["head", "body", "none"] = "head"  # of a request that is arriving
        self._late = False  # whether it should have come by now
        self._beside = 0  # bytes that have come since the last of a body
        self._shed = False  # the request whose body is arriving is refused
        self._cycles: deque[RequestResponseCycle] = deque()  # that are not answered yet
        self._refusal: bytes | None = None  # the last answer, once nothing more is read
        self._timer: asyncio.TimerHandle | None = None
        self._since = 0.0  # when we began to wait for the client to send
        self._coming = _NEVER  # when it has to have sent that
        self._going = _NEVER  # when it has to have taken more of its answers
        self._unsent = 0  # bytes of them that were left when we began to wait for that
        self._stuck = _NEVER  # since when there is more of them than the system takes

    # The transport's side

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head, if there is room or can be made."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections and not self._make_room():
            self._refuse(503, "too many connections are open", _SOON)
            self.transport.close()
            self.shedder.acceptor.refused(self)
        else:
            self._await(self.limits.seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        if self._timer is not None:
            self._timer.cancel()
        self._unset_keepalive_if_required()  # uvicorn does so only after a peaceful end
        super().connection_lost(exc)
        for cycle in self._cycles:  # uvicorn tells the last only
            _disconnect(cycle)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, and count what is no body: the parser takes any length of it.

        A head that begins amid a packet is counted from the next on, or when it is whole.
        """
        if self._refusal is not None or self.transport.is_closing():
            return
        self._beside += len(data)
        super().data_received(data)
        if self._beside > self.limits.head:
            self._refuse_length()

    def eof_received(self) -> None:
        """Take a client that sends no more as gone: the transport closes once all is sent."""
        self._hurry()

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what was sent."""
        super().pause_writing()
        self._stuck = self.loop.time()
        self._hurry()
        self._free_memory()

    def resume_writing(self) -> None:
        """Stop that: it took it."""
        super().resume_writing()
        self._going = self._stuck = _NEVER

    def shutdown(self) -> None:
        """End once what was asked is answered, or at once; what has just come is answered too."""
        if self._cycles:
            super().shutdown()
        elif self._refusal is None and self._is_idle() and not self.transport.is_closing():
            self._refusal = b""
            with suppress(OSError):  # the client may have gone
                self._accepted.shutdown(socket.SHUT_WR)  # now: the transport would in a while
            self._await(_GOODBYE)
        if self.transport.is_closing():
            self._hurry()

    def _is_idle(self) -> bool:
        """Tell whether nothing of a request has come."""
        if self._part == "body" or (self._part == "head" and self._beside):
            return False
        try:
            return not self._accepted.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def pause_reading(self) -> None:
        """Read nothing more for now."""
        if not self.transport.is_closing():
            self.flow.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if not self.transport.is_closing():
            self.flow.resume_reading()

    # The parser's side

    def on_message_begin(self) -> None:
        """Begin a head; blank lines before it are none."""
        super().on_message_begin()
        self._part, self._late, self._beside = "head", False, 0
        self._await(self.limits.seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those behind a body are of no use here."""
        if self._part == "head":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin with the request, unless its head is refused.

        Raises:
            ValueError: If it is, so that the parser stops.
        """
        if sum([len(name) + len(value) + 4 for name, value in self.headers]) > (
            self.limits.head - len(self.url)
        ):
            self._refuse_length()
        elif fault := _fault_of(self.url, self.headers):
            self._refuse(400, fault)
        elif len(self._cycles) > _AHEAD:
            self._refuse(503, "too many requests wait on this connection", _SOON)
        if self._refusal is not None:
            raise ValueError("refused")
        if not self._cycles and self.parser.get_method() == b"POST":
            self._shed = self._refuse_to_read()
        if not self._shed:
            super().on_headers_complete()
            self._cycles.append(self.cycle)
            self.cycle.keep_alive &= self._is_kept()
            self.cycle.transport = _Answering(self)  # type: ignore[assignment]
        self._part = "body"
        self._await(self.limits.seconds)

    def _is_kept(self) -> bool:
        """Tell whether there may be a request after this one."""
        if self.parser.should_upgrade():  # to nothing that is spoken here; the parser stops at it
            return False
        return not self.shedder.ending

    def _refuse_to_read(self) -> bool:
        """Refuse a request whose image could not be read, without the app.

        Raises:
            ValueError: If it was the last, so that the parser stops.
        """
        kept = self._is_kept() and self.parser.should_keep_alive()
        kept = kept and not self.expect_100_continue and not self.flow.write_paused
        kept = kept and self.parser.get_http_version() != "1.0"
        answer = self.shedder.refusal(self.url, self.scope, kept=kept)
        if answer is None:
            return False
        if kept:
            self.transport.write(answer)
            return True
        self._refusal = answer
        self._end()
        self.shedder.acceptor.refused(self)
        raise ValueError("refused")

    def on_body(self, body: bytes) -> None:
        """Take a part of a body in."""
        self._beside = 0
        if not self._shed:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop waiting, unless it has been answered already."""
        if self._shed:
            self._shed = False
            self.shedder.acceptor.refused(self)
        else:
            super().on_message_complete()
        self._part = "none"
        if self._cycles:
            self._coming = _NEVER
        else:
            self._await(self.limits.idle)

    def on_response_complete(self) -> None:
        """Begin with the next request, or wait for it."""
        super().on_response_complete()
        self._cycles.popleft()
        if self.transport.is_closing():
            self._hurry()
        elif self._cycles:
            return  # the next has come already
        elif self._refusal is not None:
            self._end()
        elif self._part == "none":
            self._await(self.limits.idle)

    def close(self) -> None:
        """Close after the last answer; where its request still comes, a moment later.

        What nobody takes in resets the connection, and the answer may be lost with it: a proxy
        that sends on what it has makes a 502 of each.
        """
        if self._part == "body" and self.cycle.response_complete:
            self._refusal = b""  # it has been said; ``on_response_complete`` goes on
        else:
            self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Leave it to ``_look``: uvicorn's timer is stopped by whatever comes."""

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser does not take."""
        self._refuse(400, "that is not HTTP/1.1")

    # Waiting

    def _await(self, seconds: float) -> None:
        """Wait so long for the client to send."""
        self._since = self.loop.time()
        self._coming = self._since + seconds
        self._look_at(self._coming)

    def _hurry(self) -> None:
        """Wait for the client to take what is unsent, if we do not already."""
        if self._going == _NEVER:
            self._unsent = self.transport.get_write_buffer_size()
            self._going = self.loop.time() + self.limits.idle
            self._look_at(self._going)

    def _look_at(self, when: float) -> None:
        """Look at the clock then; a moment that is put off leaves the timer as it is."""
        if self._timer is None or self._timer.when() > when:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self.loop.time()
        if now >= self._going:
            self._going = _NEVER
            if self.transport.get_write_buffer_size() > max(0, self._unsent - _PACE):
                self._abort()
                return
            self._hurry()
        if now >= self._coming:
            self._coming = _NEVER
            self._give_up()
        if (soonest := min(self._coming, self._going)) < _NEVER:
            self._look_at(soonest)

    def _give_up(self) -> None:
        """End the wait for the client to send."""
        if self._refusal is not None:
            self._hang_up()
        elif self._part == "head" or self._late:
            self._refuse(408, "the request took too long to arrive")
        elif self._cycles:  # web/guard.py answers 408, or should
            self._late, self.cycle.keep_alive = True, False
            self._await(_LINGER)
        elif self._going < _NEVER:  # it is busy with an answer
            self._await(self.limits.idle)
        else:
            self._hang_up()

    def _make_room(self) -> bool:
        """Hang up on the client that has kept us waiting the longest, if any has for a while."""
        now = self.loop.time()
        if now < self.full_until:
            return False
        awaited = [
            one
            for one in self.connections
            if isinstance(one, LimitedProtocol) and min(one._coming, one._going) < _NEVER
        ]
        slowest = min(awaited, key=lambda one: one._since, default=self)
        since = now if slowest is self else slowest._since
        if now < since + _SHORTEST_WAIT:
            type(self).full_until = since + _SHORTEST_WAIT  # when there are many, looking is dear
            return False
        self.connections.discard(slowest)
        slowest._hang_up()
        return True

    def _free_memory(self) -> None:
        """Hang up on those who have left their answers the longest, if all are too much.

        An answer may be many times as long as what asked for it, and a client that takes it a
        little at a time is within its time for hours.
        """
        stuck = [
            (one._stuck, size, one)
            for one in self.connections
            if isinstance(one, LimitedProtocol) and one is not self and one._stuck < _NEVER
            if (size := one.transport.get_write_buffer_size())
        ]
        left = self.transport.get_write_buffer_size() + sum(size for _, size, _ in stuck)
        for _, size, one in sorted(stuck, key=itemgetter(0)):
            if left <= self.limits.bodies:
                return
            left -= size
            one._abort()

    # Ends

    def _hang_up(self) -> None:
        """Close, and leave nothing behind that would wait to be sent."""
        if self.transport.get_write_buffer_size():
            self._abort()
        else:
            self.transport.close()

    def _abort(self) -> None:
        """Reset, or the system keeps what it could not send for minutes more."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _refuse_length(self) -> None:
        self._refuse(431, f"the headers are longer than {self.limits.head} bytes")

    def _refuse(self, status: int, detail: str, seconds: int | None = None) -> None:
        """Read no more, and answer so once what was asked before is answered."""
        if self._refusal is not None or self.transport.is_closing():
            return
        head, body = raw_problem(status, detail, seconds)
        self._refusal = head + body
        self.refused(self.client, status, len(body))
        self._coming = _NEVER
        if self._part == "body":  # it is the last request that is refused
            own = self._cycles.pop() if self._cycles else self.cycle
            if self._cycles:
                self.pipeline.popleft()
            if own.response_started:
                self._refusal = b""  # it has an answer
            _disconnect(own)
        if not self._cycles:
            self._end()

    def _end(self) -> None:
        """Refuse what was to be refused, say no more, and drop what still comes for a moment."""
        if self._refusal is not None and not self.transport.is_closing():
            self.flow.resume_reading()
            self.transport.write(self._refusal)
            self.transport.write_eof()
            self._await(_LINGER)


class _Answering:
    """What a request writes its answer to, which knows when to close."""

    def __init__(self, protocol: LimitedProtocol) -> None:
        self.write, self.is_closing = protocol.transport.write, protocol.transport.is_closing
        self.close = protocol.close


def _disconnect(cycle: RequestResponseCycle) -> None:
    """Tell the app that nobody waits for its answer."""
    cycle.disconnected = True
    cycle.waiting_for_100_continue = False
    cycle.message_event.set()


def _fault_of(target: bytes, headers: list[tuple[bytes, bytes]]) -> str | None:
    """Say what no request may have that the parser takes nevertheless, or None."""
    if target[:1] != b"/" or b"#" in target:
        return "the target of the request is no path"
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1:
        return "there are two Hosts"
    if hosts and not _HOST.fullmatch(hosts[0]):
        return "the Host is none"
    if any(len(value) > _LONGEST_LENGTH for name, value in headers if name == b"content-length"):
        return "the Content-Length is too long"
    return None
