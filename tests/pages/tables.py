"""What of the pages' commands a test cannot do as it is typed, each with the reason.

Keys are lines as a page has them, without a comment, and one that goes on below as one. A row that
fits no line of its page any more fails a test.
"""

from __future__ import annotations

REGISTRY = "installs from a package registry; tests/test_wheel.py does, where there is one"
GPU = "needs an NVIDIA GPU"
DOCKER = "needs Docker; tests/test_container.py builds and runs the image, where there is one"
SEVERAL = "needs several GPUs or machines; tests/train/ctc trains in processes that are told so"
CHANGES = "changes the environment that the tests run in"
RAY = "needs a cluster of Ray; tests/bulk/test_ray_data.py starts one"

EXTRAS = (
    *("train", "web", "label-studio", "collect", "browser"),
    *("bulk", "ray", "svg", "report", "all"),
)

NOT_RUN: dict[str, dict[str, str]] = {
    "collecting.md": {
        "sh docs/from-nothing.sh mine": "trains for four minutes",
    },
    "installing.md": {
        "python -m pip install .": REGISTRY,
        **{f"python -m pip install '.[{extra}]'": REGISTRY for extra in EXTRAS},
        "pip uninstall -y onnxruntime": CHANGES,
        "pip install 'onnxruntime-gpu[cuda,cudnn]'": CHANGES,
        "captchascope read -v examples --provider cuda": GPU,
        "pip install pyinstaller": REGISTRY,
        "pyinstaller program.py": "takes a minute; tests/test_frozen.py freezes a program",
    },
    "models.md": {
        "captchascope train captchas -o mine.onnx --devices 4": SEVERAL,
        "torchrun --standalone --nproc-per-node 4 -m captchascope train captchas "
        "-o mine.onnx": SEVERAL,
        "torchrun --nnodes 2 --node-rank 0 --nproc-per-node 4 --master-addr 10.0.0.1 "
        "--master-port 29500 -m captchascope train captchas -o mine.onnx": SEVERAL,
        "MASTER_ADDR=10.0.0.1 MASTER_PORT=29500 NODE_RANK=0 captchascope train captchas "
        "-o mine.onnx --nodes 2 --devices 4": SEVERAL,
    },
    "operating.md": {
        "for port in 8000 8001; do\nsystemctl restart captchascope@$port\n"
        "until curl -fs http://127.0.0.1:$port/readyz; do sleep 1; done\ndone": "needs systemd",
    },
    "reading.md": {
        "captchascope read -v captchas --provider cuda": GPU,
    },
    "scale.md": {
        "captchascope bulk s3://bucket/captchas s3://bucket/readings --engine ray "
        "--address auto": RAY,
        "captchascope bulk captchas readings --provider cuda --jobs 4": GPU,
        "captchascope bulk s3://bucket/captchas readings --engine ray --address auto "
        "--provider cuda": GPU,
    },
    "serving.md": {
        "(umask 077; openssl rand -hex 32 > token.txt) && sudo chown 10001 token.txt": "needs sudo",
        "BUILD=$(git rev-parse --short HEAD) docker compose up --build": DOCKER,
        "docker buildx imagetools inspect python:3.13-slim --format '{{.Manifest.Digest}}'": DOCKER,
        "docker build --build-arg BASE=python:3.13-slim@sha256:... --build-arg "
        "BUILD=$(git rev-parse --short HEAD) -t captchascope .": DOCKER,
    },
}
"""By page, what is not run, and why not; of Python, the first line of a block."""

SMALL = "a small network takes seconds where a large one takes half a minute"
WAITS = "waits for two seconds instead of a minute, or for ever"

FEW = "one pass over three hundred images instead of many over thousands"
TRAININGS = (
    "captchascope train captchas -o tutorial.onnx --recipe tutorial --first 1 --last 4500 --seed 1",
    "captchascope train captchas -o uncleaned.onnx --recipe tutorial --uncleaned --first 1 "
    "--last 4500 --seed 1 -q",
    "captchascope train captchas -o default.onnx --method glyphs --first 1 --last 4500 --seed 1",
)
FRESH = "captchascope generate metu more --count 5000 --seed 2"

