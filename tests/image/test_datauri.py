"""Images as text: data URIs and base64, in every way that people copy them."""

from __future__ import annotations

import base64
import zlib
from contextlib import suppress
from http.client import IncompleteRead
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from captchascope.errors import ImageError
from captchascope.image import load_gray
from captchascope.image.datauri import (
    from_base64,
    from_data_uri,
    from_text,
    is_data_uri,
    shortened,
    unpacked,
)


def _png() -> bytes:
    """Return a PNG whose base64 has both of the letters that differ between the alphabets."""
    noise = np.random.default_rng(3).integers(0, 256, (30, 40), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


PNG = _png()
PLAIN = base64.b64encode(PNG).decode()
URI = f"data:image/png;base64,{PLAIN}"
SPELLINGS = {
    "plain": PLAIN,
    "no padding": PLAIN.rstrip("="),
    "for URLs": base64.urlsafe_b64encode(PNG).decode(),
    "lines": "\r\n".join(PLAIN[i : i + 76] for i in range(0, len(PLAIN), 76)) + "\r\n",
    "indented": "\n".join(f"    {PLAIN[i : i + 60]}" for i in range(0, len(PLAIN), 60)),
    "plus lost in a form": PLAIN.replace("+", " "),
    "in quotes": f'"{PLAIN}"\n',
    "URI": URI,
    "URI in capitals": URI.replace("data:image/png;base64", "DATA:image/PNG;BASE64"),
    "URI with parameters": f"data:image/png;charset=utf-8;base64,{PLAIN}",
    "URI without a type": f"data:;base64,{PLAIN}",
    "URI percent-encoded": f"data:image/png;base64,{quote(PLAIN, safe='')}",
    "URI of percent alone": f"data:image/png,{quote(PNG)}",
}


def test_the_spellings_differ() -> None:
    """The picture has what tells them apart."""
    assert {"+", "/"} <= set(PLAIN)
    assert PLAIN.endswith("=")


@pytest.mark.parametrize("kind", SPELLINGS)
def test_text_is_read_wherever_an_image_is(kind: str, tmp_path: Path) -> None:
    """As a str, as bytes, in a file that is named or open, and with the mark of UTF-8."""
    text = SPELLINGS[kind]
    (path := tmp_path / "captcha.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    sources: list[Any] = [text, text.encode(), path, str(path), BytesIO(text.encode())]
    if kind != "in quotes":
        assert from_text(text) == PNG
    else:
        sources.remove(text)  # a str is no file of text
    for source in sources:
        assert np.array_equal(load_gray(source), load_gray(PNG))


def test_what_a_shell_of_windows_writes_is_read() -> None:
    """It makes UTF-16 of what is sent to a file."""
    assert unpacked(URI.encode("utf-16"), "x") == PNG


@given(st.binary())
def test_base64_gives_back_what_it_was_made_of(data: bytes) -> None:
    """In both alphabets, padded or not, and as a data URI."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for text in (encode(data), encode(data).rstrip(b"=")):
            assert from_base64(text) == data
            assert from_data_uri(b"data:;base64," + text) == data


@given(st.binary() | st.text().map(str.encode))
def test_what_is_no_text_of_an_image_stays_as_it_is(data: bytes) -> None:
    """Whatever the bytes; what claims to be a data URI is one, or an error."""
    claims = is_data_uri(data.removeprefix(b"\xef\xbb\xbf").strip().strip(b"\"'"))
    with suppress(ImageError):
        assert unpacked(data, "x") == data or claims


def test_a_file_is_preferred_to_what_its_name_might_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A str that is the path of a file is that, also where it looks like base64."""
    monkeypatch.chdir(tmp_path)
    tiny = BytesIO()
    Image.new("L", (1, 1)).save(tiny, "WEBP")
    name = base64.urlsafe_b64encode(tiny.getvalue()).decode()
    assert load_gray(name).shape == (1, 1)
    Path(name).write_bytes(PNG)
    assert load_gray(name).shape == (30, 40)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (URI[:-40] + "!" * 40, "is a data URI that is damaged"),
        ("data:image/png;base64", "is a data URI that is damaged"),
        (PLAIN[:-40] + "!" * 40, "is base64 text that is damaged"),
        (PLAIN[:1001], "is base64 text that is damaged"),
        (PLAIN[:1000], "truncated"),
        ("data:text/html,<html>no</html>", "is an HTML page"),
        ("data:image/png;base64,", "is empty"),
        ("?" * 5000, "cannot be read"),
        ("/9j/" + "?" * 5000, "cannot be read"),
    ],
)
def test_an_error_never_repeats_a_long_text(text: str, what: str) -> None:
    """It says what is wrong, in one short line."""
    with pytest.raises(ImageError) as caught:
        load_gray(text)
    assert what in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_path_is_not_shortened() -> None:
    """Only what is no path is."""
    path = "/".join(["folder"] * 30) + "/captcha.png"
    assert shortened(path) == path
    assert shortened(URI) == f"data:image/png;base64,iVBORw0K… ({len(URI):,} characters)"


