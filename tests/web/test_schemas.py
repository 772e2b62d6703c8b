"""What requests hold, before anything is done with it."""

from __future__ import annotations

import asyncio
import gc
import tempfile

import pytest

from captchascope.web.problems import Problem
from captchascope.web.schemas import Part, parts_of

KIND = "multipart/form-data; boundary=b"


def part(name: str, data: bytes, more: str = "") -> bytes:
    """Return one part of a form."""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def parsed(body: bytes, kind: str = KIND, most: int = 9) -> list[Part]:
    """Return the parts of a body."""
    return asyncio.run(parts_of(kind, body, most))


def test_nothing_of_an_upload_ever_lies_on_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it is: a machine where no file can be made takes it in all the same."""
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/that/is")
    large = bytes(8 * 2**20)
    body = part("image", large, '; filename="a.png"') + part("pattern", large[:99]) + b"--b--\r\n"
    assert parsed(body) == [Part("image", "a.png", large), Part("pattern", None, large[:99])]


def test_what_is_sent_is_what_is_there() -> None:
    """Bytes as they are, whatever character set somebody claims, and names in UTF-8."""
    every = bytes(range(256))
    body = part("é", every) + part("x", every, '; filename="ö"') + b"--b--\r\n"
    for kind in (KIND, f"{KIND}; charset=utf-16"):
        assert parsed(body, kind) == [Part("é", None, every), Part("x", "ö", every)]


def test_a_form_has_few_parts_and_an_end() -> None:
    """413 for too many, files and fields together, 400 for one that is cut off."""
    many = part("a", b"1") + part("b", b"2", '; filename="x"')
    assert len(parsed(many + b"--b--\r\n", most=2)) == 2
    for body, most, status in ((many + b"--b--\r\n", 1, 413), (many, 9, 400), (b"", 9, 400)):
        with pytest.raises(Problem) as refused:
            parsed(body, most=most)
        assert refused.value.status_code == status
    gc.collect()  # which warns of a file that was left open


@pytest.mark.parametrize("headers", [b"A: b\r\n" * 8, b"A: " + b"b" * 5000 + b"\r\n"])
def test_the_headers_of_a_part_are_few_and_short(headers: bytes) -> None:
    """A megabyte of them would keep everybody waiting for seconds."""
    body = part("image", b"1").replace(b"\r\n", b"\r\n" + headers, 1)
    with pytest.raises(Problem) as refused:
        parsed(body + b"--b--\r\n")
    assert refused.value.status_code == 400


def test_what_looks_like_many_parts_is_refused_before_it_is_parsed() -> None:
    """Each beginning that is none after all would take the parser as long as a part."""
    with pytest.raises(Problem, match="more than 9 parts") as refused:
        parsed(part("image", b"\r\n--bA" * 20, '; filename="a"') + b"--b--\r\n")
    assert refused.value.status_code == 413
    few = b"\r\n--bA" * 8
    found = parsed(part("image", few, '; filename="a"') + b"--b--\r\n")
    assert found == [Part("image", "a", few)]
