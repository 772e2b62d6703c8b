"""Read, train on and measure text CAPTCHAs, offline.

>>> import captchascope
>>> captchascope.load().read("captcha.jpeg").text
'321404'
"""

TYPE_CHECKING = False  # as type checkers take it; typing takes half as long as click to import

__version__ = "0.2.0"

if TYPE_CHECKING:
    from captchascope.audit import run_audit
    from captchascope.bulk import BulkProgress, BulkSummary, read_bulk
    from captchascope.data.dataset import Dataset, read_dataset
    from captchascope.data.shards import ParquetDataset, read_parquet
    from captchascope.decode import ReadOptions
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
    from captchascope.evaluate import Evaluation, evaluate_reader
    from captchascope.reader import Reader, load
    from captchascope.records import CharReading, Reading
    from captchascope.train import Trained, train_model

__all__ = [
    "BulkProgress",
    "BulkSummary",
    "CaptchascopeError",
    "CharReading",
    "Dataset",
    "DatasetError",
    "Evaluation",
    "ImageError",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "ParquetDataset",
    "ReadOptions",
    "Reader",
    "Reading",
    "SchemeError",
    "SegmentationError",
    "Trained",
    "TrainingError",
    "UsageError",
    "evaluate_reader",
    "load",
    "read_bulk",
    "read_dataset",
    "read_parquet",
    "run_audit",
    "train_model",
]

_LATER = {
    "BulkProgress": "bulk",
    "BulkSummary": "bulk",
    "CaptchascopeError": "errors",
    "CharReading": "records",
    "Dataset": "data.dataset",
    "DatasetError": "errors",
    "Evaluation": "evaluate",
    "ImageError": "errors",
    "MissingExtraError": "errors",
    "ModelError": "errors",
    "OutputError": "errors",
    "ParquetDataset": "data.shards",
    "ReadOptions": "decode",
    "Reader": "reader",
    "Reading": "records",
    "SchemeError": "errors",
    "SegmentationError": "errors",
    "Trained": "train",
    "TrainingError": "errors",
    "UsageError": "errors",
    "evaluate_reader": "evaluate",
    "load": "reader",
    "read_bulk": "bulk",
    "read_dataset": "data.dataset",
    "read_parquet": "data.shards",
    "run_audit": "audit",
    "train_model": "train",
}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is: the command line must be up before, and hear Ctrl-C."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)


def __dir__() -> list[str]:
    """Tell of what is only imported when it is asked for, too."""
    return sorted({*globals(), *__all__})
