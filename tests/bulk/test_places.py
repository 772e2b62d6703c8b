"""Places: what opens a path or a URL."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from captchascope.errors import UsageError

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

from captchascope.bulk.places import place_of

if TYPE_CHECKING:
    from bulk.s3 import Bucket


@pytest.mark.parametrize("opener", ["", "fsspec+"], ids=["Arrow", "s3fs"])
def test_s3_is_opened_by_arrow_or_by_fsspec(bucket: Bucket, opener: str) -> None:
    """The same bytes come from either, with the options that each calls by its own names."""
    bucket.put("a/1.txt", b"0042")
    options = bucket.fsspec_options if opener else bucket.options
    place = pickle.loads(pickle.dumps(place_of(f"{opener}{bucket.url}/a", options)))
    with place.files.open_input_file(f"{place.path}/1.txt") as file:
        assert file.read() == b"0042"
    assert not place.is_local
    assert place.named(f"{place.path}/1.txt") == f"{opener}{bucket.url}/a/1.txt"


@pytest.mark.parametrize("form", ["path", "URL", "URL with a host"])
def test_a_local_place_is_a_path_or_a_url(tmp_path: Path, form: str) -> None:
    """Files below it are named as the place was."""
    folder = tmp_path / "my captchas"
    url = folder.as_uri()
    assert "%20" in url
    given = {"path": str(folder), "URL": url, "URL with a host": url.replace("//", "//localhost")}
    place = place_of(given[form], {})
    assert (place.is_local, place.path) == (True, folder.as_posix())
    assert place.named(f"{place.path}/1.jpeg") == f"{given[form]}/1.jpeg"


def test_what_fsspec_alone_knows_is_opened_by_it() -> None:
    """Whatever it is."""
    place = place_of("memory://captchas", {})
    with place.files.open_output_stream(f"{place.path}/1.txt") as file:
        file.write(b"0042")
    with place.files.open_input_file(f"{place.path}/1.txt") as file:
        assert file.read() == b"0042"


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("captchas", {"region": "x"}, "storage_options: have no meaning for a local path"),
        ("file://other/captchas", {}, "file://other/captchas: names the machine other"),
        ("nonsense://a", {}, "nonsense://a: cannot be opened: Protocol not known: nonsense"),
        ("s3://b", {"colour": "x"}, "s3://b: cannot be opened: .*'colour'"),
        ("s3://", {"region": "x"}, "s3://: cannot be opened: it names no bucket"),
        ("s3://b", {"region": "5"}, "s3://b: cannot be opened: .*storage options"),
    ],
    ids=["local", "host", "scheme", "option", "bucket", "digits"],
)
def test_what_cannot_be_opened_is_wrong_usage(
    url: str, options: dict[str, str], message: str
) -> None:
    """The line names what was given, and what to look at."""
    with pytest.raises(UsageError, match=message):
        place_of(url, options)


def test_an_option_is_taken_as_json_where_it_is_such(bucket: Bucket) -> None:
    """A number where one is needed, and text where that is in quotes or no JSON."""
    place = place_of("s3://b", {**bucket.options, "connect_timeout": "2.5", "region": '"5"'})
    assert place.files.region == "5"
