"""Settings of a server: what it serves, how much it takes in, and how a folder is labelled."""

from __future__ import annotations

import os
import re
import stat
import sys
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from captchascope.data.labels import AS_FOUND, LabelOptions
from captchascope.decode import ReadOptions
from captchascope.errors import UsageError
from captchascope.files import printable
from captchascope.reader import DEFAULT_MODELS


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """How a folder is to be labelled.

    Attributes:
        folder: Where the images are.
        model: The name or file of the model that guesses; None for the one that was trained here,
            or else the shipped one that is surest.
        overlap: The share of the images, 0 to 1, that two sessions are given.
        retrain: After how many labels the model is trained again; None for never.
        limit: Seconds that a training may take.
        options: What is known of the texts, for the guesses.
        labels_from: Where labels are that the folder has already, as ``read_dataset`` takes it;
            ``auto`` takes those of a label file, and no names of files.
        labels_as: How these are to be read.
        providers: What runs the model that guesses, as ``load`` takes it.
    """

    folder: Path
    model: str | None = None
    overlap: float = 0.0
    retrain: int | None = 50
    limit: float = 180.0
    options: ReadOptions = field(default_factory=ReadOptions)
    labels_from: str = "auto"
    labels_as: LabelOptions = AS_FOUND
    providers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class LabelStudioSettings:
    """How images of Label Studio are read, and where they are.

    Attributes:
        options: What is known of the texts.
        files: The folder that it serves local files from, or None.
        url: Its address, where images are asked for; None where none are.
        token: What it is shown, or None.
        patience: Seconds after which one of its requests is answered with what has been read; it
            waits for 100.
    """

    options: ReadOptions = field(default_factory=ReadOptions)
    files: Path | None = None
    url: str | None = None
    token: str | None = field(default=None, repr=False)
    patience: float = 80.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: If the address is none of the web, the folder is none, or a token has no
                address to be shown at.
        """
        if self.files is not None and not self.files.is_dir():
            raise UsageError("files", f"{printable(self.files)} is no folder", "name one")
        if self.url is None:
            if self.token is not None:
                remedy = "--label-studio-url says where"
                raise UsageError("label_studio_token_file", "is shown to nobody", remedy)
            return
        try:
            parts = urlsplit(self.url)
            fit = parts.scheme in ("http", "https") and host_name(parts.netloc) != ""
        except ValueError:
            fit = False
        if not fit or parts.query or parts.fragment:
            what, remedy = f"{printable(self.url)} is no address", "write http://localhost:8080"
            raise UsageError("label_studio_url", what, remedy)


_SHORTEST_TOKEN = 16  # characters; less could be guessed
_LONGEST_TOKEN = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the server takes in before it refuses; a worker has all of it for itself.

    Attributes:
        body: Bytes of one request.
        bodies: Bytes of all requests that are being taken in or read; and of all answers that
            wait to be taken, beside the last.
        seconds: How long the head of a request may take to arrive, and again its body.
        head: Bytes of one request's line and headers.
        idle: Seconds that a connection may stay open without a request, and that its client has
            to take 64 KiB of an answer.
        connections: How many may be open.
        images: Images of one request.
        pixels: Width times height of one image.
        queue: Images that wait to be read.
        batch: Images that are read at once.
        gather: Seconds that a batch waits for more images.
        constraint: Characters of a charset or pattern.
    """

    body: int = 16 * 2**20
    bodies: int = 128 * 2**20
    seconds: float = 30.0
    head: int = 16 * 2**10
    idle: int = 15
    connections: int = 512
    images: int = 64
    pixels: int = 4_000_000
    queue: int = 128
    batch: int = 32
    gather: float = 0.001
    constraint: int = 256


