"""Labels in lines, in a file for each image, in JSON and in Label Studio's exports; and Unicode."""

from __future__ import annotations

import csv
import io
import json
import random
import unicodedata
from collections.abc import Callable
from typing import Any

from folders import Case, Family, hexadecimal, labels, misread, some, token

KINDS = ("digits", "hex", "upper", "lower and digits", "mixed", "upper and digits")


def _numbered(count: int, first: int = 1, form: str = "{}.png") -> list[str]:
    return [form.format(i) for i in range(first, first + count)]


def _lines(rng: random.Random) -> Case:
    """Bring line n labels image n; or a line more, a line less, from 0, with gaps."""
    found: list[str | None] = [*labels(rng, some(rng), *KINDS)]
    form = rng.choice(("{}.png", "{:03}.png", "captcha_{}.png", "x{}.png"))
    images = _numbered(len(found), rng.choice((1, 1, 1, 0, 2, 100)), form)
    lines = [text or "" for text in found]
    fault = rng.choice(("", "", "header", "comment", "short", "gap", "blank", "double"))
    if fault == "header":
        lines.insert(0, rng.choice(("label", "text", "labels:")))
    elif fault == "comment":
        lines.insert(0, rng.choice(("# labels of January", "// labels", "#labels")))
    elif fault == "short":
        del lines[-1]
        found[-1] = None
    elif fault == "gap":
        del images[2], lines[2], found[2]
    elif fault == "blank":  # the image was unreadable, and its line stayed empty
        lines[2], found[2] = "", None
    elif fault == "double":
        lines = [s for line in lines for s in (line, "")]
    truth = dict(zip(images, found, strict=True))
    text = rng.choice(("\n", "\r\n")).join(lines) + "\n" * rng.randrange(3)
    if rng.random() < 0.5:
        return Case(truth, {"labels.txt": text.encode()})
    below = {f"images/{a}": b for a, b in truth.items()}
    asked = rng.random() < 0.5
    folder = "images" if asked else "."
    return Case(below, {"labels.txt": text.encode()}, folder, "labels.txt" if asked else "auto")


PAIRS = (
    "{0}\t{1}", "{0} {1}", "{0},{1}", "{0}:{1}", "{0}: {1}", "{0};{1}", "{0}|{1}", "{0} = {1}",
    '{0}, "{1}"', "{0} - {1}", "{0} -> {1}", '"{0}" "{1}"', "{1}\t{0}", "{1} {0}", "images/{0} {1}",
    "{0}  {1}", "{2} {1}", "{2}: {1}", "{2}. {1}", "{2}) {1}", "{2}\t{1}", "{2},{1}", "{2}:{1}",
    "./{0}\t{1}", "C:\\captchas\\{0}\t{1}", "/data/images/{0} {1}", "{0}={1}", "'{0}': '{1}'",
)  # fmt: skip


def _pairs(rng: random.Random) -> Case:
    found = labels(rng, some(rng), *KINDS)
    made = rng.choice(("{}.png", "{:03}.png", "captcha_{}.png", "hash"))
    images = _numbered(len(found), rng.choice((0, 1, 1)), made)
    if made == "hash":
        images = [hexadecimal(rng, 32) + ".png" for _ in found]
    form = rng.choice(PAIRS)
    pairs = [*zip(images, found, strict=True)]
    truth = dict(pairs)
    if rng.random() < 0.5:
        rng.shuffle(pairs)
    lines = [form.format(name, text, name[:-4]) for name, text in pairs]
    if rng.random() < 0.2:
        lines.insert(0, form.format("file", "label", "file"))
    name = rng.choice(("labels.txt", "labels.txt", "gt.txt", "train.txt", "answers.txt"))
    data = ("\n".join(lines) + "\n").encode()
    if rng.random() < 0.4:
        return Case(truth, {name: data}, ".", name if name != "labels.txt" else "auto")
    below = {f"images/{a}": b for a, b in truth.items()}
    return Case(below, {name: data}, "images", name)


