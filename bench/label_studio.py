"""Have a real Label Studio ask the backend, and take the labels back by its export.

    python -m venv studio && studio/bin/pip install label-studio
    PYTHONPATH=src python bench/label_studio.py studio/bin/label-studio

Label Studio is no dependency of captchascope, and its first start takes minutes. Everything is done
as its pages do it: a project, an upload, a model that is connected, "Retrieve Predictions", labels
that are accepted, an export; and ``convert`` reads that.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from captchascope.data.dataset import read_dataset
from captchascope.data.formats.labelstudio import CONFIG
from captchascope.generate import write_folder

_SEED = 990_701
_LEGACY = "f" * 40
_PATIENCE = 900  # seconds that the first start may take
_CLOSED = {
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "ML_BLOCK_LOCAL_IP": "false",  # else no model of this machine may be asked,
    "USE_DEFAULT_BANNED_SUBNETS": "false",  # and no webhook of it made, without which no model is
}


def main() -> None:
    """Run it all, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=Path, help="label-studio, in an environment of its own")
    parser.add_argument("--count", type=int, default=100, help="how many captchas")
    asked = parser.parse_args()
    with TemporaryDirectory() as place:
        folder = Path(place)
        write_folder("metu", folder / "captchas", asked.count, _SEED)
        with _label_studio(asked.program.resolve(), folder) as studio:
            for kind, token in (("legacy", _LEGACY), ("personal", _personal(studio))):
                (folder / kind).touch(mode=0o600)
                (folder / kind).write_text(token)
                with _backend(folder / kind, str(studio.base_url)) as backend:
                    print(f"{kind} token: {_round(studio, backend, folder)}")


def _round(studio: httpx.Client, backend: str, folder: Path) -> str:
    """Have a project pre-filled and its labels exported, and return what came of it."""
    captchas = folder / "captchas"
    project = _project(studio, folder)
    for path in sorted(captchas.glob("*.jpeg")):
        file = {"file": (path.name, path.read_bytes(), "image/jpeg")}
        _ok(studio.post(f"/api/projects/{project}/import", files=file))
    _ok(studio.post("/api/ml", json={"url": backend, "project": project, "title": "captchascope"}))
    begun = time.perf_counter()
    everything = {"selectedItems": {"all": True, "excluded": []}}
    action = f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}"
    _ok(studio.post(action, json=everything))
    seconds = time.perf_counter() - begun
    predicted = _ok(studio.get("/api/predictions", params={"project": project})).json()
    for one in predicted:
        accepted = {"result": one["result"]}
        _ok(studio.post(f"/api/tasks/{one['task']}/annotations", json=accepted))
    told = {"exportType": "JSON", "download_all_tasks": "true"}
    exported = folder / "export.json"
    exported.write_bytes(_ok(studio.get(f"/api/projects/{project}/export", params=told)).content)
    right = {sample.file: sample.label for sample in read_dataset(captchas).samples}
    found = read_dataset(captchas, labels_from=str(exported)).samples
    same = sum(right[sample.file] == sample.label for sample in found)
    versions = {one["model_version"] for one in predicted}
    return (
        f"{len(predicted)} predictions of {len(right)} tasks in {seconds:.1f} s by {versions}, "
        f"{len(found)} labels read from the export, {same} of them right"
    )


def _project(studio: httpx.Client, folder: Path) -> int:
    """Return a new project with the labelling interface that ``convert`` writes."""
    made = folder / "converted"
    if not made.exists():
        command = [sys.executable, "-m", "captchascope", "convert", str(folder / "captchas")]
        subprocess.run([*command, "--to", "label-studio", str(made), "-q"], check=True)
    config = (made / CONFIG).read_text(encoding="utf-8")
    new = {"title": "captchas", "label_config": config}
    return int(_ok(studio.post("/api/projects", json=new)).json()["id"])


def _personal(studio: httpx.Client) -> str:
    """Return a personal access token."""
    return str(_ok(studio.post("/api/token/")).json()["token"])


@contextmanager
def _label_studio(program: Path, folder: Path) -> Iterator[httpx.Client]:
    """Start Label Studio, and return what asks it as its first user."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    user = ["--username", "one@example.com", "--password", "correct-horse", "--user-token", _LEGACY]
    command = [str(program), "start", "--no-browser", "--port", str(port)]
    command += ["--data-dir", str(folder / "data")]
    process = subprocess.Popen(
        [*command, *user, "--enable-legacy-api-token"],
        env={**os.environ, **_CLOSED, "PYTHONPATH": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        headers = {"Authorization": f"Token {_LEGACY}"}
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
            ends = time.monotonic() + _PATIENCE
            while not _is_up(client):
                if process.poll() is not None or time.monotonic() > ends:
                    raise SystemExit("Label Studio does not start")
                time.sleep(1)
            yield client
    finally:
        process.terminate()
        process.wait()


def _is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def _backend(token: Path, url: str) -> Iterator[str]:
    """Serve the backend, and return its address."""
    command = [sys.executable, "-m", "captchascope", "label-studio", "--port", "0"]
    command += ["--model", "metu", "--label-studio-url", url]
    command += ["--label-studio-token-file", str(token)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().rsplit(maxsplit=1)[-1].rstrip("/")
        finally:
            process.terminate()


def _ok(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise SystemExit(f"{response.request.url}: {response.status_code} {response.text[:500]}")
    return response


if __name__ == "__main__":
    main()
