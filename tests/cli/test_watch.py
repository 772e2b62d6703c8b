"""captchascope watch: what arrives is read once it is whole, and again once it is replaced."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from cli.commands import Cli, ended, start, text


class Watch:
    """A watch of the folder ``incoming`` that has begun."""

    def __init__(self, *arguments: str) -> None:
        Path("incoming").mkdir()
        self.process = start("watch", "incoming", *arguments, session=True)
        assert self.process.stderr is not None
        assert b"watching incoming" in self.process.stderr.readline()

    def row(self) -> list[str]:
        """Wait for a row, and return its path and text."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().rstrip("\n").split("\t")[:2]


def test_what_is_there_and_what_comes_is_read_as_read_does(cli: Cli) -> None:
    """With --existing, in natural order, the rows are the same to the byte."""
    done = cli("watch", "captchas", "--existing", "--count", "12", "-q")
    assert (done.status, done.out) == (0, cli("read", "captchas").out)


def test_what_is_there_already_is_not_read(cli: Cli) -> None:
    """Unless it is asked for; and nothing coming ends it."""
    done = cli("watch", "captchas", "--until-idle", "1s", "-q")
    assert (done.status, done.out) == (0, "")


def test_a_half_written_file_is_read_when_it_is_whole(cli: Cli) -> None:
    """Its first half alone has settled by the time at which the rest is written."""
    data = Path("captchas/1.jpeg").read_bytes()
    watch = Watch("--count", "2", "--patience", "1h")
    with Path("incoming/1.jpeg").open("wb", buffering=0) as file:
        file.write(data[: len(data) // 2])
        shutil.copy("captchas/2.jpeg", "incoming/2.jpeg")
        assert watch.row() == ["incoming/2.jpeg", text(2)]  # the half had as long to settle
        file.write(data[len(data) // 2 :])
    assert watch.row() == ["incoming/1.jpeg", text(1)]
    assert ended(watch.process).status == 0


def test_a_replaced_file_is_read_again(cli: Cli) -> None:
    """Also by a rename over it, as careful programs write."""
    watch = Watch("--count", "2")
    for number in (1, 2):
        shutil.copy(f"captchas/{number}.jpeg", "incoming/.new")
        Path("incoming/.new").replace("incoming/a.jpeg")
        assert watch.row() == ["incoming/a.jpeg", text(number)]
    assert ended(watch.process).status == 0


def test_a_broken_file_is_an_error_in_the_end(cli: Cli) -> None:
    """Once; the status is that of read."""
    Path("captchas/2.jpeg").write_bytes(b"no image")
    done = cli("watch", "captchas", "--existing", "--count", "12", "-q", "--patience", "1s")
    assert (done.status, len(done.rows), len(done.errors)) == (1, 11, 1)


def test_no_folder_is_an_error(cli: Cli) -> None:
    """Said before the model is opened."""
    done = cli("watch", "nowhere")
    assert (done.status, done.errors) == (
        1,
        ["captchascope: nowhere: is no folder (name the folder to watch)"],
    )


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_ends_it(cli: Cli) -> None:
    """With the status of an interrupt, after the rows that were there."""
    watch = Watch()
    shutil.copy("captchas/1.jpeg", "incoming/1.jpeg")
    assert watch.row() == ["incoming/1.jpeg", text(1)]
    watch.process.send_signal(signal.SIGINT)
    done = ended(watch.process)
    assert (done.status, done.errors) == (
        130,
        ["captchascope: interrupted: nothing is left half done"],
    )
