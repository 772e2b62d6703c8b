"""Whether the packages of an extra are there, before a command needs them."""

from __future__ import annotations

from importlib.util import find_spec

from captchascope.errors import MissingExtraError

__all__ = ["need"]

_PACKAGES = {
    "train": ("torch", "lightning", "onnx", "onnxscript", "filelock", "tensorboardX"),
    "collect": ("fastapi", "filelock", "httpx", "protego", "selectolax", "stamina", "uvicorn"),
    "browser": ("playwright",),
    "web": ("fastapi", "httptools", "prometheus_client", "python_multipart", "uvicorn"),
}


def need(extra: str, feature: str) -> None:
    """Check that the packages of ``extra`` are installed.

    Raises:
        MissingExtraError: If one is not; the remedy is the line that installs them.
    """
    if any(find_spec(package) is None for package in _PACKAGES[extra]):
        raise MissingExtraError(feature, extra)
