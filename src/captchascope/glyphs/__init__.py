"""The tutorial's way of reading: cut the image into glyphs, then tell what each one is."""
