"""Labelling a folder in a browser: the store, who works on what, and the pages."""
