"""Readings to draw, with probabilities made up, as no network is needed for a picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from captchascope.draw import Explanation
from captchascope.generate import draw_captcha
from captchascope.glyphs.inputs import InputSpec, prepare_glyphs
from captchascope.glyphs.scheme import Clip, Kind, Scheme, Split, load_scheme
from captchascope.glyphs.segmentation import cut_glyphs, locate
from captchascope.records import GrayImage

METU = load_scheme("metu")
MOVED, UNMOVED = 30, 2
"""Numbers of generated captchas of seed 1: with parts to move, and without."""


def explain(gray: GrayImage, scheme: Scheme = METU, name: str = "1.jpeg") -> Explanation:
    """Return a reading of ``gray`` that is as random as the probabilities."""
    located = locate(gray, scheme)
    glyphs = cut_glyphs(located, scheme)
    concentration = np.full(len(scheme.charset), 0.1)
    drawn = np.random.default_rng(1).dirichlet(concentration, len(glyphs.fitted))
    probabilities = drawn.astype(np.float32)
    text = "".join(scheme.charset[i] for i in probabilities.argmax(axis=1))
    sure = float(probabilities.max(axis=1).prod())
    return Explanation(name, scheme, located, glyphs, probabilities, scheme.charset, text, sure)


def generated(number: int = MOVED) -> Explanation:
    """Return a reading of one generated captcha."""
    return explain(draw_captcha("metu", 1, number).image)


def with_windows(number: int = MOVED) -> Explanation:
    """Return the same where the network reads windows."""
    it = generated(number)
    spec = InputSpec.of_scheme(METU, "window")
    return replace(it, seen=prepare_glyphs(it.located, METU, spec))


def plain(height: int, width: int, parts: tuple[int, ...], charset: str = "01") -> Scheme:
    """Return a scheme of one kind without any blur."""
    return replace(
        METU,
        charset=charset,
        width=width,
        height=height,
        kinds=(Kind("plain", -1, "none", 1, 128, "gray"),),
        clip=Clip(4, width, "cleaned"),
        split=Split(parts),
        retry=replace(METU.retry, rights=()),
    )


def written(height: int, width: int, text: str) -> GrayImage:
    """Return black text on white."""
    image = np.full((height, width), 255, np.uint8)
    place = (6, height // 2 + 10)
    return np.asarray(cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2))