ADDED: dict[str, dict[str, tuple[str, str]]] = {
    "collecting.md": {
        "captchascope collect http://127.0.0.1:8080/ captchas --count 300 --selector '#captcha' "
        "--browser --refresh-selector '#refresh'": ("--count 3", "a browser takes its time"),
        "captchascope collect http://127.0.0.1:8080/ captchas --count 300 --selector '#captcha'": (
            "--count 30",
            "the line before brings three hundred",
        ),
        "captchascope collect http://127.0.0.1:8080/api captchas --count 300 --json-field "
        "data.img": ("--count 30", "likewise"),
        "captchascope collect http://127.0.0.1:8080/ captchas --count 300 --selector '#captcha' "
        "--keep-pages": ("--count 30", "likewise"),
    },
    "labels.md": {
        "captchascope train captchas -o mine.onnx --labels-from names": ("--from metu", SMALL),
        "select(4501, 5000)": ("select(1, 12)", "the folder has twelve"),
    },
    "models.md": {
        "captchascope train 'shards/train-*.parquet' -o mine.onnx --column image "
        "--label-column text": ("--from metu", SMALL),
        "time_limit=540": ('source="metu"', SMALL),
        "time_limit=3600": ('source="metu"', SMALL),
    },
    "reading.md": {
        "captchascope watch incoming --format jsonl": ("--until-idle 2s", WAITS),
        "captchascope watch incoming --existing --until-idle 60s": ("--until-idle 2s", WAITS),
    },
    "scale.md": {
        'read_bulk(reader, "s3://bucket/captchas", "readings")': (
            'read_bulk(reader, "s3://bucket/captchas", "readings", storage_options=STORE)',
            "the store is on this machine",
        ),
    },
    "tutorial.md": {
        **dict.fromkeys(TRAININGS, ("--last 300", FEW)),
        FRESH: ("--count 300", FEW),
        "for glyphs, digits in train:": ("for _, (glyphs, digits) in zip(range(300), train):", FEW),
    },
}
"""By page, what is said after a line, or in the place of a piece of Python, and why.

Beside that all trainings without segmentation take two steps, and others one pass (``walk.py``).
"""

TRAINED = "is decided by the training, which is shorter here: bench/tutorial.py does it whole"

OTHERWISE: dict[str, dict[str, str]] = {
    "tutorial.md": dict.fromkeys(
        (
            *TRAININGS,
            FRESH,
            "captchascope read captchas/4843.jpeg captchas/3414.jpeg --model tutorial.onnx",
            "captchascope test captchas --model tutorial.onnx --first 4501 --last 5000",
            "captchascope test more --model uncleaned.onnx | head -3",
            "captchascope test captchas --model default.onnx --first 4501 --last 5000 | head -3",
            "captchascope test more --model default.onnx | head -3",
            "captchascope test more --model default.onnx --worst 3 | tail -4",
            "from captchascope.glyphs.inputs import InputSpec",
            "right, of = Counter(), Counter()",
            "def breaker(file):",
            "import captchascope",
            'more = read_dataset("more")',
            "high = Counter()",
            "from dataclasses import replace",
            'default = captchascope.load("default.onnx")',
        ),
        TRAINED,
    ),
}
"""By page, what is run without a look at what it prints, and why; rows as above."""

ENDS: dict[str, int] = {
    "captchascope audit captchas -o report.html --fail-under B --sarif audit.sarif "
    "--junit audit.xml": 1,
    "captchascope bulk captchas readings --model metu": 1,
    "captchascope check captchas": 1,
    "captchascope explain captchas/4843.jpeg --scheme typo.toml -o stages.png": 1,
}
"""Lines of which the page says, or shows, that they do not end well; and how they end."""
