"""Columns of Parquet: which one has the images, which the labels, and what is in the former.

Images are encoded bytes, or a struct of ``bytes`` and ``path`` as ``datasets`` of Hugging Face
writes its feature ``Image``, or text: paths, URLs, data URIs, base64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

import pyarrow as pa
from pyarrow import compute, types

from captchascope.data.formats.headings import FILE, LABEL, AmbiguousError, find_column, folded
from captchascope.data.labels import quoted
from captchascope.errors import DatasetError
from captchascope.image.datauri import is_text

_IMAGE = ("image", *FILE)
"""Names of the column that has the images; the first is that of most data sets."""

_ENCODED = "bytes, a struct of bytes and path, or text"


class EncodedImages(NamedTuple):
    """The images of some rows, each in one of two arrays of equal length, or missing from both.

    Attributes:
        data: Encoded bytes, of which data URIs and base64 are left as they are: large_binary.
        paths: What a row calls its image, which lies there where ``data`` is null: string.
    """

    data: pa.Array
    paths: pa.Array


def image_column(schema: pa.Schema, named: str | None, where: str, flag: str = "--column") -> str:
    """Return the name of the column that has the images.

    That is one of bytes, or where there is none, one of text that is called as columns of images
    usually are.

    Args:
        schema: Of the file.
        named: The column that was asked for; None finds it.
        where: The file, for errors.
        flag: What names the column, for errors.

    Raises:
        DatasetError: If there is no such column, or it is not clear which is meant.
    """
    if named is not None:
        return _asked(schema, named, _has_images, f"{_ENCODED} are images", where, flag)
    columns = [field for field in schema if folded(field.name) not in LABEL]
    of_bytes = [field.name for field in columns if _has_bytes(field.type)]
    of_text = [field.name for field in columns if _is_text(field.type)]
    try:
        usual = find_column(of_bytes or of_text, _IMAGE)
    except AmbiguousError:
        usual = None
    if usual is None and len(of_bytes) == 1:
        usual = of_bytes[0]
    if usual is None:
        return _unclear(schema, of_bytes or of_text, _IMAGE, where, flag)
    return image_column(schema, usual, where, flag)  # there may be two of the name


def label_column(
    schema: pa.Schema, named: str | None, where: str, flag: str = "--label-column"
) -> str:
    """Return the name of the column of text that says what the images read.

    Args:
        schema: Of the file.
        named: The column that was asked for; None finds it by its name.
        where: The file, for errors.
        flag: What names the column, for errors.

    Raises:
        DatasetError: If there is no such column, or it is not clear which is meant.
    """
    of_text = [field.name for field in schema if _is_text(field.type)]
    if named is None and not of_text:  # say what is wrong with the one that is called so
        named = next((name for name in schema.names if folded(name) in LABEL), None)
    if named is not None:
        rule = "labels are text, with the zeros that they begin with"
        return _asked(schema, named, _is_text, rule, where, flag)
    try:
        usual = find_column(of_text, LABEL)
    except AmbiguousError:
        usual = None
    return usual or _unclear(schema, of_text, LABEL, where, flag)


def key_column(schema: pa.Schema, named: str, where: str, flag: str = "--key") -> str:
    """Return the name of the column that was asked for to name the rows: text, or whole numbers.

    Args:
        schema: Of the file.
        named: The column that was asked for.
        where: The file, for errors.
        flag: What names the column, for errors.

    Raises:
        DatasetError: If there is no such column.
    """
    return _asked(schema, named, _is_key, "keys are text or whole numbers", where, flag)


def parts_of(schema: pa.Schema, column: str) -> list[str]:
    """Return what has to be read of a column of images, as Parquet names columns and fields."""
    kind = schema.field(column).type
    if not types.is_struct(kind):
        return [column]
    return [f"{column}.{field.name}" for field in kind if field.name in ("bytes", "path")]


def encoded_images(column: pa.Array) -> EncodedImages:
    """Return the images in a column, or some rows of it, that ``image_column`` has named."""
    if types.is_struct(column.type):
        names = {field.name for field in column.type}
        paths = compute.struct_field(column, "path") if "path" in names else _nulls(column)
        data = compute.struct_field(column, "bytes")
        return EncodedImages(_plain(data, pa.large_binary()), texts_of(paths))
    if not _is_text(column.type):
        return EncodedImages(_plain(column, pa.large_binary()), _nulls(column))
    texts = texts_of(column).to_pylist()
    held = [text is not None and is_text(text) for text in texts]
    data = [t.encode() if is_data else None for t, is_data in zip(texts, held, strict=True)]
    paths = [None if is_data else t for t, is_data in zip(texts, held, strict=True)]
    return EncodedImages(pa.array(data, pa.large_binary()), pa.array(paths, pa.string()))


def texts_of(column: pa.Array) -> pa.Array:
    """Return a column of text or numbers as text: string.

    Parquet says what is text, but nobody looks whether it is UTF-8; what is none is replaced.
    """
    texts = _plain(column, pa.string())
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        data = texts.cast(pa.binary()).to_pylist()
        read = [None if one is None else one.decode("utf-8", "replace") for one in data]
        texts = pa.array(read, pa.string())
    return texts


def _nulls(column: pa.Array) -> pa.Array:
    return pa.nulls(len(column), pa.string())


def _plain(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column without dictionary, and of 64-bit offsets for bytes."""
    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(kind)


