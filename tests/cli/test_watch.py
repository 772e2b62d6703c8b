"""captchascope watch: what arrives is read once it is whole, and again once it is replaced."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from PIL import Image

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

    def error(self) -> str:
        """Wait for a line on stderr, and return it."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().decode().rstrip("\n")


def write_in_halves(watch: Watch, name: str) -> None:
    """Write the first image as a file of ``incoming``, its second half once the first had settled.

    That the second image is read, which came meanwhile, tells that it had.
    """
    data = Path("captchas/1.jpeg").read_bytes()
    with Path("incoming", name).open("wb", buffering=0) as file:
        file.write(data[: len(data) // 2])
        shutil.copy("captchas/2.jpeg", "incoming/2.jpeg")
        assert watch.row() == ["incoming/2.jpeg", text(2)]  # the half had as long to settle
        file.write(data[len(data) // 2 :])


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
    watch = Watch("--count", "2", "--patience", "1h")
    write_in_halves(watch, "1.jpeg")
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


@pytest.mark.parametrize(("folder", "named"), [("nowhere", "nowhere"), ("", "DIR")])
def test_no_folder_is_an_error(cli: Cli, folder: str, named: str) -> None:
    """Said before the model is opened; an empty name is not the folder that one is in."""
    done = cli("watch", folder)
    assert (done.status, done.errors) == (
        1,
        [f"captchascope: {named}: is no folder (name the folder to watch)"],
    )


def test_folders_are_in_the_order_of_read(cli: Cli) -> None:
    """By each name of a path, so that a blank does not come before the end of a name."""
    for folder in ("a", "a b"):
        Path("captchas", folder).mkdir()
        shutil.copy("captchas/1.jpeg", f"captchas/{folder}/1.jpeg")
    done = cli("watch", "captchas", "--existing", "--count", "14", "-q")
    assert done.out == cli("read", "captchas").out


def test_what_is_renamed_in_the_end_is_read_then(cli: Cli) -> None:
    """Whole or not: .part and the like are what programs have not finished."""
    watch = Watch("--count", "2", "--patience", "0.1s")
    write_in_halves(watch, "1.jpeg.part")
    Path("incoming/1.jpeg.part").rename("incoming/1.jpeg")
    assert watch.row() == ["incoming/1.jpeg", text(1)]
    done = ended(watch.process)
    assert (done.status, done.errors) == (0, [])


def test_what_is_no_image_is_not_waited_for(cli: Cli) -> None:
    """A log may grow for ever; nothing has come all the same."""
    watch = Watch("--until-idle", "1s")
    with Path("incoming/a.log").open("w", buffering=1) as log:
        for _ in range(200):  # twenty seconds
            if watch.process.poll() is not None:
                break
            log.write("one more line\n")
            time.sleep(0.1)
        else:
            pytest.fail("it waits for the log to end")
    assert ended(watch.process).status == 0


@pytest.mark.skipif(os.name != "posix", reason="needs that an open folder can be renamed")
def test_a_folder_may_go_and_come_back(cli: Cli) -> None:
    """That is said once; what was read is not read again, what came meanwhile is."""
    watch = Watch("--count", "2")
    shutil.copy("captchas/1.jpeg", "incoming/1.jpeg")
    assert watch.row() == ["incoming/1.jpeg", text(1)]
    Path("incoming").rename("gone")
    assert watch.error() == (
        "captchascope: incoming: cannot be read: No such file or directory "
        "(what it holds is read once it can be)"
    )
    shutil.copy("captchas/2.jpeg", "gone/2.jpeg")
    Path("gone").rename("incoming")
    assert watch.row() == ["incoming/2.jpeg", text(2)]
    done = ended(watch.process)
    assert (done.status, done.errors) == (1, [])


@pytest.mark.skipif(os.mkdir not in os.supports_dir_fd, reason="needs mkdir(dir_fd=...)")
def test_a_folder_that_cannot_be_read_keeps_no_other_from_it(cli: Cli) -> None:
    """Here one whose path is too long; it is said once."""
    watch = Watch("--count", "1")
    where = os.open("incoming", os.O_RDONLY)
    for _ in range(17):  # 4,250 characters
        os.mkdir("a" * 250, dir_fd=where)
        above, where = where, os.open("a" * 250, os.O_RDONLY, dir_fd=where)
        os.close(above)
    os.close(where)
    assert "File name too long" in watch.error()
    shutil.copy("captchas/1.jpeg", "incoming/1.jpeg")
    assert watch.row() == ["incoming/1.jpeg", text(1)]
    done = ended(watch.process)
    assert (done.status, done.errors) == (1, [])


def test_what_could_not_be_read_is_read_when_its_permissions_change(cli: Cli) -> None:
    """And what could be is not."""
    watch = Watch("--count", "4", "--patience", "0.1s")
    shutil.copy("captchas/1.jpeg", "incoming/1.jpeg")
    assert watch.row() == ["incoming/1.jpeg", text(1)]
    bad = Path("incoming/bad.jpeg")
    bad.write_bytes(b"no image")
    for mode in (0o600, 0o640):
        assert watch.error().startswith("captchascope: incoming/bad.jpeg: ")
        for path in (Path("incoming/1.jpeg"), bad):
            path.chmod(mode)
    assert watch.error().startswith("captchascope: incoming/bad.jpeg: ")
    assert ended(watch.process).out == ""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX pipes")
def test_it_ends_when_nobody_reads_its_rows(cli: Cli) -> None:
    """Though nothing comes that it could have found it out by."""
    watch = Watch()
    assert watch.process.stdout is not None
    watch.process.stdout.close()
    assert ended(watch.process).status == 0


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_ends_it(cli: Cli) -> None:
    """With the status of an interrupt, and what is to be said of all rows that were there."""
    watch = Watch()
    shutil.copy("captchas/1.jpeg", "incoming/1.jpeg")
    assert watch.row() == ["incoming/1.jpeg", text(1)]
    frames = [Image.new("L", (90, 30), level) for level in (0, 255)]
    frames[0].save("incoming/.2.gif", save_all=True, append_images=frames[1:])
    Path("incoming/.2.gif").rename("incoming/2.gif")
    assert watch.row()[0] == "incoming/2.gif"
    watch.process.send_signal(signal.SIGINT)
    done = ended(watch.process)
    assert (done.status, done.errors[0][:11], done.errors[-1]) == (
        130,
        "1 animation",
        "captchascope: interrupted: nothing is left half done",
    )
