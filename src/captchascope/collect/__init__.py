"""The click bot: images from a page, saved, counted and never answered."""
