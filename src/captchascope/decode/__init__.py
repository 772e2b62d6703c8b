"""Decoding: from a network's output to the most probable allowed text, and its confidence."""

from captchascope.decode.automaton import allowed, require_possible
from captchascope.decode.constraints import Case, Constraints, ReadOptions, parse_length
from captchascope.decode.ctc import decode_ctc
from captchascope.decode.glyphs import decode_glyphs
from captchascope.decode.pattern import folded
from captchascope.records import Decoded

__all__ = [
    "Case",
    "Constraints",
    "Decoded",
    "ReadOptions",
    "allowed",
    "decode_ctc",
    "decode_glyphs",
    "folded",
    "parse_length",
    "require_possible",
]
