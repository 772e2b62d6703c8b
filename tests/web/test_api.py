"""The API of a running server, over real HTTP, and that its description is true."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from PIL import Image

import captchascope
from captchascope.reader import load
from captchascope.web.about import about_build
from captchascope.web.api import document
from captchascope.web.settings import Limits, Settings
from web.serving import TIMEOUT, Served

ROOT = Path(__file__).parents[2]
JPEG = {"Content-Type": "image/jpeg"}
PROBLEM = "application/problem+json"


def files_of(captchas: list[bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    """Return images as httpx sends them in a form."""
    return [("image", (f"{n}.jpeg", data)) for n, data in enumerate(captchas, 1)]


def in_base64(data: bytes) -> str:
    """Return bytes as JSON carries them."""
    return base64.b64encode(data).decode()


def texts_of(response: httpx.Response) -> list[str | None]:
    """Return the texts of an answer, which must be one."""
    assert response.status_code == 200, response.text
    return [reading["text"] for reading in response.json()["readings"]]


def refused(response: httpx.Response, status: int) -> dict[str, Any]:
    """Return the problem of a response, which must be one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    told: dict[str, Any] = response.json()
    assert told["status"] == status
    assert told["title"]
    return told


def test_a_form_of_many_images_is_answered_in_their_order(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """Each reading has the name of its file."""
    response = client.post("/v1/read", files=files_of(captchas))
    assert texts_of(response) == labels
    names = [reading["file"] for reading in response.json()["readings"]]
    assert names == [f"{n}.jpeg" for n in range(1, len(captchas) + 1)]


def test_json_takes_images_with_and_without_names(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """Those without are called by their number."""
    images = [in_base64(captchas[0]), {"file": "b.jpeg", "data": in_base64(captchas[1])}]
    response = client.post("/v1/read", json={"images": images, "length": 6, "charset": None})
    assert texts_of(response) == labels[:2]
    assert [reading["file"] for reading in response.json()["readings"]] == ["1", "b.jpeg"]


def test_base64_may_be_a_data_uri_and_of_any_alphabet(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """With line breaks, without padding, and as the text of a form or the whole body."""
    plain = in_base64(captchas[0])
    uri = f"data:image/jpeg;base64,{plain}"
    other = base64.urlsafe_b64encode(captchas[0]).decode().rstrip("=")
    lines = "\r\n".join(textwrap.wrap(plain, 76))
    images = [uri, {"file": "a", "data": uri}, other, lines]
    assert texts_of(client.post("/v1/read", json={"images": images})) == labels[:1] * 4
    assert texts_of(client.post("/v1/read", files={"image": (None, uri)})) == labels[:1]
    assert texts_of(client.post("/v1/read", content=uri.encode(), headers=JPEG)) == labels[:1]


def test_a_body_may_be_the_image_itself(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """What is known of the text stands in the query."""
    for kind in ("image/jpeg", "application/octet-stream"):
        headers = {"Content-Type": kind}
        response = client.post("/v1/read?length=6", content=captchas[0], headers=headers)
        assert texts_of(response) == labels[:1]


def test_a_reading_is_the_row_of_the_command_line_and_the_time(
    client: httpx.Client, captchas: list[bytes]
) -> None:
    """Nothing else is in it."""
    answer = client.post("/v1/read", content=captchas[0], headers=JPEG).json()
    row = answer["readings"][0]
    assert row.pop("ms") > 0
    wanted = captchascope.load("metu").read(captchas[0]).row("image")
    assert row.pop("confidence") == pytest.approx(wanted.pop("confidence"), abs=1e-4)
    for char, other in zip(row.pop("chars"), cast("Any", wanted.pop("chars")), strict=True):
        assert char["char"] == other["char"]
        assert char["confidence"] == pytest.approx(other["confidence"], abs=1e-4)
    assert row == wanted
    assert answer["model"] == "metu"


def test_one_bad_image_among_many_is_a_reading_with_an_error(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """The others are read all the same."""
    sent = [captchas[0], captchas[1][:200], b"<html>", captchas[2]]
    response = client.post("/v1/read", files=files_of(sent))
    assert texts_of(response) == [labels[0], None, None, labels[2]]
    errors = [reading["error"] for reading in response.json()["readings"]]
    assert [error is None for error in errors] == [True, False, False, True]


def test_a_bad_image_alone_is_a_problem(client: httpx.Client, captchas: list[bytes]) -> None:
    """It says what is wrong with which, and what to do."""
    told = refused(client.post("/v1/read", files=files_of([captchas[0][:300]])), 422)
    assert "truncated" in told["detail"]
    assert told["where"] == "1.jpeg"
    assert told["remedy"]


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(client: httpx.Client) -> None:
    """The limit is the server's, below the reader's own."""
    bomb = BytesIO()
    Image.new("1", (2001, 2000)).save(bomb, "PNG")
    told = refused(client.post("/v1/read", files=files_of([bomb.getvalue()])), 422)
    assert "too large" in told["detail"]
    assert Limits().pixels < 2001 * 2000


def test_constraints_never_leak_into_other_requests(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """Sixty at once, of four kinds, that are read in the same batches."""
    asked = ["charset=0-9", "charset=0-4", "charset=56789&length=6", "length=4"]

    def ask(number: int) -> tuple[int, str]:
        query = asked[number % 4]
        url = f"/v1/read?{query}"
        response = client.post(url, content=captchas[number % 12], headers=JPEG)
        return number, texts_of(response)[0] or ""

    with ThreadPoolExecutor(16) as pool:
        for number, text in pool.map(ask, range(60)):
            kind = number % 4
            if kind == 0:
                assert text == labels[number % 12]
            assert set(text) <= set(["0123456789", "01234", "56789", "0123456789"][kind])
            assert len(text) == (4 if kind == 3 else 6)


def test_below_the_confidence_asked_for_it_abstains(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """For that request alone."""
    form = {"charset": "01", "min_confidence": "1"}
    answer = client.post("/v1/read", files=files_of(captchas[:1]), data=form)
    assert texts_of(answer) == [None]
    assert answer.json()["readings"][0]["abstained"]
    assert texts_of(client.post("/v1/read", files=files_of(captchas[:1]))) == labels[:1]


def test_what_is_no_sum_abstains_where_sums_are_solved(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """For that request alone, by form, query and JSON."""
    answers = [
        client.post("/v1/read", files=files_of(captchas[:1]), data={"solve": "true"}),
        client.post("/v1/read?solve=true", content=captchas[0], headers=JPEG),
        client.post("/v1/read", json={"images": [in_base64(captchas[0])], "solve": True}),
    ]
    for answer in answers:
        row = answer.json()["readings"][0]
        assert (row["text"], row["value"], row["abstained"]) == (None, None, True)
    assert texts_of(client.post("/v1/read", files=files_of(captchas[:1]))) == labels[:1]


def test_each_model_is_asked_for_by_name(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """/v1/models lists them."""
    models = client.get("/v1/models").json()["models"]
    assert [model["name"] for model in models] == ["metu", "metu-glyphs"]
    assert models[0]["provider"] == load("metu").model.provider
    form = {"model": "metu-glyphs"}
    answer = client.post("/v1/read", files=files_of(captchas[:1]), data=form)
    assert texts_of(answer) == labels[:1]
    assert answer.json()["model"] == "metu-glyphs"


def test_case_is_folded_unless_it_is_kept(client: httpx.Client, captchas: list[bytes]) -> None:
    """It is taken as readers take it, and ignored and kept at once it is refused."""
    query = {"charset": "0-9a-z", "case": "keep"}
    response = client.post("/v1/read", content=captchas[0], headers=JPEG, params=query)
    assert response.status_code == 200
    query["ignore_case"] = "true"
    response = client.post("/v1/read", content=captchas[0], headers=JPEG, params=query)
    assert refused(response, 422)["where"] == "case"


def test_how_an_image_is_looked_at_is_told(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """In the query and in JSON, as a number or as text; the next request is not touched."""
    query = {"rows": "2", "frames": "1", "ink": "all"}
    halved = client.post("/v1/read", content=captchas[0], headers=JPEG, params=query)
    json = {"images": [in_base64(captchas[0])], "rows": 2, "frames": 1, "ink": "all"}
    assert texts_of(halved) == texts_of(client.post("/v1/read", json=json)) != labels[:1]
    assert texts_of(client.post("/v1/read", content=captchas[0], headers=JPEG)) == labels[:1]
    red = client.post("/v1/read", content=captchas[0], headers=JPEG, params={"ink": "red"})
    assert "shows nothing in the ink red" in refused(red, 422)["detail"]


def test_the_body_is_stronger_than_the_query(
    client: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """So that a default can stand in an address."""
    form = {"length": "6"}
    response = client.post("/v1/read?length=4", files=files_of(captchas[:1]), data=form)
    assert texts_of(response) == labels[:1]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "none"),
        ("charset", ""),
        ("charset", "xyz"),
        ("length", "six"),
        ("length", "9-2"),
        ("pattern", "[0-9"),
        ("pattern", "[0-9]" * 60),
        ("charset", "9-0"),
        ("ignore_case", "perhaps"),
        ("solve", "perhaps"),
        ("case", "upper"),
        ("min_confidence", "2"),
        ("min_confidence", "NaN"),
        ("colour", "red"),
        ("rows", "0"),
        ("rows", "two"),
        ("ink", "mauve"),
        ("frames", "second"),
    ],
)
def test_a_field_of_no_good_value_is_named(
    client: httpx.Client, captchas: list[bytes], field: str, value: str
) -> None:
    """In the query and in a form alike."""
    query = client.post("/v1/read", content=captchas[0], headers=JPEG, params={field: value})
    assert refused(query, 422)["where"] == field
    form = client.post("/v1/read", files=files_of(captchas[:1]), data={field: value})
    assert refused(form, 422)["where"] == field


def test_a_field_given_twice_is_refused(client: httpx.Client, captchas: list[bytes]) -> None:
    """Nobody could say which one counts."""
    response = client.post("/v1/read?length=6&length=4", content=captchas[0], headers=JPEG)
    assert refused(response, 422)["where"] == "length"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 400),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"images": []}', 422),
        (b'{"images": ["not base64!"]}', 422),
        (b'{"images": [7]}', 422),
        (b'{"images": [""], "images": [""]}', 422),
        (b'{"images": [""], "min_confidence": NaN}', 400),
        (b'{"images": [{"file": "a"}]}', 422),
        (b'{"images": [""], "length": true}', 422),
        (b'{"images": "aGFsbG8="}', 422),
    ],
)
def test_json_that_asks_for_nothing_readable_is_refused(
    client: httpx.Client, body: bytes, status: int
) -> None:
    """400 where it is no JSON, 422 where it is not what is asked for."""
    headers = {"Content-Type": "application/json"}
    refused(client.post("/v1/read", content=body, headers=headers), status)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=b", b"no parts", 400),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n", 400),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a', 400),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"A: b\r\n" * 9 + b"\r\n\r\n--b--", 400),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 422),
        ("text/plain", b"x", 415),
        ("application/x-www-form-urlencoded", b"x=y", 415),
        ("image/png", b"", 400),
    ],
)
def test_a_body_of_no_good_form_is_refused(
    client: httpx.Client, kind: str, body: bytes, status: int
) -> None:
    """400 where it is malformed, 415 where it is of a type that holds no images."""
    response = client.post("/v1/read", content=body, headers={"Content-Type": kind})
    refused(response, status)


def test_a_compressed_body_is_refused(client: httpx.Client, captchas: list[bytes]) -> None:
    """It could become any size."""
    headers = {**JPEG, "Content-Encoding": "gzip"}
    refused(client.post("/v1/read", content=captchas[0], headers=headers), 415)


def test_more_images_than_allowed_are_refused(client: httpx.Client) -> None:
    """Before any of them is read; and a form of endless parts, too."""
    many = Limits().images + 1
    for count in (many, 10 * many):
        refused(client.post("/v1/read", files=files_of([b"x"] * count)), 413)
    refused(client.post("/v1/read", json={"images": ["eA=="] * many}), 413)


def test_a_path_or_method_that_is_not_there_is_a_problem(client: httpx.Client) -> None:
    """405 says which methods there are."""
    refused(client.get("/v1/write"), 404)
    response = client.get("/v1/read")
    refused(response, 405)
    assert response.headers["allow"] == "POST, OPTIONS"


def test_somebody_who_looks_sees_a_page_about_the_problem(client: httpx.Client) -> None:
    """Browsers say that they want one; programs get the problem itself."""
    response = client.get("/nowhere", headers={"Accept": "text/html,*/*"})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "<h1>Not Found</h1>" in response.text


def test_health_and_readiness_are_told(client: httpx.Client) -> None:
    """Both say yes once the models are open."""
    alive = {"status": "alive", "version": captchascope.__version__, "build": None}
    assert client.get("/healthz").json() == alive
    assert client.get("/readyz").json() == {"status": "ready"}


def test_the_metrics_count_requests_and_images(client: httpx.Client, captchas: list[bytes]) -> None:
    """As Prometheus reads them, by what came of each."""

    def counted() -> dict[str, float]:
        lines = client.get("/metrics").text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    before = counted()
    client.post("/v1/read", files=files_of([*captchas[:2], b"bad"]))
    after = counted()
    for name, more in (
        ('captchascope_images_total{outcome="read"}', 2),
        ('captchascope_images_total{outcome="failed"}', 1),
        ('captchascope_requests_total{path="/v1/read",status="200"}', 1),
        ("captchascope_batch_images_sum", 3),
    ):
        assert after[name] - before.get(name, 0) == more
    assert after["captchascope_waiting_images"] == 0


def test_the_metrics_tell_what_runs_and_what_it_takes(client: httpx.Client) -> None:
    """The version and build, and the figures of the process that Prometheus knows everywhere."""
    told = client.get("/metrics").text
    (running,) = re.findall("^captchascope_build_info{(.*)} 1.0$", told, re.MULTILINE)
    assert dict(re.findall('(\\w+)="([^"]*)"', running)) == about_build()
    if sys.platform == "linux":
        for figure in ("cpu_seconds_total", "resident_memory_bytes", "open_fds"):
            (value,) = re.findall(rf"^process_{figure} (\S+)$", told, re.MULTILINE)
            assert float(value) > 0


def test_the_metrics_that_the_documents_name_are_there(client: httpx.Client) -> None:
    """Alerts on those that nobody tells would never come."""
    client.get("/healthz")
    told = client.get("/metrics").text
    for name in ("operating.md", "serving.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        names = set(re.findall("captchascope_[a-z_]*(?:total|seconds|bucket|info|images)", text))
        if sys.platform == "linux":
            names |= set(re.findall("process_[a-z_]+", text))
        assert len(names) > 3
        assert [each for each in sorted(names) if f"\n{each}" not in told] == []


def test_the_documents_name_every_metric(client: httpx.Client) -> None:
    """One that nobody reads about is watched by nobody; the `_created` of each has one row."""
    given = set(re.findall(r"^# TYPE (\w+) ", client.get("/metrics").text, re.MULTILINE))
    assert len(given) > 3
    serving = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    assert {name for name in given if f"`{name.removesuffix('_created')}" not in serving} == set()


def test_whoever_builds_it_names_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a variable, as the Dockerfile does."""
    monkeypatch.setenv("CAPTCHASCOPE_BUILD", "3512285\n")
    assert about_build()["build"] == "3512285"


def test_paths_that_nobody_serves_do_not_fill_the_metrics(client: httpx.Client) -> None:
    """They are counted as one."""
    for number in range(3):
        client.get(f"/no/{number}")
    text = client.get("/metrics").text
    assert 'path="other"' in text
    assert "/no/" not in text


def test_names_of_files_come_back_as_they_were_and_lead_nowhere(
    client: httpx.Client, captchas: list[bytes]
) -> None:
    """A path, markup or a long name is text like any other."""
    for name in ("../../etc/passwd", "<script>alert(1)</script>.png", "é" * 300):
        sent = [("image", (name, captchas[0]))]
        reading = client.post("/v1/read", files=sent).json()["readings"][0]
        assert reading["file"] == name[-255:]
        assert reading["text"]


def test_half_a_character_is_no_name(client: httpx.Client, captchas: list[bytes]) -> None:
    """JSON can spell what no text may hold."""
    body = json.dumps({"images": [{"file": "\ud800", "data": in_base64(captchas[0])}]})
    headers = {"Content-Type": "application/json"}
    told = refused(client.post("/v1/read", content=body, headers=headers), 422)
    assert told["where"].startswith("images.0")


CASES = 25  # drawn for each operation

ACCEPTING = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "422"]
[checks.negative_data_rejection]
expected-statuses = ["400", "405", "413", "415", "422"]
"""
"""Which bytes are an image, and which pattern a model can satisfy, no schema can say."""


def test_schemathesis_finds_nothing(served: Served, tmp_path: Path) -> None:
    """It makes requests of the description, good and bad, and holds the answers against it."""
    pytest.importorskip("schemathesis")
    config = tmp_path / "schemathesis.toml"
    config.write_text(ACCEPTING)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(config)),
            *("run", f"{served.url}/openapi.json", "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", str(CASES), "--generation-deterministic"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=4 * TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "5 selected / 5 total" in done.stdout


def test_the_description_is_what_the_server_gives(client: httpx.Client) -> None:
    """It is at /openapi.json, of the server's own limits and models."""
    settings = Settings(models=("metu", "metu-glyphs"))
    assert client.get("/openapi.json").json() == json.loads(json.dumps(document(settings)))


def test_limits_and_models_are_those_of_the_settings() -> None:
    """A client that is made of it knows what will be refused."""
    told = document(Settings(models=("metu-glyphs",), limits=Limits(images=3)))
    request = told["components"]["schemas"]["Request"]["properties"]
    assert request["images"]["maxItems"] == 3
    assert request["model"]["anyOf"][0]["enum"] == ["metu-glyphs"]


def test_a_token_is_described_where_one_is_needed() -> None:
    """And that the two paths of health need none."""
    assert "security" not in document(Settings())
    told = document(Settings(token="correct-horse-battery"))
    assert told["security"] == [{"token": []}]
    open_to_all = {path for path, item in told["paths"].items() if "security" in str(item)}
    assert open_to_all == {"/healthz", "/readyz"}
