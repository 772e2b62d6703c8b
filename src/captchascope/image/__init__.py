"""Encoded images to arrays: the only decoder, and the header walk before it."""
