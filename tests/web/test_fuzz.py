"""A thousand uploads that no well-meaning client would send."""

from __future__ import annotations

import base64
import json
import struct
import sys
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import httpx
import pytest

from captchascope.web.settings import Settings
from web.serving import TIMEOUT, serving

COUNT = 1000
GROWTH = 24 * 2**20  # bytes; a leak of whole uploads would be several times that

ANSWERS = {200, 400, 413, 415, 422, 431}

Request = dict[str, Any]
"""What httpx sends."""


def png(width: int, height: int, data: bytes) -> bytes:
    """Return a PNG of one bit that promises a size and holds whatever data."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


BOMBS = [
    png(1_000_000, 1_000_000, b""),
    png(0, 0, b""),
    png(2**31 - 1, 1, zlib.compress(bytes(100))),
    png(50, 50, zlib.compress(bytes(4_000_000))),
    png(1900, 2000, zlib.compress(bytes(100))),
    b"GIF89a\xff\xff\xff\xff\x80\x00\x00" + b"\x00" * 100,
    b"BM" + struct.pack("<IIIIiiHHIIiiII", 99, 0, 54, 40, 2**30, -(2**30), 1, 24, 0, 0, 0, 0, 0, 0),
    b"RIFF\xff\xff\xff\xffWEBPVP8X\n\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff",
    b"II*\x00\xff\xff\xff\xff",
    b"II*\x00\x08\x00\x00\x00\xff\xff" + b"\x00\x01\x04\x00\x01\x00\x00\x00" * 200,
]

STARTS = [b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<svg>", b"PK\x03\x04", b"%PDF-1.7\n"]


def spoiled(random: Random, image: bytes) -> bytes:
    """Return a file that is no good image, or hardly."""
    kind = random.randrange(6)
    if kind == 0:
        return image[: random.randrange(len(image))]
    if kind == 1:
        changed = bytearray(image)
        for _ in range(random.randrange(1, 30)):
            changed[random.randrange(len(changed))] = random.randrange(256)
        return bytes(changed)
    if kind == 2:
        return random.choice(BOMBS)
    if kind == 3:
        return random.choice(STARTS) + image
    if kind == 4:
        cut = random.randrange(len(image))
        return image[:cut] + random.randbytes(random.randrange(3000)) + image[cut:]
    return random.randbytes(random.randrange(3000))


def raw(random: Random, data: bytes) -> Request:
    """Send it as a body, of a type that may be a lie."""
    kinds = ["image/png", "image/svg+xml", "image/", "application/octet-stream", "text/html", ""]
    return {"content": data, "headers": {"Content-Type": random.choice(kinds)}}


def form(random: Random, data: bytes) -> Request:
    """Send it among others in a form."""
    names = ["a.png", "../../a", "a\x00b", "é" * 200, "con", "a.php;.png"]
    files = [("image", (random.choice(names), data)) for _ in range(random.randrange(1, 5))]
    length = random.choice(["6", "-1", "1-99", "\x00", "9" * 30])
    return {"files": files, "data": {"length": length} if random.random() < 0.3 else {}}


def broken_form(random: Random, data: bytes) -> Request:
    """Send a form that is cut off or scrambled."""
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    body = head + data + b"\r\n--b--\r\n"
    cut = random.randrange(len(body))
    end = random.choice([b"", b"\r\n--b", b"--b--", b"\r\n--b\r\n" * 200, head * 100])
    return {
        "content": body[:cut] + end,
        "headers": {"Content-Type": f"multipart/form-data; boundary={random.choice('bbbc')}"},
    }


def in_json(random: Random, data: bytes) -> Request:
    """Send it in JSON that may be no JSON, or something else."""
    body = json.dumps({"images": [base64.b64encode(data).decode()]}).encode()
    wrong = [body[: random.randrange(len(body))], b"[" * 5000, b'{"images":{}}', b"1e999", body]
    return {"content": random.choice(wrong), "headers": {"Content-Type": "application/json"}}


def with_headers(random: Random, data: bytes) -> Request:
    """Send it under headers that are too many, too long or too strange."""
    many = {f"X-{number}": "y" * random.randrange(40) for number in range(random.randrange(600))}
    long = {"X-Long": "z" * random.choice([100, 15_000, 70_000])}
    strange = {"Content-Type": "multipart/form-data; boundary=" + "q" * random.randrange(5000)}
    return {"content": data, "headers": random.choice([many, long, strange])}


WAYS: list[Callable[[Random, bytes], Request]] = [
    raw,
    form,
    form,
    broken_form,
    in_json,
    with_headers,
]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_thousand_fuzzed_uploads_do_no_harm(captchas: list[bytes]) -> None:
    """Each is answered as what it is; nothing crashes, and the memory stays."""
    random = Random(990_102)
    with serving(Settings()) as served, httpx.Client(timeout=TIMEOUT) as client:
        early = 0
        seen = set()
        for number in range(COUNT):
            data = spoiled(random, random.choice(captchas))
            answer = client.post(f"{served.url}/v1/read", **random.choice(WAYS)(random, data))
            assert answer.status_code in ANSWERS, (number, answer.text)
            seen.add(answer.status_code)
            if number == COUNT // 3:
                early = served.memory()
        assert served.memory() - early < GROWTH
        assert served.process.poll() is None
        good = client.post(f"{served.url}/v1/read", files=[("image", ("a.jpeg", captchas[0]))])
        assert good.status_code == 200
        assert seen >= {200, 400, 415, 422, 431}


NONSENSE = [b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"9" * 5000, b"NaN", b"1e999", b"[" * 400]


def nonsense(random: Random) -> Request:
    """Return a form whose fields, their heads and whose own head may be anything."""
    names = [b"model", b"length", b"pattern", b"frames", b"ink", b"min_confidence", b"image", b""]
    parts = []
    for _ in range(random.randrange(4)):
        value = random.choice(NONSENSE)
        heads = [
            b'form-data; name="' + random.choice(names) + b'"',
            b'form-data; name="images"; filename="' + value[:200] + b'"',
            b"form-data; name=image; filename*=utf-8''" + value[:200],
            value,
        ]
        head = b"--b\r\nContent-Disposition: " + random.choice(heads)
        parts.append(head + b"\r\n\r\n" + random.choice(NONSENSE) + b"\r\n")
    ends = [b"--b--\r\n"] * 3 + [b"", b"--b", b"\r\n--c--"]
    kinds = ["multipart/form-data; boundary=b"] * 6 + [
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary=b; charset=utf-16",
        "application/x-www-form-urlencoded",
        "application/json",
        "",
    ]
    body = random.choice([b"".join(parts) + random.choice(ends), random.choice(NONSENSE)])
    return {"content": body, "headers": {"Content-Type": random.choice(kinds)}}


@pytest.mark.parametrize("path", ["/read", "/see", "/v1/read", "/results/metu"])
def test_no_form_is_a_fault_of_the_server(client: httpx.Client, path: str) -> None:
    """Whatever is in it; that of the login has tests of its own."""
    random = Random(990_103)
    for number in range(150):
        answer = client.post(path, **nonsense(random))
        assert answer.status_code < 500, (number, answer.text)


@pytest.mark.parametrize("piece", [b"1,", b"[],", b"{},", b'{"a":1},', b'"",'])
def test_json_of_many_values_is_refused_before_any_is_made(
    client: httpx.Client, piece: bytes
) -> None:
    """Millions of them took minutes, and the memory of all; each field is looked at by itself."""
    sent = b'{"images":[' + piece * (2**20 // len(piece)) + b"1]}"
    answer = client.post("/v1/read", content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "more than 2,000 values" in answer.json()["detail"]
    answer = client.post("/v1/read", data={"ignore_case": sent}, files={"image": b"x"})
    assert answer.status_code == 422
    assert answer.json()["where"] == "ignore_case"


@pytest.mark.parametrize("field", ["model", "charset", "pattern", "ink", "length", "frames"])
def test_a_field_of_a_megabyte_is_refused_in_a_line(client: httpx.Client, field: str) -> None:
    """Nothing is made of it, and the answer does not say it again."""
    answer = client.post("/v1/read", data={field: "9" * 2**20}, files={"image": b"x"})
    assert answer.status_code == 422
    assert len(answer.content) < 1000
    assert answer.json()["where"] == field