def _is(kind: Any, *tests: Callable[[Any], bool]) -> bool:
    """Tell a type by any of the tests; one in a dictionary is what its values are."""
    value = kind.value_type if types.is_dictionary(kind) else kind
    return any(test(value) for test in tests)


def _is_text(kind: Any) -> bool:
    return _is(kind, types.is_string, types.is_large_string, types.is_string_view)


def _is_bytes(kind: Any) -> bool:
    """Tell bytes; those of fixed length are hashes or the like."""
    return _is(kind, types.is_binary, types.is_large_binary, types.is_binary_view)


def _has_bytes(kind: Any) -> bool:
    """Tell a type that has encoded images: bytes, or a struct with such."""
    if not types.is_struct(kind):
        return _is_bytes(kind)
    return any(field.name == "bytes" and _is_bytes(field.type) for field in kind)


def _is_key(kind: Any) -> bool:
    return _is_text(kind) or _is(kind, types.is_integer)


def _has_images(kind: Any) -> bool:
    return _has_bytes(kind) or _is_text(kind) or _is(kind, types.is_fixed_size_binary)


def _asked(
    schema: pa.Schema, named: str, fits: Callable[[Any], bool], rule: str, where: str, flag: str
) -> str:
    """Return the column that was asked for, also where it is spelt a little otherwise."""
    for same in (str, folded):
        found: list[str] = [name for name in schema.names if same(name) == same(named)]
        if len(found) == 1:
            kind = schema.field(found[0]).type
            if not fits(kind):
                what = f"has {str(kind)[:80]} in column {quoted(found[0])}"
                raise DatasetError(where, what, f"{rule}: name another column with {flag}")
            return found[0]
    how_many = "several columns" if named in schema.names else "no column"
    what = f"has {how_many} {quoted(named)}; it has {_told(schema)}"
    raise DatasetError(where, what, f"name one of them with {flag}")


def _unclear(
    schema: pa.Schema, found: Sequence[str], wanted: Sequence[str], where: str, flag: str
) -> NoReturn:
    """Raise the error that says which columns could have been meant."""
    usual = [name for name in found if folded(name) in wanted] or found
    if len(usual) > 1:
        names = " and ".join(map(quoted, usual[:5]))
        what = f"has {len(usual)} columns that could be the {wanted[0]}: {names}"
    else:
        what = f"has no column that could be the {wanted[0]}; it has {_told(schema)}"
    raise DatasetError(where, what, f"call the right one {wanted[0]!r}, or name it: {flag}")


def _told(schema: pa.Schema) -> str:
    """Return the columns with their types, for a message."""
    shown = [f"{quoted(field.name)} ({str(field.type)[:40]})" for field in list(schema)[:10]]
    more = len(schema) - len(shown)
    return ", ".join([*shown, *([f"and {more} more"] if more > 0 else [])]) or "none at all"
