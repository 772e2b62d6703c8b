"""URLs and addresses that may be asked for, and the errors of a collection.

A name is resolved when a connection is made, and the very address that was checked is connected
to: a name server that answers twice, differently (DNS rebinding), gains nothing.

CollectError         the collection cannot go on
└── RefusedError     one attempt that gave no image; many in a row end the collection
"""

from __future__ import annotations

import ipaddress
import re
import socket

import httpx

from captchascope.errors import CaptchascopeError, UsageError
from captchascope.files import printable


class CollectError(CaptchascopeError):
    """A collection that cannot go on; what it has stored so far stays."""


class RefusedError(CollectError):
    """An answer that holds no image to store.

    Attributes:
        weight: Of the failures in a row that end a collection, how many this one counts for.
    """

    def __init__(self, where: str, what: str, remedy: str = "", *, weight: int = 1) -> None:
        super().__init__(where, what, remedy)
        self.weight = weight


_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(rb"[0-9A-Za-z._:-]+")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LONGEST = 200  # characters of a URL that a message shows


def parse_url(text: str) -> httpx.URL:
    """Return a URL that the user named, without its fragment.

    Raises:
        UsageError: If it is none, is not http or https, or holds a user name or a password.
    """
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError) as error:
        what, remedy = f"is no URL: {printable(str(error))}", "write http://HOST/PATH"
        raise UsageError(printable(text[:_LONGEST]), what, remedy) from None
    if url.userinfo:
        what, remedy = "holds a user name or a password", "leave it out: nothing logs in here"
        raise UsageError(shown(url.copy_with(userinfo=b"")), what, remedy)
    if not _is_of_the_web(url):
        what, remedy = "is no address of the web", "write http://HOST/PATH or https://HOST/PATH"
        raise UsageError(printable(text[:_LONGEST]), what, remedy)
    return url.copy_with(fragment=None)


def resolve_link(base: httpx.URL, link: str) -> httpx.URL:
    """Return where a link of a page leads.

    Raises:
        RefusedError: If it is no URL of the web, or holds a user name or a password.
    """
    try:
        url = base.join(link.strip()).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError):
        raise RefusedError(shown(base), "holds a link that is no URL") from None
    if not _is_of_the_web(url) or url.userinfo:
        raise RefusedError(shown(base), f"links to {shown(url)}, which is not asked for")
    return url


def _is_of_the_web(url: httpx.URL) -> bool:
    fit = url.scheme in _PORTS and _HOST.fullmatch(url.raw_host) is not None
    return fit and 0 < port_of(url) < 2**16


def shown(url: httpx.URL | str) -> str:
    """Return a URL for a message: on one line, without a password, and not without end."""
    if isinstance(url, httpx.URL) and url.userinfo:
        url = url.copy_with(userinfo=b"")
    text = str(url)
    return printable(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


def port_of(url: httpx.URL) -> int:
    """Return the port, also where the URL leaves it to the scheme."""
    return _PORTS[url.scheme] if url.port is None else url.port


def same_site(asked: httpx.URL, other: httpx.URL) -> bool:
    """Say whether ``other`` is of the same host and port, or the step from http to https."""
    if asked.host != other.host:
        return False
    places = [(url.scheme, port_of(url)) for url in (asked, other)]
    return places[0] == places[1] or places == list(_PORTS.items())


def names_this_machine(host: str) -> bool:
    """Say whether a host is this machine by its very name: 127.0.0.0/8, ::1 or localhost."""
    address = _literal(host)
    return host == "localhost" if address is None else address.is_loopback


def addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host that may be connected to, in the system's order.

    A literal address is what the user named and is returned as it is. ``localhost`` must be this
    machine, and any other name must not lead into it, nor into a private network.

    Raises:
        CollectError: If one of the addresses is none that the name may have.
        OSError: If there is none.
    """
    if _literal(host) is not None:
        return [host]
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for text in found:
        address = _literal(text)
        if address is None:
            fit = False
        elif names_this_machine(host):
            fit = address.is_loopback
        else:
            fit = address.is_global and not address.is_multicast
        if not fit:
            what = f"leads to {text}, which is not an address that this name may have"
            remedy = "write the address itself into the URL, if it is the one that is meant"
            raise CollectError(printable(host), what, remedy)
    return list(dict.fromkeys(found))


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that ``host`` is, None for a name; IPv4 within IPv6 is unwrapped."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address
