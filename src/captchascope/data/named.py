"""Matching rows that name their images, by their paths or as others call them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

from captchascope.data.finder import Finder, Found, common_tail
from captchascope.data.labels import LabelRow, quoted, shown
from captchascope.data.match import Folder, Matching, is_inside
from captchascope.errors import DatasetError
from captchascope.files import printable


def match_named(folder: Folder, source: Path, rows: Iterable[LabelRow]) -> Matching:
    """Match rows that name their images, relative to the folder or to the label file.

    Paths of another place are taken by their ends, where most are such paths. An image that rows
    of different paths could mean is that of none of them.

    Raises:
        DatasetError: If there are rows, and none names an image of the folder.
    """
    finder = Finder(folder, source.parent)
    pairs = [(row, finder.find(row.file)) for row in rows]
    _require_any(folder, source, pairs)
    _require_same_count(folder, source, pairs)
    found = Matching(source)
    elsewhere = sum(hit.moved for _, hit in pairs)
    by_ends = 2 * elsewhere > sum(bool(hit.images) for _, hit in pairs)
    exact = {hit.images[0].file for _, hit in pairs if _is_exact(hit)}
    spellings = Counter(i.file for i, _ in {(h.images[0], r.file) for r, h in pairs if h.images})
    used: list[tuple[LabelRow, Found]] = []
    seen: dict[str, int] = {}
    malformed: set[str] = set()
    for row, hit in pairs:
        image = hit.images[0] if len(hit.images) == 1 else None
        if row.fault:
            found.fail(row.fault, row.remedy, row, image, malformed=True)
            malformed.add(image.file if image else "")
        elif len(hit.images) > 1:
            what = f"names {quoted(row.file)}, and there are {len(hit.images)} images of that name"
            found.fail(what, "write more of the path", row)
        elif image is None or (hit.moved and not by_ends):
            found.fail(*_lost(folder.path, row), row)
        elif not _is_exact(hit) and (image.file in exact or spellings[image.file] > 1):
            what = f"names {quoted(row.file)}, and other rows could mean {quoted(image.file)} too"
            found.fail(what, "write the paths relative to the folder", row)
        elif image.file in seen:
            what = f"labels {quoted(row.file)} again, after line {seen[image.file]}"
            found.fail(what, "keep the right one of the two", row, image)
        else:
            seen[image.file] = row.number
            used.append((row, hit))
            found.add(row, image)
    _say_names(found, used)
    return found.done(i for i in folder.images if i.file not in seen and i.file not in malformed)


def _is_exact(hit: Found) -> bool:
    return len(hit.images) == 1 and not hit.moved and not hit.bare


def _require_any(folder: Folder, source: Path, pairs: list[tuple[LabelRow, Found]]) -> None:
    """Raise an error if rows name images, and none of them one of the folder."""
    rows = [row for row, _ in pairs if row.file and not row.fault]
    if len(rows) > 1 and not any(hit.images for _, hit in pairs):
        what = f"names no image of {printable(folder.path)}: the first is {quoted(rows[0].file)}"
        remedy = f"there they are called as {quoted(folder.images[0].file)}: name them so"
        raise DatasetError(printable(source), what, remedy, row=rows[0].number or None)


def _require_same_count(folder: Folder, source: Path, pairs: list[tuple[LabelRow, Found]]) -> None:
    """Raise an error if rows are numbered from 0 and images from 1, or the other way round."""
    rows = {int(row.file) for row, _ in pairs if _is_count(row.file)}
    images = {int(i.path.stem): i for i in folder.images if _is_count(i.path.stem)}
    if len(rows) < 2 or len(rows) != len(images) or rows == images.keys():
        return
    dense = all(max(found) - min(found) + 1 == len(found) for found in (rows, images))
    if dense and abs(min(rows) - min(images)) == 1:
        what = f"counts from {min(rows)}, and the images begin with "
        what += f"{quoted(images[min(images)].file)}: a label may be of the one beside"
        raise DatasetError(printable(source), what, "name each image with its suffix, as 1.png")


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _say_names(found: Matching, used: list[tuple[LabelRow, Found]]) -> None:
    """Add what was made of names that are no paths in the folder, with an example."""
    others = [(row, hit.images[0], hit) for row, hit in used if not _is_exact(hit)]
    if not others:
        return
    row, image, _ = others[0]
    example = f"{shown(image.file)} by {shown(row.file)}"
    moves = set()
    for row, image, hit in others:
        if hit.moved:
            here = PurePosixPath(image.file).parts[:-1]
            there = tuple(part for part in row.file.replace("\\", "/").split("/") if part)[:-1]
            same = len(common_tail(here, there))
            moves.add((here[: len(here) - same], there[: len(there) - same]))
    if len(moves) > 1:
        doubt = f"images are found by their names alone, of {len(moves)} places, such as {example}"
        found.doubts.append(f"{doubt}: write their paths relative to the folder")
    else:
        what = "1 image is" if len(others) == 1 else f"{len(others)} images are"
        found.notes.append(f"{what} named in another way, such as {example}")


def _lost(folder: Path, row: LabelRow) -> tuple[str, str]:
    """Return the problem of a row that names none of the folder's images, and the remedy."""
    windows = PureWindowsPath(row.file)
    try:
        path = folder / row.file
        outside = bool(windows.anchor) or ".." in windows.parts
        exists = bool(row.file) and not outside and path.exists()
        outside = outside or (exists and not is_inside(folder, path))
    except (OSError, ValueError):
        outside, exists = False, False
    if outside:
        what = f"names {quoted(row.file)}, which is not a path inside the folder"
        return what, "move the image into the folder, and name it relative to that"
    if exists:
        what = f"names {quoted(row.file)}, which is hidden, behind a link, or not an image"
        return what, "rename or move the file, or cut the row"
    return f"names {quoted(row.file)}, which is not there", "add the image, or cut the row"
