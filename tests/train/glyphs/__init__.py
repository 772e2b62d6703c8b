"""Tests of training the glyphs method."""
