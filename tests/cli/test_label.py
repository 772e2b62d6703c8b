"""captchascope label: how it begins and ends; tests/web/label has what happens in between."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from cli.commands import ROOT, TIMEOUT, ended, one_line, start

pytest.importorskip("fastapi", reason="needs the extra 'web'")

SAID = re.compile(r"label at (http://127\.0\.0\.1:\d+/label)\n")


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_it_serves_until_it_is_interrupted(place: Path) -> None:
    """It says where; Ctrl-C ends it like any command, and the store is left whole."""
    shutil.copy(ROOT / "examples" / "1.jpeg", "1.jpeg")
    process = start("label", ".", "--port", 0, "--no-retrain")
    assert process.stdout is not None
    said = SAID.fullmatch(process.stdout.readline().decode())
    assert said, ended(process)
    with urllib.request.urlopen(said[1], timeout=TIMEOUT) as page:
        assert b"<h1" in page.read()
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.status, done.out) == (130, "")
    assert done.errors[-1] == "captchascope: interrupted: nothing is left half done"
    assert "labels: none yet" in done.errors
    assert not [path.name for path in place.iterdir() if path.name.endswith(("-wal", "-shm"))]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_it_answers_while_it_says_which_labels_there_are(place: Path) -> None:
    """That takes long over many images; here nobody takes what it says on stderr for a while."""
    shutil.copy(ROOT / "examples" / "1.jpeg", "1.jpeg")
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"\n")
    os.set_blocking(writing, True)
    command = [sys.executable, "-m", "captchascope", "label", ".", "--port", "0", "--no-retrain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=writing) as process:
        os.close(writing)
        assert process.stdout is not None
        said = SAID.fullmatch(process.stdout.readline().decode())
        try:
            assert said
            with urllib.request.urlopen(said[1], timeout=TIMEOUT) as page:
                assert b"<h1" in page.read()
        except BaseException:
            process.kill()
            raise
        with os.fdopen(reading, "rb") as lines:
            process.terminate()
            assert b"labels: none yet\n" in lines.read()
    assert process.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_labels_that_are_there_are_taken_over_as_it_is_told(place: Path) -> None:
    """The options of labels reach what is stored, and where they are from is said."""
    shutil.copy(ROOT / "examples" / "1.jpeg", "1.jpeg")
    Path("others.csv").write_text("picture,read,raw\n1.jpeg,9 6 4,x y\n")
    options = ["--labels-from", "others.csv", "--label-column", "read", "--strip-spaces"]
    process = start("label", ".", "--port", 0, "--no-retrain", *options)
    assert process.stdout is not None
    said = SAID.fullmatch(process.stdout.readline().decode())
    assert said, ended(process)
    with urllib.request.urlopen(said[1], timeout=TIMEOUT):
        pass
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert Path("labels.csv").read_text().splitlines() == ["file,label,raw", "1.jpeg,964,x y"]
    told = "labels: from others.csv, columns 'picture' and 'read', `964` of `1.jpeg`; 1 of"
    assert told in done.err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nowhere"], 1, "nowhere: cannot be read: No such file or directory"),
        (["file"], 1, "file: cannot be read: Not a directory"),
        (["empty"], 1, "empty: holds no images (known are .apng"),
        (["images", "--model", "nope"], 1, "nope: no such model"),
        (["images", "--host", "0.0.0.0"], 2, "--host: 0.0.0.0 lets others in without a token"),
        (["images", "--overlap", "150%"], 2, "'150%' is no share; write 5% or 0.05"),
        (["images", "--overlap", "half"], 2, "'half' is no share; write 5% or 0.05"),
        (["images", "--retrain", "3"], 2, "3 is not in the range x>=10"),
        (["images", "--time-limit", "soon"], 2, "soon"),
        (["images", "--charset", "9-0"], 2, "--charset: 9-0 is a range backwards (write 0-9)"),
    ],
)
def test_what_cannot_be_labelled_is_said_at_once(
    place: Path, arguments: list[str], status: int, said: str
) -> None:
    """In one line, before anything is served or written."""
    for folder in ("empty", "images"):
        (place / folder).mkdir()
    (place / "file").touch()
    shutil.copy(ROOT / "examples" / "1.jpeg", "images/1.jpeg")
    assert said in one_line(ended(start("label", "--port", "0", *arguments)), status)
    assert [path.name for path in (place / "images").iterdir()] == ["1.jpeg"]
