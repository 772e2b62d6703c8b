"""Images in tar shards."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.image import MAX_BYTES

pytest.importorskip("pyarrow")

from bulk.given import JPEG, jpegs, tar_bytes
from captchascope.bulk.tars import Member, images_of

ONE, TWO, THREE = jpegs(3)


def images(data: bytes) -> list[Member]:
    """Return the images of a shard."""
    return [*images_of(io.BytesIO(data))]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_images_are_called_by_their_keys(mode: str) -> None:
    """Labels and the like beside them are passed over, as are what macOS adds and folders."""
    members = [
        *(("./a/001.jpg", ONE), ("./a/001.json", b"{}"), ("./a/._002.jpg", b"\0\5\x16\7")),
        *(("a/002.label.txt", b"x"), ("a/002.jpg", TWO), ("003.image", THREE), ("004.dat", b"?")),
        ("last", ONE),
    ]
    assert images(tar_bytes(members, mode)) == [
        *(Member("a/001", ONE), Member("a/002", TWO), Member("003", THREE), Member("last", ONE))
    ]


def test_several_images_of_a_key_are_called_by_their_names() -> None:
    """Each is a row; the next key has its own again."""
    members = [
        *(("1.jpg", ONE), ("2.left.jpg", ONE), ("2.right.jpg", TWO), ("2.json", b"{}")),
        *(("2.up.jpg", THREE), ("3.jpg", ONE), ("1.png", TWO)),
    ]
    assert [member.key for member in images(tar_bytes(members))] == [
        *("1", "2.left.jpg", "2.right.jpg", "2.up.jpg", "3", "1")
    ]


def test_what_is_no_file_is_harmless() -> None:
    """Links, devices and folders have no bytes; names may lead anywhere, as nothing is written."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
            info = tarfile.TarInfo(f"{kind.decode()}.jpg")
            info.type, info.linkname = kind, "../../etc/passwd"
            tar.addfile(info)
        for name in ("/etc/1.jpg", "../../2.jpg", "é\n3.jpg", "x" * 300 + "/4.jpg"):
            info = tarfile.TarInfo(name)
            info.size = len(ONE)
            tar.addfile(info, io.BytesIO(ONE))
    keys = ["/etc/1", "../../2", "é\\n3", "x" * 300 + "/4"]
    assert images(made.getvalue()) == [Member(key, ONE) for key in keys]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_large_member_is_an_error_and_is_not_held(mode: str) -> None:
    """What comes after it is read."""
    large = JPEG + bytes(MAX_BYTES)
    found = images(tar_bytes([("1.jpg", large), ("2.jpg", TWO)], mode))
    assert found == [
        Member("1", None, "is too large: 16,777,220 bytes, the limit is 16,777,216"),
        Member("2", TWO),
    ]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("kept", [0, 0.3, 0.8])
def test_a_shard_that_is_cut_off_says_so(mode: str, kept: float) -> None:
    """Whole images before the cut are read; none is invented."""
    members = [(f"{n}.jpg", bytes(JPEG) + bytes([n]) * 4000) for n in range(20)]
    data = tar_bytes(members, mode)
    *good, last = images(data[: int(len(data) * kept)])
    assert last.error is not None
    assert last.error.startswith("the shard is damaged from here on: ")
    assert [(member.key, member.data) for member in good] == [
        (name.removesuffix(".jpg"), data) for name, data in members[: len(good)]
    ]


def test_a_shard_without_the_mark_of_its_end_is_cut_off() -> None:
    """It may have been cut between two members; and a header in the middle may be damaged."""
    data = tar_bytes([("1.jpg", ONE), ("2.jpg", TWO), ("3.jpg", THREE)])
    assert [member.error is None for member in images(data[:2048])] == [True, True, False]
    damaged = data[:1024] + b"\xff" * 512 + data[1536:]
    assert [member.error is None for member in images(damaged)] == [True, False]


def test_a_header_may_not_claim_much() -> None:
    """A name of a gigabyte would be held in memory."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**30
    (found,) = images(info.tobuf(tarfile.GNU_FORMAT) + bytes(10_240))
    assert found.error is not None
    assert "a header says that 1,073,741,824 bytes follow" in found.error


@given(st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=12))
def test_damage_raises_nothing(changes: list[tuple[int, int]]) -> None:
    """Whatever bytes of headers and images are changed."""
    data = bytearray(tar_bytes([("1.jpg", ONE), ("2.jpg", TWO), ("3.json", b"{}")]))
    for place, value in changes:
        data[place] = value
    for member in images(bytes(data)):
        assert (member.data is None) != (member.error is None)


def test_a_shard_of_many_members_takes_the_memory_of_one() -> None:
    """Whether they are images or not."""
    names = [f"{n:05}.{suffix}" for n in range(1_500) for suffix in ("jpg", "json")]
    file = io.BytesIO(tar_bytes((name, ONE) for name in names))
    tracemalloc.start()
    try:
        count = sum(1 for _ in images_of(file))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 1_500
    assert peak < 500_000  # some 3 MB where tarfile keeps what it has seen


class _Failing(io.BytesIO):
    """A file of a store that goes away."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 0:
            raise OSError("it went away")
        return super().read(size)


def test_a_store_that_goes_away_is_no_damage() -> None:
    """Its error is raised, for whoever may try again."""
    file: IO[bytes] = _Failing(tar_bytes([(f"{n}.jpg", bytes(9000)) for n in range(9)]))
    with pytest.raises(OSError, match="it went away"):
        [*images_of(file)]
