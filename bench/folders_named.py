"""Folders in which the file names hold the labels, or only seem to."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from folders import Case, Family, hexadecimal, labels, misread, some, token, uuid

TEXT = ("hex", "upper", "lower", "upper and digits", "lower and digits", "mixed")
NUMBERED = ("digits", *TEXT)
SITES = ("amazon", "paypal", "irctc", "steam", "site", "form", "login")


def _stems(
    stem: Callable[[random.Random, str, int], str],
    *kinds: str,
    plain: bool = False,
    suffix: str = ".png",
) -> Family:
    """Return the family whose names are made of label and place."""

    def make(rng: random.Random) -> Case:
        found = labels(rng, some(rng), *(kinds or TEXT))
        first = rng.choice((0, 1, 1, 1, 17, 1000))
        named = {stem(rng, text, first + i) + suffix: text for i, text in enumerate(found)}
        return Case(named, plain=plain)

    return make


def _nameless(stem: Callable[[random.Random, int], str]) -> Family:
    """Return the family whose names are no labels."""

    def make(rng: random.Random) -> Case:
        return Case({stem(rng, i) + ".png": None for i in range(1, some(rng) + 1)})

    return make


def _shared(
    pattern: Callable[[random.Random], Callable[[str, int], str]],
    *kinds: str,
    plain: bool = False,
) -> Family:
    """Return a family in which all names of a folder follow what is chosen once."""

    def make(rng: random.Random) -> Case:
        stem = pattern(rng)
        found = labels(rng, some(rng), *(kinds or TEXT))
        return Case({stem(text, i) + ".png": text for i, text in enumerate(found)}, plain=plain)

    return make


def _separator(rng: random.Random) -> str:
    return rng.choice(("_", "_", "-", " ", ".", "__", " - ", "~", "="))


def _numbers(rng: random.Random, count: int) -> list[str]:
    """Return indices as programs count: from anywhere, padded or not, in order or not."""
    first, step = rng.choice((0, 1, 1, 2, 100, 1000, 4500)), rng.choice((1, 1, 1, 3))
    found = [first + step * i for i in range(count)]
    if rng.random() < 0.3:  # a part of a larger folder
        found = sorted(rng.sample(range(first, first + 40 * count), count))
    if rng.random() < 0.4:  # the images were shuffled
        rng.shuffle(found)
    width = rng.choice((0, 0, 2, 3, 4, 5, 6))
    return [f"{number:0{width}}" for number in found]


def _with_index(label_first: bool, *kinds: str, prefix: bool = False) -> Family:
    def make(rng: random.Random) -> Case:
        found = labels(rng, some(rng), *kinds, lengths=(2, 3, 4, 5, 6) if prefix else (3, 4, 5, 6))
        separator, numbers = rng.choice(("_", "-", " ", ".")), _numbers(rng, len(found))
        before = rng.choice(("captcha_", "img-", "code ")) if prefix else ""
        named = {}
        for number, text in zip(numbers, found, strict=True):
            pair = (text, number) if label_first else (number, text)
            named[before + separator.join(pair) + ".png"] = text
        return Case(named)

    return make


MOMENTS = (
    "%Y%m%d", "%Y-%m-%d", "%Y%m%d_%H%M%S", "%Y%m%d%H%M%S", "%Y-%m-%d_%H-%M-%S", "%d.%m.%Y",
    "%Y-%m-%dT%H%M%S", "%d-%m-%Y", "%H%M%S", "%m%d", "s", "ms", "us", "float",
)  # fmt: skip


def _moment(rng: random.Random) -> Callable[[int], datetime]:
    start = datetime(2023, 1, 1) + timedelta(seconds=rng.randrange(80_000_000))
    step = rng.choice((1, 3, 61, 4000, 90_000))
    return lambda i: start + timedelta(seconds=step * i + rng.randrange(step))


def _written_moment(rng: random.Random) -> Callable[[int], str]:
    moment = _moment(rng)
    form = rng.choice(MOMENTS)
    scale = {"s": 1, "ms": 1000, "us": 1_000_000}

    def written(i: int) -> str:
        when = moment(i)
        if form == "float":
            return f"{when.timestamp() + rng.random():.6f}"
        if form in scale:
            return str(int(when.timestamp() * scale[form]) + rng.randrange(scale[form]))
        return when.strftime(form)

    return written


def _dated(label_first: bool, *kinds: str) -> Family:
    def pattern(rng: random.Random) -> Callable[[str, int], str]:
        separator, written = rng.choice(("_", "-", " ")), _written_moment(rng)
        if label_first:
            return lambda text, i: f"{text}{separator}{written(i)}"
        return lambda text, i: f"{written(i)}{separator}{text}"

    return _shared(pattern, *kinds)


def _times(rng: random.Random) -> Case:
    written = _written_moment(rng)
    before = rng.choice(
        ("", "", "IMG_", "Screenshot_", "Screenshot ", "captcha_", "WhatsApp Image ")
    )
    return Case({f"{before}{written(i)}.png": None for i in range(some(rng))})


COPIES = (
    "{} (1)", "{}(1)", "{}(3)", "{} (12)", "{} - Copy", "{} - Copy (2)", "{} copy", "{} copy 2",
    "{} - Kopie", "{} - Kopie (2)", "{} - copie", "{} - копия", "{} - Copia", "Copy of {}",
    "Kopie von {}", "{}_copy", "{}-copy", "{} 2", "{}-2", "{}~1", "{} - 副本", "{} (copy)",
    "{} (another copy)", "{} Kopie", "{} (Kopie)", "{}_1", "{}-1", "{}_copy1", "Copie de {}",
    "{} – Kopie", "{}_duplicate", "{} - コピー", "{} copia", "{} - Copy - Copy", "{}.1",
)  # fmt: skip


def _copies(rng: random.Random) -> Case:
    """Bring labels of which some were copied, or saved again by a browser."""
    found = labels(rng, some(rng), *NUMBERED)
    form = rng.choice(COPIES)
    named: dict[str, str | None] = {f"{text}.png": text for text in found}
    for text in rng.sample(found, rng.choice((1, 2, len(found) // 2))):
        if rng.random() < 0.3:
            del named[f"{text}.png"]  # the first one was moved
        named[form.format(text) + ".png"] = text
    return Case(named)


DOWNLOADS = (
    "captcha", "captcha ({})", "captcha({})", "image ({})", "download ({})", "unnamed ({})",
    "captcha_{}", "captcha{}", "captcha-{}", "img{}", "img_{:04}", "IMG_{:04}", "DSC{:05}",
    "frame{:04}",
    "Unbenannt-{}", "sample {}", "{}", "{:04}", "{:06}", "test{}", "code{}", "a{}", "{}a", "#{}",
    "no{}", "Bild {}", "page_{}_1", "1-{}", "{}-1", "0_{}", "x_{:03}_y", "c{:03}", "({})", "{}_",
    "captcha.php ({})", "Captcha_{}_small", "{}px", "screenshot{}", "default-{}",
    "noname_{}", "f_{}",
)  # fmt: skip


def _downloads(rng: random.Random) -> Case:
    form = rng.choice(DOWNLOADS)
    first = rng.choice((0, 1, 1, 37, 995))
    return Case({form.format(first + i) + ".png": None for i in range(some(rng))})


def _hashes(rng: random.Random) -> Case:
    form = rng.choice((8, 10, 12, 16, 32, 32, 40, 64))
    case = rng.choice((str.lower, str.upper))
    return Case({case(hexadecimal(rng, form)) + ".png": None for _ in range(some(rng))})


def _identifiers(rng: random.Random) -> Case:
    """Bring what databases and servers call files: no human would type one of them."""
    form = rng.choice(("uuid", "brace", "flat", "token", "object id", "tmp", "ids", "seconds"))
    first = rng.randrange(100_000, 9_000_000)
    made: dict[str, Callable[[int], str]] = {
        "uuid": lambda i: uuid(rng),
        "brace": lambda i: "{" + uuid(rng).upper() + "}",
        "flat": lambda i: uuid(rng).replace("-", ""),
        "token": lambda i: token(rng, 22),
        "object id": lambda i: f"65a1{hexadecimal(rng, 4)}9f3c2e0018{hexadecimal(rng, 6)}",
        "tmp": lambda i: "tmp" + token(rng, 8).lower(),
        "ids": lambda i: str(first + 7 * i + rng.randrange(7)),
        "seconds": lambda i: str(1_700_000_000 + 13 * i + rng.randrange(13)),
    }
    return Case({made[form](i) + ".png": None for i in range(some(rng))})


def _hashed(label_first: bool) -> Family:
    def pattern(rng: random.Random) -> Callable[[str, int], str]:
        separator, size = rng.choice("_-_ ."), rng.choice((6, 8, 8, 16, 32, 40, 0))

        def stem(text: str, _: int) -> str:
            extra = hexadecimal(rng, size) if size else uuid(rng)
            return separator.join((text, extra) if label_first else (extra, text))

        return stem

    return _shared(pattern, *NUMBERED)


def _around(befores: Iterable[str], afters: Iterable[str], *kinds: str) -> Family:
    """Return the family with something constant around every label."""
    fronts, backs = [*befores], [*afters]

    def pattern(rng: random.Random) -> Callable[[str, int], str]:
        before, after = rng.choice(fronts), rng.choice(backs)
        return lambda text, i: before.format(i) + text + after.format(i)

    return _shared(pattern, *kinds)


PREFIXES = (
    "captcha_",
    "captcha-",
    "img-",
    "img_",
    "code_",
    "label_",
    "label=",
    "text_",
    "Captcha ",
)
SIZES = (
    "_150x50",
    "-150x50",
    "_200_60",
    " 150x50",
    "_w150_h50",
    "@2x",
    "_thumb",
    "_gray",
    "_resized",
)


def _mixed_in(choices: Iterable[str], after: bool) -> Family:
    """Return the family in which one of a few words stands beside each label."""
    words = [*choices]

    def pattern(rng: random.Random) -> Callable[[str, int], str]:
        separator, few = rng.choice("_-"), rng.sample(words, 2)

        def stem(text: str, _: int) -> str:
            return separator.join((text, rng.choice(few)) if after else (rng.choice(few), text))

        return stem

    return _shared(pattern, *NUMBERED)


def _confidence(rng: random.Random) -> Callable[[str, int], str]:
    form = rng.choice(("{}_{:.2f}", "{}_{:.4f}", "{}-{:.2f}", "{:}_{:.0%}", "{} ({:.2f})"))
    return lambda text, _: form.format(text, rng.uniform(0.5, 1))


def _confidence_first(rng: random.Random) -> Callable[[str, int], str]:
    return lambda text, _: f"{rng.uniform(0.5, 1):.2f}_{text}"


def _predicted(rng: random.Random) -> Case:
    """Bring what a script saves of its errors: the truth and the reading in some order."""
    found = labels(rng, some(rng), *NUMBERED)
    form = rng.choice(("{0}_{1}", "{1}_{0}", "{1}-{0}", "{0} {1}", "true_{0}_pred_{1}"))
    form = rng.choice((form, form, "{2}_{0}_{1}", "{2}_{1}_{0}", "pred_{1}_true_{0}"))
    return Case({form.format(s, misread(rng, s), i) + ".png": s for i, s in enumerate(found)})


def _foreign(rng: random.Random) -> Case:
    """Bring labels, and among them images that nobody has named."""
    found = labels(rng, some(rng) + 6, *TEXT)
    named: dict[str, str | None] = {f"{text}.png": text for text in found}
    form = rng.choice(
        ("IMG_{:04}", "download ({})", "captcha_{}", "Screenshot 2024-01-{:02}", "{}")
    )
    form = rng.choice((form, "{:04}", "WhatsApp Image 2024-01-{:02} at 12.00.00"))
    named |= {form.format(i) + ".png": None for i in range(1, rng.choice((2, 4, 6)))}
    return Case(named)


def _below(rng: random.Random) -> Case:
    """Bring sub-folders for days, people or parts, with labels for names."""
    found = labels(rng, some(rng), *NUMBERED)
    folders = rng.choice(
        (["2024-01-01", "2024-01-02"], ["anna", "ben"], ["train", "val"], ["0", "1"])
    )
    return Case({f"{rng.choice(folders)}/{text}.png": text for text in found})


def _folder_of_label(rng: random.Random) -> Case:
    """Bring a folder for each label, and the images in it numbered."""
    found = labels(rng, 6, *NUMBERED)
    asked = rng.random() < 0.5
    form = rng.choice(("{}", "img_{}", "{:04}"))
    named = {f"{s}/{form.format(i)}.png": s for s in found for i in range(1, 4)}
    return Case(named, labels_from="imagefolder" if asked else "auto", plain=asked)


def _numbers_below(rng: random.Random) -> Case:
    """Bring sub-folders that say nothing, with images that are counted in each."""
    folders = rng.choice(
        (["2024-01-01", "2024-01-02"], ["anna", "ben"], ["train", "val"], ["a", "b"])
    )
    form = rng.choice(("{}", "img_{}", "{:04}"))
    return Case({f"{f}/{form.format(i)}.png": None for f in folders for i in range(1, 9)})


def _sums(rng: random.Random) -> Case:
    """Bring sums as far as a file name can hold them."""
    signs = rng.choice(("+", "-", "+-", "+-x", "x"))
    form = rng.choice(("{0}", "{0}=", "{0}_{1:03}", "{1}_{0}", "{0}=_{1}", "{0} ({1})"))
    named: dict[str, str | None] = {}
    for i in range(some(rng)):
        text = f"{rng.randrange(1, 60)}{rng.choice(signs)}{rng.randrange(1, 10)}"
        named[form.format(text, i) + ".png"] = text + "=" * ("=" in form)
    return Case(named)


def _plates(rng: random.Random) -> Case:
    """Bring texts that have a sign in them as a part."""
    form = rng.choice(("{0}-{1}", "{0}.{1}", "{0}-{1}-{2}", "{2}-{0}", "{1}-{2}", "{1}{0}-{3}"))
    found = set()
    for _ in range(some(rng)):
        a, b = labels(rng, 2, "upper", lengths=(1, 2, 3))
        found.add(form.format(a, rng.randrange(100, 9999), rng.randrange(10, 99), b))
    return Case({f"{text}.png": text for text in found})


def _two_words(rng: random.Random) -> Case:
    """Bring the old reCAPTCHA's two words: a label with a blank, which no name holds."""
    found = labels(rng, 20, "words")
    separator = rng.choice("_- ")
    return Case(
        {f"{a}{separator}{b}.png": f"{a} {b}" for a, b in zip(found, found[::-1], strict=True)}
    )


