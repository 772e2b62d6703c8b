"""Label Studio: the tasks of its exports, and the images of a folder that they are about.

Predictions are a model's guesses and no labels; a cancelled annotation is none either.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from captchascope.atomic import atomic_write
from captchascope.data.formats.headings import LABEL, AmbiguousError, find_column
from captchascope.data.formats.objects import column_text, load_json
from captchascope.data.formats.spreadsheets import doubts_of_zeros, require_unchanged
from captchascope.data.labels import LabelRow, further_columns, quoted
from captchascope.data.match import Folder, ImageFile, Matching
from captchascope.data.named import match_named
from captchascope.errors import DatasetError
from captchascope.files import IMAGE_SUFFIXES, printable
from captchascope.records import Sample

_UPLOADED = re.compile("[0-9a-f]{8}-(.+)", re.DOTALL)
"""What an uploaded file is called: eight digits, so that none replaces another, and its name."""

_AGAIN = re.compile(r"(.+)_[A-Za-z0-9]{7}(\.[^.]+)", re.DOTALL)
"""What a file is called that was uploaded where one of its name was."""


def _path_of(url: str) -> str:
    """Return the path that an address leads to, without the server and the leading slash.

    That is ``captchas/1.jpeg`` of ``/data/local-files/?d=captchas/1.jpeg``, and ``bucket``'s
    ``1.jpeg`` of ``s3://bucket/1.jpeg``.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # such as one half of a pair of brackets
        return url
    served = parse_qs(parts.query).get("d") if parts.path.endswith("/local-files/") else None
    path = served[0] if served else unquote(parts.path)
    return path.replace("\\", "/").lstrip("/")


def _is_image(value: Any) -> bool:
    """Say whether a value of a task is the address of an image."""
    return (
        isinstance(value, str) and PurePosixPath(_path_of(value)).suffix.lower() in IMAGE_SUFFIXES
    )


class _Finder:
    """Finds the images of a folder by what Label Studio calls them."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._by_name: defaultdict[str, list[ImageFile]] = defaultdict(list)
        for image in folder.images:
            name = image.path.name
            # as it is stored there: blanks become underscores, odd characters go
            for known in {name, re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))}:
                self._by_name[known].append(image)

    def find(self, data: Mapping[str, Any]) -> tuple[str, str, str]:
        """Return the image's file, the key that names it, and what is wrong, if anything is.

        The file is one of the folder where it is found there. The key ``file``, which
        ``write_tasks`` adds, goes before the address, as a folder may hold another one of its name.
        """
        keys = [key for key, value in data.items() if _is_image(value)]
        keys = [key for key in keys if key != "file"] or keys
        if "image" not in keys and len(keys) != 1:
            return "", "", f"names images under {len(keys)} keys" if keys else "names no image"
        key = "image" if "image" in keys else keys[0]
        known = data.get("file")
        if isinstance(known, str) and self._folder.find(known):
            return known, key, ""
        path = _path_of(data[key])
        parts = PurePosixPath(path).parts
        deepest = len(parts) - 1 - self._folder.endings.depth
        for start in range(max(0, deepest), len(parts)):  # its end, else the name alone
            if image := self._folder.find("/".join(parts[start:])):
                return image.file, key, ""
        name = parts[-1] if parts else ""
        names = [name, *(match[1] for match in [_UPLOADED.fullmatch(name)] if match)]
        names += [again[1] + again[2] for n in names if (again := _AGAIN.fullmatch(n))]
        found = next((self._by_name[known] for known in names if known in self._by_name), [])
        if len(found) > 1:
            return (
                path,
                key,
                f"names {quoted(path)}, and there are {len(found)} images of that name",
            )
        return found[0].file if found else path, key, ""


TASKS = "label-studio.json"
CONFIG = "label-studio.xml"

_CONFIG = """\
<View>
  <Image name="image" value="$image"/>
  <TextArea name="label" toName="image" maxSubmissions="1" editable="true"/>