def _shifted_pairs(rng: random.Random) -> Case:
    """Bring numbered lines from 1 beside images from 0, or the other way round."""
    found = labels(rng, some(rng), *KINDS)
    first, start = rng.choice(((0, 1), (1, 0)))
    form = rng.choice(("{} {}", "{}: {}", "{}\t{}", "{}. {}", "{},{}"))
    text = "\n".join(form.format(first + i, s) for i, s in enumerate(found))
    return Case(
        dict(zip(_numbered(len(found), start), found, strict=True)), {"labels.txt": text.encode()}
    )


def _sidecars(rng: random.Random) -> Case:
    """Bring a text file for each image, some of them empty or missing."""
    found = labels(rng, some(rng), *KINDS)
    images = _numbered(len(found), 1, rng.choice(("{}.png", "img_{:03}.png", "captcha-{}.png")))
    suffix = rng.choice((".txt", ".gt.txt", ".txt", ".gt.txt", ".label", ".png.txt"))
    end, mark = rng.choice(("", "\n", "\r\n", "\n\n")), rng.choice(("", "", "\ufeff"))
    truth: dict[str, str | None] = dict(zip(images, found, strict=True))
    files: dict[str, bytes] = {}
    for name, text in truth.items():
        files[name[:-4] + suffix] = (mark + (text or "") + end).encode()
    fault = rng.choice(
        ("", "", "empty", "missing", "readings", "lines", "notes", "utf-16", "table")
    )
    gone = images[1]
    if fault == "empty":
        files[gone[:-4] + suffix], truth[gone] = b"", None
    elif fault == "missing":
        del files[gone[:-4] + suffix]
        truth[gone] = None
    elif fault == "readings" and suffix == ".gt.txt":
        files |= {a[:-4] + ".txt": misread(rng, b or "").encode() for a, b in truth.items()}
    elif fault == "lines":
        files[gone[:-4] + suffix], truth[gone] = b"HE59\nGD9A\n", None
    elif fault == "notes":
        files |= {
            "README.txt": b"January\n",
            "notes.txt": b"HE59\n",
            "requirements.txt": b"numpy\n",
        }
    elif fault == "utf-16":
        files = {name: data.decode().encode("utf-16") for name, data in files.items()}
    elif fault == "table":
        rows = "".join(f"{a},{b}\n" for a, b in truth.items())
        files["labels.csv"] = ("file,label\n" + rows).encode()
    return Case(truth, files)


def _boxes(rng: random.Random) -> Case:
    """Bring YOLO's boxes beside the images, which are no text."""
    files = {f"{i}.txt": f"{rng.randrange(30)} 0.5 0.5 0.2 0.2\n".encode() for i in range(1, 9)}
    return Case(dict.fromkeys(_numbered(8)), files)


def _document(rng: random.Random, pairs: list[tuple[str, str]]) -> Any:
    stem = rng.random() < 0.3
    named = [(a[:-4] if stem else a, b) for a, b in pairs]
    natural = sorted((a for a, _ in pairs), key=lambda name: (len(name), name))
    forms: dict[str, Callable[[], Any]] = {
        "dict": lambda: dict(named),
        "reversed": lambda: {b: a for a, b in named},
        "records": lambda: [{"file": a, "label": b} for a, b in named],
        "others": lambda: [{"image_path": f"data/{a}", "plate_text": b} for a, b in named],
        "nested": lambda: {a: {"label": b, "width": 150} for a, b in named},
        "lists": lambda: {a: [b] for a, b in named},
        "columns": lambda: {"images": [a for a, _ in named], "labels": [b for _, b in named]},
        "inside": lambda: {"data": [{"filename": a, "text": b} for a, b in named]},
        "with id": lambda: [{"id": i, "img": a, "answer": b} for i, (a, b) in enumerate(named)],
        "readings": lambda: [{"file": a, "pred": misread(rng, b), "truth": b} for a, b in named],
        "two texts": lambda: [{"file": a, "t1": misread(rng, b), "t2": b} for a, b in named],
        "numbers": lambda: {a: int(b) if b.isdecimal() else b for a, b in named},
        "indices": lambda: {str(i): dict(pairs)[a] for i, a in enumerate(natural)},
        "coco": lambda: {
            "images": [{"id": 7 + i, "file_name": a} for i, (a, _) in enumerate(named)],
            "annotations": [
                {"id": 1 + i, "image_id": 7 + i, "text": b} for i, (_, b) in enumerate(named)
            ],
        },
    }
    return forms[rng.choice([*forms])]()


