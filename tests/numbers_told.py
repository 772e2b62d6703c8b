"""Where the numbers of the documents come from that nothing in bench/RESULTS.md measures."""

from __future__ import annotations

LIMITS: dict[str, dict[str, str]] = {
    "audit.md": {
        "100 labels": "audit.plan:LABELS.1",
        "500 labels": "audit.plan:LABELS.2",
        "1,000 labels": "audit.plan:ALL_LABELS.5",
        "10,000": "audit.judge.grading:SMALL_POOL",
        "10,000 images": "audit.judge.grading:SMALL_POOL",
        "200 images": "audit.measure.cutting:_MEASURED",
        "100 images": "audit.measure.noise:_READ",
        "120 images": "audit.measure.variety:_IMAGES",
        "20,000 images": "audit.measure.repeats:_BYTES",
        "5,000": "audit.measure.repeats:_PIXELS",
        "9.8 seconds": "audit.judge.cost:SECONDS_PER_LABEL",
        "0.05": "audit:PRICE_PER_HOUR",
    },
    "collecting.md": {
        "1 MiB": "collect.kept:LONGEST_BODY",
        "30,000 tags": "collect.page:_MOST_PARTS",
    },
    "formats.md": {"1 MiB": "collect.kept:LONGEST_BODY"},
    "label-studio.md": {"80 seconds": "web.settings:LabelStudioSettings.patience"},
    "labels.md": {
        "32 MiB": "data.labels:MAX_BYTES",
        "500,000 lines": "data.labels:MAX_LINES",
        "1,000 columns": "data.formats.tables:MAX_COLUMNS",
        "4,000,000 cells": "data.formats.tables:MAX_CELLS",
        "4,000,000 values": "data.formats.objects:_MOST_VALUES",
        "32 levels": "data.formats.objects:_MOST_LEVELS",
        "100 digits": "data.formats.objects:_MOST_DIGITS",
        "64 KiB": "data.formats.sidecars:_MOST_BYTES",
    },
    "models.md": {
        "99 characters": "models/any.onnx:charset.chars",
        "466,240": "models/any.onnx:data.samples",
        "64 images": "models/any.onnx:data.samples / 7285",
        "40 pixels": "train.ctc.general:SPEC.height",
        "741,000 views": "models/metu.onnx:metrics.step * 64",
        "1,000,000": "models/metu.onnx:metrics.steps * 64",
        "144 kB": "models/metu.onnx",
        "117 kB": "models/metu-glyphs.onnx",
        "20,000 images": "models/metu-glyphs.onnx:data.samples",
        "4,000 rows": "train.request:_IN_MEMORY",
        "2,000": "train.ctc.workflow:_MOST_HELD_OUT",
        "4,096 rows": "train.ctc.stream:_SHUFFLED",
        "100,000 fields": "model.wire:MAX_FIELDS",
        "100,000": "train.recipes:CTC_RECIPES.default.most_views",
        "64 MiB": "model.onnxwalk:MAX_MODEL_BYTES",
        "4,096": "model.cost:_MANY",
        "400,000": "model.cost:MAX_WORK_EACH",
        "1,000": "model.onnxwalk:MAX_NODES",
        "128 MiB": "model.cost:MAX_BYTES",
        "256 MiB": "model.cost:MAX_FIXED",
        "40 digits": "model.metadata:_MAX_DIGITS",
    },
    "reading.md": {
        "0.15 seconds": "cli.terminal:_TIMEOUT",
        "0.4 seconds": "cli.watch:_SETTLED",
        "2,048 states": "decode.automaton:_MOST_STATES",
        "128 characters": "sums:_LONGEST",
        "500 frames": "image.frames:MAX_FRAMES",
    },
    "labelling.md": {"50 labels": "cli.label:label_command.retrain"},
    "scale.md": {"100,000 rows": "bulk:read_bulk.rows_per_part"},
    "serving.md": {
        "2,000 values": "web.schemas:_MOST_VALUES",
        "16 MiB": "web.settings:Limits.body",
        "64 images": "web.settings:Limits.images",
        "16 KiB": "web.settings:Limits.head",
        "1,000 characters": "web.access:_LONGEST",
        "32 images": "web.settings:Limits.batch",
        "128 images": "web.settings:Limits.queue",
        "300 requests": "web.acceptor:_REFUSALS",
        "4,000,000 pixels": "web.settings:Limits.pixels",
        "30 s": "web.settings:Limits.seconds",
        "15 s": "web.settings:Limits.idle",
        "2 s": "web.connections:_LINGER",
        "64 KiB": "web.connections:_PACE",
        "512 connections": "web.settings:Limits.connections",
        "32 requests": "web.connections:_AHEAD",
        "256 KiB": "web.server:_UNSENT * 2",
        "128 MiB": "web.settings:Limits.bodies",
        "19 digits": "web.connections:_LONGEST_LENGTH",
        "30 seconds": "web.server:_PATIENCE",
    },
    "threat-model.md": {
        "16,000,000 pixels": "image.decode:MAX_PIXELS",
        "4,000,000": "web.settings:Limits.pixels",
        "500 frames": "image.frames:MAX_FRAMES",
        "64 MiB": "model.onnxwalk:MAX_MODEL_BYTES",
        "32 MiB": "data.labels:MAX_BYTES",
        "500,000 lines": "data.labels:MAX_LINES",
        "4,000,000 cells": "data.formats.tables:MAX_CELLS",
    },
    "upgrading.md": {
        "32 MiB": "data.labels:MAX_BYTES",
        "500,000 lines": "data.labels:MAX_LINES",
        "1,000 columns": "data.formats.tables:MAX_COLUMNS",
    },
    "tutorial.md": {
        "24 rows": "glyphs.scheme:load_scheme.glyph.height",
        "14 columns": "glyphs.scheme:load_scheme.glyph.width",
        "0.001": "train.recipes:GLYPHS_RECIPES.tutorial.rate",
        "15 pixels": "glyphs.scheme:load_scheme.components.min_area",
    },
}
"""By page: a number, and where the code has it.

A constant, an attribute or an item of one, as ``web.settings:Limits.body``, or the default of a
parameter; of a model that ships, its length in bytes or what its metadata say.
"""

