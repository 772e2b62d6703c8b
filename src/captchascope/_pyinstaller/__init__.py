"""What PyInstaller is told of this package, which finds it by an entry point."""

from __future__ import annotations

from pathlib import Path


def hook_dirs() -> list[str]:
    """Return where the hooks lie, as PyInstaller's entry point ``pyinstaller40`` asks."""
    return [str(Path(__file__).parent)]
