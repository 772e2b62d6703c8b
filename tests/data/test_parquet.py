"""Which columns of Parquet have images and labels, and what is in them."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from captchascope.data.labels import quoted
from captchascope.errors import DatasetError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from captchascope.data.parquet import (  # noqa: E402
    encoded_images,
    image_column,
    label_column,
    parts_of,
)

HUGGING_FACE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def found(columns: dict[str, object], named: str | None = None) -> str:
    """Return the column of images of a schema."""
    return image_column(pa.schema(columns), named, "a.parquet")


@pytest.mark.parametrize(
    "kind",
    [pa.binary(), pa.large_binary(), pa.binary_view(), HUGGING_FACE],
    ids=["binary", "large_binary", "binary_view", "struct"],
)
def test_the_only_column_of_bytes_has_the_images(kind: object) -> None:
    """Whatever it is called, and whatever other columns are called."""
    assert found({"file_name": pa.string(), "payload": kind, "label": pa.string()}) == "payload"


def test_of_several_columns_of_bytes_the_usual_name_tells() -> None:
    """``image`` goes before other usual names; a label of bytes is none."""
    assert found({"thumb": pa.binary(), "Image": pa.binary(), "label": pa.binary()}) == "Image"
    assert found({"photo": pa.binary(), "image": pa.binary()}) == "image"


def test_text_has_the_images_where_no_bytes_are() -> None:
    """Only under a name that says so: all text may be anything."""
    assert found({"path": pa.string(), "label": pa.string()}) == "path"
    assert found({"img": pa.dictionary(pa.int32(), pa.large_string())}) == "img"


@pytest.mark.parametrize(
    ("columns", "named", "message"),
    [
        (
            {"front": pa.binary(), "back": pa.binary()},
            None,
            "a.parquet: has 2 columns that could be the image: 'front' and 'back' "
            "(call the right one 'image', or name it: --column)",
        ),
        (
            {"file": pa.string(), "path": pa.string(), "x": pa.string()},
            "y",
            "a.parquet: has no column 'y'; it has 'file' (string), 'path' (string), "
            "'x' (string) (name one of them with --column)",
        ),
        (
            {"width": pa.int64()},
            None,
            "a.parquet: has no column that could be the image; it has 'width' (int64) "
            "(call the right one 'image', or name it: --column)",
        ),
        (
            {"image": pa.list_(pa.uint8())},
            "image",
            "a.parquet: has list<item: uint8> in column 'image' (bytes, a struct of bytes and "
            "path, or text are images: name another column with --column)",
        ),
    ],
    ids=["ambiguous", "unknown", "none", "no image"],
)
def test_what_is_unclear_is_an_error(
    columns: dict[str, object], named: str | None, message: str
) -> None:
    """It lists the candidates and says how to name one."""
    with pytest.raises(DatasetError) as error:
        found(columns, named)
    assert str(error.value) == message


def test_ambiguous_text_is_an_error_too() -> None:
    """Two columns of usual names, and neither is ``image``."""
    with pytest.raises(DatasetError, match="'file' and 'path'") as error:
        found({"path_": pa.string(), "a": pa.string(), "file": pa.string(), "path": pa.string()})
    assert quoted("a") not in str(error.value)


def test_a_named_column_may_be_spelt_a_little_otherwise() -> None:
    """As columns of other tables may; one of just this spelling goes first."""
    assert found({"Plate Image": pa.binary(), "b": pa.binary()}, "plate_image") == "Plate Image"
    assert found({"A": pa.binary(), "a": pa.binary()}, "a") == "a"
    assert found({"png": pa.binary(70)}, "png") == "png"


def test_a_name_that_two_columns_have_is_none() -> None:
    """Nobody could tell which of them is read."""
    twice = pa.schema([("a", pa.binary()), ("a", pa.binary())])
    with pytest.raises(DatasetError, match="has several columns 'a'"):
        image_column(twice, "a", "a.parquet")
    twice = pa.schema([("image", pa.binary()), ("image", pa.binary())])
    with pytest.raises(DatasetError, match="has several columns 'image'"):
        image_column(twice, None, "a.parquet")


def test_labels_are_found_by_name_and_are_text() -> None:
    """Numbers have lost the zeros that they began with, and are refused."""
    schema = pa.schema({"image": pa.binary(), "solution": pa.string(), "id": pa.string()})
    assert label_column(schema, None, "a.parquet") == "solution"
    assert label_column(schema, "id", "a.parquet") == "id"
    numbers = pa.schema({"image": pa.binary(), "label": pa.int64()})
    for named in (None, "label"):
        with pytest.raises(DatasetError, match=r"has int64 in column 'label' \(labels are text"):
            label_column(numbers, named, "a.parquet")
    none = pa.schema({"image": pa.binary()})
    with pytest.raises(DatasetError, match=r"no column that could be the label.*--label-column"):
        label_column(none, None, "a.parquet")
    two = pa.schema({"text": pa.string(), "answer": pa.string()})
    with pytest.raises(DatasetError, match="could be the label: 'text' and 'answer'"):
        label_column(two, None, "a.parquet", "--label")


def test_of_a_struct_only_bytes_and_path_are_read(tmp_path: Path) -> None:
    """Whatever else is in it; and its path names the row."""
    rows = [
        {"bytes": b"\xff\xd8", "path": "1.jpeg", "width": 150},
        {"bytes": None, "path": "far/2.jpeg", "width": 150},
        None,
    ]
    pq.write_table(pa.table({"image": rows, "label": ["a", "b", "c"]}), tmp_path / "a.parquet")
    file = pq.ParquetFile(tmp_path / "a.parquet")
    parts = parts_of(file.schema_arrow, "image")
    assert parts == ["image.bytes", "image.path"]
    images = encoded_images(file.read(columns=parts)["image"].combine_chunks())
    assert images.data.to_pylist() == [b"\xff\xd8", None, None]
    assert images.paths.to_pylist() == ["1.jpeg", "far/2.jpeg", None]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(2)])
def test_bytes_come_out_as_they_are(kind: object) -> None:
    """Of whatever width their offsets were."""
    images = encoded_images(pa.array([b"ab", None], kind))
    assert images.data.type == pa.large_binary()
    assert (images.data.to_pylist(), images.paths.to_pylist()) == ([b"ab", None], [None, None])


def test_text_is_told_apart_into_paths_and_images() -> None:
    """A data URI, or long base64 of an image, is the image; the decoder takes it as it is."""
    uri = "data:image/png;base64,iVBORw0KGgo="
    base64 = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(600)).decode()
    column = pa.array(["a/1.png", uri, None, base64, "s3://b/2.png"]).dictionary_encode()
    images = encoded_images(column)
    assert images.data.to_pylist() == [None, uri.encode(), None, base64.encode(), None]
    assert images.paths.to_pylist() == ["a/1.png", None, None, None, "s3://b/2.png"]