def _synth_words(rng: random.Random) -> Case:
    """Bring words as MJSynth calls them: a number, the text, a place in a lexicon."""
    found = labels(rng, 20, "words")
    return Case({f"{i}_{s}_{rng.randrange(90_000)}.png": s for i, s in enumerate(found)})


def _spelt(rng: random.Random) -> Case:
    """Bring the names that ``convert --to names`` writes."""
    found = [
        f"{a}/{b}" for a, b in zip(labels(rng, 8, "digits"), labels(rng, 8, "upper"), strict=True)
    ]
    return Case({"-".join(f"U+{ord(c):04X}" for c in s) + ".png": s for s in found}, plain=True)


def _decomposed(rng: random.Random) -> Case:
    """Bring names that macOS has taken apart."""
    found = labels(rng, some(rng), "umlauts")
    return Case({unicodedata.normalize("NFD", s) + ".png": s for s in found}, plain=True)


def _plain_digits(rng: random.Random) -> Case:
    found = labels(rng, some(rng), "digits", lengths=(4, 5, 6))
    return Case({f"{s}.png": s for s in found})


def _cases(rng: random.Random) -> Case:
    """Bring labels that differ in nothing but the case of a letter."""
    found = labels(rng, 8, "mixed", lengths=(4, 5))
    return Case({f"{s}.png": s for text in found for s in {text, text.swapcase()}}, plain=True)


