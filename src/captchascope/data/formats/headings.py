"""Which column of a table names the images, and which says what they read.

The names of columns tell, where they are usual; what is in them tells too: one column names images
of the folder, and no column of running numbers, dates or scores is what an image reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from captchascope.data.finder import Found
from captchascope.data.labels import quoted

FILE = (
    *("file", "file_name", "filename", "file_path", "filepath", "path", "image", "img"),
    *("image_file", "image_name", "image_path", "img_file", "img_name", "img_path"),
    *("image_filename", "imagename", "imagepath", "images", "picture", "photo", "name"),
)
"""Names of the column that says which image; the first is ours, and goes before the others."""

LABEL = (
    *("label", "text", "solution", "answer", "transcription", "transcript", "code", "word"),
    *("ground_truth", "gt", "target", "words", "labels", "captcha", "captcha_text", "captcha_code"),
    *("plate_text", "image_text", "label_text", "gt_text", "groundtruth", "true_label", "string"),
)
"""Names of the column that says what the image reads; the first is ours."""

_NEITHER = frozenset(
    (
        *("id", "idx", "index", "no", "nr", "num", "number", "n", "row", "count", "uid", "uuid"),
        *("width", "height", "w", "h", "size", "bytes", "filesize", "channels", "mode", "format"),
        *("split", "set", "subset", "fold", "partition", "score", "confidence", "conf", "prob"),
        *("probability", "loss", "date", "time", "datetime", "timestamp", "created", "updated"),
        *("created_at", "updated_at", "annotator", "annotation_id", "lead_time", "user", "author"),
        *("agreement", "source", "url", "md5", "sha1", "sha256", "hash", "x", "y", "xmin", "ymin"),
        *("xmax", "ymax", "left", "top", "right", "bottom", "font", "color", "colour", "note"),
        *("notes", "comment", "comments", "remark", "lang", "language", "scheme", "seed", "kind"),
        *("length", "len", "difficulty", "license", "version", "dpi", "suffix", "extension"),
    )
)
"""Names of columns that say neither."""

_PATTERNS = {
    "decimals": r"-?\d+[.,]\d+%?",
    "dates": r"\d{4}-\d\d?-\d\d?([T ].*)?|\d\d?([./-])\d\d?\2\d{2,4}( .*)?|\d\d?:\d\d(:\d\d)?",
    "hashes": r"[0-9a-fA-F]{32}([0-9a-fA-F]{8}|[0-9a-fA-F]{32})?",
    "UUIDs": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "addresses": r"[a-z0-9+]+://.*",
}
_FEWEST = 3  # values that say something about a column
_CLASSES = 20  # times as many values as different ones: such a column tells kinds of images apart


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: What the header calls it; its number where there is no header.
        cells: What is in it, row by row, without what spreadsheets add.
    """

    name: str
    cells: Sequence[str]

    @property
    def told(self) -> str:
        """The column with its first values, for a message."""
        values = [quoted(cell) for cell in dict.fromkeys(self.cells) if cell][:2]
        return f"{quoted(self.name)} ({', '.join([*values, '...'])})" if values else self.name


class UnclearError(ValueError):
    """It is not clear which column is meant.

    Attributes:
        remedy: What to do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class AmbiguousError(UnclearError):
    """More than one column could be the one that is looked for."""

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        names = " and ".join(map(quoted, found))
        what = f"has {len(found)} columns that could be the {wanted}: {names}"
        super().__init__(what, f"call the right one {wanted!r}, or name it: --{wanted}-column")


def folded(name: str) -> str:
    """Return what two spellings of a column's name share."""
    return re.sub("[ -]+", "_", name.strip().casefold())


