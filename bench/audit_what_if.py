"""What each knob of a scheme costs the general reader: the dearest settings, scheme by scheme.

    python bench/audit_what_if.py [SCHEME...] [--jobs N] [--look]

Images are of seed 990,061, a hundred of each setting. ``--look`` writes a picture of every setting
to build/bench/what_if as well.
"""

from __future__ import annotations

import argparse
import base64
import tempfile
import time
from io import BytesIO
from pathlib import Path

from PIL import Image

from captchascope.audit.figures import Knob, Turned, WhatIf
from captchascope.audit.measure.whatif import measure_what_if
from captchascope.audit.setting import Setting
from captchascope.audit.subject import scheme_subject
from captchascope.audit.wording import percent
from captchascope.draw.canvas import beside, captioned, stack
from captchascope.generate.families import PRESETS
from running import table

_SEED = 990_061
_SCHEMES = (*PRESETS, "metu", "metu-wide")
_PLACE = Path(__file__).parents[1] / "build" / "bench" / "what_if"
_DEAREST = 4  # knobs of a scheme that are told
_ZOOM = 3


def main() -> None:
    """Measure the schemes, and print a row of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("schemes", nargs="*", default=_SCHEMES)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--look", action="store_true")
    asked = parser.parse_args()
    rows = []
    for scheme in asked.schemes:
        with tempfile.TemporaryDirectory() as folder:
            subject = scheme_subject(scheme, {}, Path(folder) / "images", _SEED)
            begun = time.perf_counter()
            measured = measure_what_if(Setting(subject, Path(folder), _SEED, asked.jobs))
        rows.append(_row(scheme, measured, time.perf_counter() - begun))
        print(*(f"{knob.name}: {_shown(knob.settings)}" for knob in measured.knobs), sep="\n")
        if asked.look:
            _draw(scheme, measured)
    dearest = [f"{place}." for place in range(1, _DEAREST + 1)]
    print(table(["scheme", "as it is", *dearest, "the rest, at the least", "seconds"], rows))


def _row(scheme: str, measured: WhatIf, seconds: float) -> list[str]:
    dearest, rest = measured.knobs[:_DEAREST], measured.knobs[_DEAREST:]
    return [
        scheme,
        _percent(dearest[0].settings[0]),
        *(
            f"{knob.name} ({turned.value}): {_percent(turned)}"
            for knob, turned in map(_worst, dearest)
        ),
        _percent(min((_worst(knob)[1] for knob in rest), key=_right)),
        f"{seconds:.0f}",
    ]


def _worst(knob: Knob) -> tuple[Knob, Turned]:
    return knob, min(knob.settings, key=_right)


def _right(turned: Turned) -> float:
    return turned.expected if turned.exact is None else turned.exact.value


def _percent(turned: Turned) -> str:
    return percent(_right(turned))


def _shown(settings: tuple[Turned, ...]) -> str:
    return ", ".join(
        f"{one.value} {_percent(one)} (contrast {one.contrast:.1f})" for one in settings
    )


def _draw(scheme: str, measured: WhatIf) -> None:
    """Write a picture of every setting, enlarged."""
    _PLACE.mkdir(parents=True, exist_ok=True)
    rows = []
    for knob in measured.knobs:
        cells = []
        for turned in knob.settings:
            if turned.picture is not None:
                small = Image.open(BytesIO(base64.b64decode(turned.picture.png))).convert("RGB")
                size = small.width * _ZOOM, small.height * _ZOOM
                large = small.resize(size, Image.Resampling.NEAREST)
                cells.append(captioned(f"{turned.picture.caption} {_percent(turned)}", large))
        rows.append(beside(cells))
    stack(rows).save(_PLACE / f"{scheme}.png")


if __name__ == "__main__":
    main()
