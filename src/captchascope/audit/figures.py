"""What an audit measures, as records; what it makes of that is in ``results``.

A record's fields are what ``records.build`` can restore, so that what was stored is measured once.
"""

from __future__ import annotations

from dataclasses import dataclass

from captchascope.evaluate import Rate


@dataclass(frozen=True, slots=True)
class Picture:
    """A piece of evidence.

    Attributes:
        png: The image, a PNG in base64; at most about 60 kB.
        caption: What it shows, as a sentence: its alternative text, too.
    """

    png: str
    caption: str


@dataclass(frozen=True, slots=True)
class Abstention:
    """What a reader does that answers only what it is this sure of.

    Attributes:
        min_confidence: The confidence below which it abstains, 0 to 1.
        answered: Images that it answers, of all.
        right: Of these, those that it reads right.
    """

    min_confidence: float
    answered: Rate
    right: Rate


@dataclass(frozen=True, slots=True)
class Confused:
    """A character, what was read in its place, and how often; "" is none at all."""

    label: str
    read: str
    times: int


@dataclass(frozen=True, slots=True)
class Reads:
    """What a reader makes of the images that are held out.

    Attributes:
        exact: Images of which the whole text is right; None without labels.
        characters: Characters right; None without labels.
        expected: The mean confidence, 0 to 1: what the reader itself expects of ``exact``.
        unfamiliar: Images unlike what it was trained on.
        failed: Images that it could not read.
        milliseconds: For one image, on one processor, decoding included.
        abstention: At several confidences, the least first; empty without labels.
        confused: The most frequent wrong characters, most frequent first.
        outcomes: Of each image in order, ``1`` where its text is right and ``0`` where not: what
            tells how alike two readers err; empty without labels.
    """

    exact: Rate | None
    characters: Rate | None
    expected: float
    unfamiliar: int
    failed: int
    milliseconds: float
    abstention: tuple[Abstention, ...] = ()
    confused: tuple[Confused, ...] = ()
    outcomes: str = ""


@dataclass(frozen=True, slots=True)
class Untrained:
    """What the general reader ``any`` reads, without any label.

    Attributes:
        untold: Told nothing of the scheme.
        told: Told its alphabet and lengths, as anybody sees who looks at it; None where neither
            labels nor options tell them.
        known: What it was told, such as ``10 characters, 6 of them``.
        picture: Images with what was read of them.
    """

    untold: Reads
    told: Reads | None
    known: str
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Training:
    """A model that was trained on some labels, and what it reads.

    Attributes:
        labels: How many it was trained on.
        seed: Of their choice and of the training.
        reads: What it reads of the images held out.
        seconds: The training took, on this machine.
        kept: Which weights it has, and why, as ``train`` says it.
        cut_short: Whether the time limit ended it.
    """

    labels: int
    seed: int
    reads: Reads
    seconds: float
    kept: str
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class Cutting:
    """Segmentation resistance: how often the classical way cuts characters apart.

    Attributes:
        images: How many were cut.
        counted: Images cut into as many glyphs as there are characters; None where nothing tells
            how many there are.
        glyphs: Glyphs of which a nearest-neighbour classifier, of other images' glyphs, reads the
            character: what it reads was cut well; None without labels, or other images.
        exact: Images whose glyphs are all read so: the solve rate of the classical attack.
        way: How it cuts, in words.
        picture: Images with their cuts.
    """

    images: int
    counted: Rate | None
    glyphs: Rate | None
    exact: Rate | None
    way: str
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Denoised:
    """What the same attacks make of images after one way of denoising.

    Attributes:
        way: Such as ``median 3``; ``as they are``.
        exact: Images that the general reader, told what anybody sees, reads; None without labels.
        expected: Its mean confidence.
        counted: Images that the classical way cuts into as many glyphs as there are characters.
    """

    way: str
    exact: Rate | None
    expected: float
    counted: Rate | None


@dataclass(frozen=True, slots=True)
class Noise:
    """How much of the resistance is noise: as images are, and after each way of denoising."""

    ways: tuple[Denoised, ...]
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Characters that people take for each other, and that are all used.

    Attributes:
        characters: Such as ``0O``; ``rn/m`` where several are taken for one.
        texts: Labels that hold one of them; None without labels.
    """

    characters: str
    texts: Rate | None


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Charset and length.

    Attributes:
        characters: The alphabet, in order.
        shortest: Characters of a text, fewest.
        longest: Most.
        bits: The entropy of a text that is drawn as evenly as the alphabet allows; of sums, that of
            their results, which are the answers.
        measured_bits: That of texts as they are drawn, by the labels' counts; None without labels.
        guess: The chance of the best guess by alphabet and lengths alone, 0 to 1; of sums, that of
            one of the results.
        look_alikes: Groups of characters that people take for each other.
        skew: The p-value of a test that all characters are drawn as often; None without labels, and
            of sums, which have their signs more often.
    """

    characters: str
    shortest: int
    longest: int
    bits: float
    measured_bits: float | None
    guess: float
    look_alikes: tuple[LookAlike, ...]
    skew: float | None


