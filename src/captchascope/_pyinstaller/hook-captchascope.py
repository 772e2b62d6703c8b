"""The hook of the package: its models, schemes, fonts and pages, and what it imports when asked."""

from __future__ import annotations

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

datas = collect_data_files("captchascope")
hiddenimports = collect_submodules("captchascope.cli")