def find_column(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    """Return which of the names is one of those wanted, None where none is.

    Capitals don't matter, nor does how the words are joined: ``File Name`` is ``file_name``.

    Raises:
        AmbiguousError: If several are, and none of them is the first of those wanted.
    """
    found = [name for name in names if folded(name) in wanted]
    if wanted[0] in found:
        return wanted[0]
    if len(found) > 1:
        raise AmbiguousError(wanted[0], found)
    return found[0] if found else None


def asked_column(columns: Sequence[Column], asked: str, wanted: str) -> int:
    """Return the place of a column that was named, or given by its number from 1.

    Raises:
        UnclearError: If there is none.
    """
    for same in (str, folded):
        found = [place for place, c in enumerate(columns) if same(c.name) == same(asked)]
        if len(found) == 1:
            return found[0]
    if asked.isdecimal() and 1 <= int(asked) <= len(columns):
        return int(asked) - 1
    what = f"has no column {quoted(asked)}; it has {_all(columns)}"
    raise UnclearError(what, f"name one of them with --{wanted}-column, or give its number")


def _all(columns: Iterable[Column]) -> str:
    return ", ".join(column.told for column in columns)


def file_column(columns: Sequence[Column], find: Callable[[str], Found]) -> int:
    """Return the place of the column that names images of the folder, as ``find`` finds them.

    Names without a suffix count only where there are no others: a label may be called as an image.

    Raises:
        UnclearError: If there is none, or several that name different images.
    """
    named = [[find(cell) for cell in column.cells] for column in columns]
    whole = [sum(bool(found.images) and not found.bare for found in names) for names in named]
    bare = [sum(bool(found.images) for found in names) for names in named]
    hits = whole if any(whole) else bare
    usual = [place for place, column in enumerate(columns) if folded(column.name) in FILE]
    if not any(hits):
        if len(usual) == 1 or (usual and columns[usual[0]].name == FILE[0]):
            return usual[0]
        what = f"has no column that names images of the folder; it has {_all(columns)}"
        raise UnclearError(what, "name the images as they are called, or say --file-column")
    found = [place for place, count in enumerate(hits) if 2 * count >= max(hits)]
    best = [place for place in found if columns[place].name == FILE[0]] or [
        place for place in found if place in usual
    ]
    chosen = (best or found)[0]
    for other in best or found:
        pairs = zip(named[chosen], named[other], strict=True)
        if any(a.images and b.images and a.images != b.images for a, b in pairs):
            raise AmbiguousError(FILE[0], [columns[place].name for place in best or found])
    return chosen


def label_column(columns: Sequence[Column], file: int) -> tuple[int, str]:
    """Return the place of the column that says what images read, and what is doubtful about it.

    Raises:
        UnclearError: If several could, or none.
    """
    named = {place: folded(c.name) for place, c in enumerate(columns) if place != file}
    others = [place for place in named if any(columns[place].cells)]
    plausible = [p for p in others if named[p] not in _NEITHER and not _implausible(columns[p])]
    known = [place for place, name in named.items() if name in LABEL]
    known = [place for place in known if named[place] == LABEL[0]] or known
    if len(known) > 1:
        raise AmbiguousError(LABEL[0], [columns[place].name for place in known])
    if known:
        return known[0], _doubt_of_known(columns, known[0], plausible)
    if len(plausible) != 1:
        which = "several columns" if plausible else "no column"
        what = f"has {which} that could be the label; it has {_all(columns)}"
        raise UnclearError(what, f"call the right one {LABEL[0]!r}, or name it: --label-column")
    (chosen,) = plausible
    if len(others) == 1:
        return chosen, ""
    return chosen, f"{quoted(columns[chosen].name)} is taken for the label, as no other column is"


def _doubt_of_known(columns: Sequence[Column], known: int, plausible: Sequence[int]) -> str:
    """Return what speaks against the column whose name is usual for labels.

    Raises:
        UnclearError: If what it holds is no label, while another column could be one.
    """
    if columns[known].name == LABEL[0]:
        return ""
    rivals = [place for place in plausible if place != known]
    if rivals and (held := _implausible(columns[known])):
        what = f"has {held} in {columns[known].told}, and could have labels in "
        names = _all(columns[place] for place in rivals)
        raise UnclearError(what + names, "say which are the labels: --label-column")
    if rivals:
        names = " or ".join(quoted(columns[place].name) for place in rivals)
        return f"{quoted(columns[known].name)} is taken for the label, and not {names}"
    return ""


def _implausible(column: Column) -> str:
    """Return what a column holds that no labels are; nothing where it may hold labels."""
    cells = [cell for cell in column.cells if cell]
    if len(cells) < _FEWEST:
        return ""
    if len(set(cells)) == 1:
        return "one value"
    if all(re.fullmatch("[0-9]{1,9}", cell) for cell in cells):
        numbers = [int(cell) for cell in cells]
        if all(b - a == 1 for a, b in pairwise(numbers)):
            return "running numbers"
    for what, form in _PATTERNS.items():
        if all(re.fullmatch(form, cell) for cell in cells):
            return what
    if len(set(cells)) * _CLASSES <= len(cells):
        return "a few classes"
    if 2 * sum(
        len(cell.split()) > 2 and not re.search("[=+*/?×÷−-]", cell) for cell in cells
    ) > len(cells):
        return "sentences"
    return ""
