"""The places of what a site answered where an answer may stand: headers, cookies, and the page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from captchascope.audit.leaks.places import Place
from captchascope.collect.kept import Exchange, Header, KeptPage
from captchascope.jsontext import parse_json

HEADER = "header"
COOKIE = "cookie"
PAGE = "page"

_LONGEST = 256 * 2**10  # characters of a body that are looked at
_MOST_PARTS = 1000  # of a body
_MOST_NAMED = 60  # characters of a name
_DEEPEST = 100  # levels of JSON; Python 3.13 parses more of them than it can go down again

_OF = {
    "page": "the page",
    "image": "the image",
    "other": "what the page loads",
    "redirect": "the redirect",
    "rendered": "the page as a browser shows it",
}

_TAG = re.compile(r"<([A-Za-z][\w:-]{0,30})([^<>]{0,8192})>")
"""A tag; those that have angle brackets in an attribute are looked at with the whole page only."""

_ATTRIBUTE = re.compile(r"([\w:@.-]{1,60})\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_SCRIPT = re.compile(r"<script\b[^<>]{0,8192}>", re.IGNORECASE), "</script"
_STYLE = re.compile(r"<style\b[^<>]{0,8192}>", re.IGNORECASE), "</style"
_COMMENT = re.compile(r"<!--"), "-->"
"""What begins a part of a page, and what ends it."""

_ANY_TAG = re.compile(r"<[^<>]*>")
_LARGE_DATA = re.compile(r"data:[\w/+.;=-]{1,100},[A-Za-z0-9+/=%]{200,}")
"""A picture within a page, which says nothing but what it shows."""


def places_of_page(page: KeptPage) -> Iterator[Place]:
    """Give the places of all that came with an image."""
    for exchange in page.exchanges:
        yield from _head(exchange)
        if exchange.body is not None:
            yield from _body(exchange)


def _head(exchange: Exchange) -> Iterator[Place]:
    of = _OF[exchange.what]
    yield Place(HEADER, f"the address of {of}", exchange.url)
    for header in exchange.headers[:200]:
        name, value = header.name[:_MOST_NAMED], header.value[:_LONGEST]
        if _where(header) == COOKIE:
            cookie, _, held = value.partition("=")
            yield Place(COOKIE, f"the cookie {cookie.strip()[:_MOST_NAMED]} of {of}", held)
        else:
            yield Place(HEADER, f"the header {name.title()} of {of}", value)
    for where, what in ((HEADER, "headers"), (COOKIE, "cookies")):
        lines = (f"{h.name}: {h.value}" for h in exchange.headers[:200] if _where(h) == where)
        yield Place(where, f"the {what} of {of}", "\n".join(lines)[:_LONGEST], rest=True)


def _where(header: Header) -> str:
    return COOKIE if header.name.lower() == "set-cookie" else HEADER


def _body(exchange: Exchange) -> Iterator[Place]:
    of = _OF[exchange.what]
    text = exchange.data[: 2 * _LONGEST].decode("utf-8", "replace")
    text = _LARGE_DATA.sub("data:", text)[:_LONGEST]
    if text.lstrip()[:1] in ("{", "["):
        try:
            parts = _fields(parse_json(text), "")
        except ValueError:
            parts = iter(())
    else:
        parts = _parts(text)
    for _, (what, held) in zip(range(_MOST_PARTS), parts, strict=False):
        yield Place(PAGE, f"{what} of {of}", held)
    yield Place(PAGE, f"the source of {of}", text, rest=True)


def _fields(value: Any, path: str, levels: int = _DEEPEST) -> Iterator[tuple[str, str]]:
    """Give the fields of JSON down to so many levels; those of all items of a list are one."""
    if levels == 0:
        return
    if isinstance(value, dict):
        for name, held in value.items():
            name = name[:_MOST_NAMED]
            yield from _fields(held, f"{path}.{name}" if path else name, levels - 1)
    elif isinstance(value, list):
        for held in value:
            yield from _fields(held, f"{path}[]", levels - 1)
    elif value is not None:
        yield f"the field {path}", value if isinstance(value, str) else json.dumps(value)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Give the parts of HTML, each with its name."""
    said = text
    for what, kind in (("a comment", _COMMENT), ("a script", _SCRIPT), ("a style", _STYLE)):
        said, parts = _apart(said, *kind)
        yield from ((what, part) for part in parts)
    yield "the text", "".join(_ANY_TAG.sub("", said).split())
    for tag in _TAG.finditer(text):
        held = {
            found[1].lower(): next(filter(None, found.groups()[1:]), "")
            for found in _ATTRIBUTE.finditer(tag[2])
        }
        for name, value in held.items():
            if value:
                yield _named(tag[1].lower(), name, held), value


def _apart(text: str, begin: re.Pattern[str], end: str) -> tuple[str, list[str]]:
    """Return a text without the parts between two marks, and these; once through, however many."""
    rest, parts, position = list[str](), list[str](), 0
    while (begun := begin.search(text, position)) is not None:
        ended = text.find(end, begun.end())
        if ended < 0:
            break
        rest.append(text[position : begun.start()])
        parts.append(text[begun.end() : ended])
        position = ended + len(end)
    return "".join([*rest, text[position:]]), parts


def _named(tag: str, attribute: str, held: dict[str, str]) -> str:
    """Return what an attribute is called: by the name or the id of what has it."""
    name = (held.get("name") or held.get("id") or "")[:_MOST_NAMED]
    if tag == "input" and attribute == "value" and held.get("type", "").lower() == "hidden":
        return f"the hidden field {name}"
    return f"the attribute {attribute} of <{tag}{f' {name}' if name and name != attribute else ''}>"
