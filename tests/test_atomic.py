"""Atomic writes: whole or not there, however they end."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

import captchascope
from captchascope.atomic import atomic_file, atomic_folder, atomic_write
from captchascope.errors import OutputError
from captchascope.files import find_images, printable

SOURCE = Path(captchascope.__file__).parents[1]

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")

needs_dev_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def start(code: str, *args: str | Path) -> subprocess.Popen[str]:
    """Start a Python of its own that runs ``code``."""
    command = [sys.executable, "-c", code, *map(str, args)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def names(folder: Path) -> list[str]:
    """List everything in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def spoil(file: BinaryIO, error: type[BaseException]) -> None:
    """Fail midway."""
    file.write(b"new")
    raise error


@pytest.mark.parametrize("data", [b"\x00\r\n", "é\r\n"])
def test_written_as_given(tmp_path: Path, data: bytes | str) -> None:
    """Bytes and text arrive unchanged, over an older file too."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    atomic_write(path, data)
    assert path.read_bytes() == (data if isinstance(data, bytes) else data.encode())
    assert names(tmp_path) == ["out"]


def test_bytes_reach_the_disk_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the rename must not find an empty file under the name."""
    flushed: list[tuple[int, bool]] = []

    def fsync(descriptor: int) -> None:
        flushed.append((os.fstat(descriptor).st_size, (tmp_path / "out").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    atomic_write(tmp_path / "out", b"123")
    assert flushed[0] == (3, False)
    with atomic_folder(tmp_path / "folder") as folder:
        (folder / "1").write_bytes(b"1234567")
    assert 7 in [size for size, _ in flushed]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    """Whatever ends the block badly passes through, and nothing else remains."""
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_file(path) as file:
        spoil(file, error)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["out"]


def test_a_foreign_error_stays_itself(tmp_path: Path) -> None:
    """An input that is missing is not reported as an output."""
    with pytest.raises(FileNotFoundError), atomic_file(tmp_path / "out") as file:
        file.write((tmp_path / "in").read_bytes())


def test_a_block_may_close_the_file(tmp_path: Path) -> None:
    """A text wrapper that closes what it wraps does no harm."""
    with atomic_file(tmp_path / "out") as file, io.TextIOWrapper(file, "utf-8") as text:
        text.write("é")
    assert (tmp_path / "out").read_text("utf-8") == "é"


@pytest.mark.parametrize("name", ["", "file/out", "missing/out", "x" * 300, "nul\0"])
def test_an_impossible_place_is_an_output_error(tmp_path: Path, name: str) -> None:
    """The one line names the place and the remedy."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"\(.+\)$") as caught:
        atomic_write(tmp_path / name, b"")
    assert caught.value.where == printable(tmp_path / name)
    assert names(tmp_path) == ["file"]


def test_text_that_utf8_cannot_hold_is_an_output_error(tmp_path: Path) -> None:
    """Half a surrogate pair, as undecodable file names give it, is no traceback."""
    with pytest.raises(OutputError, match=r"UTF-8 has no \\udcff"):
        atomic_write(tmp_path / "out", "a\udcff")
    assert names(tmp_path) == []


@posix_only
def test_permissions(tmp_path: Path) -> None:
    """A new file gets the default ones, a replaced one keeps its own."""
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch()
    old.chmod(0o604)
    before = os.umask(0o027)
    try:
        atomic_write(new, b"")
        atomic_write(old, b"")
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (new, old)] == [0o640, 0o604]


@posix_only
def test_a_read_only_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renaming would replace it, but its owner protected it on purpose."""
    (tmp_path / "out").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="Permission denied"):
        atomic_write(tmp_path / "out", b"new")


@posix_only
def test_a_link_is_written_through(tmp_path: Path) -> None:
    """A link stays one, even to a file that is yet to be; a circle is an error."""
    (tmp_path / "folder").mkdir()
    link, circle = tmp_path / "link", tmp_path / "circle"
    link.symlink_to(Path("folder", "target"))
    circle.symlink_to(circle)
    atomic_write(link, b"1")
    atomic_write(link, b"2")
    assert link.is_symlink()
    assert (tmp_path / "folder" / "target").read_bytes() == b"2"
    with pytest.raises(OutputError, match="circle"):
        atomic_write(circle, b"1")


@needs_dev_full
@pytest.mark.parametrize("size", [1, 100_000])
def test_a_full_device_is_an_output_error(size: int) -> None:
    """Whether the write itself fails or only the last flush."""
    with pytest.raises(OutputError, match=r"^/dev/full: .*No space left.*\(free some space"):
        atomic_write("/dev/full", bytes(size))
    assert Path("/dev/full").is_char_device()


@posix_only
def test_standard_output_is_written_to_directly(tmp_path: Path) -> None:
    """Even where it is a file that others write to as well."""
    code = "from captchascope.atomic import atomic_write; atomic_write('/dev/stdout', b'two\\n')"
    path = tmp_path / "out"
    with path.open("wb") as file:
        file.write(b"one\n")
        file.flush()
        environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
        subprocess.run([sys.executable, "-c", code], stdout=file, env=environment, check=True)
    assert path.read_bytes() == b"one\ntwo\n"
    assert start(code).communicate()[0] == "two\n"


@posix_only
def test_a_closed_pipe_stays_a_broken_pipe() -> None:
    """The command line ends quietly on it, so it is no OutputError."""
    code = (
        "import os; from captchascope.atomic import atomic_write\n"
        "reading, writing = os.pipe()\n"
        "os.close(reading)\n"
        "try: atomic_write(f'/dev/fd/{writing}', b'1')\n"
        "except BrokenPipeError: print('broken')"
    )
    # A child that another thread of this process begins meanwhile would keep the pipe open.
    assert start(code).communicate()[0] == "broken\n"


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    """Not even SIGKILL midway shows half a file, nor is the rest taken for an image."""
    code = (
        "import sys, time; from captchascope.atomic import atomic_file\n"
        "with atomic_file(sys.argv[1]) as file:\n"
        "    file.write(bytes(100_000)); file.flush(); print('half', flush=True); time.sleep(60)"
    )
    path = tmp_path / "1.png"
    path.write_bytes(b"old")
    with start(code, path) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
        assert len(names(tmp_path)) == 2
        writer.kill()
    assert path.read_bytes() == b"old"
    assert find_images(tmp_path) == [path]


@pytest.mark.parametrize("writing", ["file.write(bytes(100_000))", "np.save(file, np.ones(9999))"])
def test_a_file_size_limit_is_an_output_error(tmp_path: Path, writing: str) -> None:
    """Where ``ulimit -f`` ends a file, be it numpy's, the error names it and nothing remains."""
    pytest.importorskip("resource")
    code = (
        "import resource, sys, numpy as np; from captchascope.atomic import *\n"
        "from captchascope.errors import OutputError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        f"    with atomic_file(sys.argv[1]) as file: {writing}\n"
        "except OutputError as error: print(error)"
    )
    output, _ = start(code, tmp_path / "out").communicate()
    assert output.startswith(f"{tmp_path / 'out'}: cannot be written: File too large (raise")
    assert names(tmp_path) == []


def test_a_folder_appears_when_it_is_complete(tmp_path: Path) -> None:
    """Missing parents are created, and nothing is there before the end."""
    target = tmp_path / "a" / "b"
    with atomic_folder(target) as folder:
        (folder / "0").mkdir()
        atomic_write(folder / "0" / "1.png", b"1")
        assert not target.exists()
    assert (target / "0" / "1.png").read_bytes() == b"1"
    assert [path.name for path in target.parent.iterdir()] == ["b"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    """A folder that is there and empty is taken, with its permissions."""
    target = tmp_path / "target"
    target.mkdir(mode=0o750)
    with atomic_folder(target) as folder:
        atomic_write(folder / "1", b"")
    assert [path.name for path in target.iterdir()] == ["1"]
    if os.name == "posix":
        assert target.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("name", ["full", "file", "file/folder", ".", "x" * 300, "nul\0"])
def test_a_folder_that_is_there_is_left_alone(tmp_path: Path, name: str) -> None:
    """A full folder, a file and an impossible name are refused, and nothing changes."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / ".hidden").touch()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"\(.+\)$"), atomic_folder(tmp_path / name):
        pytest.fail("the block must not begin")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


def test_the_current_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replacing it would leave the user's shell in a folder that is gone."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="current folder"), atomic_folder("."):
        pytest.fail("the block must not begin")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, ConnectionError])
def test_a_failure_leaves_no_folder(tmp_path: Path, error: type[BaseException]) -> None:
    """Whatever ends the block badly passes through; an empty folder stays empty."""
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(error), atomic_folder(target) as folder, (folder / "1").open("wb") as file:
        spoil(file, error)
    assert list(tmp_path.rglob("*")) == [target]


def test_errors_name_the_folder_that_was_asked_for(tmp_path: Path) -> None:
    """The temporary name is in no message."""
    target = tmp_path / "target"
    with pytest.raises(OutputError) as ours, atomic_folder(target) as folder:
        atomic_write(folder / "missing" / "1", b"")
    assert ours.value.where == str(target / "missing" / "1")
    with pytest.raises(OutputError) as systems, atomic_folder(target) as folder:
        (folder / "missing" / "1").touch()
    assert systems.value.where == str(target / "missing" / "1")


def test_a_full_disk_needs_no_name(tmp_path: Path) -> None:
    """Writers that only say ENOSPC are reported under the folder."""
    target = tmp_path / "target"
    with pytest.raises(OutputError, match="free some space") as caught, atomic_folder(target):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.where == str(target)


def test_a_folder_that_fills_up_meanwhile_is_kept(tmp_path: Path) -> None:
    """Two writers of one folder: the first wins, the second is told."""
    first = tmp_path / "target" / "first"
    with pytest.raises(OutputError, match="not empty"), atomic_folder(first.parent):
        first.mkdir(parents=True)
    assert sorted(tmp_path.rglob("*")) == [first.parent, first]
