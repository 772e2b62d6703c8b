"""captchascope collect: what it says, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="needs the extra 'collect'")

from cli.commands import TIMEOUT, Cli, Done, ended, one_line, start
from collect.sites import Answer, images, png, serve


def test_the_last_line_counts(cli: Cli) -> None:
    """On stderr, and not with -q; the command can be given again."""
    with serve(images()) as site:
        assert cli("collect", f"{site.root}/x", "made", "--count", 3) == Done(
            0,
            "",
            "3 images in made: 3 new, 0 already there, 0 repeats skipped, "
            "0 refused as no image, 0 retries\n",
        )
        assert cli("collect", f"{site.root}/x", "made", "--count", 5, "-q") == Done(0, "", "")
    assert sorted(path.name for path in Path("made").glob("*.png")) == [
        *("1.png", "2.png", "3.png", "4.png", "5.png"),
    ]


def test_who_allowed_it_is_kept(cli: Cli) -> None:
    """In the table."""
    with serve(images()) as site:
        who = 'Ada, "the registrar"'
        assert cli("collect", site.root, "made", "--count", 1, "--authorised", who).status == 0
    assert Path("made/collected.csv").read_text().endswith(',200,"Ada, ""the registrar"""\n')


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["http://example.org/", "made"], "--authorised: is needed, as example.org is not this"),
        (["http://192.168.0.1/", "made", "--authorised", " "], "--authorised: is needed"),
        (["file:///etc/passwd", "made"], "file:///etc/passwd: is no address of the web ("),
        (["http://a:b@127.0.0.1/", "made"], "http://127.0.0.1/: holds a user name or a password"),
        (["http://127.0.0.1/", "made", "--count", "0"], "--count: must be at least 1, not 0 ("),
        (["http://127.0.0.1/", "made", "--delay", "-1"], "--delay: must be 0 s or more, not -1 ("),
        (["http://127.0.0.1/", "made", "--delay", "x"], "collect: invalid value for"),
        (["http://127.0.0.1/", "made", "--browser"], "--browser: needs --selector ("),
        (["http://127.0.0.1/", "made", "--selector", "#"], "--selector: is no CSS selector: # ("),
        (["http://127.0.0.1/"], "collect: missing argument 'DIR' ("),
    ],
)
def test_wrong_usage_makes_no_folder(cli: Cli, arguments: list[str], begins: str) -> None:
    """Nor a connection."""
    count = [] if "--count" in arguments else ["--count", "3"]
    assert one_line(cli("collect", *arguments, *count), 2).startswith(begins)
    assert not Path("made").exists()


@pytest.mark.parametrize(
    ("answer", "begins"),
    [
        (Answer(status=302, headers={"Location": "http://example.org/"}), "/x: redirects to anot"),
        (Answer(endless=b"x" * 65536), "/x: is larger than 8,388,608 bytes ("),
        (Answer(b"<html>"), "/x: gave no image time after time; at last it is an HTML page"),
    ],
)
def test_a_site_that_gives_no_image_is_one_line(cli: Cli, answer: Answer, begins: str) -> None:
    """It names the URL, and what to do."""
    none = Answer(status=404)
    with serve(lambda path: answer if path == "/x" else none) as site:
        line = one_line(cli("collect", f"{site.root}/x", "made", "--count", 3, "-q"), 1)
    assert line.removeprefix(site.root).startswith(begins)


def test_what_was_stored_is_counted_before_the_error(cli: Cli) -> None:
    """So that one knows how far it went."""
    with serve(lambda path: Answer(png(1) if path == "/x" else b"")) as site:
        done = cli("collect", f"{site.root}/x", "made", "--count", 3)
    assert (done.status, done.out) == (1, "")
    counted, error = done.errors
    assert counted.startswith("1 images in made: 1 new, 0 already there, 50 repeats skipped, ")
    assert error.endswith("(it may have no others; see what it shows)")


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_interrupted_keeps_everything(place: Path, number: int, status: int) -> None:
    """The table and the folder agree."""
    with serve(images()) as site:
        process = start("collect", f"{site.root}/x", "made", "--count", 100_000)
        until = time.monotonic() + TIMEOUT
        while not (place / "made" / "5.png").exists():
            assert process.poll() is None, ended(process)
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(number)
        done = ended(process)
        assert done.status == status, done
        counted = re.match(r"(\d+) images in made: ", done.errors[0])
        assert counted
        stored = len(list(Path("made").glob("*.png")))
        assert stored - int(counted[1]) in (0, 1)  # the signal may come before it is counted
        assert ended(start("collect", f"{site.root}/x", "made", "--count", stored)).status == 0
    assert len(Path("made/collected.csv").read_text().splitlines()) == stored + 1


@pytest.mark.parametrize("package", ["httpx", "filelock", "protego", "selectolax", "stamina"])
def test_without_its_packages(cli: Cli, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is what mends it."""
    monkeypatch.setitem(sys.modules, package, None)
    line = one_line(cli("collect", "http://127.0.0.1/", "made", "--count", 3), 1)
    assert line.endswith("(pip install 'captchascope[collect]')")


def test_without_playwright(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is an extra of its own."""
    monkeypatch.setitem(sys.modules, "playwright", None)
    arguments = ("made", "--count", 3, "--browser", "--selector", "img")
    line = one_line(cli("collect", "http://127.0.0.1/", *arguments), 1)
    assert line == (
        "collect --browser: needs the packages of the extra 'browser' "
        "(pip install 'captchascope[browser]')"
    )
