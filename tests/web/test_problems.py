"""What a server answers to slips that people make with curl: each problem says what to do."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


def told(response: httpx.Response, status: int) -> dict[str, Any]:
    """Return the problem of a response, which must be one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    return problem


def test_a_name_where_a_file_should_be_is_told_how_files_are_sent(
    client: httpx.Client, captchas: list[bytes]
) -> None:
    """Who forgets the @ sends the name; what is a file has the remedy of files."""
    at = "a file is sent with @: -F image=@captcha.jpeg"
    alone = client.post("/v1/read", files=[("image", (None, b"captcha.jpeg"))])
    assert told(alone, 422)["remedy"] == at
    page = client.post("/v1/read", files=[("image", ("a.jpeg", b"captcha.jpeg"))])
    assert at not in told(page, 422)["remedy"]
    bare = client.post("/v1/read", files=[("image", (None, captchas[0]))])
    assert bare.json()["readings"][0]["text"]


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("lenght", "6", "did you mean length? known are model, charset, length, "),
        ("colour", "red", "known are model, charset, length, "),
        ("min_confidence", "high", "such as 0.9"),
        ("min_confidence", "9", "such as 0.9"),
        ("ignore_case", "yes", "true or false"),
        ("solve", "1", "true or false"),
        ("case", "lower", "fold or keep"),
        ("charset", "", "such as 0-9a-f"),
    ],
)
def test_a_field_of_no_good_value_has_a_remedy(
    client: httpx.Client, captchas: list[bytes], field: str, value: str, remedy: str
) -> None:
    """In a form as in a query: the field that was meant, or what its value may be."""
    image = {"image": ("1.jpeg", captchas[0])}
    for sent in (
        client.post("/v1/read", files=image, data={field: value}),
        client.post("/v1/read", files=image, params={field: value}),
    ):
        problem = told(sent, 422)
        assert problem["where"] == field
        assert problem["remedy"].startswith(remedy)


def test_a_field_of_an_image_is_one_of_its_own(client: httpx.Client) -> None:
    """In JSON the place is told with the number of the image."""
    problem = told(client.post("/v1/read", json={"images": [{"data": "", "name": "a"}]}), 422)
    assert (problem["where"], problem["remedy"]) == ("images.0.name", "known are file, data")


def test_a_slash_too_many_leads_to_the_path_and_says_so(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """What curl shows is no empty line, and a client that follows is read for."""
    image = {"image": ("1.jpeg", captchas[0])}
    problem = told(client.post("/v1/read/", files=image), 307)
    assert problem["remedy"] == f"ask for {client.base_url}/v1/read"
    followed = client.post("/v1/read/", files=image, follow_redirects=True)
    assert followed.json()["readings"][0]["text"] == labels[0]
    assert told(client.get("/nowhere/"), 404)


def test_a_path_that_takes_post_alone_says_so(client: httpx.Client) -> None:
    """Whoever looks at it in a browser learns what it is for."""
    for headers in ({}, {"Accept": "text/html"}):
        problem = told(client.get("/v1/read", headers=headers), 405)
        assert problem["detail"] == "this path takes POST, not GET"
        assert "curl -F image=@captcha.jpeg" in problem["remedy"]
    assert told(client.post("/healthz"), 405)["detail"] == "this path takes GET, not POST"