@dataclass(frozen=True, slots=True)
class Variety:
    """What differs from image to image, and what does not.

    Attributes:
        images: How many were looked at.
        sizes: How many sizes there are, in pixels.
        position_spread: The standard deviation of the place of the text's left edge, as a share of
            the height.
        baseline_spread: Likewise of its top edge, whatever characters it is of.
        fixed_position: Whether the text stands in one place, to a tenth of the height.
        typefaces: About how many clearly different shapes three of four glyphs of a character
            have; None where noise hides it, or no character was read often enough.
        glyph_likeness: How alike two glyphs of one character are, turned as it fits best: their
            normalised correlation, -1 to 1; None where no character was read often enough.
        inks: Colours that the text has, over all images, as far as they visibly differ.
        grounds: Colours that the ground has, likewise.
        few_colours: Whether in most images the text can be told from all else by its colour alone.
        picture: Where all images have ink, which shows the text if it stands in one place.
        glyph_picture: Glyphs of some characters, side by side; None where there are none.
    """

    images: int
    sizes: int
    position_spread: float
    baseline_spread: float
    fixed_position: bool
    typefaces: int | None
    glyph_likeness: float | None
    inks: int
    grounds: int
    few_colours: bool
    picture: Picture | None
    glyph_picture: Picture | None


@dataclass(frozen=True, slots=True)
class Repeats:
    """Images that come again.

    Attributes:
        images: How many were looked at.
        same_bytes: Images whose very bytes came before.
        same_pixels: Images whose pixels came before, those included.
        same_text: Labels that came before; None without labels.
        pool: How many different images there are to be shown, estimated, if each is shown as
            often; None where none repeated.
        pool_low: Of its 95 % interval; also where none repeated: there are at least so many.
        picture: Two that are the same; None where none are.
        pool_high: Of the interval of ``pool``; None where none repeated.
    """

    images: int
    same_bytes: int
    same_pixels: int
    same_text: int | None
    pool: float | None
    pool_low: float
    picture: Picture | None
    pool_high: float | None = None


@dataclass(frozen=True, slots=True)
class Leak:
    """A place where the answer stands in plain text.

    Attributes:
        where: ``file name``, ``metadata``, ``SVG text``, ``header``, ``cookie``, ``page``.
        what: Such as ``the PNG text chunk Comment``.
        example: The place, with the answer in it, shortened.
        found: Images whose answer stands there, of those that were looked at.
        by_chance: How many would be so by chance alone.
    """

    where: str
    what: str
    example: str
    found: Rate
    by_chance: float


@dataclass(frozen=True, slots=True)
class Leaks:
    """Where answers leak.

    Attributes:
        looked_at: Every place that was looked at, in words.
        not_looked_at: What could not be looked at, and why.
        leaks: The worst first.
    """

    looked_at: tuple[str, ...]
    not_looked_at: tuple[str, ...]
    leaks: tuple[Leak, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    """One setting of a knob.

    Attributes:
        value: As it is shown, such as ``12 lines``.
        exact: What the general reader reads of it, told what anybody sees; None without labels.
        expected: Its mean confidence.
        contrast: The WCAG contrast of these images, median.
        picture: One of the images, with what it says.
    """

    value: str
    exact: Rate | None
    expected: float
    contrast: float
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Knob:
    """A knob that was turned up alone, as little as possible first, which is as the scheme is."""

    name: str
    settings: tuple[Turned, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What each change of the scheme would do.

    Which settings people can still read is not measured; contrast is.

    Attributes:
        images: How many were read of each setting, the same texts of all whose alphabet and length
            are the same.
        drawn: Whether the images were drawn anew, or those that are there changed.
        knobs: The one that costs the reader most first.
        left_out: Knobs that there was no time for.
    """

    images: int
    drawn: bool
    knobs: tuple[Knob, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Legibility:
    """The human side.

    Attributes:
        images: How many were looked at.
        contrast: Of text and ground, 1 to 21 as WCAG 2.2 defines it, median.
        contrast_low: That of the worst twentieth.
        stroke: The width of strokes in pixels, median.
        height: Of the characters in pixels, median.
        width: Of an image in pixels, median.
        warnings: What is hard for people, as sentences.
        audio: Whether there is an audio alternative; None where nobody said.
        picture: The images of the least contrast.
    """

    images: int
    contrast: float
    contrast_low: float
    stroke: float
    height: float
    width: float
    warnings: tuple[str, ...]
    audio: bool | None
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Figures:
    """All that was measured; None, or nothing, where it was not."""

    untrained: Untrained | None = None
    trainings: tuple[Training, ...] = ()
    cutting: Cutting | None = None
    noise: Noise | None = None
    alphabet: Alphabet | None = None
    variety: Variety | None = None
    repeats: Repeats | None = None
    leaks: Leaks | None = None
    what_if: WhatIf | None = None
    legibility: Legibility | None = None