</View>
"""

_OF_MIN = frozenset(
    ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement")
)
"""Keys of JSON-MIN that Label Studio adds to those of the task and of the labels."""

_SIGNS = frozenset(("annotation_id", "lead_time"))
"""Those that nobody else has."""


@dataclass(slots=True)
class _Task:
    """What an export says of one image: its place in the list, data, and every text given."""

    number: int
    data: dict[str, Any]
    labels: list[str] = field(default_factory=list)
    fault: str = ""

    def give(self, texts: list[str]) -> None:
        """Add what one annotation says; it must be one text."""
        if len(texts) > 1:
            self.fault = f"holds an annotation of {len(texts)} texts"
        self.labels += texts


def read_tasks(folder: Folder, source: Path) -> Matching:
    """Match the tasks of an export; those without an annotation leave their images unlabelled.

    Raises:
        DatasetError: If the file cannot be read, or is no export of either kind.
    """
    return match_exported(folder, source, load_json(source))


def match_exported(folder: Folder, source: Path, exported: Any) -> Matching:
    """Match what an export holds.

    Raises:
        DatasetError: If it is no export of either kind.
    """
    if not isinstance(exported, list) or not all(isinstance(task, dict) for task in exported):
        what, remedy = "is no list of tasks", "export it from Label Studio as JSON or JSON-MIN"
        raise DatasetError(printable(source), what, remedy)
    if any(isinstance(task.get("data"), dict) for task in exported):
        try:
            kinds = _kinds(exported)
        except AmbiguousError as error:
            raise DatasetError(printable(source), str(error), error.remedy) from None
        tasks = [_task(number, task, kinds) for number, task in enumerate(exported, 1)]
        return _match(folder, source, tasks, typed="number" not in kinds)
    entries = [*enumerate(exported, 1)]
    numbers = any(isinstance(v, int | float) for _, entry in entries for v in entry.values())
    return _match(folder, source, _of_min(folder, source, entries), typed=not numbers)


def is_export(value: Any) -> bool:
    """Say whether a list of JSON, or the first line of a table, is one of Label Studio's."""
    entries = value if isinstance(value, list) else []
    return any("data" in e or e.keys() >= _SIGNS for e in entries if isinstance(e, dict))


def match_entries(
    folder: Folder, source: Path, entries: Sequence[tuple[int, dict[str, str]]]
) -> Matching:
    """Match the lines of a table that Label Studio has exported, each an annotation.

    What has several values is in a cell as JSON.

    Raises:
        DatasetError: If several columns could be the label, or a spreadsheet has changed them.
    """

    def value(cell: str) -> Any:
        try:
            return json.loads(cell) if cell[:1] in ("[", "{") else cell
        except (ValueError, RecursionError):
            return cell

    parsed = [(line, {key: value(cell) for key, cell in e.items()}) for line, e in entries]
    return _match(folder, source, _of_min(folder, source, parsed), typed=False)


def _match(folder: Folder, source: Path, tasks: Iterable[_Task], *, typed: bool) -> Matching:
    """Match tasks; the labels are ``typed`` where they can't be numbers that lost their zeros."""
    finder = _Finder(folder)
    rows = [(_row(task, finder), typed) for task in tasks if task.labels or task.fault]
    if folder.asked.as_written:
        return match_named(folder, source, [row for row, _ in rows])
    found = match_named(folder, source, require_unchanged(source, rows))
    found.doubts += doubts_of_zeros([sample.label for sample in found.samples])
    return found


_KINDS = ("textarea", "choices", "number")