def _json(rng: random.Random) -> Case:
    found = labels(rng, some(rng), *KINDS)
    form = rng.choice(("{}.png", "img_{:03}.png"))
    truth = dict(zip(_numbered(len(found), rng.choice((0, 1)), form), found, strict=True))
    document = _document(rng, rng.sample([*truth.items()], len(truth)))
    asked = rng.choice(("labels.json", "train.json"))
    return Case(
        truth, {asked: json.dumps(document, indent=rng.choice((None, 2))).encode()}, ".", asked
    )


def _json_twice(rng: random.Random) -> Case:
    """Bring one key twice with two labels, of which JSON readers keep the last."""
    found: list[str | None] = [*labels(rng, some(rng), *KINDS)]
    images = _numbered(len(found))
    pairs = [f'"{a}": "{b}"' for a, b in zip(images, found, strict=True)]
    pairs.append(f'"{images[1]}": "OTHER"')
    found[1] = None
    text = "{" + ", ".join(pairs) + "}"
    return Case(
        dict(zip(images, found, strict=True)), {"labels.json": text.encode()}, ".", "labels.json"
    )


def _json_lines(rng: random.Random) -> Case:
    found = labels(rng, some(rng), *KINDS)
    truth = dict(zip(_numbered(len(found)), found, strict=True))
    image, text = rng.choice(
        (("file", "label"), ("file_name", "text"), ("image", "answer"), ("a", "b"))
    )
    more = rng.choice(({}, {"split": "train"}, {"pred": "XXXX"}, {"bbox": [0, 0, 9, 9]}))
    lines = [json.dumps({image: a, text: b, **more}) for a, b in truth.items()]
    name = rng.choice(("labels.jsonl", "metadata.jsonl"))
    return Case(truth, {name: "\n".join(lines).encode()}, ".", name)


def _uploaded(rng: random.Random, name: str) -> str:
    stem, suffix = name.rsplit(".", 1)
    again = rng.choice(("", "", "_" + token(rng, 7)))
    return rng.choice(("", "/data/upload/3/")) + f"{hexadecimal(rng, 8)}-{stem}{again}.{suffix}"


def _task(rng: random.Random, i: int, name: str, text: str, control: str) -> dict[str, Any]:
    value: dict[str, dict[str, Any]] = {
        "textarea": {"text": [text]},
        "choices": {"choices": [text]},
        "number": {"number": text},
    }
    if control == "number":
        value["number"] = {"number": int(text) if text.isdecimal() else text}

    def result(shown: dict[str, Any], of: str = "label") -> dict[str, Any]:
        return {"from_name": of, "to_name": "image", "type": control, "value": shown}

    results = [result(value[control])]
    extra = rng.random()
    if extra < 0.15:
        results.append({"from_name": "comment", "to_name": "image", "type": "textarea",
                        "value": {"text": ["blurry"]}})  # fmt: skip
    reading = {
        "model_version": "1",
        "score": 0.5,
        "result": [result({"text": [misread(rng, text)]})],
    }
    cancelled = {"was_cancelled": True, "result": [result({"text": ["NOPE"]})]}
    annotations = [{"was_cancelled": False, "result": results}]
    if extra > 0.9:
        annotations.insert(0, cancelled)
    data = {"image": _uploaded(rng, name)}
    return {"id": i, "data": data, "annotations": annotations, "predictions": [reading]}


