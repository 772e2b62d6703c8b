"""Which files a folder or a glob stands for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.errors import DatasetError, UsageError

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

from captchascope.bulk.listing import _expanded, files_at
from captchascope.bulk.places import place_of

if TYPE_CHECKING:
    from bulk.s3 import Bucket

FILES = (
    *("2.jpg", "10.jpg", "_3.jpg", "_SUCCESS", ".hidden.jpg", ".git/1.jpg", "_manifest/1.json"),
    *("a/1.tar", "a/2.tar", "a/10.tar", "a-b/1.tar", "a/b/c/1.tar", "x[1].jpg"),
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make some files below the current folder."""
    for name in FILES:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(url: str) -> list[str]:
    """Return the names of the files at a local place."""
    return [entry.name for entry in files_at(place_of(url, {}))]


ALL = [
    *("in/2.jpg", "in/10.jpg", "in/_3.jpg", "in/a/1.tar", "in/a/2.tar", "in/a/10.tar"),
    *("in/a/b/c/1.tar", "in/a-b/1.tar", "in/x[1].jpg"),
]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("in", ALL),
        ("in/", ALL),
        ("in/2.jpg", ["in/2.jpg"]),
        ("in/x[1].jpg", ["in/x[1].jpg"]),
        ("in/*.jpg", ["in/2.jpg", "in/10.jpg", "in/_3.jpg", "in/x[1].jpg"]),
        ("in/?.jpg", ["in/2.jpg"]),
        ("in/.*.jpg", ["in/.hidden.jpg"]),
        ("in/_S*", ["in/_SUCCESS"]),
        ("in/[0-9]*.jpg", ["in/2.jpg", "in/10.jpg"]),
        ("in/[!0-9_]*.jpg", ["in/x[1].jpg"]),
        ("in/*/1.tar", ["in/a/1.tar", "in/a-b/1.tar"]),
        ("in/a*", ["in/a/1.tar", "in/a/2.tar", "in/a/10.tar", "in/a/b/c/1.tar", "in/a-b/1.tar"]),
        ("in/**/1.tar", ["in/a/1.tar", "in/a/b/c/1.tar", "in/a-b/1.tar"]),
        ("**/c/*.tar", ["in/a/b/c/1.tar"]),
        ("in/a/{1..2}.tar", ["in/a/1.tar", "in/a/2.tar"]),
        ("in/{a,a-b}/1.tar", ["in/a/1.tar", "in/a-b/1.tar"]),
        ("in/{a/{2,10},a-b/*}.tar", ["in/a/2.tar", "in/a/10.tar", "in/a-b/1.tar"]),
        ("in/{a,*}/1.tar", ["in/a/1.tar", "in/a-b/1.tar"]),
    ],
)
def test_a_place_stands_for_files(tree: Path, url: str, expected: list[str]) -> None:
    """In natural order, each once, and named as the place was."""
    found = sorted(names(url)) if url == "in" else names(url)
    assert found == (sorted(expected) if url == "in" else expected)


def test_natural_order_goes_folder_by_folder(tree: Path) -> None:
    """As images are listed everywhere else: what is in ``a`` comes before ``a-b``."""
    assert names("in/a*/**") == [
        *("in/a/1.tar", "in/a/2.tar", "in/a/10.tar", "in/a/b/c/1.tar", "in/a-b/1.tar")
    ]


def test_names_are_those_that_were_given(tree: Path) -> None:
    """Absolute paths and URLs stay such, also of globs."""
    folder = tree / "in" / "a"
    assert names(f"{folder}/1*.tar") == [f"{folder.as_posix()}/{n}.tar" for n in (1, 10)]
    assert names(f"{folder.as_uri()}/1*.tar") == [f"{folder.as_uri()}/{n}.tar" for n in (1, 10)]
    assert names("./in/a/1*.tar") == ["./in/a/1.tar", "./in/a/10.tar"]
    os.chdir(folder)
    assert names("1*.tar") == ["1.tar", "10.tar"]


