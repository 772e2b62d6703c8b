"""That the description of the API is true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from captchascope.web.api import document
from captchascope.web.settings import Limits, Settings
from web.serving import TIMEOUT, Served

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
