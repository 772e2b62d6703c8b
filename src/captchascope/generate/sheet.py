"""One drawn captcha, before it becomes a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2

from captchascope.records import GrayImage, RgbImage


@dataclass(frozen=True, slots=True)
class Drawn:
    """A generated image with all that its row in the label file will say.

    Attributes:
        image: Shape (H, W), or (H, W, 3) where it has colours.
        label: The text in the image.
        columns: Further columns of the row, such as ``kind``.
        quality: JPEG quality to save it with.
    """

    image: GrayImage | RgbImage
    label: str
    columns: Mapping[str, str]
    quality: int

    def jpeg(self) -> bytes:
        """Return the image as the bytes of a JPEG file."""
        image = self.image if self.image.ndim == 2 else cv2.cvtColor(self.image, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".jpeg", image, [cv2.IMWRITE_JPEG_QUALITY, self.quality])
        return data.tobytes()
