"""The whole way of reading: the image as it is through one network, without segmentation."""

from __future__ import annotations