FAMILIES: dict[str, Family] = {
    "label": _stems(lambda r, s, i: s, plain=True),
    "label, digits": _plain_digits,
    "label, umlauts": _stems(lambda r, s, i: s, "umlauts", plain=True),
    "label, word": _stems(lambda r, s, i: s, "upper", "lower", plain=True),
    "label in two cases": _cases,
    "label, macOS": _decomposed,
    "label, spelt": _spelt,
    "label and suffix twice": _stems(lambda r, s, i: s + r.choice((".jpg", ".png"))),
    "label_index": _with_index(True, *TEXT),
    "label_index, digits": _with_index(True, "digits"),
    "index_label": _with_index(False, *TEXT),
    "index_label, digits": _with_index(False, "digits"),
    "prefix_label_index": _with_index(True, *NUMBERED, prefix=True),
    "prefix_index_label": _with_index(False, *NUMBERED, prefix=True),
    "index_label (1)": _stems(lambda r, s, i: f"{i}_{s} (1)", *NUMBERED),
    "label_time": _dated(True, *TEXT),
    "label_time, digits": _dated(True, "digits"),
    "time_label": _dated(False, *TEXT),
    "time_label, digits": _dated(False, "digits"),
    "label_hash": _hashed(True),
    "hash_label": _hashed(False),
    "copies": _copies,
    "times": _times,
    "downloads": _downloads,
    "hashes": _hashes,
    "identifiers": _identifiers,
    "prefix_label": _around(PREFIXES, ("",), *NUMBERED),
    "prefixlabel": _around(("captcha", "img", "code"), ("",), *NUMBERED),
    "label_size": _around(("",), SIZES, *NUMBERED),
    "prefix_label_size": _around(PREFIXES, SIZES, *NUMBERED),
    "label_word": _around(("",), ("_captcha", "-ok", "_train", "_arial", ".v1", "_4"), *NUMBERED),
    "site_label": _mixed_in(SITES, after=False),
    "label_site": _mixed_in(SITES, after=True),
    "split_label": _mixed_in(("train", "val", "test"), after=False),
    "user_label": _mixed_in(("anna", "ben", "li", "Zoe"), after=False),
    "label_user": _mixed_in(("anna", "ben", "li", "Zoe"), after=True),
    "label_variant": _mixed_in(("a", "b", "c", "d"), after=True),
    "label_confidence": _shared(_confidence, *NUMBERED),
    "confidence_label": _shared(_confidence_first, *NUMBERED),
    "label_reading": _predicted,
    "strangers among labels": _foreign,
    "labels in sub-folders": _below,
    "folder for each label": _folder_of_label,
    "numbers in sub-folders": _numbers_below,
    "sums": _sums,
    "plates": _plates,
    "two words": _two_words,
    "MJSynth": _synth_words,
}
