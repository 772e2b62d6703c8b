"""The stages of reading by glyphs as pictures: one PNG, or an animated GIF."""

from __future__ import annotations

from captchascope.draw.explain import (
    Explanation,
    Panel,
    draw_panels,
    explain_gif,
    explain_png,
    explain_reading,
)

__all__ = ["Explanation", "Panel", "draw_panels", "explain_gif", "explain_png", "explain_reading"]