@dataclass(frozen=True, slots=True)
class Settings:
    """How one server behaves.

    Attributes:
        models: Names or files of the models that can be asked for; the first is the default.
        providers: What runs them, as ``load`` takes it.
        host: The address to listen on.
        port: The port; 0 takes one that is free.
        workers: Processes that answer.
        token: What a request must show; None where it need not, on loopback only.
        hosts: Further names that the server is asked by, in lower case; with a port where the
            pages of a proxy have one that is not their scheme's own.
        proxies: Addresses and networks of proxies that are believed who asked them, and how.
        root_path: The path that a proxy serves the app below, such as ``/captcha``, or "".
        label: Which folder is to be labelled, and how; None where none is.
        label_studio: How images of Label Studio are read; None where it does not ask.
        data: The folder of labelled images to test the models on and to audit, or None.
        drain: Seconds between the signal to stop and the end of taking requests in.
        limits: How much is taken in.
        access_log: Whether a line on stderr tells of every request.
        echo: Whether ``/v1/echo`` gives back what it gets, to measure the server itself by.
    """

    models: tuple[str, ...] = (DEFAULT_MODELS["whole"],)
    providers: tuple[str, ...] | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    token: str | None = field(default=None, repr=False)
    hosts: frozenset[str] = frozenset()
    proxies: tuple[str, ...] = ()
    root_path: str = ""
    label: LabelSettings | None = None
    label_studio: LabelStudioSettings | None = None
    data: Path | None = None
    drain: float = 0.0
    limits: Limits = Limits()
    access_log: bool = False
    echo: bool = False

    def __post_init__(self) -> None:
        """Refuse to be open to others without a token.

        Raises:
            UsageError: If the address is not this machine's own and there is no token, several
                workers would label one folder, or a name, a proxy or the root path is none.
        """
        _check_proxy(self)
        if self.label is not None and self.workers > 1:
            raise UsageError("workers", "cannot label one folder together", "label with one")
        if self.token is None and not is_loopback(self.host):
            remedy = "give --token-file FILE, or listen on 127.0.0.1"
            raise UsageError("host", f"{self.host} lets others in without a token", remedy)


PAGES = frozenset(
    {"audit", "healthz", "label", "login", "metrics", "openapi.json", "read", "readyz", "results"}
    | {"see", "static", "v1"}
    | {"health", "predict", "setup", "train", "versions", "webhook"}
)
"""What paths of the app begin with, which a root path must not: it could not be told apart."""

_ROOT_PATH = r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*"


def _check_proxy(settings: Settings) -> None:
    """Refuse what cannot be meant of a proxy before the server.

    Raises:
        UsageError: If a name, a proxy or the root path is none.
    """
    for name in settings.hosts:
        try:
            host_name(name)
        except ValueError:
            remedy = "write captcha.example, or captcha.example:8443"
            raise UsageError("hosts", f"{name} is no name of a host", remedy) from None
    for proxy in settings.proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            remedy = "write 127.0.0.1, or 10.0.0.0/8"
            raise UsageError("proxies", str(error), remedy) from None
    root, remedy = settings.root_path, "write /captcha, or /tools/captcha"
    if not re.fullmatch(_ROOT_PATH, root):
        raise UsageError("root_path", f"{root} is no path to serve below", remedy)
    if root and root.split("/")[1] in PAGES:
        raise UsageError("root_path", f"{root} begins as paths of the app do", remedy)


def host_name(host: str) -> str:
    """Return the name or address that a ``Host`` has beside its port, in lower case.

    Raises:
        ValueError: If it is no ``Host``.
    """
    parts = urlsplit(f"//{host}")
    name, _ = parts.hostname, parts.port  # reading the port checks it
    if not name or parts.netloc != host or "@" in host:
        raise ValueError(host)
    return name


def is_loopback(host: str) -> bool:
    """Tell whether an address or name can be reached from this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def read_token(path: Path) -> str:
    """Return the first line of a file that nobody else may read.

    Raises:
        UsageError: If it cannot be read, others may read it, or the token is too short, too long
            or of characters that no header can hold.
    """
    where = str(path)
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            lines = file.read(_LONGEST_TOKEN + 1).splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(where, f"cannot be read: {reason}", "name a file that holds it") from None
    if path.parent == Path(os.environ.get("CREDENTIALS_DIRECTORY", "")):
        mode &= ~stat.S_IRGRP  # systemd lets the service in by an ACL, which looks like its group
    if sys.platform != "win32" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(where, "may be read by others", f"chmod 600 {where}")
    token = lines[0].strip() if lines else b""
    if not _SHORTEST_TOKEN <= len(token) < _LONGEST_TOKEN:
        what = f"holds a token of {len(token)} characters on its first line"
        raise UsageError(where, what, f"take {_SHORTEST_TOKEN} at least: openssl rand -hex 32")
    if not all(0x21 <= byte <= 0x7E for byte in token):
        raise UsageError(where, "holds a token with spaces or beyond ASCII", "openssl rand -hex 32")
    return token.decode("ascii")
