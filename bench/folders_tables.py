"""Tables of labels beside their images, as scripts, spreadsheets and other tools write them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from folders import Case, Family, hexadecimal, labels, misread, some, token

Rows = list[list[str]]
PAIRS = (
    ("file", "label"), ("filename", "text"), ("filename", "words"), ("image", "label"),
    ("image_path", "plate_text"), ("path", "solution"), ("img", "answer"), ("file_name", "text"),
    ("Filename", "Label"), ("FILE", "TEXT"), ("image_name", "captcha"), ("name", "code"),
)  # fmt: skip
FOREIGN = (
    ("Datei", "Text"), ("Bild", "Lösung"), ("fichier", "texte"), ("archivo", "texto"),
    ("imagen", "código"),
    ("файл", "метка"), ("文件名", "标签"), ("画像", "正解"), ("arquivo", "rótulo"), ("a", "b"),
    ("x", "y"), ("Column1", "Column2"), ("immagine", "testo"), ("plik", "etykieta"),
)  # fmt: skip
KINDS = ("digits", "hex", "upper", "lower and digits", "mixed", "upper and digits")


def _images(rng: random.Random, count: int) -> list[str]:
    """Return names of images that are no labels."""
    form = rng.choice(("{}", "{:04}", "img_{}", "captcha_{:03}", "hash", "token"))
    first = rng.choice((0, 1, 1, 1, 500))
    made = {"hash": lambda: hexadecimal(rng, 32), "token": lambda: token(rng, 14)}
    stems = [made[form]() if form in made else form.format(first + i) for i in range(count)]
    return [stem + ".png" for stem in stems]


def _extra(rng: random.Random, i: int, image: str, text: str) -> dict[str, str]:
    return {
        "id": str(i),
        "width": str(rng.choice((150, 150, 160))),
        "height": "50",
        "split": rng.choice(("train", "val")),
        "date": f"2024-01-{1 + i % 28:02}",
        "source": "site",
        "confidence": f"{rng.random():.3f}",
        "sha256": hexadecimal(rng, 64),
        "url": f"https://example.org/captcha/{token(rng, 8)}",
        "language": rng.choice(("de", "en")),
        "user": rng.choice(("anna", "ben")),
        "length": str(len(text)),
        "valid": rng.choice(("TRUE", "FALSE")),
        "seconds": str(rng.randrange(2, 40)),
        "session": token(rng, 6),
        "pin": f"{rng.randrange(10000):04}",
        "": "",
    }


def _written(rows: Rows, separator: str, end: str = "\n", quote: bool = False) -> str:
    def cell(text: str) -> str:
        inside = quote or separator in text or '"' in text
        return '"' + text.replace('"', '""') + '"' if inside else text

    return "".join(separator.join(map(cell, row)) + end for row in rows)


def _case(
    rng: random.Random,
    images: Sequence[str],
    found: Sequence[str | None],
    text: str | bytes,
    *,
    plain: bool = False,
) -> Case:
    """Put the table beside its images, above them or elsewhere."""
    data = text if isinstance(text, bytes) else text.encode()
    truth = dict(zip(images, found, strict=True))
    where = rng.choice(("inside", "elsewhere", "above"))
    if where == "inside":
        return Case(truth, {"labels.csv": data}, plain=plain)
    below = {f"images/{name}": label for name, label in truth.items()}
    name = rng.choice(("labels.csv", "train.csv", "people.tsv", "data.csv"))
    if where == "above":
        return Case(below, {name: data}, "images", name, plain=plain)
    return Case(below, {f"tables/{name}": data}, "images", f"tables/{name}", plain=plain)


def _columns(*headers: tuple[str, str], header: bool = True, plain: bool = False) -> Family:
    """Return the family of tables with further columns around the two that matter."""

    def make(rng: random.Random) -> Case:
        found = labels(rng, some(rng), *KINDS)
        images = _images(rng, len(found))
        names = rng.choice(headers)
        more = rng.sample([*_extra(rng, 0, "", "")], rng.choice((0, 0, 1, 2, 4)))
        order = [*more, "file", "label"]
        rng.shuffle(order)
        titles = {"file": names[0], "label": names[1]}
        rows = [[titles.get(title, title) for title in order]] if header else []
        for i, (image, text) in enumerate(zip(images, found, strict=True)):
            cells = _extra(rng, i, image, text) | {"file": image, "label": text}
            rows.append([cells[title] for title in order])
        quote, end = rng.random() < 0.2, rng.choice(("\n", "\r\n", "\n"))
        text = _written(rows, rng.choice(",,;\t|"), end, quote)
        if rng.random() < 0.2:
            text = "\ufeff" + text
        return _case(rng, images, found, text, plain=plain and not more)

    return make


def _two(
    file: Callable[[random.Random, str], str] = lambda r, name: name,
    label: Callable[[random.Random, str], str] = lambda r, text: text,
    whole: Callable[[random.Random, str], str | bytes] = lambda r, text: text,
    kinds: Sequence[str] = KINDS,
    stay: bool = False,
    separator: str | None = None,
) -> Family:
    """Return the family of ``file,label`` with cells or text changed as someone's tool does.

    With ``stay`` the name's change is chosen once for a folder.
    """

    def make(rng: random.Random) -> Case:
        found = labels(rng, some(rng), *kinds)
        images, once = _images(rng, len(found)), rng.random()
        rows = [["file", "label"]]
        for image, text in zip(images, found, strict=True):
            rows.append([file(random.Random(once) if stay else rng, image), label(rng, text)])
        text = _written(rows, separator or rng.choice(",;\t"))
        return _case(rng, images, found, whole(rng, text))

    return make


def _path(rng: random.Random, name: str) -> str:
    stem = name.rsplit(".", 1)[0]
    windows = "C:\\Users\\Anna\\captchas\\"
    forms: tuple[str, ...] = (
        f"/home/anna/data/{name}",
        f"./{name}",
        windows + name,
        f"images/{name}",
    )
    forms += (f"https://example.org/images/{name}", f"file:///tmp/{name}", f"../images/{name}")
    forms += (stem, name.upper(), stem + ".jpg", stem + ".PNG", stem + ".jpeg", f"images\\{name}")
    return rng.choice(forms)


def _spreadsheet_label(rng: random.Random, text: str) -> str:
    return rng.choice((f'="{text}"', f"'{text}", f" {text}", f"{text} ", f"{text}\u00a0", text))


def _cell_of_excel(rng: random.Random, text: str) -> str:
    """Return what is left of a label that a spreadsheet took for a number."""
    number = str(int(text))
    return number if len(number) < 12 else f"{int(text):.2E}"


def _floats(rng: random.Random, text: str) -> str:
    return f"{float(text)}"


def _thousands(rng: random.Random, text: str) -> str:
    return f"{int(text):,}"


def _noise(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    separator = next(c for c in ",;\t" if c in lines[0])
    forms: dict[str, Callable[[], list[str]]] = {
        "sep": lambda: [f"sep={separator}\n", *lines],
        "blank": lambda: [*lines[:3], "\n", *lines[3:], "\n", "\n"],
        "empty": lambda: [line.rstrip("\n") + separator * 3 + "\n" for line in lines],
        "empty rows": lambda: [*lines, separator + "\n", separator + "\n"],
        "comment": lambda: ["# made by a script\n", *lines],
        "title": lambda: ["Captchas of January\n", *lines],
        "total": lambda: [*lines, f"Total{separator}{len(lines) - 1}\n"],
        "twice": lambda: [*lines, *lines[1:4]],
        "header twice": lambda: [*lines[:4], lines[0], *lines[4:]],
        "index": lambda: [f"{'' if i == 0 else i - 1}{separator}{s}" for i, s in enumerate(lines)],
        "leading": lambda: [separator + line for line in lines],
    }
    return "".join(forms[rng.choice([*forms])]())


def _encoded(rng: random.Random, text: str) -> bytes:
    form = rng.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman", "cp850", "utf-8-sig")
    )
    return text.encode(form)


def _both(rng: random.Random, headers: Sequence[tuple[str, str]]) -> Case:
    """Return a table that has the truth and a reading."""
    found = labels(rng, some(rng), *KINDS)
    images, (read, true) = _images(rng, len(found)), rng.choice(headers)
    order = [0, 1, 2]
    rng.shuffle(order)
    rows = [[("file", true, read)[i] for i in order]]
    for image, text in zip(images, found, strict=True):
        rows.append([(image, text, misread(rng, text))[i] for i in order])
    if not read:
        del rows[0]
    return _case(rng, images, found, _written(rows, rng.choice(",;\t")))


NAMED_BOTH = (
    ("prediction", "truth"), ("ocr", "label"), ("guess", "answer"), ("pred_text", "gt_text"),
    ("predicted", "actual"), ("predicted_text", "true_text"), ("tesseract", "solution"),
    ("text_pred", "text"), ("label_pred", "label_true"), ("first", "second"), ("model", "human"),
    ("result", "expected"), ("reading", "truth"), ("text_ocr", "text_corrected"),
    ("hypothesis", "reference"),
    ("output", "target"), ("text1", "text2"), ("anna", "ben"), ("", ""),
)  # fmt: skip


def _shifted(rng: random.Random) -> Case:
    """Bring an index from 0 beside images from 1, or the other way round."""
    found = labels(rng, some(rng), *KINDS)
    first, start = rng.choice(((0, 1), (1, 0)))
    images = [f"{start + i}.png" for i in range(len(found))]
    header = rng.choice((["", "label"], ["id", "label"], ["index", "text"], ["file", "label"], []))
    rows = [header] if header else []
    rows += [[str(first + i), text] for i, text in enumerate(found)]
    return _case(rng, images, found, _written(rows, ","))


def _id_and_file(rng: random.Random) -> Case:
    """Bring an id that would name images too, and the image's name in any order."""
    found = labels(rng, some(rng), *KINDS)
    images = [f"{i}.png" for i in range(1, len(found) + 1)]
    shuffled = rng.sample([*zip(images, found, strict=True)], len(found))
    header = rng.choice(
        (["id", "file", "label"], ["", "filename", "text"], ["nr", "image", "code"])
    )
    rows = [header, *([str(i), *pair] for i, pair in enumerate(shuffled, 1))]
    if rng.random() < 0.3:
        del rows[0]
    return _case(rng, images, found, _written(rows, ","))


