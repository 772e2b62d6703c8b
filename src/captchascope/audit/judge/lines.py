"""The main figure of each measurement in a line, for who waits for the report."""

from __future__ import annotations

from captchascope.audit.figures import (
    Alphabet,
    Cutting,
    Denoised,
    Leaks,
    Legibility,
    Noise,
    Reads,
    Repeats,
    Training,
    Turned,
    Untrained,
    Variety,
    WhatIf,
)
from captchascope.audit.wording import percent, rate_in_words


def line_of(measured: object) -> str:
    """Return the main figure of a measurement, as half a sentence that follows its title."""
    match measured:
        case Untrained(untold=untold, told=told):
            return _read(untold if told is None else max(told, untold, key=_solved))
        case Training(reads=reads):
            return _read(reads)
        case Leaks(leaks=leaks):
            where = (f"{leak.what}, of {rate_in_words(leak.found)}" for leak in leaks)
            return next(where, "nowhere that was looked at")
        case Repeats(same_pixels=again, images=images):
            return f"{again:,} of {images:,}"
        case Alphabet(characters=characters, bits=bits):
            return f"{len(characters)} characters, {bits:.0f} bits a text"
        case Legibility(contrast=contrast, height=height):
            return f"contrast {contrast:.1f} to 1, characters {height:.0f} pixels high"
        case Variety(fixed_position=fixed):
            return f"the text stands in {'one place' if fixed else 'no fixed place'}"
        case Cutting():
            return _cut(measured)
        case Noise(ways=ways):
            best = max(ways, key=_solved)
            after = "" if best is ways[0] else "after "
            return f"most images are read {after}{best.way}: {_read(best)}"
        case WhatIf(knobs=knobs):
            least = min(knobs[0].settings[1:], key=_solved)  # the first is as it is
            return f"fewest images are read with {knobs[0].name}, {least.value}: {_read(least)}"
    raise TypeError(f"{type(measured).__name__} is no measurement")


def _cut(cutting: Cutting) -> str:
    if cutting.exact is not None:
        return f"all characters are cut and told of {rate_in_words(cutting.exact)}"
    if cutting.counted is not None:
        return f"as many pieces as characters in {rate_in_words(cutting.counted)}"
    return "nothing tells how many there are"


def _solved(reads: Reads | Denoised | Turned) -> float:
    return reads.expected if reads.exact is None else reads.exact.value


def _read(reads: Reads | Denoised | Turned) -> str:
    if reads.exact is None:
        return f"{percent(reads.expected)}, as the reader itself expects"
    return rate_in_words(reads.exact)
