"""Parsed TOML or JSON into frozen dataclasses: every key known and there, every type right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

__all__ = ["build"]

T = TypeVar("T")


def build(cls: type[T], table: object, path: str = "") -> T:
    """Make a ``cls`` of ``table``, tables within tables included.

    Args:
        cls: A dataclass whose fields are str, bool, int, float, Literal, tuple, dataclasses, or
            one of these or None.
        table: What the parser gave.
        path: The key that ``table`` stands under, for the message.
    Raises:
        ValueError: If a key is unknown or missing, or a value has the wrong type.
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{path or 'the file'} must be a table")
    prefix = f"{path}." if path else ""
    hints = get_type_hints(cls)
    known = {f.name: f.default is MISSING for f in fields(cls)}  # type: ignore[arg-type]
    _check_keys(known, table, prefix)
    values = {key: _value(hints[key], table[key], prefix + key) for key in known if key in table}
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{prefix}{error}") from None


def _check_keys(known: Mapping[str, bool], table: Mapping[str, object], prefix: str) -> None:
    unknown = [key for key in table if key not in known]
    if unknown:
        raise ValueError(f"unknown key {prefix}{unknown[0]}; valid ones are {', '.join(known)}")
    missing = [key for key, needed in known.items() if needed and key not in table]
    if missing:
        raise ValueError(f"the key {prefix}{missing[0]} is missing")


def _value(hint: Any, value: object, path: str) -> object:
    if is_dataclass(hint):
        return build(hint, value, path)  # type: ignore[arg-type]
    if get_origin(hint) is UnionType:
        kind, _ = get_args(hint)
        return None if value is None else _value(kind, value, path)
    if get_origin(hint) is tuple:
        return _items(get_args(hint)[0], value, path)
    if get_origin(hint) is Literal:
        return _choice(get_args(hint), value, path)
    return _plain(hint, value, path)


def _items(hint: Any, value: object, path: str) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{path} must be a list")
    return tuple(_value(hint, item, f"{path}[{i}]") for i, item in enumerate(value, 1))


def _choice(valid: tuple[object, ...], value: object, path: str) -> object:
    if value not in valid or type(value) is not type(valid[0]):
        raise ValueError(f"{path} must be one of {', '.join(map(repr, valid))}, not {value!r}")
    return value


def _plain(hint: type, value: object, path: str) -> object:
    accepted = (int, float) if hint is float else (hint,)
    if not isinstance(value, accepted) or isinstance(value, bool) is not (hint is bool):
        raise ValueError(f"{path} must be of type {hint.__name__}, not {value!r}")
    return value
