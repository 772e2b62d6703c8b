"""Many at once: nobody is answered wrongly, and who is too many is told so. Timed in ``bench``."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from captchascope.web.app import create_app
from captchascope.web.settings import Limits, Settings
from web.serving import TIMEOUT, serving

CLIENTS, EACH = 24, 15
JPEG = {"Content-Type": "image/jpeg"}


def test_two_workers_answer_many_clients_without_an_error(
    captchas: list[bytes], labels: list[str]
) -> None:
    """Each request gets the text of its own image."""

    def work(first: int) -> list[bool]:
        with httpx.Client(base_url=served.url, timeout=TIMEOUT) as client:
            right = []
            for number in range(first, first + EACH):
                data = captchas[number % 12]
                answer = client.post("/v1/read", content=data, headers=JPEG)
                assert answer.status_code == 200, answer.text
                right.append(answer.json()["readings"][0]["text"] == labels[number % 12])
            return right

    with (
        serving(Settings(models=("metu",), workers=2)) as served,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        assert all(all(right) for right in pool.map(work, range(CLIENTS)))


def test_a_flood_is_shed_and_leaves_nothing_behind(captchas: list[bytes]) -> None:
    """Some get their texts, the others 503 and when to come again; then all is as before."""
    files = [("image", ("a.jpeg", data)) for data in captchas]

    def work(_: int) -> httpx.Response:
        return client.post(f"{served.url}/v1/read", files=files)

    with (
        serving(Settings(models=("metu",), limits=Limits(queue=12))) as served,
        httpx.Client(timeout=TIMEOUT) as client,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        answers = list(pool.map(work, range(4 * CLIENTS)))
        counted = Counter(answer.status_code for answer in answers)
        assert set(counted) == {200, 503}
        shed = [answer for answer in answers if answer.status_code == 503]
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in shed)
        assert all(len(a.json()["readings"]) == 12 for a in answers if a.status_code == 200)
        assert work(0).status_code == 200


def test_who_cannot_be_read_for_is_refused_before_the_body_is_looked_at() -> None:
    """A body that is no good is told of when there is room for it; other paths answer as ever."""
    app = create_app(Settings())  # whose models are not being opened, so that it takes in nothing

    async def ask() -> list[int]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
        ) as client:
            bad = await client.post("/v1/read", content=b"x", headers={"Content-Type": "a/b"})
            assert int(bad.headers["retry-after"]) >= 1
            assert bad.headers["content-type"] == "application/problem+json"
            others = await client.get("/v1/read"), await client.get("/healthz")
            return [bad.status_code, *(answer.status_code for answer in others)]

    assert asyncio.run(ask()) == [503, 405, 200]
