"""Findings about how a scheme is made: which defence carries the weight, and which does not."""

from __future__ import annotations

import math

from captchascope.audit.figures import Denoised, Knob, Turned
from captchascope.audit.judge.evidence import Evidence, Finder, shown, solved
from captchascope.audit.judge.grading import BROKEN, READ_AS_IT_IS, SMALL_POOL
from captchascope.audit.results import Finding, Severity
from captchascope.audit.wording import one_in, percent, rate_in_words
from captchascope.errors import counted

_LARGE_POOL = 100_000
"""Images: fewer, and an attacker who collects for some days has seen most of them."""

GUESSED = 1e-4
"""The chance of a blind guess from which guessing alone is worth it: that of four digits."""

_SKEWED = 0.001
"""The p-value below which characters are not drawn alike."""

_GAINED = 0.05
"""A difference of solve rates that is worth a word."""


def _answer_leaks(evidence: Evidence) -> Finding | None:
    leaks = evidence.figures.leaks
    if leaks is None or not leaks.leaks:
        return None
    places = [
        f"{leak.where}: {leak.what}, such as “{leak.example}”, for {rate_in_words(leak.found)}"
        for leak in leaks.leaks
    ]
    worst = max((leak.found.value for leak in leaks.leaks), default=0.0)
    return Finding(
        "answer-leaks",
        "critical" if worst >= BROKEN else "serious",
        "The answer stands in plain text beside the image.",
        f"{'; '.join(places)}.",
        "No program has to read the image: a script of three lines takes the answer from there. "
        "Where only some images give it away, an attacker asks for another one until one does.",
        "Keep the answer on the server alone, and give images names that say nothing.",
    )


def _no_leak(evidence: Evidence) -> Finding | None:
    leaks = evidence.figures.leaks
    if leaks is None or leaks.leaks or not leaks.looked_at:
        return None
    missing = f" Not looked at: {'; '.join(leaks.not_looked_at)}." if leaks.not_looked_at else ""
    return Finding(
        "no-leak",
        "good",
        "The answer was found nowhere beside the image.",
        f"Looked at: {'; '.join(leaks.looked_at)}.{missing}",
        "As far as that goes, an attacker has to read the images.",
        "",
    )


def _small_pool(evidence: Evidence) -> Finding | None:
    repeats = evidence.figures.repeats
    if repeats is None or repeats.pool is None or repeats.pool > _LARGE_POOL:
        return None
    small = repeats.pool <= SMALL_POOL
    return Finding(
        "small-pool",
        "critical" if small else "moderate",
        "The same images come again.",
        f"{repeats.same_pixels:,} of {repeats.images:,} images had come before, so there are about "
        f"{repeats.pool:,.0f} different ones ({repeats.pool_low:,.0f} at least).",
        "An attacker collects them, has people label them once, and then looks each answer up. "
        "How an image is drawn no longer matters.",
        "Draw a new image for every question, and let none be answered twice.",
        shown(repeats.picture),
    )


def _no_repeats(evidence: Evidence) -> Finding | None:
    repeats = evidence.figures.repeats
    if repeats is None or repeats.pool is not None or repeats.pool_low < SMALL_POOL:
        return None
    return Finding(
        "no-repeats",
        "good",
        "No image came twice.",
        f"Of {repeats.images:,} images none came before, so there are {repeats.pool_low:,.0f} or "
        "more different ones.",
        "An attacker cannot collect and look up all of them.",
        "",
    )


def _cut_apart(evidence: Evidence) -> Finding | None:
    cutting = evidence.figures.cutting
    if cutting is None:
        return None
    exact = None if evidence.doubtful else cutting.exact
    if exact is not None and exact.value >= BROKEN:
        severity: Severity = "serious" if exact.value >= READ_AS_IT_IS else "moderate"
        what = f"Cut and compared with known ones, {rate_in_words(exact)} are solved."
    elif cutting.counted is not None and cutting.counted.value >= READ_AS_IT_IS:
        severity = "moderate"
        what = f"{rate_in_words(cutting.counted)} fall into as many parts as characters."
    else:
        return None
    return Finding(
        "cut-apart",
        severity,
        "The characters can be cut apart.",
        f"{what} {cutting.way}",
        "Once apart, characters are told by methods that are older than the web. Resisting this is "
        "what protects text captchas most, and this scheme resists too little.",
        "Let characters touch and overlap in ways that differ; and expect no more of it than to "
        "stop the oldest programs.",
        shown(cutting.picture),
    )


