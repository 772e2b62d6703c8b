"""What is kept of an audit under way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("filelock")

from captchascope.audit.figures import Picture
from captchascope.audit.store import Kept, open_store
from captchascope.errors import OutputError

PICTURE = Kept(Picture("cGl4ZWxz", "some pixels"), 1.5)


def test_what_was_measured_is_found_again(tmp_path: Path) -> None:
    """By the same audit, with the time that it took."""
    with open_store(tmp_path / "report.html") as store:
        assert not store.begin({"seed": 1})
        store.put("picture", PICTURE)
    with open_store(tmp_path / "report.html") as store:
        assert store.begin({"seed": 1})
        assert store.get("picture", Picture) == PICTURE


def test_another_audit_begins_anew(tmp_path: Path) -> None:
    """Nothing of other images or another seed counts."""
    with open_store(tmp_path / "report.html") as store:
        store.begin({"seed": 1})
        store.put("picture", PICTURE)
        assert not store.begin({"seed": 2})
        assert store.get("picture", Picture) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"measured": {}}', '{"seconds": 1}', "null"])
def test_what_is_damaged_is_measured_again(tmp_path: Path, text: str) -> None:
    """A file that holds no measurement counts as none."""
    with open_store(tmp_path / "report.html") as store:
        store.begin({})
        (tmp_path / "report.html.run" / "measured-picture.json").write_text(text, "utf-8")
        assert store.get("picture", Picture) is None


def test_two_audits_do_not_write_one_report(tmp_path: Path) -> None:
    """The second is told of the first, which another process may hold."""
    code = (
        "import sys; from pathlib import Path; from captchascope.audit.store import open_store\n"
        "with open_store(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    report = tmp_path / "report.html"
    command = [sys.executable, "-c", code, str(report)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as other:  # type: ignore[call-overload]
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match="another audit"), open_store(report):
            pass
        other.stdin.close()
    with open_store(report):
        pass


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A file where the folder would be."""
    (tmp_path / "report.html.run").write_text("mine", "utf-8")
    with (
        pytest.raises(OutputError, match=r"report\.html\.run"),
        open_store(tmp_path / "report.html"),
    ):
        pass


def test_clearing_leaves_what_was_measured(tmp_path: Path) -> None:
    """What was drawn and trained goes."""
    with open_store(tmp_path / "report.html") as store:
        store.begin({})
        store.put("picture", PICTURE)
        (store.place / "1.jpeg").write_bytes(b"pixels")
        store.clear()
        assert not store.place.exists()
        assert store.get("picture", Picture) == PICTURE
    assert json.loads((tmp_path / "report.html.run" / "audit.json").read_text("utf-8")) == {}
