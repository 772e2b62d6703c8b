"""Read, train on and measure text CAPTCHAs, offline.

>>> import captchascope
>>> captchascope.load("metu").read("captcha.jpeg").text
'321404'
"""

from typing import TYPE_CHECKING

from captchascope.errors import (
    CaptchascopeError,
    DatasetError,
    ImageError,
    MissingExtraError,
    ModelError,
    OutputError,
    SchemeError,
    SegmentationError,
    TrainingError,
    UsageError,
)

__version__ = "0.1.0"

if TYPE_CHECKING:
    from captchascope.reader import Reader, load
    from captchascope.records import CharReading, Reading

__all__ = [
    "CaptchascopeError",
    "CharReading",
    "DatasetError",
    "ImageError",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "Reader",
    "Reading",
    "SchemeError",
    "SegmentationError",
    "TrainingError",
    "UsageError",
    "load",
]

_LATER = {"Reader": "reader", "load": "reader", "CharReading": "records", "Reading": "records"}


def __getattr__(name: str) -> object:
    """Import the large libraries when they are needed: the command line must be up before."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
