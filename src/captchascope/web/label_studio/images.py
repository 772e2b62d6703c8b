"""The images of tasks: in the task itself, in a folder, or of the Label Studio that was named.

A task says where its image is, and whoever may add tasks could name any address. Nothing is asked
for but the server that the operator named, and nothing read but the folder.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

from captchascope.errors import ImageError
from captchascope.files import printable
from captchascope.image.datauri import is_data_uri
from captchascope.web.label.images import bytes_of
from captchascope.web.settings import LabelStudioSettings, Limits

_CONNECTIONS = 4  # to Label Studio at once; more than five that come together may be left to wait
_SHOWN = 100  # characters of an address
_FRESH = 60.0  # seconds that a token of access is used for; it lives for five minutes
_LOCAL = "data/local-files"
"""The end of the path at which Label Studio serves files of its own machine."""


class TaskImages:
    """Gets the image of a task, within the limits of the server."""

    def __init__(self, settings: LabelStudioSettings, limits: Limits) -> None:
        self._files = settings.files
        self._base = None if settings.url is None else settings.url.rstrip("/")
        self._token = settings.token
        self._limits = limits
        self._access = ""
        self._until = 0.0
        self._renewing = asyncio.Lock()

    def client(self) -> httpx.AsyncClient:
        """Return what asks Label Studio: directly, and following no redirect.

        ``fetch`` bounds the time of all that an image takes.
        """
        return httpx.AsyncClient(
            verify=_trust(),
            trust_env=False,
            follow_redirects=False,
            timeout=None,
            limits=httpx.Limits(max_connections=_CONNECTIONS),
        )

    async def fetch(self, client: httpx.AsyncClient, where: str, address: object) -> bytes:
        """Return the bytes of an image, or the data URI that holds it.

        Args:
            client: One of ``client``.
            where: What errors call the task.
            address: What the task has in the place of an image.
        Raises:
            ImageError: If it is none, may not be asked for, or cannot be had.
        """
        if not isinstance(address, str) or not address:
            raise ImageError(where, "names no image", "give it the address of one")
        if is_data_uri(address):
            return address.encode("utf-8", "replace")
        try:
            try:
                url, path = self._own(where, address), _local_path(address)
            except (httpx.InvalidURL, ValueError):  # no URL, or a name that cannot be one's
                raise ImageError(where, f"has no address at {_shown(address)}") from None
            if self._files is not None and path is not None:
                return await asyncio.to_thread(_read_local, self._files, path, where)
            if url is None:
                what = f"has its image at {_shown(address)}, and no Label Studio is named"
                remedy = "--label-studio-url names it, --files a folder that it serves"
                raise ImageError(where, what, remedy)
            async with asyncio.timeout(self._limits.seconds):
                return await self._download(client, where, url)
        except (TimeoutError, httpx.HTTPError) as error:
            what = f"cannot be had from {_shown(address)}: {printable(str(error)) or 'it is late'}"
            raise ImageError(where, what, "see whether Label Studio runs there") from None

    def _own(self, where: str, address: str) -> httpx.URL | None:
        """Return the URL of an address at the Label Studio that was named, None where none was.

        Raises:
            ImageError: If it is elsewhere.
            httpx.InvalidURL, ValueError: If it is none.
        """
        within = address.startswith("/") and not address.startswith("//")
        if self._base is None and within:
            return None
        url = httpx.URL(f"{self._base}{address}" if within else address)
        if self._base is None or url.userinfo or _origin(url) != _origin(httpx.URL(self._base)):
            what = f"has its image at {_shown(address)}, which is not asked"
            raise ImageError(where, what, "upload it to Label Studio, or serve it there")
        return url

    async def _download(self, client: httpx.AsyncClient, where: str, url: httpx.URL) -> bytes:
        headers = {"accept-encoding": "identity", **await self._authorization(client, where)}
        most, data = self._limits.body, b""
        async with client.stream("GET", url, headers=headers) as response:
            if response.status_code != 200:
                what = f"cannot be had from {_shown(str(url))}: status {response.status_code}"
                remedy = "see whether it is there, and whose token --label-studio-token-file has"
                raise ImageError(where, what, remedy)
            async for chunk in response.aiter_raw():
                data += chunk
                if len(data) > most:
                    raise ImageError(where, f"is larger than {most:,} bytes", "make it smaller")
        return data

    async def _authorization(self, client: httpx.AsyncClient, where: str) -> dict[str, str]:
        """Return the header that shows the token.

        A personal access token is a JSON Web Token, three parts with dots between them, which
        Label Studio gives tokens for; the legacy one is shown as it is.

        Raises:
            ImageError: If Label Studio does not take a personal access token.
        """
        if self._token is None or self._base is None:
            return {}
        if self._token.count(".") != 2:
            return {"authorization": f"Token {self._token}"}
        async with self._renewing:
            if time.monotonic() >= self._until:
                address = f"{self._base}/api/token/refresh"
                answer = await client.post(address, json={"refresh": self._token})
                if answer.status_code != 200:
                    what = f"cannot be had: the token is refused, status {answer.status_code}"
                    remedy = "put a new one into --label-studio-token-file"
                    raise ImageError(where, what, remedy)
                try:
                    self._access = str(answer.json()["access"])
                except (ValueError, KeyError, TypeError):
                    raise httpx.DecodingError("it gives no token of access") from None
                self._until = time.monotonic() + _FRESH
        return {"authorization": f"Bearer {self._access}"}


def _local_path(address: str) -> str | None:
    """Return the path in the folder that an address of a local file names, None for others."""
    parts = urlsplit(address)
    told = parse_qs(parts.query).get("d")
    return told[0] if told and parts.path.rstrip("/").endswith(_LOCAL) else None


def _read_local(folder: Path, path: str, where: str) -> bytes:
    """Return the bytes of an image in the folder; errors name the task.

    Raises:
        ImageError: If it leads outside, or cannot be read.
    """
    try:
        return bytes_of(folder, path)
    except ImageError as error:
        what = f"has its image at {_shown(path)}, which {error.what}"
        raise ImageError(where, what, error.remedy) from None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return scheme, host and port; httpx leaves out a port that is the scheme's own."""
    return url.scheme, url.host, url.port


def _shown(address: str) -> str:
    """Return an address or path for the log: without a password, and without the query.

    The query of an image in S3 and such is a signature, by which whoever has it gets the image.
    """
    bare, query, _ = re.sub(r"//[^/?#]*@", "//", address).partition("?")
    return printable((bare if len(bare) <= _SHOWN else bare[:_SHOWN] + "…") + query)


@cache
def _trust() -> ssl.SSLContext:
    """Return the authorities that this machine trusts, once: reading them takes a while."""
    return ssl.create_default_context()
