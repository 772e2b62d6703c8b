"""What is audited: a folder of images, or a scheme that is drawn; and the images held out of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from captchascope import __version__
from captchascope.charset import Charset
from captchascope.data.dataset import Dataset, read_dataset
from captchascope.data.labels import UnlabelledError, quoted
from captchascope.decode import ReadOptions
from captchascope.errors import CaptchascopeError, DatasetError, ImageError
from captchascope.files import find_images, printable, read_regular
from captchascope.generate import write_folder
from captchascope.image import MAX_BYTES, load_rgb
from captchascope.records import RgbImage, Sample

HELD_OUT = 500
"""Images that everything is measured on, at most: a rate of a half is then known to 4 %."""

LABELS = 1000
"""The most labels that a training is measured with."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is audited.

    Attributes:
        name: The folder as it was given, or the scheme.
        images: All images, in natural order, labelled or not.
        held: Labelled images that are only ever read.
        pool: Labelled images that may be trained on; none has the pixels of one in ``held``.
        scheme: Of a drawn one, its name; None for a folder.
        knobs: Of a drawn one, what was turned.
        labels: Where the labels come from, in words.
        problems: What cannot be used.
    """

    name: str
    images: tuple[Path, ...]
    held: Dataset
    pool: Dataset
    scheme: str | None = None
    knobs: Mapping[str, Any] = field(default_factory=dict)
    labels: str = ""
    problems: tuple[CaptchascopeError, ...] = ()

    @property
    def samples(self) -> tuple[Sample, ...]:
        """All labelled images: those held out first."""
        return (*self.held.samples, *self.pool.samples)

    @property
    def characters(self) -> str:
        """The characters of the labels, in order; "" without labels."""
        return "".join(sorted({char for sample in self.samples for char in sample.label}))

    @property
    def lengths(self) -> tuple[int, int] | None:
        """Fewest and most characters of a label; None without labels."""
        counts = [len(sample.label) for sample in self.samples]
        return (min(counts), max(counts)) if counts else None

    def told(self, options: ReadOptions) -> ReadOptions | None:
        """Return what anybody sees who looks at the scheme: its alphabet and its lengths.

        What ``options`` say stays; None where neither they nor labels tell anything.
        """
        charset, length = options.charset, options.length
        if options.pattern is None and (known := self.lengths) is not None:
            charset = charset or Charset(self.characters).written
            length = length or f"{known[0]}-{known[1]}"
        if charset is length is options.pattern is None:
            return None
        return replace(options, charset=charset, length=length)

    def contradicting(self, options: ReadOptions) -> DatasetError | None:
        """Return what is wrong where labels are not as ``options`` say that texts are."""
        rule = options.constraints
        fold = rule.folding(self.characters)
        known = None if rule.charset is None else set(fold(rule.charset.chars))
        odd = [
            sample.label
            for sample in self.samples
            if (known is not None and not known.issuperset(fold(sample.label)))
            or (rule.length and not rule.length[0] <= len(sample.label) <= rule.length[1])
            or (rule.pattern and not rule.pattern.matches(fold(sample.label), rule.ignore_case))
        ]
        if not odd:
            return None
        what = (
            f"{len(odd)} of {len(self.samples)} labels are not as you say, such as {quoted(odd[0])}"
        )
        return DatasetError(self.name, what, "mend the option or the labels")

    def fingerprint(self) -> str:
        """Return what tells it from any other: its images' names and bytes, and its labels."""
        digest = hashlib.sha256()
        for path in self.images:
            digest.update(f"{path.name}\0{_content(path)}\n".encode("utf-8", "replace"))
        for sample in self.samples:
            digest.update(f"{sample.file}\0{sample.label}\n".encode("utf-8", "replace"))
        return digest.hexdigest()


def _content(path: Path) -> str:
    """Return a digest of a file; "" of one that nothing can be read of."""
    try:
        return hashlib.sha256(read_regular(path, MAX_BYTES)).hexdigest()
    except OSError:
        return ""


def folder_subject(folder: Path, seed: int, *, unlabelled: bool = False, **labels: Any) -> Subject:
    """Return a folder as what is audited.

    Half of the labelled images, ``HELD_OUT`` at most, are held out, chosen by the seed.

    Args:
        folder: Of images, labelled or not.
        seed: Chooses what is held out.
        unlabelled: Whether nothing labels the images, whatever they are called.
        labels: Where the labels are, as ``read_dataset`` takes it.
    Raises:
        DatasetError: If there are no images, or there are labels that cannot be taken.
    """
    images = tuple(find_images(folder))
    nothing = Dataset(folder, ())
    name = printable(folder)
    if unlabelled:
        return Subject(name, images, nothing, nothing, labels="none, as was said")
    try:
        dataset = read_dataset(folder, **labels)
    except UnlabelledError:
        return Subject(name, images, nothing, nothing, labels="none: nothing labels the images")
    pixels, unreadable = _pixels(dataset.samples)
    problems = (*dataset.problems, *unreadable)
    samples = tuple(sample for sample in dataset.samples if sample.file in pixels)
    usable = replace(dataset, samples=samples, problems=())
    if not samples:
        return Subject(name, images, nothing, nothing, labels="none usable", problems=problems)
    held = usable.take(min(HELD_OUT, max(1, len(samples) // 2)), seed)
    seen = {pixels[sample.file] for sample in held.samples}
    rest = tuple(sample for sample in samples if pixels[sample.file] not in seen)
    pool = replace(usable, samples=rest)
    return Subject(name, images, held, pool, labels=dataset.origin_line, problems=problems)


def _pixels(
    samples: Sequence[Sample],
) -> tuple[Mapping[str, bytes], tuple[CaptchascopeError, ...]]:
    """Return a digest of the pixels of each image by its name, and those that cannot be decoded."""
    found, problems = {}, list[CaptchascopeError]()
    for sample in samples:
        try:
            pixels = load_rgb(sample.path)
        except ImageError as error:
            problems.append(error)
        else:
            found[sample.file] = digest_of(pixels)
    return found, tuple(problems)


def digest_of(pixels: RgbImage) -> bytes:
    """Return what images of the same pixels have in common, and no others."""
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()


def scheme_subject(scheme: str, knobs: Mapping[str, Any], folder: Path, seed: int) -> Subject:
    """Draw a scheme into a folder within ``folder``, and return it as what is audited.

    What lies there of another scheme, seed or version is not taken for it.

    Raises:
        UsageError: If there is no such scheme, or a knob is not usable.
        OutputError: If it cannot be drawn there.
    """
    drawn = repr((__version__, scheme, sorted(knobs.items()), seed))
    folder /= hashlib.sha256(drawn.encode()).hexdigest()[:16]
    if not (folder / "labels.csv").exists():
        write_folder(scheme, folder, HELD_OUT + LABELS, seed, knobs=knobs)
    dataset = read_dataset(folder, "csv")
    held, pool = dataset.select(1, HELD_OUT), dataset.select(HELD_OUT + 1, None)
    images = tuple(sample.path for sample in dataset.samples)
    return Subject(scheme, images, held, pool, scheme, knobs, "drawn with the images")


def evenly(items: Sequence[T], most: int) -> list[T]:
    """Return so many of the items at most, evenly spread, in their order."""
    count = min(most, len(items))
    return [items[i * len(items) // count] for i in range(count)]
