"""What the server refuses to be started with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from captchascope.errors import UsageError
from captchascope.web.settings import LabelSettings, Settings, is_loopback, read_token


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost"])
def test_on_loopback_no_token_is_needed(host: str) -> None:
    """However it is written."""
    assert is_loopback(host)
    assert Settings(host=host).token is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org", "", "127.0.0.1.x"])
def test_anywhere_else_one_is(host: str) -> None:
    """Nobody opens a server to others by mistake."""
    assert not is_loopback(host)
    with pytest.raises(UsageError, match="--token-file"):
        Settings(host=host)
    assert Settings(host=host, token="correct-horse-battery").host == host


def test_one_folder_is_labelled_by_one_process(tmp_path: Path) -> None:
    """Two would not know what the other has lent to whom."""
    with pytest.raises(UsageError, match="workers: "):
        Settings(label=LabelSettings(tmp_path), workers=2)


def test_the_token_is_the_first_line_stripped(token_file: Path) -> None:
    """What an editor or echo adds does no harm."""
    token_file.write_text("  correct-horse-battery \r\nsecond line\n")
    assert read_token(token_file) == "correct-horse-battery"


def test_the_token_is_in_no_representation(token_file: Path) -> None:
    """So that no log or traceback shows it."""
    assert "correct-horse" not in repr(Settings(token=read_token(token_file)))


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such permissions there")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o666])
def test_a_token_that_others_may_read_or_write_is_refused(token_file: Path, mode: int) -> None:
    """The remedy is the command that mends it."""
    token_file.chmod(mode)
    with pytest.raises(UsageError, match="chmod 600"):
        read_token(token_file)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such permissions there")
def test_a_credential_of_systemd_may_look_as_if_its_group_could_read_it(
    token_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since 254, with a dynamic user: 0440, in a folder of the service's own. None but that."""
    token_file.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(token_file.parent))
    assert read_token(token_file) == "correct-horse-battery"
    token_file.chmod(0o444)
    with pytest.raises(UsageError, match="chmod 600"):
        read_token(token_file)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"short\n", b"with spaces in between\n", b"\xff" * 32, b"x" * 5000]
)
def test_what_is_no_good_token_is_refused(token_file: Path, content: bytes) -> None:
    """Too short to be safe, too long to be one, or of characters that no header holds."""
    token_file.write_bytes(content)
    with pytest.raises(UsageError, match="token"):
        read_token(token_file)


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As an error, with its path."""
    with pytest.raises(UsageError, match=r"none\.txt"):
        read_token(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("hosts", "https://captcha.example"),
        ("hosts", "captcha.example/x"),
        ("hosts", "captcha.example:port"),
        ("hosts", ""),
        ("hosts", "a@b"),
        ("proxies", "localhost"),
        ("proxies", "10.0.0.1/8"),
        ("proxies", "*"),
        ("proxies", ""),
        ("root_path", "captcha"),
        ("root_path", "/captcha/"),
        ("root_path", "/a//b"),
        ("root_path", "/../x"),
        ("root_path", "/a b"),
        ("root_path", "/label"),
        ("root_path", "/static/captcha"),
    ],
)
def test_what_cannot_be_meant_of_a_proxy_is_refused(what: str, value: str) -> None:
    """With what to write instead."""
    given: dict[str, Any] = {
        "hosts": frozenset({value}),
        "proxies": (value,),
        "root_path": value,
    }
    with pytest.raises(UsageError, match=f"{what}: .*write ") as caught:
        Settings(**{what: given[what]})
    assert caught.value.where == what