def _kinds(exported: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Return which kinds of results are labels: texts, or what else was asked for without any.

    Raises:
        AmbiguousError: If few have a text and more have something else, and no name tells which.
    """
    found = Counter(
        (result.get("type"), column_text(result.get("from_name")))
        for task in exported
        for annotation in _annotations(task)
        for result in _dicts(annotation.get("result"))
        if result.get("type") in _KINDS and _texts(result.get("value"))
    )
    names = {kind: [name for of, name in found if of == kind] for kind in _KINDS}
    counts = {kind: sum(n for (of, _), n in found.items() if of == kind) for kind in _KINDS}
    texts, *others = _KINDS
    if not names[texts] or not any(names[kind] for kind in others):
        return tuple(kind for kind in _KINDS if names[kind])
    if find_column(names[texts], LABEL) is not None:
        return (texts,)
    if told := [kind for kind in others if find_column(names[kind], LABEL) is not None]:
        return tuple(told)
    if counts[texts] < max(counts[kind] for kind in others):
        raise AmbiguousError(LABEL[0], [name for _, name in found])
    return (texts,)


def _annotations(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the annotations of a task that were not cancelled."""
    for annotation in _dicts(task.get("annotations", task.get("completions"))):
        if not (annotation.get("was_cancelled") or annotation.get("skipped")):
            yield annotation


def _task(number: int, task: dict[str, Any], kinds: Collection[str]) -> _Task:
    """Return a task of the full export."""
    data = task.get("data")
    found = _Task(number, data if isinstance(data, dict) else {})
    for annotation in _annotations(task):
        fields: defaultdict[str, list[str]] = defaultdict(list)
        for result in _dicts(annotation.get("result")):
            if result.get("type") in kinds:
                fields[column_text(result.get("from_name"))] += _texts(result.get("value"))
        try:
            found.give(fields.get(_label_key(fields) or "", []))
        except AmbiguousError as error:
            found.fault = str(error)
    return found


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects in what should be a list of them."""
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _texts(value: Any) -> list[str]:
    """Return the texts in a value of a field, which may be one, several, or wrapped.

    White space around them is a slip of the hand, as no label has any.
    """
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, dict):
        return [text for key in ("text", "choices", "number") for text in _texts(value.get(key))]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [str(value)]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


def _label_key(names: Collection[str]) -> str | None:
    """Return which key holds the label: the only one, or the only one with a usual name.

    Raises:
        AmbiguousError: If several could.
    """
    found = find_column(names, LABEL)
    if found is None and len(names) > 1:
        raise AmbiguousError(LABEL[0], list(names))
    return found if found is not None else next(iter(names), None)


def _of_min(
    folder: Folder, source: Path, entries: Sequence[tuple[int, dict[str, Any]]]
) -> list[_Task]:
    """Return the tasks of JSON-MIN or a table, which have one entry for each annotation.

    The data of a task and its labels stand side by side there, so which key holds the label is
    found out from all entries together.
    """
    keys = dict.fromkeys(key for _, entry in entries for key, v in entry.items() if _texts(v))
    own = {key for key in keys if all(_is_image(e[key]) for _, e in entries if e.get(key))}
    others = [key for key in keys if key not in own | _OF_MIN | {"file"}]
    told = [k for k in others if not all(isinstance(e.get(k), int | float) for _, e in entries)]
    try:
        label = folder.asked.label_column or _label_key(told or others)
    except AmbiguousError as error:
        raise DatasetError(printable(source), str(error), error.remedy) from None
    tasks: dict[str, _Task] = {}
    for number, entry in entries:
        data = {k: v for k, v in entry.items() if k != label and k not in _OF_MIN}
        key = json.dumps([entry.get(name) for name in sorted(own)] or number)
        tasks.setdefault(key, _Task(number, data)).give(_texts(entry.get(label or "")))
    return list(tasks.values())


def _row(task: _Task, finder: _Finder) -> LabelRow:
    """Return a task as a row that names an image of the folder, if it is there."""
    file, key, fault = finder.find(task.data)
    if not fault and len(set(task.labels)) > 1:
        fault = f"gives {quoted(file)} {len(set(task.labels))} different labels"
    fault = task.fault or fault
    columns = {k: column_text(v) for k, v in task.data.items() if k not in (key, "file")}
    label = "" if fault else task.labels[0]
    return LabelRow(
        task.number, file, label, columns, fault, "correct the task, and export it again"
    )


def write_tasks(folder: Path, samples: Sequence[Sample], name: str) -> None:
    """Write ``label-studio.json``, tasks with an annotation each, and ``label-studio.xml``.

    The second is the labelling interface. Label Studio finds the images where it serves local
    files, and its document root is the folder that holds the one called ``name``.

    Raises:
        OutputError: If they cannot be written, or a further column is called image or file.
    """
    further_columns(folder / TASKS, samples, ("image", "file"))

    def task(sample: Sample) -> dict[str, Any]:
        url = "/data/local-files/?d=" + quote(f"{name}/{sample.file}", errors="replace")
        value = {"text": [sample.label]}
        result = {"from_name": "label", "to_name": "image", "type": "textarea", "value": value}
        data = {"image": url, "file": sample.file, **sample.columns}
        return {"data": data, "annotations": [{"result": [result]}]}

    tasks = (json.dumps(task(sample), ensure_ascii=False) for sample in samples)
    atomic_write(folder / TASKS, "[\n" + ",\n".join(tasks) + "\n]\n")
    atomic_write(folder / CONFIG, _CONFIG)
