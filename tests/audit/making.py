"""Audits made by hand: a rich one, in which nothing is missing, and poor ones."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import cache

import numpy as np

from captchascope.audit.figures import (
    Abstention,
    Alphabet,
    Confused,
    Cutting,
    Denoised,
    Figures,
    Knob,
    Leak,
    Leaks,
    Legibility,
    LookAlike,
    Noise,
    Picture,
    Reads,
    Repeats,
    Training,
    Turned,
    Untrained,
    Variety,
    WhatIf,
)
from captchascope.audit.results import (
    Attack,
    Attempts,
    Audit,
    Conditions,
    Cost,
    Curve,
    CurvePoint,
    Finding,
    LabelsNeeded,
    LeftOut,
    Recommendation,
    Subjected,
    Verdict,
)
from captchascope.draw.canvas import png
from captchascope.evaluate import Rate
from captchascope.generate import draw_captcha

HELD = 500


@cache
def picture(caption: str, columns: int = 3, rows: int = 2, seed: int = 5) -> Picture:
    """Return a grid of drawn captchas, whose caption nobody else has."""
    drawn = [draw_captcha("metu", seed, i + 1).image for i in range(columns * rows)]
    shape = min(image.shape[0] for image in drawn), min(image.shape[1] for image in drawn)
    even = [image[: shape[0], : shape[1]] for image in drawn]
    lines = [np.hstack(even[row * columns : (row + 1) * columns]) for row in range(rows)]
    return Picture(base64.b64encode(png(np.vstack(lines))).decode(), caption)


def rate(share: float, total: int = HELD) -> Rate:
    """Return about this share of so many."""
    return Rate(round(share * total), total)


def reads(share: float, total: int = HELD) -> Reads:
    """Return what a reader of this solve rate makes of images, with labels."""
    steps = tuple(
        Abstention(
            confidence,
            rate(1 - confidence * (1 - share) ** 0.5, total),
            rate(share + (1 - share) * confidence * 0.9, round(total * (1 - confidence / 2))),
        )
        for confidence in (0.0, 0.5, 0.8, 0.9, 0.99)
    )
    confused = (
        Confused("0", "O", 31),
        Confused("1", "l", 22),
        Confused("5", "", 9),
        Confused("", "7", 4),
    )
    return Reads(
        exact=rate(share, total),
        characters=rate(1 - (1 - share) / 4, total * 6),
        expected=min(1.0, share + 0.021),
        unfamiliar=12,
        failed=2,
        milliseconds=14.37,
        abstention=steps,
        confused=confused,
    )


def unlabelled(expected: float) -> Reads:
    """Return what a reader makes of images without labels."""
    return Reads(None, None, expected, 3, 0, 12.9)


def _needed() -> tuple[LabelsNeeded, ...]:
    return (
        LabelsNeeded(0.01, 0.0, 0.0, 0.0, "none"),
        LabelsNeeded(0.5, 38.2, 26.0, 55.5, "about 38 (26 to 56)"),
        LabelsNeeded(0.9, 212.0, 160.0, None, "about 210 (160 or more)"),
        LabelsNeeded(0.99, None, None, None, "more than 500"),
    )


def curve() -> Curve:
    """Return a curve from no label to 500."""
    points = (
        CurvePoint(0, 0, 0.124, 0.0981, 0.1557),
        CurvePoint(25, 3, 0.401, 0.31, 0.49),
        CurvePoint(100, 3, 0.781, 0.722, 0.831),
        CurvePoint(500, 3, 0.957, 0.9352, 0.9714),
    )
    return Curve(points, _needed())


def attack(name: str, labels: int, exact: float) -> Attack:
    """Return what an attack of this solve rate costs."""
    lockouts = tuple(
        Attempts(k, 1 - (1 - exact) ** k, 1 / (1 - (1 - exact) ** k) if exact else None)
        for k in (1, 3, 5, 10)
    )
    per = 1 / exact if exact else None
    return Attack(
        name=name,
        labels=labels,
        labelling_minutes=labels * 6 / 60,
        training_minutes=labels / 40,
        exact=exact,
        milliseconds=14.4,
        price_per_1000=0.0002,
        attempts_per_success=per,
        abstaining=None if per is None else 1 + (per - 1) / 3,
        images_per_success=None if per is None else per * 1.7,
        lockouts=lockouts,
    )


def _cost() -> Cost:
    attacks = (
        attack("the general reader, no label", 0, 0.124),
        attack("trained on 25 labels", 25, 0.401),
        attack("trained on 100 labels", 100, 0.781),
        attack("trained on 500 labels", 500, 0.957),
    )
    return Cost(6.0, False, 0.05, "USD", attacks)


def _what_if() -> WhatIf:
    def knob(name: str, values: tuple[str, ...], fall: float) -> Knob:
        settings = tuple(
            Turned(
                value,
                rate(0.62 * (1 - fall * i / len(values)), 200),
                0.6 * (1 - fall * i / len(values)),
                12.4 - 1.7 * i,
                picture(f"{name}, {value}: reads 48{i}213", 1, 1, seed=i),
            )
            for i, value in enumerate(values)
        )
        return Knob(name, settings)

    return WhatIf(
        images=200,
        drawn=True,
        knobs=(
            knob("letters that touch", ("apart", "touching", "overlapping", "half covered"), 1.1),
            knob("lines across the text", ("none", "2 lines", "6 lines", "12 lines"), 0.7),
            knob("typefaces", ("1", "4", "all 18"), 0.4),
            knob("contrast of text and ground", ("as it is", "a half", "a quarter"), 0.2),
        ),
    )


def _figures() -> Figures:
    trainings = tuple(
        Training(
            labels,
            seed,
            reads(share + (seed - 1) * 0.02),
            40.5 + labels / 5,
            "averaged weights, as they read the validation images best",
            cut_short=labels == 500 and seed == 2,
        )
        for labels, share in ((25, 0.401), (100, 0.781), (500, 0.957))
        for seed in range(3)
    )
    cutting = Cutting(
        HELD,
        rate(0.914),
        rate(0.953, HELD * 6),
        rate(0.757),
        "Noise was removed, and images cut where no ink stands in a column.",
        picture("Nine of ten images are cut where a person would cut them.", 3, 2, 8),
    )
    noise = Noise(
        (
            Denoised("as they are", rate(0.31), 0.33, rate(0.41)),
            Denoised("median 3", rate(0.55), 0.5, rate(0.8)),
            Denoised("opening 3", rate(0.48), 0.47, rate(0.914)),
        ),
        picture("The same image as it is, and after two ways of taking noise away.", 3, 1, 9),
    )
    return Figures(
        untrained=Untrained(
            reads(0.062),
            reads(0.124),
            "10 characters, 6 of them",
            picture("Six images, and what the general reader makes of them.", 3, 2, 1),
        ),
        trainings=trainings,
        cutting=cutting,
        noise=noise,
        alphabet=Alphabet(
            "0123456789",
            6,
            6,
            19.93,
            19.71,
            1e-6,
            (LookAlike("1l", rate(0.4)), LookAlike("rn/m", None)),
            0.0004,
        ),
        variety=Variety(
            HELD,
            1,
            0.021,
            0.187,
            True,
            1,
            0.94,
            1,
            3,
            True,
            picture("The mean of all images: text stands where it is dark.", 1, 1, 2),
            picture("Digits of several images: they are the same shapes.", 6, 1, 3),
        ),
        repeats=Repeats(
            2000,
            3,
            5,
            8,
            412000.0,
            180000.0,
            picture("Two files that hold the same image.", 2, 1, 4),
            990000.0,
        ),
        leaks=_leaks(),
        what_if=_what_if(),
        legibility=Legibility(
            HELD,
            8.41,
            2.13,
            3.0,
            24.0,
            150.0,
            ("A twentieth of the images has a contrast below 3, which many people cannot read.",),
            None,
            picture("The four images of the least contrast.", 2, 2, 6),
        ),
    )


def _leaks() -> Leaks:
    return Leaks(
        ("file names", "metadata of the images", "headers of the answers", "the page"),
        ("SVG text: none of the images is an SVG drawing",),
        (
            Leak(
                "page",
                "a hidden field <captcha_answer>",
                '<input type="hidden" value="4…',
                rate(1, 40),
                0.0,
            ),
            Leak(
                "file name", "the digits of the name, backwards", "312845.jpeg", rate(0.1, 40), 0.3
            ),
        ),
    )


def _findings() -> tuple[Finding, ...]:
    return (
        Finding(
            "answer-in-page",
            "critical",
            "The answer stands in the page",
            "In 40 of 40 pages a hidden field holds the text of the image.",
            "Nobody needs to look at the image: a program of three lines gets past it.",
            "Keep the answer on the server, and send only a random key to it.",
        ),
        Finding(
            "few-labels",
            "serious",
            "A hundred labelled images are enough to read three in four",
            "A model trained on 100 labels reads 78.1 % of images that it never saw.",
            "One person prepares this attack in a quarter of an hour, then it is free.",
            "Do not rely on the image alone; see the recommendations.",
            (picture("Images that a model trained on 100 labels reads.", 3, 2, 11),),
        ),
        Finding(
            "cut-easily",
            "moderate",
            "Characters are cut apart easily",
            "91.4 % of the images are cut into as many pieces as there are characters.",
            "What can be cut apart can be read one character at a time, as old programs do.",
            "Let characters touch, as little as people can still read.",
            (picture("Nine of ten images are cut where a person would cut them.", 3, 2, 8),),
        ),
        Finding(
            "few-repeats",
            "good",
            "Images are drawn anew",
            "5 of 2,000 images came before.",
            "An attacker cannot collect all images and look the answers up.",
            "",
        ),
    )


def _recommendations() -> tuple[Recommendation, ...]:
    return (
        Recommendation(
            "Limit how often one client may try",
            "At 12.4 % a reader without labels gets in once in eight attempts.",
            "OWASP Automated Threats, OAT-009, https://owasp.org/www-project-automated-threats-to-web-applications/",
        ),
        Recommendation(
            "Retire the text captcha",
            "Machines read distorted text better than people do.",
            "Bursztein, Martin and Mitchell, “Text-based CAPTCHAs”, CCS 2011",
        ),
    )


@cache
def rich() -> Audit:
    """Return an audit in which everything was measured, and most is bad."""
    return Audit(
        subject=Subjected(
            "captchas/registration page",
            False,
            2000,
            1500,
            HELD,
            "labels.csv, columns file and label",
            "0123456789",
            6,
            6,
            ("captchas/17.png: is no image (remove it)", "and 3 more like it"),
        ),
        conditions=Conditions(
            "0.15.0",
            7,
            "captchascope audit 'captchas/registration page' -o report.html --seed 7 --full",
            "AMD EPYC 7B13, 2 processors, Linux 6.1, Python 3.12.3",
            ("numpy 2.4.6", "onnxruntime 1.32.0", "torch 2.13.0", "matplotlib 3.11.2"),
            "2026-11-27T05:12:44Z",
            1623.4,
            1800.0,
        ),
        figures=_figures(),
        curve=curve(),
        cost=_cost(),
        verdict=Verdict(
            "E",
            "E: without any label 1 % or more are solved, or 100 labels do for half.",
            True,
            "This CAPTCHA does not keep programs out. Somebody who labels a hundred images, "
            "then gets past it three times in four. It should be replaced.",
        ),
        findings=_findings(),
        recommendations=_recommendations(),
        left_out=(LeftOut("a training on 1,000 labels", "the time limit left no room (--full)"),),
    )


def unlabelled_audit() -> Audit:
    """Return an audit of images that nothing labels."""
    full = rich()
    figures = Figures(
        untrained=Untrained(unlabelled(0.41), None, "nothing", None),
        noise=Noise((Denoised("as they are", None, 0.41, None),), None),
        what_if=WhatIf(
            30,
            False,
            (
                Knob(
                    "contrast",
                    (
                        Turned("as it is", None, 0.41, 5.0, None),
                        Turned("half", None, 0.3, 2.5, None),
                    ),
                ),
            ),
        ),
        repeats=Repeats(30, 0, 0, None, None, 145.0, None),
        legibility=Legibility(30, 5.0, 4.8, 2.0, 20.0, 120.0, (), True, None),
        leaks=Leaks(("file names",), (), ()),
    )
    return replace(
        full,
        subject=replace(
            full.subject,
            images=30,
            labelled=0,
            held_out=0,
            characters="",
            shortest=0,
            longest=0,
            labels="none: nothing labels the images",
            problems=(),
        ),
        figures=figures,
        curve=Curve((), ()),
        cost=None,
        verdict=Verdict(
            None,
            "No grade: that takes at least 25 labelled images.",
            False,
            "Nothing labels these images, so nobody can say how many are read right.",
        ),
        findings=(),
        left_out=(LeftOut("the learning curve", "it takes labels: label at least 50 images"),),
    )


def nothing_measured() -> Audit:
    """Return an audit that was interrupted before anything was measured."""
    full = rich()
    left_out = (LeftOut("what is read without labels", "the audit was interrupted: run it again"),)
    return replace(
        full,
        figures=Figures(),
        curve=None,
        cost=None,
        verdict=Verdict(
            None, "No grade: nothing was measured.", False, "Nothing was measured yet."
        ),
        findings=(),
        recommendations=(),
        left_out=left_out,
        interrupted=True,
    )


def one_point() -> Audit:
    """Return an audit of one class, nothing of which is read right."""
    full = rich()
    zero = replace(
        reads(0.0, 1), abstention=(Abstention(0.0, Rate(1, 1), Rate(0, 1)),), confused=()
    )
    figures = Figures(
        untrained=Untrained(zero, zero, "1 character, 1 of them", None),
        cutting=Cutting(1, None, None, None, "Images were cut at gaps.", None),
        alphabet=Alphabet("\u4f60", 1, 1, 0.0, 0.0, 1.0, (), None),
        leaks=Leaks((), ("pages: none were kept",), ()),
    )
    curve = Curve((CurvePoint(0, 0, 0.0, 0.0, 0.9),), ())
    cost = Cost(4.2, True, 0.0, "EUR", (attack("the general reader, no label", 0, 0.0),))
    subject = replace(
        full.subject, name="<b>$x$ & \u9a8c\u8bc1\u7801", images=1, labelled=1, held_out=1
    )
    return replace(full, subject=subject, figures=figures, curve=curve, cost=cost, findings=())
