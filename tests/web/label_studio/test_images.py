"""How long an image of a task is waited for, and what is said where it cannot be had."""

from __future__ import annotations

import asyncio

import pytest

from captchascope.errors import ImageError
from captchascope.web.label_studio.images import TaskImages
from captchascope.web.settings import LabelStudioSettings, Limits
from web.label_studio.studio import LEGACY, PERSONAL, Studio, studio


async def fetched(served: Studio, address: str, limits: Limits, token: str = LEGACY) -> bytes:
    """Return what a task's image is."""
    settings = LabelStudioSettings(url=served.url, token=token)
    images = TaskImages(settings, limits)
    async with images.client() as client:
        return await images.fetch(client, "task 1", address)


def test_an_image_that_does_not_come_is_not_waited_for() -> None:
    """For longer than the server waits for a request."""
    with studio({}) as served, pytest.raises(ImageError, match=r"/data/late: it is late \("):
        asyncio.run(fetched(served, "/data/late", Limits(seconds=0.5)))


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:9"])
@pytest.mark.parametrize("address", ["/\n/[", "//[", "http://xn--/1.jpeg", "http://xn--a/1.jpeg"])
def test_what_is_no_address_is_an_error_of_its_image(url: str | None, address: str) -> None:
    """And of no other: the rest of a request is answered."""
    images = TaskImages(LabelStudioSettings(url=url), Limits())

    async def fetch() -> bytes:
        async with images.client() as client:
            return await images.fetch(client, "task 1", address)

    with pytest.raises(ImageError, match="task 1: "):
        asyncio.run(fetch())


def test_a_server_that_is_gone_is_said_to_be() -> None:
    """The line names the address that did not answer."""
    with studio({}) as served:
        pass
    with pytest.raises(ImageError, match=r"task 1: cannot be had from /data/1\.jpeg: "):
        asyncio.run(fetched(served, "/data/1.jpeg", Limits()))


def test_a_token_that_is_refused_is_what_the_error_names() -> None:
    """As a personal one is that has expired: the server is there, and the file is what to mend."""
    with studio({}) as served, pytest.raises(ImageError) as caught:
        asyncio.run(fetched(served, "/data/1.jpeg", Limits(), PERSONAL + "x"))
    assert str(caught.value) == (
        "task 1: cannot be had: the token is refused, status 401 "
        "(put a new one into --label-studio-token-file)"
    )


def test_an_error_names_an_address_without_its_secrets() -> None:
    """It goes into the log; a signature in the query is as good as a token."""
    address = "https://me:password@store.example/1.jpeg?X-Amz-Signature=0123abcd"
    with studio({}) as served, pytest.raises(ImageError) as caught:
        asyncio.run(fetched(served, address, Limits()))
    assert "has its image at https://store.example/1.jpeg?, which is not asked" in str(caught.value)
