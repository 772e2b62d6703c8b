"""What Label Studio asks, and what it is answered by a real server."""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from captchascope.data.dataset import read_dataset
from captchascope.decode import ReadOptions
from captchascope.jsontext import parse_json
from captchascope.reader import model_path
from captchascope.web.settings import LabelStudioSettings, Limits, Settings
from web.label_studio.studio import (
    CONFIG,
    HEADERS,
    LEGACY,
    PERSONAL,
    Studio,
    predict,
    setup,
    studio,
)
from web.serving import TIMEOUT, serving

BIG = 100_000  # bytes; no captcha here has a tenth of it
LIMITS = Limits(body=BIG, bodies=2 * BIG)


@pytest.fixture(scope="module")
def label_studio(captchas: list[bytes]) -> Iterator[Studio]:
    """Serve two uploads, one that is no image, and one that is too large."""
    files = {f"/data/upload/1/{number}.jpeg": captchas[number - 1] for number in (1, 2)}
    files |= {"/data/upload/1/none.png": b"no image", "/data/upload/1/large.png": bytes(BIG + 1)}
    with studio(files) as served:
        yield served


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Studio]:
    """Serve what must not be asked for."""
    with studio({}) as served:
        yield served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, captchas: list[bytes]) -> Path:
    """Make the folder that Label Studio serves, and a file beside it."""
    root = tmp_path_factory.mktemp("root")
    (root / "secret.jpeg").write_bytes(captchas[0])
    (root / "served" / "captchas").mkdir(parents=True)
    (root / "served" / "captchas" / "a b.jpeg").write_bytes(captchas[2])
    (root / "served" / "link.jpeg").symlink_to(root / "secret.jpeg")
    return root / "served"


@pytest.fixture(scope="module")
def backend(label_studio: Studio, folder: Path) -> Iterator[httpx.Client]:
    """Ask a backend that reads images of both, as Label Studio does."""
    told = LabelStudioSettings(files=folder, url=label_studio.url, token=LEGACY)
    settings = Settings(models=("metu",), label_studio=told, limits=LIMITS)
    with (
        serving(settings) as served,
        httpx.Client(base_url=served.url, timeout=TIMEOUT, headers=HEADERS) as client,
    ):
        yield client


def data_uri(image: bytes) -> str:
    """Return an image as a task may hold it."""
    return f"data:image/jpeg;base64,{base64.b64encode(image).decode()}"


def predictions(client: httpx.Client, *images: object) -> list[dict[str, Any]]:
    """Return what tasks with these images are answered."""
    answer = client.post("/predict", json=predict(images))
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def texts(client: httpx.Client, *images: object) -> list[str | None]:
    """Return what was filled in for each, None where nothing was."""
    return [
        one["result"][0]["value"]["text"][0] if one["result"] else None
        for one in predictions(client, *images)
    ]


def test_it_is_connected(backend: httpx.Client) -> None:
    """Label Studio asks for its health, sets it up, and looks at its versions."""
    assert backend.get("/health").json()["status"] == "UP"
    version = backend.post("/setup", json=setup()).json()["model_version"]
    assert version.startswith("metu ")
    assert "captchascope" in version
    asked = backend.request("GET", "/versions", json={"project": "1.1764240000"})
    assert asked.json() == {"versions": [version]}


def test_a_project_without_a_field_for_the_text_is_refused_at_once(backend: httpx.Client) -> None:
    """Label Studio shows the error when the model is added, not when tasks are read."""
    answer = backend.post("/setup", json=setup("<View></View>"))
    assert answer.status_code == 422
    assert answer.json()["detail"] == "has no TextArea for an Image"


