"""Training of the glyphs method."""
