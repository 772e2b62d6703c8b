"""Tampered images of every format: none takes long, or much memory, or raises anything foreign.

    python bench/fuzz.py [IMAGES] [SEED]

Decodes 10,000 images by default, each in a process of its own, and fails if one takes more
processor time than 0.1 s and 0.5 s a megapixel, more than 400 MB over the idle process, or raises
anything but an ImageError. The pixels are those that are decoded, of an animation those of all
frames; of an image that is refused those that it says it has, where they are within the limit.
"""

from __future__ import annotations

import os
import pickle
import resource
import sys
import time
from collections import Counter
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import cv2
from PIL import Image

from captchascope.errors import ImageError
from captchascope.image.decode import MAX_PIXELS, load_with_look
from captchascope.image.frames import MAX_FRAMES, animation_of
from captchascope.image.header import read_header

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

_SECONDS, _PER_MEGAPIXEL, _MEGABYTES = 0.1, 0.5, 400.0
_KILLED = 30  # seconds


def _peak_megabytes() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _stated(data: bytes) -> int:
    """Return the pixels that a refused image says it has, where its header can be told."""
    try:
        header = read_header(data, "x", MAX_PIXELS)
    except ImageError:
        return 0
    animation = animation_of(header.kept or data, header.codec)
    frames = 1 if animation is None else min(animation.frames, MAX_FRAMES)
    width, height = header.size or (0, 0)
    if header.size is None:
        with suppress(Exception), Image.open(BytesIO(data)) as opened:
            width, height = opened.size
    return min(frames * width * height, MAX_PIXELS)


def _measured(data: bytes) -> tuple[float, float, int, str]:
    """Return seconds, megabytes, pixels, and what was foreign."""
    Path("/proc/self/clear_refs").write_text("5")
    idle, begun, pixels, foreign = _peak_megabytes(), time.process_time(), 0, ""
    try:
        image, look = load_with_look(data, 3)
        pixels = image.shape[0] * image.shape[1] * (look.frames if look else 1)
    except ImageError:
        pixels = -1
    except BaseException as error:
        foreign = f"{type(error).__name__}: {error}"
    seconds = time.process_time() - begun
    pixels = _stated(data) if pixels < 0 else pixels
    return seconds, _peak_megabytes() - idle, pixels, foreign


def _apart(data: bytes) -> tuple[float, float, int, str]:
    """Measure in a process of its own, which is killed where it takes too long."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (_KILLED, _KILLED))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders complain of what is damaged
        os.write(writing, pickle.dumps(_measured(data)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if not told:
        return 0.0, 0.0, 0, f"ended with status {status}"
    found: tuple[float, float, int, str] = pickle.loads(told)
    return found


def main(count: int, seed: int) -> None:
    """Decode, say what is beyond the bounds, and fail if anything is."""
    from image.mutations import tampered

    cv2.setNumThreads(1)
    Image.init()
    kinds: Counter[str] = Counter()
    worst, most, faults = 0.0, 0.0, 0
    for image in tampered(count, seed):
        seconds, megabytes, pixels, foreign = _apart(image.data)
        share = seconds / (_SECONDS + _PER_MEGAPIXEL * pixels / 1e6)
        worst, most = max(worst, share), max(most, megabytes)
        kinds["read" if pixels else "refused"] += 1
        if share > 1 or megabytes > _MEGABYTES or foreign:
            faults += 1
            cost = f"{seconds:.2f} s, {megabytes:.0f} MB, {pixels:,} pixels"
            print(f"{image.name}: {cost} {foreign}", flush=True)
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    print(f"{count} images of seed {seed}: {told}")
    print(f"at most {worst:.0%} of the time that there is, and {most:.0f} MB")
    if faults:
        sys.exit(f"{faults} beyond the bounds")


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    main(*(arguments + [10_000, 14][len(arguments) :]))
