"""Images in tar shards, in WebDataset's layout: the members of a sample are called ``KEY.EXT``.

A shard is gone through once, from its beginning; nothing is written to disk, so that links, devices
and names that lead elsewhere are harmless.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from typing import IO, NamedTuple, Self

from captchascope.files import codec_by_start, image_by_suffix, printable
from captchascope.image import MAX_BYTES
from captchascope.sources import Source

_MOST_HEADER = 2**20
"""Bytes of a header that names a member or says more of it, which are held in memory."""

_HEADERS = frozenset(
    {
        *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
        *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    }
)

_KEY = re.compile(r"((?:.*/)?[^/.]+)\.[^/]*", re.DOTALL)


class Member(NamedTuple):
    """An image of a shard: what it is called, and its bytes or what is wrong with it."""

    key: str | None
    data: bytes | None
    error: str | None = None


def images_of(file: IO[bytes]) -> Iterator[Member]:
    """Yield the images of a shard in their order, compressed by gzip, bzip2, xz or not at all.

    An image is called by the key of its sample; one of several of one sample, which are beside each
    other, by all of its name. Damage ends the shard by a member that says so.

    Raises:
        OSError: If the file cannot be read further.
    """
    held: Member | None = None
    several = False
    source = Source(_images(file), lambda member: member)
    for member in source:
        key = _key_of(member.key)
        if held is not None:
            same = key is not None and key == _key_of(held.key)
            several = several or same
            yield held if several else held._replace(key=_key_of(held.key))
            several = same
        held = member
    if held is not None:
        yield held if several else held._replace(key=_key_of(held.key))
    source.raise_error()


def _key_of(name: str | None) -> str | None:
    """Return the key of a member's name: all before the first dot after its folder."""
    found = None if name is None else _KEY.fullmatch(name)
    return found[1] if found else name


def _images(file: IO[bytes]) -> Iterator[Member]:
    """Yield the images, each called by all of its name."""
    try:
        with tarfile.open(fileobj=file, mode="r|*", tarinfo=_Header) as tar:
            while (info := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # of all that were seen
                if info.isreg() and (member := _member(tar, info)) is not None:
                    yield member
    except (tarfile.TarError, ValueError, EOFError, LookupError, OverflowError) as error:
        yield Member(None, None, f"the shard is damaged from here on: {error}")


def _member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Member | None:
    """Return a member that is an image by its suffix, or by its first bytes; None if it is none."""
    name = printable(info.name.removeprefix("./"))
    told = False if name[name.rfind("/") + 1 :].startswith(".") else image_by_suffix(name)
    if told is False:
        return None
    if info.size > MAX_BYTES:
        what = f"is too large: {info.size:,} bytes, the limit is {MAX_BYTES:,}"
        return Member(name, None, what) if told else None
    file = tar.extractfile(info)
    data = b"" if file is None else file.read()
    return Member(name, data) if told or codec_by_start(data) is not None else None


class _Header(tarfile.TarInfo):
    """A header, or what was taken for one; damage is raised that tarfile takes for the end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            found = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):  # the mark of the end
                raise
            raise tarfile.ReadError(str(error)) from error
        if found.size < 0 or (found.type in _HEADERS and found.size > _MOST_HEADER):
            raise tarfile.ReadError(f"a header says that {found.size:,} bytes follow")
        return found