def _resists_cutting(evidence: Evidence) -> Finding | None:
    cutting = evidence.figures.cutting
    exact = None if cutting is None or evidence.doubtful else cutting.exact
    if cutting is None or exact is None or not exact.total or exact.value >= BROKEN:
        return None
    if cutting.counted is not None and cutting.counted.value >= READ_AS_IT_IS:
        return None  # it falls apart, though its characters were not told
    reads = evidence.best_read
    read = reads is not None and reads.exact is not None and solved(reads) >= BROKEN
    means = (
        "The old way fails, but a program that reads the whole image at once does not need it."
        if read
        else "The oldest programs fail on it."
    )
    return Finding(
        "resists-cutting",
        "good",
        "The characters resist being cut apart.",
        f"Cut and compared with known ones, {rate_in_words(exact)} are solved.",
        means,
        "",
        shown(cutting.picture),
    )


def _noise_is_weak(evidence: Evidence) -> Finding | None:
    noise = evidence.figures.noise
    if noise is None or len(noise.ways) < 2 or evidence.doubtful:
        return None
    base, best = noise.ways[0], max(noise.ways[1:], key=_solve_rate)
    if _solve_rate(best) - _solve_rate(base) < _GAINED:
        return None
    if base.exact is not None and best.exact is not None and best.exact.low < base.exact.value:
        return None
    return Finding(
        "noise-is-weak",
        "moderate",
        "The noise is washed away before reading.",
        f"As they are, {percent(_solve_rate(base))} of the images are {_solved(base)}; after "
        f"{best.way}, {percent(_solve_rate(best))}.",
        "One line of code removes what was drawn to hinder programs. People see it all the same.",
        "Do not count on noise. What disturbs people more than programs is better left out.",
        shown(noise.picture),
    )


def _noise_hinders_little(evidence: Evidence) -> Finding | None:
    noise = evidence.figures.noise
    if noise is None or not noise.ways or evidence.doubtful:
        return None
    base = noise.ways[0]
    counts = [way.counted.value for way in noise.ways[1:] if way.counted is not None]
    if base.counted is None or not counts or _solve_rate(base) < READ_AS_IT_IS:
        return None
    if max(counts) - base.counted.value < _GAINED:
        return None
    return Finding(
        "noise-hinders-classical-only",
        "minor",
        "The noise hinders only the oldest programs.",
        f"As they are, {percent(base.counted.value)} of the images can be cut into as many parts "
        f"as there are characters, and {percent(max(counts))} once the noise is removed; but the "
        f"general reader {_solves(base)} {percent(_solve_rate(base))} with all the noise.",
        "Who reads the whole image at once sees through this noise, as people do.",
        "Do not count on noise.",
        shown(noise.picture),
    )


def _solve_rate(way: Denoised | Turned) -> float:
    return way.expected if way.exact is None else way.exact.value


def _solves(way: Denoised | Turned) -> str:
    """Return what the general reader does: without labels it only expects to."""
    return "expects to solve" if way.exact is None else "solves"


def _solved(way: Denoised) -> str:
    return "expected to be solved, as there are no labels" if way.exact is None else "solved"


def _fixed_position(evidence: Evidence) -> Finding | None:
    variety = evidence.figures.variety
    if variety is None or not variety.fixed_position:
        return None
    return Finding(
        "fixed-position",
        "minor",
        "The text always stands in the same place.",
        f"Over {variety.images:,} images its left edge moves by {percent(variety.position_spread)} "
        f"of the height, its top edge by {percent(variety.baseline_spread)}.",
        "A program need not look for the text, and can cut it at fixed places.",
        "Move the text about, which costs people nothing.",
        shown(variety.picture),
    )


def _one_typeface(evidence: Evidence) -> Finding | None:
    variety = evidence.figures.variety
    if variety is None or variety.typefaces is None or variety.typefaces > 1:
        return None
    alike = variety.glyph_likeness
    likeness = "" if alike is None else f" Two of one character are alike by {alike:.2f} of 1."
    return Finding(
        "one-typeface",
        "moderate",
        "Each character has only one shape.",
        f"In {variety.images:,} images, about one typeface was found.{likeness}",
        "A program learns each character from a few examples.",
        "Take several typefaces that differ, and turn and bend characters one by one.",
        shown(variety.glyph_picture),
    )


def _told_by_colour(evidence: Evidence) -> Finding | None:
    variety = evidence.figures.variety
    if variety is None or not variety.few_colours:
        return None
    return Finding(
        "told-by-colour",
        "minor",
        "The text can be told from all else by its colour alone.",
        f"Over {variety.images:,} images there are {counted(variety.inks, 'colour')} of text "
        f"and {variety.grounds} of ground.",
        "A program keeps one colour and drops the others; the noise is then gone.",
        "Draw noise in the colours of the text, or leave it out.",
        shown(variety.picture),
    )


def _varied_typefaces(evidence: Evidence) -> Finding | None:
    variety = evidence.figures.variety
    if variety is None or variety.typefaces is None or variety.typefaces < 4:
        return None
    return Finding(
        "varied-typefaces",
        "good",
        "Characters come in several shapes.",
        f"In {variety.images:,} images, about {variety.typefaces} typefaces were found.",
        "A program needs more examples to learn it.",
        "",
        shown(variety.glyph_picture),
    )