@pytest.mark.parametrize("opener", ["", "fsspec+"], ids=["Arrow", "s3fs"])
def test_the_same_files_are_found_in_s3(bucket: Bucket, opener: str) -> None:
    """By either file system, with their sizes."""
    for name in FILES:
        bucket.put(f"in/{name}", b"12345")
    options = bucket.fsspec_options if opener else bucket.options
    root = f"{opener}{bucket.url}/"
    for url, expected in {
        "in": ALL,
        "in/*/1.tar": ["in/a/1.tar", "in/a-b/1.tar"],
        "in/**/1.tar": ["in/a/1.tar", "in/a/b/c/1.tar", "in/a-b/1.tar"],
        "in/a/{1..2}.tar": ["in/a/1.tar", "in/a/2.tar"],
    }.items():
        found = files_at(place_of(root + url, options))
        assert {entry.name for entry in found} == {root + name for name in expected}
        assert {entry.size for entry in found} == {5}


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        ("none", DatasetError, r"none: does not exist \(check the path\)"),
        ("in/*.png", DatasetError, r"in/\*.png: stands for no file \(check the glob\)"),
        ("in/a/{1..3}.tar", DatasetError, "stands for a file that does not exist: .*/a/3.tar"),
        ("{0..9999999}.tar", UsageError, "braces that stand for more than 100,000 names"),
    ],
)
def test_a_place_without_files_is_an_error(
    tree: Path, url: str, error: type[Exception], message: str
) -> None:
    """A name that braces stand for must be there, as whoever writes it knows it."""
    with pytest.raises(error, match=message):
        names(url)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"endpoint_override": "127.0.0.1:1"}, "cannot be listed: .*127.0.0.1.*storage options"),
        ({}, "does not exist"),
    ],
    ids=["endpoint", "bucket"],
)
def test_a_store_that_is_not_there_is_an_error(
    bucket: Bucket, options: dict[str, str], message: str
) -> None:
    """Nothing listens on port 1; and a bucket of this name nobody has made."""
    with pytest.raises(DatasetError, match=message):
        files_at(place_of("s3://no-such-bucket/a", {**bucket.options, **options}))


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_a_folder_is_not_entered(tree: Path) -> None:
    """It may lead to one above; a link to a file is as good as the file."""
    (tree / "in" / "loop").symlink_to(tree / "in", target_is_directory=True)
    (tree / "in" / "11.jpg").symlink_to(tree / "in" / "2.jpg")
    (tree / "in" / "lost.jpg").symlink_to(tree / "in" / "none")
    (tree / "in" / "self.jpg").symlink_to("self.jpg")
    assert sorted(names("in")) == sorted([*ALL, "in/11.jpg"])
    assert names("in/[1s]*.jpg") == ["in/10.jpg", "in/11.jpg"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_glob_passes_names_that_are_no_utf_8(tree: Path) -> None:
    """Arrow lists no folder that has one."""
    Path(os.fsdecode(b"in/b\xff.jpg")).write_bytes(b"12345")
    assert names("in/[2b]*.jpg") == ["in/2.jpg", "in/b\\udcff.jpg"]


@given(
    st.integers(0, 12),
    st.integers(0, 12),
    st.lists(st.sampled_from(["a", "b", "ab", ""]), min_size=2, max_size=3),
)
def test_braces_stand_for_what_they_do_in_a_shell(first: int, last: int, words: list[str]) -> None:
    """Numbers of one width where they are padded, and all combinations."""
    low, high = min(first, last), max(first, last)
    expected = {f"{n:03}-{word}.tar" for n in range(low, high + 1) for word in words}
    pattern = f"{{{first:03}..{last:03}}}-{{{','.join(words)}}}.tar"
    assert set(_expanded(pattern)) == expected
    assert {*_expanded(f"{{{low}..{high}}}")} == {str(n) for n in range(low, high + 1)}
