"""What runs: the version, which build of it, and on what."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping

import onnxruntime

from captchascope import __version__

BUILD = "CAPTCHASCOPE_BUILD"
"""The variable that names the build, such as a commit; whoever builds an image sets it."""


def about_build() -> Mapping[str, str]:
    """Return version, build ("" where nobody named it), Python and ONNX Runtime."""
    return {
        "version": __version__,
        "build": os.environ.get(BUILD, "").strip(),
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
    }