def test_a_reading_is_filled_in(
    backend: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """As the TextArea of the labelling interface takes it, with the confidence as the score."""
    version = backend.post("/setup", json=setup()).json()["model_version"]
    [found] = predictions(backend, data_uri(captchas[0]))
    assert 0.5 < found.pop("score") <= 1
    value = {"text": [labels[0]]}
    result = {"from_name": "label", "to_name": "image", "type": "textarea", "value": value}
    assert found == {"result": [result], "model_version": version}


def test_images_are_found_wherever_a_task_has_them(
    backend: httpx.Client, label_studio: Studio, captchas: list[bytes], labels: list[str]
) -> None:
    """In the task, uploaded, by the whole address of that, and in the folder of local files."""
    found = texts(
        backend,
        data_uri(captchas[3]),
        "/data/upload/1/1.jpeg",
        f"{label_studio.url}/data/upload/1/2.jpeg",
        "/data/local-files/?d=captchas/a%20b.jpeg",
    )
    assert found == [labels[3], labels[0], labels[1], labels[2]]


def test_what_cannot_be_read_is_left_empty_and_the_rest_is_read(
    backend: httpx.Client, captchas: list[bytes], labels: list[str]
) -> None:
    """More tasks than are held at once, and nearly all of them no good."""
    bad = [None, 7, "", "1.jpeg", "/data/upload/1/none.png", "/data/upload/1/gone.png", "http://["]
    found = texts(backend, *bad, "data:image/png;base64,%%%", data_uri(captchas[0]), *bad)
    assert found == [None] * 8 + [labels[0]] + [None] * 7


def test_no_other_host_is_asked(
    backend: httpx.Client, label_studio: Studio, elsewhere: Studio
) -> None:
    """By no spelling: the network holds much that a stranger may not see, and this machine can."""
    port = elsewhere.url.rpartition(":")[2]
    own = label_studio.url.removeprefix("http://")
    found = texts(
        backend,
        f"{elsewhere.url}/data/upload/1/1.jpeg",
        f"//127.0.0.1:{port}/data/upload/1/1.jpeg",
        f"http://{own}@127.0.0.1:{port}/data/upload/1/1.jpeg",
        f"http://{own}\\@127.0.0.1:{port}/data/upload/1/1.jpeg",
        f"http://localhost:{port}/data/local-files/?d=captchas/a%20b.jpeg",
        f"@127.0.0.1:{port}/data/upload/1/1.jpeg",
        f"http://xn--a:{port}/data/upload/1/1.jpeg",  # is the name of no host
        "ftp://127.0.0.1/1.jpeg",
        "file:///etc/hostname",
        "s3://bucket/1.jpeg",
    )
    assert found == [None] * 10
    assert elsewhere.asked == []


def test_no_redirect_is_followed(backend: httpx.Client, label_studio: Studio) -> None:
    """It could lead anywhere."""
    assert texts(backend, "/data/moved") == [None]
    assert label_studio.asked[-1] == "/data/moved"


@pytest.mark.parametrize(
    "path", ["../secret.jpeg", "captchas/../../secret.jpeg", "link.jpeg", "{}/secret.jpeg", "a%00b"]
)
def test_no_file_outside_the_folder_is_read(backend: httpx.Client, folder: Path, path: str) -> None:
    """Neither by a path nor by a link."""
    assert (folder.parent / "secret.jpeg").exists()
    assert texts(backend, f"/data/local-files/?d={path.format(folder.parent)}") == [None]


def test_an_image_that_is_too_large_is_not_taken_in(backend: httpx.Client) -> None:
    """What a server sends is limited as what it is sent."""
    assert texts(backend, "/data/upload/1/large.png") == [None]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/predict", b"{", 400),
        ("/predict", b"[]", 422),
        ("/predict", b'{"tasks": 1, "label_config": ""}', 422),
        ("/predict", b'{"tasks": [], "label_config": "<View></View>"}', 422),
        ("/setup", b"{}", 422),
        ("/webhook", b"{}", 422),
        ("/webhook", b'{"action": "ANNOTATION_CREATED", "task": {}}', 200),
        ("/webhook", b'{"action": "START_TRAINING", "project": {}}', 501),
        ("/train", b"{}", 501),
        ("/predict", b" " * (BIG + 1), 413),
    ],
)
def test_what_makes_no_sense_is_a_problem(
    backend: httpx.Client, path: str, body: bytes, status: int
) -> None:
    """And training is done elsewhere, which Label Studio is told where it asks for it."""
    answer = backend.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    if status == 501:
        assert "captchascope train" in answer.json()["detail"]


