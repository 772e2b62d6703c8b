"""The server of the practice site: response headers, the access log, and what failed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import nullcontext

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captchascope.files import printable
from captchascope.generate import draw_captcha
from captchascope.listen import sockets_at
from captchascope.practice.answers import AnswerFile
from captchascope.practice.site import Site, SiteSettings

_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class AccessLogMiddleware:
    """Notes every request, adds the headers that browsers obey, and keeps what failed.

    Attributes:
        failure: What the app raised, None as long as all is well.
        give_up: Called once there is a failure.
    """

    def __init__(self, app: ASGIApp, asked: Callable[[str], None]) -> None:
        self._app = app
        self._asked = asked
        self.failure: Exception | None = None
        self.give_up: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the app does, and note method, path and status, nothing else."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
                self._asked(f"{scope['method']} {printable(scope['path'])} {message['status']}")
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return  # in the middle of a form; the next visitor may be more patient
        except Exception as error:
            self.failure = self.failure or error
            self.give_up()


_HOST = "127.0.0.1"
_PATIENCE = 1  # seconds that open requests have when the site ends


def serve_site(
    settings: SiteSettings,
    port: int,
    listening: Callable[[str], None],
    asked: Callable[[str], None] = lambda line: None,
) -> None:
    """Serve the practice site, to this machine alone, until a signal ends the process.

    Args:
        settings: How it behaves.
        port: Where, or 0 for a free one.
        listening: Called with the site's address once it can be asked.
        asked: Called with method, path and status of every request.
    Raises:
        UsageError: If the scheme or the seed cannot be used.
        OutputError: If the file of answers cannot be written, also in the middle.
        CaptchascopeError: If the port cannot be had.
        KeyboardInterrupt: After Ctrl-C.
    """
    # so that what is wrong is known before anybody asks
    draw_captcha(settings.scheme, settings.seed, 0)
    remedy = "choose another with --port, or --port 0 for one that is free"
    with (
        nullcontext() if settings.answers is None else AnswerFile(settings.answers) as answers,
        sockets_at(_HOST, port, where=f"port {port}", remedy=remedy) as sockets,
    ):
        log = AccessLogMiddleware(Site(settings, answers).app(), asked)
        server = _Server(
            uvicorn.Config(
                log,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="critical",  # a connection that is cut on purpose is no error
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_PATIENCE,
            ),
            lambda: listening(f"http://{_HOST}:{sockets[0].getsockname()[1]}/"),
        )
        log.give_up = server.stop
        server.run(sockets)
        if log.failure is not None:
            raise log.failure


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def stop(self) -> None:
        """End when what is being answered has been."""
        self.should_exit = True
