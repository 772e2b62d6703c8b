"""The ways in which an answer may stand in a text."""

from __future__ import annotations

import hashlib
import html
import json
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captchascope.audit.leaks.spelled import ways_in

ANSWERS = st.text("0123456789ABCDEFabcdefXYZxyz一二三四", min_size=4, max_size=8)
AROUND = st.text("., :;!?()|\n", max_size=8)


def payload(answer: str) -> str:
    """Return the signed token that a session is often kept in (RFC 7519)."""
    parts = (json.dumps({"alg": "HS256"}), json.dumps({"sub": 7, "captcha": answer}))
    return ".".join(urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts) + ".aa"


WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "backwards": lambda answer: answer[::-1],
    "base64": lambda answer: b64encode(answer.encode()).decode(),
    "base64 without padding": lambda answer: b64encode(answer.encode()).decode().rstrip("="),
    "base64 for URLs": lambda answer: urlsafe_b64encode(answer.encode()).decode(),
    "base64 of base64": lambda answer: b64encode(b64encode(answer.encode())).decode(),
    "base64 in a URL": lambda answer: quote(b64encode(answer.encode()).decode(), safe=""),
    "backwards, then base64": lambda answer: b64encode(answer[::-1].encode()).decode(),
    "hexadecimal": lambda answer: answer.encode().hex(),
    "a URL": lambda answer: "".join(f"%{byte:02X}" for byte in answer.encode()),
    "entities": lambda answer: "".join(f"&#{ord(char)};" for char in answer),
    "escapes of a script": lambda answer: "".join(f"\\u{ord(char):04x}" for char in answer),
    "HTML": html.escape,
    "JSON": json.dumps,
    "a signed token": payload,
    "a packed session": lambda answer: urlsafe_b64encode(
        zlib.compress(json.dumps({"captcha": answer, "n": [7] * 40}, ensure_ascii=False).encode())
    ).decode(),
    "MD5": lambda answer: hashlib.md5(answer.encode()).hexdigest(),
    "SHA-1": lambda answer: hashlib.sha1(answer.lower().encode()).hexdigest(),
    "SHA-256": lambda answer: hashlib.sha256(answer.upper().encode()).hexdigest().upper(),
    "base64 of a hash": lambda answer: b64encode(hashlib.md5(answer.encode()).digest()).decode(),
}


@pytest.mark.parametrize("way", WRITTEN)
@settings(max_examples=30)
@given(answer=ANSWERS, before=AROUND, after=AROUND)
def test_an_answer_is_found_however_it_is_written(
    way: str, answer: str, before: str, after: str
) -> None:
    """Whatever stands beside it."""
    assert list(ways_in(before + WRITTEN[way](answer) + after, answer))


@settings(max_examples=30)
@given(text=st.text(max_size=400), answer=ANSWERS)
def test_no_text_is_too_strange(text: str, answer: str) -> None:
    """And what is shown of it is short."""
    for _, around in ways_in(text, answer):
        assert len(around) <= 200


@given(text=st.text("ghijklmno .,;<>/=", max_size=400))
def test_what_is_not_there_is_not_found(text: str) -> None:
    """A text without a character of the answer, of which nothing can be decoded, holds nothing."""
    assert all(encoding for (_, encoding), _ in ways_in(text, "4821"))


def test_a_bomb_is_unpacked_a_bit() -> None:
    """Megabytes of nothing behind a few bytes."""
    bomb = b64encode(zlib.compress(b"0" * 50_000_000)).decode()
    assert not list(ways_in(bomb, "4821"))