def _small_numbers(rng: random.Random) -> Case:
    """Bring results of sums, which are names of images as well without a suffix."""
    images = [f"{i}.png" for i in range(1, 21)]
    found = [str(rng.randrange(1, 21)) for _ in images]
    rows = [[image[:-4], text] for image, text in zip(images, found, strict=True)]
    header = rng.choice((["file", "label"], ["id", "answer"], []))
    if rng.random() < 0.4:
        rows, header = [row[::-1] for row in rows], header[::-1]
    return _case(rng, images, found, _written([header, *rows] if header else rows, ","))


def _conflicts(rng: random.Random) -> Case:
    """Bring an image with two labels, of which nobody knows the right one."""
    found: list[str | None] = [*labels(rng, some(rng), *KINDS)]
    images = _images(rng, len(found))
    rows = [["file", "label"], *([a, b or ""] for a, b in zip(images, found, strict=True))]
    rows.insert(
        rng.randrange(1, len(rows) + 1), [images[2], "".join(reversed(found[2] or "")) + "7"]
    )
    found[2] = None
    return _case(rng, images, found, _written(rows, ","))


def _missing(rng: random.Random) -> Case:
    """Bring rows without an image, and images without a row."""
    found: list[str | None] = [*labels(rng, some(rng), *KINDS)]
    images = _images(rng, len(found))
    rows = [[a, b or ""] for a, b in zip(images, found, strict=True)]
    del rows[1]
    found[1] = None
    rows += [["gone_1.png", "GONE"], ["gone_2.png", "GONE"]]
    return _case(rng, images, found, _written([["file", "label"], *rows], ","))


