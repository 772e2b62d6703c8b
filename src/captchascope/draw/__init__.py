"""The stages of the glyphs way as pictures: one PNG, or an animated GIF."""

from __future__ import annotations

from captchascope.draw.explain import explain_gif, explain_png
from captchascope.draw.panels import panels
from captchascope.draw.picture import Explained, Panel

__all__ = ["Explained", "Panel", "explain_gif", "explain_png", "panels"]