def _label_studio(rng: random.Random) -> Case:
    found = labels(rng, some(rng), *KINDS)
    form = rng.choice(("{}.png", "cap_{:03}.png", "{}_a.png"))
    truth: dict[str, str | None] = dict(zip(_numbered(len(found), 1, form), found, strict=True))
    control = rng.choice(("textarea", "textarea", "choices", "number"))
    tasks = [_task(rng, i, a, b or "", control) for i, (a, b) in enumerate(truth.items(), 1)]
    if rng.random() < 0.2:  # two people who disagree
        one = tasks[1]["annotations"][-1]
        other = json.loads(json.dumps(one).replace(found[1], found[1][::-1] + "7"))
        tasks[1]["annotations"].append(other)
        truth["".join([*truth][1:2])] = None
    name = rng.choice(("label-studio.json", "project-1.json"))
    return Case(truth, {name: json.dumps(tasks).encode()}, ".", name)


def _label_studio_table(rng: random.Random) -> Case:
    found = labels(rng, some(rng), *KINDS)
    truth = dict(zip(_numbered(len(found)), found, strict=True))
    form = rng.choice(("csv", "tsv", "min"))
    tasks = []
    for i, (name, text) in enumerate(truth.items(), 1):
        task = {"annotation_id": i, "annotator": 1, "created_at": "2026-01-01T00:00:00Z", "id": i}
        task |= {"image": _uploaded(rng, name), "label": text, "lead_time": 2.1}
        task |= {"comment": "ok"} if len(found) == 8 else {}
        tasks.append(task | {"updated_at": "2026-01-01T00:00:01Z"})
    if form == "min":
        return Case(truth, {"export.json": json.dumps(tasks).encode()}, ".", "export.json")
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [*tasks[0]], delimiter="\t" if form == "tsv" else ",")
    writer.writeheader()
    writer.writerows(tasks)
    return Case(truth, {f"export.{form}": stream.getvalue().encode()}, ".", f"export.{form}")


def _unicode(rng: random.Random) -> Case:
    """Bring labels with many code points for one sign, and names that macOS took apart."""
    found, written = [], []
    kind = rng.choice(("minus", "wide", "apart", "hidden", "names"))
    for text in labels(rng, some(rng), "upper and digits" if kind != "apart" else "umlauts"):
        if kind == "minus":
            text = f"{text[:2]}-{text[2:]}"
        found.append(text)
        shown: dict[str, Callable[[str], str]] = {
            "minus": lambda t: t.replace("-", rng.choice("-−–‐")),
            "wide": lambda t: "".join(chr(ord(c) + 0xFEE0) if rng.random() < 0.5 else c for c in t),
            "apart": lambda t: unicodedata.normalize("NFD", t),
            "hidden": lambda t: (
                t + rng.choice(("", "\u200b", "\ufeff", "\u200e", "\u00ad", "\u2060"))
            ),
        }
        written.append(shown[kind](text) if kind in shown else text)
    images = [f"bild_ä{i}.png" if kind == "names" else f"{i}.png" for i in range(len(found))]
    lines = [f"{a},{b}" for a, b in zip(images, written, strict=True)]
    on_disk = [unicodedata.normalize("NFD", name) for name in images]
    truth = dict(zip(on_disk, found, strict=True))
    return Case(truth, {"labels.csv": "\n".join(["file,label", *lines]).encode()})


FAMILIES: dict[str, Family] = {
    "labels.txt": _lines,
    "labels.txt, pairs": _pairs,
    "labels.txt, pairs of the next": _shifted_pairs,
    "sidecars": _sidecars,
    "sidecars of boxes": _boxes,
    "JSON": _json,
    "JSON, a key twice": _json_twice,
    "JSON Lines": _json_lines,
    "Label Studio": _label_studio,
    "Label Studio, tables": _label_studio_table,
    "Unicode": _unicode,
}
