"""The tutorial is typed and run; what no training decides comes out to the digit."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from pages.walk import Walker, walking


def test_the_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five thousand images through the stages; its Python is one program, as the page asks for."""
    pytest.importorskip("torch", reason="needs the extra 'train'")
    names: dict[str, Any] = {"__name__": "__main__"}

    def together(self: Walker, page: str, text: str) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(self.changed(page, text), page, "exec"), names)
        return out.getvalue()

    monkeypatch.setattr(Walker, "python", together)
    with walking(tmp_path) as walker:
        monkeypatch.chdir(walker.place)
        walker.walk("tutorial.md", {})
