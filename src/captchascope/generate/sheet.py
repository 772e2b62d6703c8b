"""One drawn captcha, before it becomes a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2

from captchascope.records import GrayImage

__all__ = ["Drawn"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A generated image with all that its row in the label file will say.

    Attributes:
        image: Shape (H, W).
        label: The text in the image.
        columns: Further columns of the row, such as ``kind``.
        quality: JPEG quality to save it with.
    """

    image: GrayImage
    label: str
    columns: Mapping[str, str]
    quality: int

    def jpeg(self) -> bytes:
        """Return the image as the bytes of a JPEG file."""
        _, data = cv2.imencode(".jpeg", self.image, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        return data.tobytes()
