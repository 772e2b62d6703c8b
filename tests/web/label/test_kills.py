"""The real server, killed and robbed at random moments while two people label."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi")

from web.label.trials import contested, filled, killed, removed, small_disk


def test_kills_lose_no_acknowledged_label_and_double_none(tmp_path: Path) -> None:
    """Neither in the store nor in labels.csv; and no image is given to both."""
    assert killed(tmp_path, 8) >= 8


def test_a_full_disk_loses_no_acknowledged_label() -> None:
    """Whether it is emptied again or the server killed; labelling goes on by itself."""
    with small_disk(16) as disk:
        if disk is None:
            pytest.skip("needs to mount a small file system, as root of a Linux")
        assert filled(disk, 2)


@pytest.mark.skipif(sys.platform == "win32", reason="a folder that is in use cannot go there")
def test_a_folder_that_goes_loses_no_acknowledged_label(tmp_path: Path) -> None:
    """Moved, removed or replaced: the file that is named at the end has them all."""
    assert removed(tmp_path, 3)


def test_two_servers_lose_no_acknowledged_label(tmp_path: Path) -> None:
    """The second is refused until the first is gone, even if it was killed."""
    assert contested(tmp_path, 1)