def test_open_files_are_read_whole(tmp_path: Path) -> None:
    """From their beginning, as Pillow does, in bytes or, of base64, as text."""
    (path := tmp_path / "a.png").write_bytes(PNG)
    written = BytesIO()
    written.write(PNG)  # at its end
    with path.open("rb") as buffered, path.open("rb", buffering=0) as raw:
        for file in (written, BytesIO(PNG), buffered, raw, StringIO(URI)):
            for _ in range(2):
                assert np.array_equal(load_gray(file), load_gray(PNG))  # type: ignore[arg-type]


@pytest.mark.parametrize("around", ["'", '"', " ", "\n"])
@pytest.mark.parametrize("text", [URI, PLAIN], ids=["data URI", "base64"])
def test_text_may_stand_in_quotes(text: str, around: str) -> None:
    """As a str, as it may in a file."""
    assert np.array_equal(load_gray(f"{around}{text}{around}"), load_gray(PNG))


class Breaking:
    """An open file of which the second part cannot be had."""

    def __init__(self, error: Exception) -> None:
        self._parts: list[bytes | Exception] = [PNG[:9], error]

    def read(self, size: int, /) -> bytes:
        """Return the next part."""
        part = self._parts.pop(0)
        if isinstance(part, Exception):
            raise part
        return part


@pytest.mark.parametrize(
    "error", [OSError("gone"), IncompleteRead(b"", 9), EOFError("gone"), zlib.error("gone")]
)
def test_whatever_an_open_file_fails_with_is_an_error_of_the_image(error: Exception) -> None:
    """Answers break off, and archives are damaged: no other image of many suffers from it."""
    with pytest.raises(ImageError, match="<file>: cannot be read"):
        load_gray(Breaking(error))


def test_open_files_that_cannot_be_read() -> None:
    """Closed, too long, or of what is neither bytes nor text."""
    (closed := BytesIO(PNG)).close()
    with pytest.raises(ImageError, match="<file>: cannot be read"):
        load_gray(closed)
    with pytest.raises(ImageError, match="<file>: is too large"):
        load_gray(BytesIO(PNG), max_bytes=9)
    with pytest.raises(ImageError, match="upload: is empty"):
        load_gray(BytesIO(), name="upload")


def test_blanks_within_base64_are_gone_through_once() -> None:
    """And not from each of them, however many there are; those that end a line are none."""
    assert from_base64(b"A" + b" " * 2**21 + b"A") == from_base64(b"A" + b"+" * 2**21 + b"A")
    assert from_base64(b"_-" + b" " * 2**21 + b"\n" + b" " * 2**21 + b"8=") == b"\xff\xef"


@pytest.mark.parametrize("count", [10, 200_000])
def test_much_that_is_percent_encoded(count: int) -> None:
    """It is the same as little; where some of it is wrong, what is little is taken as it stands."""
    assert from_data_uri(b"data:," + b"%41=%3d %25" * count) == b"A== %" * count
    stray = from_data_uri(b"data:," + b"%41%" * count + b"=")
    assert stray == (b"A%" * count + b"=" if count == 10 else None)
