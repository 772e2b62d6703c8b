"""What is said of a measurement as soon as it is made."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from audit.figured import cutting, reads, strong, untrained, weak
from captchascope.audit.figures import Figures, Training
from captchascope.audit.judge.lines import line_of

_MADE = {
    "untrained": "450 of 500 images (90 %, 95 % interval 87 % to 92 %)",
    "leaks": "the file's name, of 500 of 500 images (100 %, 95 % interval 99 % to 100 %)",
    "repeats": "300 of 1,500",
    "alphabet": "10 characters, 20 bits a text",
    "legibility": "contrast 2.0 to 1, characters 12 pixels high",
    "variety": "the text stands in one place",
    "cutting": "all characters are cut and told of 300 of 500 images (60 %, 95 % interval 56 % to "
    "64 %)",
    "noise": "most images are read after median 3: 450 of 500 images (90 %, 95 % interval 87 % to "
    "92 %)",
    "what_if": "fewest images are read with lines, 12 lines: 200 of 500 images (40 %, 95 % "
    "interval 36 % to 44 %)",
}


@pytest.mark.parametrize("key", [each.name for each in fields(Figures) if each.name != "trainings"])
def test_each_measurement_has_a_line(key: str) -> None:
    """It is about the figure that says most."""
    assert line_of(getattr(weak(), key)) == _MADE[key]


def test_what_is_not_known_is_not_said_to_be() -> None:
    """Without labels a rate is what the reader expects; where nothing was found, that is said."""
    assert line_of(untrained(None, 0.4)) == "40 %, as the reader itself expects"
    assert line_of(strong().leaks) == "nowhere that was looked at"
    alone = replace(cutting(300), exact=None, counted=None)
    assert line_of(alone) == "nothing tells how many there are"


def test_a_training_has_the_line_of_what_it_reads() -> None:
    """With its interval."""
    assert line_of(Training(25, 0, reads(0), 60.0, "")).startswith("0 of 500 images (0 %, ")
