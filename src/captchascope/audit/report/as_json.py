"""An audit as JSON and back: what the page shows, all but the pictures themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from captchascope.audit.figures import Picture
from captchascope.audit.results import Audit
from captchascope.evaluate import Rate
from captchascope.records import build

_RATE = frozenset({"value", "low", "high", "hits", "total"})
_PICTURE = frozenset({"caption"})


def to_json(audit: Audit) -> dict[str, Any]:
    """Return an audit as what JSON holds: the records of ``results``, by their fields.

    A rate has its share and its 95 % interval beside its counts; of a picture there is only the
    caption.
    """
    document: dict[str, Any] = _plain(audit)
    return document


def json_text(audit: Audit) -> str:
    """Return ``to_json`` as the text of a file, which ends with a line feed."""
    return json.dumps(to_json(audit), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(document: object) -> Audit:
    """Return the audit that ``to_json`` wrote; its pictures are empty.

    Raises:
        ValueError: If it is not one of this version; the message names the key.
    """
    return build(Audit, _built(document))


def pictures_of(value: object) -> Iterator[Picture]:
    """Yield every picture in an audit, or in a part of it, in the order of the fields."""
    if isinstance(value, Picture):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from pictures_of(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from pictures_of(getattr(value, field.name))


def _plain(value: Any) -> Any:
    if isinstance(value, Rate):
        return value.to_json()
    if isinstance(value, Picture):
        return {"caption": value.caption}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _built(value: object) -> object:
    """Return what ``build`` takes: rates of their counts alone, pictures without an image."""
    if isinstance(value, list):
        return [_built(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.keys() == _RATE:
        return {"hits": value["hits"], "total": value["total"]}
    if value.keys() == _PICTURE:
        return {"png": "", **value}
    return {key: _built(item) for key, item in value.items()}
