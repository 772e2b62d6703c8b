"""One spelling of what an image shows alike."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captchascope.data.dataset import read_dataset
from captchascope.data.spelling import plain_spelling
from captchascope.errors import DatasetError
from data.formats.made import labelled, labels

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(_TEXTS)
def test_what_is_plain_stays(text: str) -> None:
    """Spelling a text once is enough, and leaves it composed."""
    plain = plain_spelling(text)
    assert plain_spelling(plain) == plain
    assert unicodedata.is_normalized("NFC", plain)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_ascii_is_plain(text: str) -> None:
    """Nothing of it is another spelling."""
    assert plain_spelling(text) == text


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("3−1=?", "3-1=?"),
        ("3–1=?", "3-1=?"),
        ("3—1=?", "3-1=?"),
        ("3‐1=?", "3-1=?"),
        ("３＋１＝？", "3+1=?"),
        ("ＡＢ１２", "AB12"),
        ("a\u0308", "ä"),
        ("1\u200b2\u00ad3", "123"),
        ("2×3", "2×3"),
        ("2*3", "2*3"),
        ("2x3", "2x3"),
        ("6/2", "6/2"),
        ("6÷2", "6÷2"),
        ("ß", "ß"),
        ("ﬁ", "ﬁ"),
        ("²", "²"),
    ],
)
def test_one_sign_has_one_spelling(typed: str, plain: str) -> None:
    """What is drawn as one is one; what an image shows otherwise stays."""
    assert plain_spelling(typed) == plain


SUMS = {"1.png": "3−1=?", "2.png": "6-2=?", "3.png": "1＋0=?", "4.png": "6×4=?"}


def test_two_minuses_are_one_and_it_is_noted(tmp_path: Path) -> None:
    """With how many labels, which characters and an example."""
    dataset = read_dataset(labelled(tmp_path, SUMS))
    assert [*labels(dataset).values()] == ["3-1=?", "6-2=?", "1+0=?", "6×4=?"]
    what = (
        "2 labels are spelt as usual: '−' U+2212 to '-', '＋' U+FF0B to '+', so `3−1=?` is `3-1=?`"
    )
    assert dataset.origin.notes == (what,)
    assert dataset.origin.doubts == ()


SPACED = {"1.png": "3 - 1 = ?", "2.png": "6 × 2 = ?", "3.png": "1 + 0 = ?"}


def test_blanks_are_offered_to_be_taken_out(tmp_path: Path) -> None:
    """Where most labels have some, one error says so; asked for, it is done and noted."""
    folder = labelled(tmp_path, SPACED)
    with pytest.raises(DatasetError) as caught:
        read_dataset(folder)
    assert caught.value.what == "has 3 labels with white space, such as '3 - 1 = ?'"
    assert caught.value.remedy.startswith("say --strip-spaces")
    dataset = read_dataset(folder, strip_spaces=True)
    assert [*labels(dataset).values()] == ["3-1=?", "6×2=?", "1+0=?"]
    note = "white space is taken out of 3 labels, such as `3 - 1 = ?` of `1.png`"
    assert dataset.origin.notes == (note,)


def test_one_label_with_blanks_is_a_problem(tmp_path: Path) -> None:
    """The others are used."""
    rows = {"1.png": "3-1=?", "2.png": "6 - 2", "3.png": "1+0=?"}
    dataset = read_dataset(labelled(tmp_path, rows))
    assert [*labels(dataset)] == ["1.png", "3.png"]
    [problem] = dataset.problems
    assert problem.what == "gives '2.png' a label with white space"
    assert "--strip-spaces" in problem.remedy


def test_names_of_images_are_found_composed_or_not(tmp_path: Path) -> None:
    """And are printed as they are on disk."""
    decomposed = unicodedata.normalize("NFD", "bär.png")
    folder = labelled(tmp_path, {decomposed: "x1"})
    (folder / "labels.csv").write_text("file,label\nbär.png,e\u0301\n", encoding="utf-8")
    assert labels(read_dataset(folder)) == {decomposed: "é"}