def _small_keyspace(evidence: Evidence) -> Finding | None:
    alphabet = evidence.figures.alphabet
    if alphabet is None or alphabet.guess < GUESSED:
        return None
    length = (
        f"{alphabet.shortest}"
        if alphabet.shortest == alphabet.longest
        else f"{alphabet.shortest} to {alphabet.longest}"
    )
    sums = alphabet.bits < alphabet.shortest * math.log2(len(alphabet.characters)) - 0.5
    of_what = ", sums with few results" if sums else ""
    return Finding(
        "small-keyspace",
        "critical" if alphabet.guess >= BROKEN else "moderate",
        "There are few possible answers.",
        f"{len(alphabet.characters)} characters, {length} of them{of_what}: {alphabet.bits:.1f} "
        f"bits. A blind guess is right {one_in(alphabet.guess)} times.",
        "Who may try often needs no program that reads.",
        "Take longer texts, or more characters; and limit how often one may try.",
    )


def _look_alikes(evidence: Evidence) -> Finding | None:
    alphabet = evidence.figures.alphabet
    if alphabet is None or not alphabet.look_alikes:
        return None
    groups = ", ".join(group.characters for group in alphabet.look_alikes)
    rates = [group.texts for group in alphabet.look_alikes if group.texts is not None]
    most = max(rates, key=lambda rate: rate.value, default=None)
    held = (
        ""
        if most is None
        else f" Of the worst of them, one stands in {rate_in_words(most, 'texts')}."
    )
    return Finding(
        "look-alikes",
        "minor",
        "Some characters look like others.",
        f"Used together: {groups}.{held}",
        "People mistake them and are sent round again; a program learns the differences.",
        "Leave one of each group out, or accept either.",
    )


def _skewed(evidence: Evidence) -> Finding | None:
    alphabet = evidence.figures.alphabet
    if alphabet is None or alphabet.skew is None or alphabet.skew >= _SKEWED:
        return None
    if alphabet.measured_bits is None or evidence.doubtful:
        return None
    return Finding(
        "skewed-characters",
        "minor",
        "Some characters come more often than others.",
        f"A text has {alphabet.measured_bits:.1f} bits as drawn, and could have "
        f"{alphabet.bits:.1f}; that this is chance is less likely than {one_in(_SKEWED)}.",
        "Guessing, and guessing what is hard to read, is easier than it need be.",
        "Draw each character evenly from a source of randomness made for security.",
    )


def _what_if(evidence: Evidence) -> Finding | None:
    what_if = evidence.figures.what_if
    turned = [knob for knob in what_if.knobs if len(knob.settings) > 1] if what_if else []
    if what_if is None or not turned or evidence.doubtful:
        return None
    knob = max(turned, key=_cost_to_reader)
    before, after = knob.settings[0], min(knob.settings[1:], key=_solve_rate)
    if _solve_rate(before) < BROKEN:
        return None
    stops = _solve_rate(after) < BROKEN
    contrasts = dict.fromkeys(f"{turned.contrast:.1f}" for turned in (before, after))
    tried = "that was tried" if what_if.left_out else "of the drawing alone"
    people = "The contrast stays at" if len(contrasts) == 1 else "The contrast goes from"
    return Finding(
        "what-if-helps" if stops else "what-if-helps-little",
        "minor" if stops else "moderate",
        "One change would stop the general reader, for now."
        if stops
        else f"No change {tried} stops the reader.",
        f"Of {counted(len(turned), 'change')} tried, “{knob.name}” costs the reader most: it "
        f"{_solves(before)} {percent(_solve_rate(before))} at “{before.value}”, and "
        f"{percent(_solve_rate(after))} at “{after.value}”. {people} {' to '.join(contrasts)}.",
        "Only the general reader was measured, without any label. An attacker labels some of the "
        "new images, and the gain shrinks; what the change costs people stays.",
        "Change the drawing only where it costs people nothing, and expect little of it.",
        shown(before.picture, after.picture),
    )


def _cost_to_reader(knob: Knob) -> float:
    return _solve_rate(knob.settings[0]) - min(map(_solve_rate, knob.settings[1:]))


FINDERS: tuple[Finder, ...] = (
    _answer_leaks,
    _small_pool,
    _small_keyspace,
    _cut_apart,
    _noise_is_weak,
    _what_if,
    _one_typeface,
    _noise_hinders_little,
    _told_by_colour,
    _fixed_position,
    _skewed,
    _look_alikes,
    _no_leak,
    _no_repeats,
    _resists_cutting,
    _varied_typefaces,
)
"""Look for findings about the design."""
