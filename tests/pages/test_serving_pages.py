"""The pages on servers: they are started, asked as the pages show, and ended."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pages.making import captchas
from pages.walk import Walker, walking
from shown import ROOT

pytest.importorskip("fastapi", reason="needs the extra 'web'")


@pytest.fixture(autouse=True)
def curl() -> None:
    """Skip where there is none of the programs that the pages ask with."""
    for program in ("bash", "curl", "openssl"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")


def images(walker: Walker) -> None:
    """Put the files there that are sent."""
    for name, number in (("captcha", 1), ("1", 1), ("2", 2)):
        shutil.copy(ROOT / "examples" / f"{number}.jpeg", walker.place / f"{name}.jpeg")
    walker.env["CAPTCHASCOPE_BUILD"] = "3512285"


def test_serving(tmp_path: Path) -> None:
    """Images in each form, health, a token, and what a proxy asks for."""
    with walking(tmp_path) as walker:
        walker.walk("serving.md", {"": images})


def served(walker: Walker) -> None:
    """Start the server that the page presumes."""
    images(walker)
    walker.served("captchascope serve", 8000, "")


def token(walker: Walker, name: str) -> None:
    """Write a token, for oneself alone."""
    file = walker.place / name
    file.write_text("0123456789abcdef0123456789abcdef\n", encoding="utf-8")
    file.chmod(0o600)


def labelled(walker: Walker) -> None:
    """Start a server of labels, in the place of the other one."""
    captchas()(walker)
    token(walker, "token.txt")
    walker.served("captchascope label captchas --token-file token.txt", 8000, "")


def test_operating(tmp_path: Path) -> None:
    """What a server says of its health, and a copy of labels."""
    with walking(tmp_path) as walker:
        walker.walk("operating.md", {"": served, "curl -fsS": labelled})
        assert [*walker.place.glob("labels-*.sqlite")] != []


def test_the_app(tmp_path: Path) -> None:
    """Both of its commands."""
    with walking(tmp_path) as walker:
        walker.walk("app.md", {"": captchas()})


def test_labelling(tmp_path: Path) -> None:
    """The server, of a folder without labels."""
    with walking(tmp_path) as walker:
        walker.walk("labelling.md", {"": captchas(labelled=False)})


def test_label_studio(tmp_path: Path) -> None:
    """The backend, with files and with an address."""
    pytest.importorskip("httpx", reason="needs the extra 'label-studio'")
    with walking(tmp_path) as walker:
        walker.walk("label-studio.md", {"": lambda walker: token(walker, "studio.txt")})