def test_a_label_that_is_accepted_comes_back(
    backend: httpx.Client, tmp_path: Path, captchas: list[bytes], labels: list[str]
) -> None:
    """The result of the prediction as that of an annotation, in an export, is read as the label."""
    (tmp_path / "1.jpeg").write_bytes(captchas[0])
    [found] = predictions(backend, "/data/upload/1/1.jpeg")
    exported = predict(["/data/upload/1/1.jpeg"])["tasks"]
    exported[0]["annotations"] = [{"id": 1, "was_cancelled": False, "result": found["result"]}]
    exported[0]["predictions"] = [found]
    file = tmp_path / "export.json"
    file.write_text(httpx.Request("POST", "http://x", json=exported).content.decode())
    assert parse_json(file.read_bytes()) == exported
    samples = read_dataset(tmp_path, labels_from=str(file)).samples
    assert [(sample.file, sample.label) for sample in samples] == [("1.jpeg", labels[0])]


def test_a_personal_token_and_a_password_and_a_reading_that_abstains(
    label_studio: Studio, captchas: list[bytes]
) -> None:
    """Label Studio shows our token as the password of Basic, and we show it a fresh one of its."""
    told = LabelStudioSettings(ReadOptions(min_confidence=1.0), None, label_studio.url, PERSONAL)
    token = "correct-horse-battery"
    settings = Settings(models=("metu",), label_studio=told, token=token)
    asked = len(label_studio.asked)
    with serving(settings) as served, httpx.Client(base_url=served.url, timeout=TIMEOUT) as client:
        assert client.get("/health").status_code == 401
        assert client.get("/health", auth=("anyone", "wrong")).status_code == 401
        client.auth = httpx.BasicAuth("anyone", token)
        assert client.get("/health").status_code == 200
        found = predictions(client, "/data/upload/1/1.jpeg", "/data/upload/1/2.jpeg")
        local = predictions(client, "/data/local-files/?d=captchas/a%20b.jpeg")
    assert [one["result"] for one in found] == [[], []]
    assert all(0.5 < one["score"] < 1 for one in found)
    assert local[0]["score"] == 0
    assert set(label_studio.asked[asked:]) == {
        "/api/token/refresh",
        "/data/local-files/?d=captchas/a%20b.jpeg",
        "/data/upload/1/1.jpeg",
        "/data/upload/1/2.jpeg",
    }


def test_it_answers_while_label_studio_waits(label_studio: Studio, captchas: list[bytes]) -> None:
    """With what it has by then, also where it waited for its turn; the rest has nothing."""
    told = LabelStudioSettings(url=label_studio.url, token=LEGACY, patience=1.0)
    limits = Limits(body=BIG, bodies=BIG)  # one image at once
    settings = Settings(models=("metu",), label_studio=told, limits=limits)
    with (
        serving(settings) as served,
        httpx.Client(base_url=served.url, timeout=TIMEOUT) as client,
        ThreadPoolExecutor(2) as threads,
    ):
        good = data_uri(captchas[0])
        first = threads.submit(predictions, client, good, "/data/late", good)
        second = threads.submit(predictions, client, "/data/late", good)
        assert [bool(one) for one in first.result(TIMEOUT)] == [True, False, False]
        assert not any(second.result(TIMEOUT))


def test_its_version_is_that_of_the_model_that_reads(tmp_path: Path) -> None:
    """Not of what its file holds by the time that it is first asked."""
    file = tmp_path / "mine.onnx"
    shutil.copy(model_path("metu"), file)
    version = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    settings = Settings(models=(str(file),), label_studio=LabelStudioSettings())
    with serving(settings) as served, httpx.Client(base_url=served.url, timeout=TIMEOUT) as client:
        file.unlink()
        answer = client.post("/setup", json=setup())
    assert answer.status_code == 200
    assert answer.json()["model_version"].startswith(f"mine {version}, ")


def test_the_config_is_the_one_that_is_written() -> None:
    """By ``convert``, beside the tasks."""
    from captchascope.data.formats import labelstudio

    assert CONFIG == labelstudio._CONFIG