def _twins(rng: random.Random) -> Case:
    """Bring one name in two folders, told apart by the path in a row or not at all."""
    found = labels(rng, 16, *KINDS)
    known = rng.random() < 0.5
    before = rng.choice(("", "/data/", "C:\\data\\", "./")) if known else ""
    truth: dict[str, str | None] = {}
    rows = [["file", "label"]]
    for i, text in enumerate(found):
        folder = ("train", "val")[i % 2]
        truth[f"{folder}/{i // 2}.png"] = text if known else None
        path = f"{before}{folder}/{i // 2}.png" if known else f"{i // 2}.png"
        rows.append([path.replace("/", "\\") if before.startswith("C") else path, text])
    return Case(truth, {"labels.csv": _written(rows, ",").encode()})


def _other_twins(rng: random.Random) -> Case:
    """Bring two images of one stem, and rows without a suffix or with both."""
    found = labels(rng, 16, *KINDS)
    known = rng.random() < 0.5
    names = [f"{i // 2}{('.png', '.jpg')[i % 2]}" for i in range(16)]
    rows = [["file", "label"]]
    rows += [[a if known else a[:-4], b] for a, b in zip(names, found, strict=True)]
    truth = {a: b if known else None for a, b in zip(names, found, strict=True)}
    return Case(truth, {"labels.csv": _written(rows, ",").encode()}, plain=known)


