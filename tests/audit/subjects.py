"""Settings of measurements: of labels alone, of images alone, of drawn captchas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from captchascope.audit.setting import Setting
from captchascope.audit.subject import Subject, folder_subject
from captchascope.data.dataset import Dataset
from captchascope.data.labels import write_labels
from captchascope.decode import ReadOptions
from captchascope.generate import draw_captcha, write_folder
from captchascope.image import load_rgb
from captchascope.records import RgbImage, Sample

NOWHERE = Path("nowhere")


def of_labels(labels: Sequence[str], **reading: Any) -> Setting:
    """Make a setting of labels, half of them held out, whose images are not there."""
    samples = [Sample(f"{n}.png", label, Path(f"{n}.png")) for n, label in enumerate(labels, 1)]
    half = len(samples) // 2
    held, pool = Dataset(NOWHERE, tuple(samples[:half])), Dataset(NOWHERE, tuple(samples[half:]))
    subject = Subject("labels", tuple(sample.path for sample in samples), held, pool)
    return Setting(subject, NOWHERE, reading=ReadOptions(**reading))


def of_images(images: Sequence[Path], **setting: Any) -> Setting:
    """Make a setting of images without labels."""
    nothing = Dataset(NOWHERE, ())
    return Setting(Subject("images", tuple(images), nothing, nothing), NOWHERE, **setting)


def of_scheme(folder: Path, scheme: str, count: int, **knobs: Any) -> Setting:
    """Draw labelled captchas, and make a setting of them."""
    write_folder(scheme, folder / scheme, count, 1, knobs=knobs)
    return Setting(folder_subject(folder / scheme, 1), folder)


def of_pixels(folder: Path, images: Sequence[RgbImage], labels: Sequence[str]) -> Setting:
    """Write images with these labels, and make a setting of them."""
    folder.mkdir()
    samples = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True), 1):
        path = folder / f"{number}.png"
        Image.fromarray(image).save(path)
        samples.append(Sample(path.name, label, path))
    write_labels(folder, samples)
    return Setting(folder_subject(folder, 1), folder)


def pixels(scheme: str, number: int = 1, **knobs: Any) -> RgbImage:
    """Draw one captcha."""
    return load_rgb(draw_captcha(scheme, 1, number, knobs).jpeg())
