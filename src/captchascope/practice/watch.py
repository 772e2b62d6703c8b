"""What stands between the site and the network: headers, a note of every request, failures."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from captchascope.finding import printable

__all__ = ["Watch"]

_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Watch:
    """An application around another.

    Attributes:
        failure: What the other one raised, None as long as all is well.
        give_up: Called once there is a failure.
    """

    def __init__(self, app: ASGIApp, asked: Callable[[str], None]) -> None:
        self._app = app
        self._asked = asked
        self.failure: Exception | None = None
        self.give_up: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the other does, and note method, path and status, nothing else."""

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
