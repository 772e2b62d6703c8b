"""One server that most tests ask, and captchas to ask it about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from captchascope.generate import draw_captcha
from captchascope.web.settings import Settings
from web.serving import TIMEOUT, Served, serving

SEED = 990_101


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """Serve two models to everybody; nobody may stop it."""
    with serving(Settings(models=("metu", "metu-glyphs"), echo=True)) as server:
        yield server


@pytest.fixture(scope="session")
def client(served: Served) -> Iterator[httpx.Client]:
    """Keep a connection to it."""
    with httpx.Client(base_url=served.url, timeout=TIMEOUT) as connection:
        yield connection


@pytest.fixture(scope="session")
def captchas() -> list[bytes]:
    """Draw a dozen captchas."""
    return [draw_captcha("metu", SEED, number).jpeg() for number in range(1, 13)]


@pytest.fixture(scope="session")
def labels() -> list[str]:
    """Tell what they say."""
    return [draw_captcha("metu", SEED, number).label for number in range(1, 13)]


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """Write a token that nobody else may read."""
    path = tmp_path / "token.txt"
    path.touch(mode=0o600)
    path.write_text("correct-horse-battery\n")
    return path
