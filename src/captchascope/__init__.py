"""Read, train on and measure text CAPTCHAs, offline.

>>> import captchascope
>>> captchascope.load("metu").read("captcha.jpeg").text
'321404'
"""

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