def _lost_name_zeros(rng: random.Random) -> Case:
    """Bring images `0001.png`, of which a spreadsheet has left `1`."""
    found = labels(rng, some(rng), *KINDS)
    images = [f"{i:04}.png" for i in range(1, len(found) + 1)]
    form = rng.choice(("{}", "{}.0", "{}.png"))
    rows = [[form.format(i), text] for i, text in enumerate(found, 1)]
    return _case(rng, images, found, _written([["file", "label"], *rows], ","))


def _excel_dates(rng: random.Random) -> Case:
    """Bring labels that a spreadsheet took for dates or exponents, some of them."""
    found = labels(rng, some(rng), "upper and digits", lengths=(4, 5))
    images = _images(rng, len(found))
    rows = [["file", "label"], *([a, b] for a, b in zip(images, found, strict=True))]
    for at in rng.sample(range(len(found)), 2):
        was, now = rng.choice((("1E05", "1.00E+05"), ("MAR1", "01. Mrz"), ("DEC3", "3-Dec"),
            ("3MAY", "03.05.2024"), ("2E4", "20000.0"), ("5-2", "#NAME?"), ("12E3", "1,20E+04"),
            ("JAN2", "2024-01-02 00:00:00"), ("NA42", "#N/A"), ("4E2", "#REF!")))  # fmt: skip
        found[at], rows[at + 1][1] = was, now
    return _case(rng, images, found, _written(rows, rng.choice(";\t,")))


def _lost_zeros(rng: random.Random) -> Case:
    found = labels(rng, 20, "digits", lengths=(rng.choice((4, 5, 6)),))
    found[3] = "0" + found[3][1:]
    images = _images(rng, len(found))
    rows = [["file", "label"], *([a, str(int(b))] for a, b in zip(images, found, strict=True))]
    return _case(rng, images, found, _written(rows, rng.choice(",;\t")))


def _numeric(form: Callable[[random.Random, str], str]) -> Family:
    return _two(label=form, kinds=("digits",))


FAMILIES: dict[str, Family] = {
    "known headers": _columns(*PAIRS, plain=True),
    "other headers": _columns(*FOREIGN),
    "no header": _columns(("", ""), header=False),
    "paths": _two(file=_path, stay=True),
    "paths of many kinds": _two(file=_path),
    "cells of spreadsheets": _two(label=_spreadsheet_label),
    "blanks, digits": _two(label=_spreadsheet_label, kinds=("digits",)),
    "lines of others": _two(whole=_noise),
    "encodings": _two(whole=_encoded, kinds=("umlauts",)),
    "floats": _numeric(_floats),
    "thousands": _numeric(_thousands),
    "lost zeros": _lost_zeros,
    "dates and exponents": _excel_dates,
    "truth and reading": lambda rng: _both(rng, NAMED_BOTH),
    "index beside images": _shifted,
    "id and file": _id_and_file,
    "small numbers": _small_numbers,
    "two labels for one": _conflicts,
    "rows and images missing": _missing,
    "one name in two folders": _twins,
    "one stem with two suffixes": _other_twins,
    "zeros lost in names": _lost_name_zeros,
}