PIP = "what pip downloads and installs, `make demo` and `make test` in an empty folder"
PAPER = "computed on this page, from the figures that begin its section"
CLOUDS = "price lists of large clouds"
EXAMPLE = "an example"
NOTHING = "one run of docs/from-nothing.sh, which trains for minutes"

TOLD: dict[str, dict[str, str]] = {
    "README.md": {"515 MB": PIP, "2.4 GB": PIP},
    "audit.md": {"2.2": "the version of WCAG"},
    "collecting.md": {"228 s": NOTHING, "96 of 100": NOTHING},
    "from-ddddocr.md": {
        "1.0": EXAMPLE,
        "8,200 characters": "the charset of ddddocr's model, by its get_charset()",
    },
    "how-it-reads.md": {"0.9": EXAMPLE},
    "installing.md": {
        "3.14": "the newest Python of CI",
        **dict.fromkeys(("6,445", "6,453"), "what `make bounds` printed on the day that is named"),
        "320 MB": "`du` of what PyInstaller has made, by the program of tests/test_frozen.py",
    },
    "measured.md": {"0.9": EXAMPLE},
    "models.md": {
        **dict.fromkeys(
            ("3,582,000 parameters", "29,300 parameters"), "counted by a test of its own"
        ),
        "7,285 steps": "the log of the training of any, 466,240 images by 64",
        "132 of 150": "the log of the training of metu",
        "38,000 images": "what is not held out of 40,000",
        "30 seconds": "the documentation of torchrun",
        "52,000": "by model/cost.py, of any.onnx: the largest image's multiply-adds for each pixel",
    },
    "operating.md": {
        "8,339": "posts to two servers behind nginx, while both are started anew",
        "34 of 4,128": "likewise, without the line of the page",
        **dict.fromkeys(("5 a second", "60 a second", "2 GB", "1 GB"), EXAMPLE),
        **dict.fromkeys(
            ("746 seconds", "33.5", "1.8", "7,407 seconds"), "computed where it stands"
        ),
    },
    "scale.md": {
        "2.4 seconds": "the listing of bulk/listing.py, timed once",
        "100,000": PAPER,
        "2 us": "what is left of the driver's 18 us once Parquet and processes are taken off",
        "4,600 images": "a second of a processor, by the 219 us of the results",
        "0.023 dollars": CLOUDS,
        **dict.fromkeys(
            ("5.7 GB", "0.002", "2.3", "10 MB", "570 GB", "0.24", "1 GB", "57 TB", "23,000"), PAPER
        ),
        "16 cores": "the machine of an example",
        "26 MB": PAPER,
        "10 gigabits": EXAMPLE,
        "48 cores": PAPER,
        "16 GB": PAPER,
        "4,000 dollars": PAPER,
        "30 ms": "what stores take to answer, by their own documentation",
        "94 us": "the 18 of Parquet, with the 80 of tar for the 4 of reading Parquet",
        "12 cores": PAPER,
        "50 cores": PAPER,
        "230 cores": PAPER,
        "4 GB": EXAMPLE,
    },
    "tutorial.md": {
        "40 MB": "`du` of ten thousand captchas of metu",
        **dict.fromkeys(("8 of 727851", "2 of 269981", "5 of 269981"), "digits of a captcha"),
        "27,000": "six glyphs of each of 4,500 captchas",
        "0.9": "the momentum of the recipe tutorial, train/loop.py",
        "0.4": "the loss that the page shows",
        "2.3": "ln 10",
        "12 captchas": "4991 less 4979, which the page shows",
        "2.13": "the version of PyTorch",
    },
    "upgrading.md": dict.fromkeys(("1.48", "0.45"), "a version, which tests/test_docs.py compares"),
}
"""By page: a number that nothing of the project measures again, and whose it is."""
