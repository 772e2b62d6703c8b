"""Tests that type what the pages show; they need a shell of POSIX."""

import os
import shutil

import pytest

if os.name != "posix" or shutil.which("bash") is None:
    pytest.skip("needs bash", allow_module_level=True)
