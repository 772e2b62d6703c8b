"""Training the whole way: images and texts in, a CTC network out."""

from __future__ import annotations
